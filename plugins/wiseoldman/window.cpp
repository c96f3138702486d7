// SPDX-License-Identifier: Apache-2.0
#include "window.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include "names.hpp"

namespace wiseoldman {

namespace {

// What the service's database and its dates can hold.
constexpr int64_t kFirstMs = 0;
constexpr int64_t kLastMs = 4'102'444'800'000;  // 2100-01-01

std::string iso(int64_t ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

// Requires: not near the ends of int64_t.
int64_t ceil_ms(int64_t us) {
  const int64_t ms = us / 1000;
  return us % 1000 > 0 ? ms + 1 : ms;
}

}  // namespace

std::string DateRange::query() const {
  return "startDate=" + iso(std::min(start_ms, end_ms - 1)) + "&endDate=" + iso(end_ms);
}

DateRange to_dates(int64_t from_us, int64_t to_us) {
  const int64_t from = std::clamp(from_us, kFirstMs * 1000, kLastMs * 1000);
  const int64_t to = std::clamp(to_us, kFirstMs * 1000, kLastMs * 1000);
  return {ceil_ms(from), ceil_ms(to) - 1};
}

}  // namespace wiseoldman
