// SPDX-License-Identifier: Apache-2.0
//
// The host's half-open intervals of microseconds as the service's dates: milliseconds, both
// inclusive.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace wiseoldman {

struct DateRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;  // both inclusive

  bool empty() const noexcept { return start_ms > end_ms; }
  bool contains(int64_t ms) const noexcept { return ms >= start_ms && ms <= end_ms; }
  // "startDate=…&endDate=…": always both, since one alone is ignored. A start that is not before
  // its end is refused, so a single instant is asked for with the one before; see contains().
  std::string query() const;
};

// The whole milliseconds in [from_us, to_us): neighbouring intervals share none and leave out none.
DateRange to_dates(int64_t from_us, int64_t to_us);

}  // namespace wiseoldman
