// SPDX-License-Identifier: Apache-2.0
#include "host/base/clock.hpp"

#include <chrono>

namespace sluice::host {

int64_t SystemClock::now_us() const {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SystemClock::monotonic_us() const {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace sluice::host
