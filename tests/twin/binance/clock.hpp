// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "tests/twin/binance/interval.hpp"

namespace sluice::twin::binance {

// The exchange's time: one that stands still until advance(), or the machine's. Any thread.
class ExchangeClock {
 public:
  // `start` as for parse_time(); empty: the machine's time.
  explicit ExchangeClock(const std::string& start)
      : fixed_ms_(start.empty() ? -1 : parse_time(start)) {}

  Millis now() const { return (fixed_ms_ >= 0 ? fixed_ms_ : machine_ms()) + ahead_ms_.load(); }
  void advance(Millis by) { ahead_ms_ += by; }

 private:
  static Millis machine_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  const Millis fixed_ms_;
  std::atomic<Millis> ahead_ms_{0};
};

}  // namespace sluice::twin::binance
