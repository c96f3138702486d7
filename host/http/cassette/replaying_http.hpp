// SPDX-License-Identifier: Apache-2.0
//
// Answers every request from a cassette; nothing else is asked, no socket is opened.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "host/base/clock.hpp"
#include "host/http/cassette/index.hpp"
#include "host/http/http.hpp"

namespace sluice::host {

// A wall clock that stands where the recording stood: at its begin, then at the time of whatever
// was played last, so that a pipeline wants what it wanted then. Thread-safe.
class CassetteClock final : public Clock {
 public:
  explicit CassetteClock(int64_t now_us = 0) : now_us_(now_us) {}
  [[nodiscard]] int64_t now_us() const override { return now_us_; }
  [[nodiscard]] int64_t monotonic_us() const override { return real_.monotonic_us(); }
  void set(int64_t now_us) { now_us_ = now_us; }
  void advance_to(int64_t now_us);  // never back

 private:
  SystemClock real_;
  std::atomic<int64_t> now_us_;
};

// Thread-safe.
class ReplayingHttp final : public Http {
 public:
  // `clock` outlives it, is set to the recording's time and moved on; null = none is.
  static Result<std::unique_ptr<ReplayingHttp>> open_cassette(const std::filesystem::path& folder,
                                                              cassette::Match match,
                                                              cassette::Redact redact,
                                                              CassetteClock* clock);
  ~ReplayingHttp() override;

  // kUnsupported, with the request and the recorded one that is nearest, for what was not recorded.
  // Answers are judged as the client would: one that it would have made an error is one here, too.
  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpCaller& caller) override;
  void declare(const HttpCaller& caller) override;
  void throttle(const std::string& scope, std::chrono::milliseconds wait) override;

 private:
  ReplayingHttp(std::filesystem::path folder, std::unique_ptr<cassette::Index> index,
                cassette::Redact redact, CassetteClock* clock);
  [[nodiscard]] const cassette::Entry* find(const HttpRequest& request, const HttpCaller& caller);
  Result<std::unique_ptr<HttpExchange>> play(const HttpRequest& request,
                                             const cassette::Entry& entry, const Cancel& cancel,
                                             HttpCaller& caller, uint32_t redirects);
  Result<std::unique_ptr<HttpExchange>> ask(const HttpRequest& request, const Cancel& cancel,
                                            HttpCaller& caller, uint32_t redirects);

  const std::filesystem::path folder_;
  const std::unique_ptr<cassette::Index> index_;
  const cassette::Redact redact_;
  CassetteClock* const clock_;
};

}  // namespace sluice::host
