// SPDX-License-Identifier: Apache-2.0
//
// Time is injected, so that tests and simulations run on a clock of their own.
#pragma once

#include <cstdint>

namespace sluice::host {

// Thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual int64_t now_us()
      const = 0;  // wall clock, microseconds since the epoch, UTC
  [[nodiscard]] virtual int64_t monotonic_us()
      const = 0;  // never goes back; microseconds since any point
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_us() const override;
  [[nodiscard]] int64_t monotonic_us() const override;
};

}  // namespace sluice::host
