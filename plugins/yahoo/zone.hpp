// SPDX-License-Identifier: Apache-2.0
//
// Days by an exchange's calendar.
#pragma once

#include <cstdint>
#include <string>

namespace date {
class time_zone;
}

namespace yahoo {

// Days are numbers since 1970-01-01, times are seconds since the epoch. A view of the time zone
// database, which lives as long as the process. Threads: one.
class Zone {
 public:
  // The zone of that name; if the system does not know it, `offset_s` east of UTC at all times.
  Zone(const std::string& name, int64_t offset_s);

  bool known() const noexcept { return zone_ != nullptr; }
  int64_t day_of(int64_t utc_s) const;
  // When the day begins.
  int64_t begin_of(int64_t day) const;

 private:
  const date::time_zone* zone_ = nullptr;
  // The offset that holds in [begin_s_, end_s_), as last looked up: rows are close together.
  mutable int64_t offset_s_;
  mutable int64_t begin_s_ = 0, end_s_ = 0;
};

// The Monday of a day's week, the first of its month, and the days after those end.
int64_t monday_of(int64_t day);
int64_t first_of_month(int64_t day);
int64_t first_of_next_month(int64_t day);

}  // namespace yahoo
