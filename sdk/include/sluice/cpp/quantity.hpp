// SPDX-License-Identifier: Apache-2.0
//
// Configuration values with a unit or a meaning: durations, sizes, dates, times, secrets.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

// A duration: "90s", "5m", "2h", "7d", or whole seconds.
struct Seconds {
  int64_t count = 0;
  constexpr std::chrono::seconds chrono() const { return std::chrono::seconds(count); }
  friend constexpr bool operator==(Seconds, Seconds) = default;
};

// A size: "256MiB", "10kB", or whole bytes.
struct Bytes {
  uint64_t count = 0;
  friend constexpr bool operator==(Bytes, Bytes) = default;
};

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

// A secret, by reference: Host::secret() fetches the value when it is needed.
struct Secret {
  std::string name{};  // empty = not configured
  explicit operator bool() const noexcept { return !name.empty(); }
};

namespace detail {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
inline constexpr Unit kTimeUnits[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
inline constexpr Unit kSizeUnits[] = {{"B", 1},
                                      {"kB", 1000},
                                      {"MB", 1000000},
                                      {"GB", 1000000000},
                                      {"KiB", 1ULL << 10U},
                                      {"MiB", 1ULL << 20U},
                                      {"GiB", 1ULL << 30U},
                                      {"TiB", 1ULL << 40U}};

// A whole number right before one of the units, nothing else.
template <std::size_t N>
std::optional<uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N]) {
  uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{}) {
    return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (std::string_view(rest, static_cast<std::size_t>(end - rest)) == unit.name) {
      uint64_t value = 0;
      const bool overflow = __builtin_mul_overflow(number, unit.factor, &value);
      return overflow || value > INT64_MAX ? std::nullopt : std::optional(value);
    }
  }
  return std::nullopt;
}

// In the largest unit that loses nothing.
template <std::size_t N>
std::string format_quantity(uint64_t value, const Unit (&units)[N]) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) {
      best = &unit;
    }
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

// Fixed-width digits at `at`, moved past them.
inline std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
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
  if (!year || !first || !month || !second || !day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
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
  const auto second = detail::take_char(text, ':') ? detail::take_digits(text, 2) : std::nullopt;
  if (!middle || !hour || !colons || !minute || !second || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  Micros time = Micros(*day) + hours(*hour) + minutes(*minute) + seconds(*second);
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
  if (!zone_hours || !colon || !zone_minutes || !text.empty() || *zone_hours > 23 ||
      *zone_minutes > 59) {
    return std::nullopt;
  }
  const minutes zone = hours(*zone_hours) + minutes(*zone_minutes);
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
