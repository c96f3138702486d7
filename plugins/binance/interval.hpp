// SPDX-License-Identifier: Apache-2.0
//
// The lengths of candles, and where on the calendar they begin. Times are microseconds since
// 1970, UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace binance {

constexpr int64_t kMillisecond = 1'000;
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

struct Interval {
  std::string_view name;     // as the API has it: 1m is a minute, 1M a month
  std::string_view archive;  // as the archive has it
  std::string_view suffix;   // of a table's name: databases do not tell 1m from 1M
  int64_t length_us = 0;     // of a month: the longest
  // Begins are multiples of the length since 1970, so the host can count the steps of the grid.
  // Weeks begin on Mondays and months on their first.
  bool grid = true;

  bool is_month() const noexcept { return name == "1M"; }
  // Begin of the step that holds `time`. A candle may open seconds after its step begins.
  int64_t floor(int64_t time_us) const noexcept;
  // Begin of the step after the one that holds `time`.
  int64_t next(int64_t time_us) const noexcept;
};

// Null if there is none of that name.
const Interval* find_interval(std::string_view name);

// The day or month, whole, that holds a time.
struct Period {
  int64_t from_us = 0, to_us = 0;
  std::string name;  // "2024-03-15", "2024-03"
};
Period day_of(int64_t time_us);
Period month_of(int64_t time_us);
// Throws BAD_STATE unless the name is one of day_of() or month_of().
Period period_of(std::string_view name);

// When the archive has the file of a day or month for certain: a day after the rules say so, which
// are the next day and the first Monday of the next month.
int64_t published_us(const Period& period) noexcept;

}  // namespace binance
