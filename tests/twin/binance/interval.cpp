// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/binance/interval.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

#include "tests/twin/dwd/calendar.hpp"

namespace sluice::twin::binance {
namespace {

using dwd::floor_div;

constexpr Millis kHourMs = 60 * kMinuteMs;
constexpr Millis kMonday = 4 * kDayMs;  // the first one since 1970

constexpr std::array<Interval, 16> kIntervals{{{"1s", "1s", 1000},
                                               {"1m", "1m", kMinuteMs},
                                               {"3m", "3m", 3 * kMinuteMs},
                                               {"5m", "5m", 5 * kMinuteMs},
                                               {"15m", "15m", 15 * kMinuteMs},
                                               {"30m", "30m", 30 * kMinuteMs},
                                               {"1h", "1h", kHourMs},
                                               {"2h", "2h", 2 * kHourMs},
                                               {"4h", "4h", 4 * kHourMs},
                                               {"6h", "6h", 6 * kHourMs},
                                               {"8h", "8h", 8 * kHourMs},
                                               {"12h", "12h", 12 * kHourMs},
                                               {"1d", "1d", kDayMs},
                                               {"3d", "3d", 3 * kDayMs},
                                               {"1w", "1w", 7 * kDayMs, kMonday},
                                               {"1M", "1mo"}}};

dwd::Date date_of(Millis time) {
  return dwd::date_of(floor_div(time, kDayMs));
}

const Interval* find(std::string_view name, std::string_view Interval::*member) {
  const auto found =
      std::find_if(kIntervals.begin(), kIntervals.end(),
                   [&](const Interval& interval) { return interval.*member == name; });
  return found == kIntervals.end() ? nullptr : &*found;
}

}  // namespace

Millis Interval::floor(Millis time) const {
  return length_ms == 0 ? month_begin(time)
                        : floor_div(time - offset_ms, length_ms) * length_ms + offset_ms;
}

Millis Interval::next(Millis open) const {
  return length_ms == 0 ? month_end(open) : open + length_ms;
}

const Interval* find_interval(std::string_view name) {
  return find(name, &Interval::name);
}
const Interval* find_archive_interval(std::string_view name) {
  return find(name, &Interval::archive);
}

Millis month_begin(Millis time) {
  const dwd::Date date = date_of(time);
  return dwd::day_of(date.year, date.month, 1) * kDayMs;
}
Millis month_end(Millis time) {
  const dwd::Date date = date_of(time);
  return (date.month == 12 ? dwd::day_of(date.year + 1, 1, 1)
                           : dwd::day_of(date.year, date.month + 1, 1)) *
         kDayMs;
}

std::string month_text(Millis time) {
  return day_text(time).substr(0, 7);
}
std::string day_text(Millis time) {
  return dwd::iso_time(floor_div(time, kMinuteMs)).substr(0, 10);
}

Millis parse_time(const std::string& text) {
  const auto number = [&](std::size_t at) {
    if (text[at] < '0' || text[at] > '9' || text[at + 1] < '0' || text[at + 1] > '9') {
      throw std::invalid_argument("'" + text + "' is no time");
    }
    return (text[at] - '0') * 10 + text[at + 1] - '0';
  };
  const bool has_clock =
      text.size() == 20 && text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == 'Z';
  if (text.size() != 10 && !has_clock) {
    throw std::invalid_argument("'" + text +
                                "' is neither YYYY-MM-DD nor YYYY-MM-DDTHH:MM:SSZ, a time in UTC");
  }
  const Millis day = dwd::parse_day(text.substr(0, 10)) * kDayMs;
  return has_clock ? day + (number(11) * 3600 + number(14) * 60 + number(17)) * Millis{1000} : day;
}

}  // namespace sluice::twin::binance
