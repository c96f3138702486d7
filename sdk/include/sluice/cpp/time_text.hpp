// SPDX-License-Identifier: Apache-2.0
//
// Dates and times from and to text: RFC 3339, always kept in UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

// A date: "2024-01-31".
struct Date {
  Days day{};
  friend constexpr bool operator==(Date, Date) = default;
};

// A time: RFC 3339, "2024-01-31T12:00:00Z"; kept in UTC.
struct DateTime {
  Micros time{};
  friend constexpr bool operator==(DateTime, DateTime) = default;
};

namespace detail {

// The number that `count` digits at the start of `text` make, which are taken off; -1 if there are
// none.
inline int take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) {
    return -1;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return -1;
    }
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}
inline bool take_char(std::string_view& text, char wanted) {
  const bool letter = wanted >= 'A' && wanted <= 'Z';  // RFC 3339 takes both cases
  const bool there =
      !text.empty() && (text.front() == wanted || (letter && text.front() == wanted + ('a' - 'A')));
  text.remove_prefix(there ? 1 : 0);
  return there;
}

inline std::optional<Days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  const bool first = take_char(text, '-');
  const auto month = take_digits(text, 2);
  const bool second = take_char(text, '-');
  const auto day = take_digits(text, 2);
  if (year < 0 || !first || month < 0 || !second || day < 0) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return date.ok() ? std::optional(Days(date)) : std::nullopt;
}

}  // namespace detail

inline std::optional<Date> parse_date(std::string_view text) {
  const auto day = detail::take_date(text);
  return day && text.empty() ? std::optional(Date{*day}) : std::nullopt;
}

// A date alone means its first instant.
inline std::optional<DateTime> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto day = detail::take_date(text);
  if (!day || text.empty()) {
    return day ? std::optional(DateTime{Micros(*day)}) : std::nullopt;
  }
  const bool middle = detail::take_char(text, 'T') || detail::take_char(text, ' ');
  const auto hour = detail::take_digits(text, 2);
  const bool colons = detail::take_char(text, ':');
  const auto minute = detail::take_digits(text, 2);
  const auto second = detail::take_char(text, ':') ? detail::take_digits(text, 2) : -1;
  if (!middle || hour < 0 || !colons || minute < 0 || second < 0 || hour > 23 || minute > 59 ||
      second > 60) {
    return std::nullopt;
  }
  Micros time = Micros(*day) + hours(hour) + minutes(minute) + seconds(second);
  if (detail::take_char(text, '.')) {
    int64_t scale = 100000;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits, scale /= 10) {
      time += microseconds((text.front() - '0') * scale);
      text.remove_prefix(1);
    }
    if (digits == 0) {
      return std::nullopt;
    }
  }
  if (detail::take_char(text, 'Z')) {
    return text.empty() ? std::optional(DateTime{time}) : std::nullopt;
  }
  const bool east = !text.empty() && text.front() == '+';
  if (text.empty() || (!east && text.front() != '-')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const auto zone_hours = detail::take_digits(text, 2);
  const bool colon = detail::take_char(text, ':');
  const auto zone_minutes = detail::take_digits(text, 2);
  if (zone_hours < 0 || !colon || zone_minutes < 0 || !text.empty() || zone_hours > 23 ||
      zone_minutes > 59) {
    return std::nullopt;
  }
  const std::chrono::minutes zone = hours(zone_hours) + minutes(zone_minutes);
  return DateTime{east ? time - zone : time + zone};
}

inline std::string to_text(Date date) {
  const std::chrono::year_month_day ymd(date.day);
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return text;
}

// "2024-01-31T12:00:00Z", with six digits of a second if they are not zero.
inline std::string to_text(DateTime value) {
  using namespace std::chrono;
  const auto day = floor<days>(value.time);
  const hh_mm_ss<microseconds> clock(value.time - day);
  char text[64];
  std::snprintf(text, sizeof(text), "T%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string out = to_text(Date{day}) + text;
  if (clock.subseconds().count() != 0) {
    std::snprintf(text, sizeof(text), ".%06d", static_cast<int>(clock.subseconds().count()));
    out += text;
  }
  return out + "Z";
}

}  // namespace sluice::inline sdk_v0
