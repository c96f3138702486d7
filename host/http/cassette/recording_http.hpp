// SPDX-License-Identifier: Apache-2.0
//
// Writes every exchange that passes into a cassette: a folder of files (docs/cassettes.md).
#pragma once

#include <filesystem>
#include <memory>

#include "host/base/clock.hpp"
#include "host/http/cassette/redaction.hpp"
#include "host/http/http.hpp"

namespace sluice::host {

// Stands above the credentials, which it never sees, and over the client, whose retries and
// redirects it does not see either: what is recorded is what callers were given. Thread-safe.
class RecordingHttp final : public Http {
 public:
  // Makes `folder`, or removes what an earlier recording left there. `next` and `clock` outlive it.
  // kInvalidConfig if the folder holds anything else, kIo.
  static Result<std::unique_ptr<RecordingHttp>> create(const std::filesystem::path& folder,
                                                       Http& next, const Clock& clock,
                                                       cassette::Redact redact);
  ~RecordingHttp() override;

  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpCaller& caller) override;
  void declare(const HttpCaller& caller) override;
  void throttle(const std::string& scope, std::chrono::milliseconds wait) override;

  // Writes what is left to write. The first thing that could not be written, if anything.
  // Requires: all exchanges are gone.
  Result<void> close();
  // Bodies in which values known to be secret were blotted out. After close().
  [[nodiscard]] uint64_t redacted_bodies() const;

 private:
  class Tape;
  class Recording;
  RecordingHttp(std::shared_ptr<Tape> tape, Http& next);
  const std::shared_ptr<Tape> tape_;
  Http& next_;
};

}  // namespace sluice::host
