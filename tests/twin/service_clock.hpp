// SPDX-License-Identifier: Apache-2.0
//
// The time a service lives in: the system's, or one that a test fixes and moves.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::twin {

// Threads: any.
class ServiceClock {
 public:
  // `fixed_s`: seconds since the epoch at which the time stands still; 0: the system's time.
  explicit ServiceClock(std::int64_t fixed_s) : fixed_s_(fixed_s) {}

  std::int64_t now_s() const {
    using namespace std::chrono;
    const std::int64_t fixed = fixed_s_.load();
    return (fixed != 0 ? fixed
                       : duration_cast<seconds>(system_clock::now().time_since_epoch()).count()) +
           moved_s_.load();
  }
  void advance(std::int64_t seconds) { moved_s_ += seconds; }
  void set(std::int64_t now_s) {
    fixed_s_ = now_s;
    moved_s_ = 0;
  }

 private:
  std::atomic<std::int64_t> fixed_s_;
  std::atomic<std::int64_t> moved_s_{0};
};

}  // namespace sluice::twin
