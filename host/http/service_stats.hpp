// SPDX-License-Identifier: Apache-2.0
//
// What is seen of each service, per limit scope and endpoint: answers by class, how long they took,
// what was repeated, what was waited for. For the report, metrics and `sluice limits`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::host {

// Counts of microseconds in buckets that grow with the value, eight to each doubling: a quantile is
// right to an eighth. Of fixed size, from 1 µs to a day. Thread-safe without locks.
class LatencyHistogram {
 public:
  static constexpr size_t kBuckets = 8 + 8 * 34;
  using Counts = std::array<uint64_t, kBuckets>;

  void add(int64_t us);
  [[nodiscard]] Counts counts() const;
  // The value that `share` (0 to 1) of all are not above; 0 if there are none.
  static int64_t quantile(const Counts& counts, double share);

 private:
  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
};

// Requests count each time something went to the wire, calls once for what a plugin asked for.
struct ServiceCounters {
  enum Class : uint8_t { kInformed, kGood, kRedirected, kRefused, kBroken, kLimited, kFailed };
  static constexpr size_t kClasses = 7;  // 1xx, 2xx, 3xx, 4xx, 5xx, 429, no whole answer

  std::atomic<uint64_t> requests{0};
  std::array<std::atomic<uint64_t>, kClasses> by_class{};
  std::atomic<uint64_t> calls{0};  // that began here, and ended
  std::atomic<uint64_t> first_try{0};
  std::atomic<uint64_t> succeeded{0};
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> bytes{0};  // of bodies, before decoding
  std::atomic<uint64_t> limit_wait_us{0};
  std::atomic<uint64_t> breaker_wait_us{0};
  std::atomic<uint64_t> openings{0};  // of the breaker
  LatencyHistogram latency;           // from sending to the answer's head
};

struct ServiceSnapshot {
  std::string scope;
  std::string endpoint;  // "https://host:443"
  std::array<uint64_t, ServiceCounters::kClasses> by_class{};
  uint64_t requests = 0, calls = 0, first_try = 0, succeeded = 0, retries = 0, bytes = 0;
  uint64_t limit_wait_us = 0, breaker_wait_us = 0, openings = 0;
  int64_t median_us = 0, p95_us = 0;
  LatencyHistogram::Counts latency{};
  std::string breaker;         // "closed", "open", "half_open"; empty if not known here
  std::string breaker_reason;  // why it is not closed
};

// Thread-safe.
class ServiceStats {
 public:
  // Lives as long as its holder likes.
  std::shared_ptr<ServiceCounters> of(const std::string& scope, const std::string& endpoint);
  [[nodiscard]] std::vector<ServiceSnapshot> snapshot() const;  // by scope and endpoint

 private:
  using Key = std::pair<std::string, std::string>;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<ServiceCounters>> all_;  // under mutex_
};

}  // namespace sluice::host
