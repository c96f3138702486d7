// SPDX-License-Identifier: Apache-2.0
//
// Answers that several slices need, kept for as long as the plugin and the service allow: a layer
// over another Http. One for all workers and pipelines of the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "host/base/clock.hpp"
#include "host/http/http.hpp"

namespace sluice::host {

struct CacheOptions {
  uint64_t entries = 1000;           // most answers kept; 0 = none
  uint64_t bytes = 32ULL << 20;      // of all kept and of those on their way into it; 0 = none
  std::chrono::seconds ttl{86'400};  // longest life of an answer, whatever is asked; 0 = none
};

// What is in it, for tests and reports.
struct CacheFill {
  uint64_t entries = 0;
  uint64_t bytes = 0;    // kept and on their way
  uint64_t evicted = 0;  // since the start, for want of room
};

// Thread-safe. Of equal requests at the same time one is sent and the others wait for its answer;
// if that fails, the next of them tries. An answer longer than a quarter of `bytes` is not kept: it
// streams to the one who asked, and those who waited send requests of their own. The answer's whole
// body is fetched before open() returns, unless it is that long.
class CachingHttp final : public Http {
 public:
  // `next` and `clock` outlive it.
  CachingHttp(Http& next, CacheOptions options, const Clock& clock);
  CachingHttp(const CachingHttp&) = delete;
  CachingHttp& operator=(const CachingHttp&) = delete;
  ~CachingHttp() override;

  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpCaller& caller) override;
  void declare(const HttpCaller& caller) override;
  void throttle(const std::string& scope, std::chrono::milliseconds wait) override;

  [[nodiscard]] CacheFill fill() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::host
