// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::twin::dwd {

// Minutes and days since 1970-01-01T00:00Z, proleptic Gregorian.
using Minute = std::int64_t;
using Day = std::int64_t;

constexpr Minute kMinutesPerDay = 1440;

struct Date {
  int year = 1970;
  int month = 1;
  int day = 1;
};

constexpr Day day_of(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

constexpr Date date_of(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}
constexpr Day day_of_minute(Minute minute) {
  return floor_div(minute, kMinutesPerDay);
}

// Until this instant 1- and 10-minute data are stamped MEZ (UTC+1): it is 2000-01-01 00:00 there.
constexpr Minute kMezEnd = day_of(1999, 12, 31) * kMinutesPerDay + 23 * 60;

// `value` with leading zeros.
void append_digits(std::string& out, std::int64_t value, int digits);
void append_date(std::string& out, Day day);  // YYYYMMDD
std::string date_text(Day day);               // YYYYMMDD
std::string german_date(Day day);             // DD.MM.YYYY
std::string iso_time(Minute minute);          // YYYY-MM-DDTHH:MM:SSZ
std::string http_date(std::int64_t seconds);  // IMF-fixdate
// DD-Mon-YYYY HH:MM, as listings show it.
std::string listing_date(std::int64_t seconds);
// Throws std::invalid_argument unless `text` is a valid YYYY-MM-DD.
Day parse_day(const std::string& text);

}  // namespace sluice::twin::dwd
