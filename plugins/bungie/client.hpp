// SPDX-License-Identifier: Apache-2.0
//
// The service: its manifest, and the files that it names.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config.hpp"
#include "manifest.hpp"
#include "sluice/cpp/host.hpp"

namespace bungie {

// Threads: any. `host` and `selection` must outlive it.
class Client {
 public:
  Client(const sluice::Host& host, const Selection& selection);

  // The manifest as it was within the last minute, so that all streams of a run go by the same one.
  std::shared_ptr<const Manifest> manifest();
  // A file, without key. Throws UNAVAILABLE if it is not there: the manifest may be ahead of the
  // file servers, so it is never taken for gone.
  sluice::HttpBody open_file(const std::string& path) const;

 private:
  std::shared_ptr<const Manifest> fetch() const;
  std::optional<sluice::HttpBody> try_file(const std::string& url) const;

  const sluice::Host& host_;
  const Selection& selection_;
  const std::string scope_;  // of the platform; files are not counted by it
  std::mutex mutex_;         // guards all below
  std::shared_ptr<const Manifest> manifest_;
  std::chrono::microseconds fetched_{0};
};

}  // namespace bungie
