// SPDX-License-Identifier: Apache-2.0
//
// When to ask again: exponential back-off with full jitter, and Retry-After in all the shapes
// servers send it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string_view>

namespace sluice::host {

// May an answer of this status be asked for again?
bool is_retried_status(uint32_t status);

struct RetryAfter {
  std::chrono::milliseconds wait{0};
  bool capped = false;  // the server asked for more
};

// Reads "120", "1.5" or an HTTP date, against `now_us` of the wall clock. Nothing for a missing,
// negative, past or senseless value: the back-off applies then. `ignored` becomes true if there was
// a value that is not followed.
std::optional<RetryAfter> parse_retry_after(std::string_view value, int64_t now_us,
                                            std::chrono::milliseconds cap, bool& ignored);

// Full jitter: uniform in [0, min(cap, base * 2^attempt)], so that callers who failed together do
// not return together. Thread-safe.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap, uint64_t seed);
  std::chrono::milliseconds next(uint32_t attempt);  // from 0

 private:
  const std::chrono::milliseconds base_;
  const std::chrono::milliseconds cap_;
  std::mutex mutex_;
  std::mt19937_64 random_;  // under mutex_
};

}  // namespace sluice::host
