// SPDX-License-Identifier: Apache-2.0
//
// The lengths of candles, and where on the calendar they begin. All times are UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::twin::binance {

using Millis = std::int64_t;  // since 1970-01-01T00:00Z
using Minute = std::int64_t;  // the same in minutes

constexpr Millis kMinuteMs = 60'000;
constexpr Millis kDayMs = 86'400'000;

struct Interval {
  std::string_view name;     // of the API: 1m is a minute, 1M a month
  std::string_view archive;  // of the archive's folders
  Millis length_ms = 0;      // 0: a month
  Millis offset_ms = 0;      // weeks begin on Mondays

  // Begin of the interval that holds `time`.
  Millis floor(Millis time) const;
  // Begin of the one after the one that begins at `open`, and of the one before.
  Millis next(Millis open) const;
  Millis previous(Millis open) const { return floor(open - 1); }
};

// Null if there is none of that name; names differ by case.
const Interval* find_interval(std::string_view name);
const Interval* find_archive_interval(std::string_view name);

// First instant of the month that holds `time`, and of the one after that.
Millis month_begin(Millis time);
Millis month_end(Millis time);

// "2024-03", "2024-03-15".
std::string month_text(Millis time);
std::string day_text(Millis time);
// Throws std::invalid_argument unless the text is "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM:SSZ".
Millis parse_time(const std::string& text);

}  // namespace sluice::twin::binance
