// SPDX-License-Identifier: Apache-2.0
//
// Durations, sizes and times as people write them.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "host/config/config.hpp"

namespace sluice::host {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 7> kDurationUnits{{{"us", 1},
                                              {"ms", 1'000},
                                              {"s", 1'000'000},
                                              {"m", 60'000'000},
                                              {"h", 3'600'000'000},
                                              {"d", 86'400'000'000},
                                              {"w", 604'800'000'000}}};
constexpr std::array<Unit, 14> kSizeUnits{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1'000},
                                           {"KB", 1'000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000},
                                           {"KiB", 1ULL << 10},
                                           {"MiB", 1ULL << 20},
                                           {"GiB", 1ULL << 30},
                                           {"TiB", 1ULL << 40},
                                           {"k", 1'000},
                                           {"M", 1'000'000},
                                           {"G", 1'000'000'000}}};

Error bad(std::string_view text, const char* what, const char* examples) {
  std::string shown(text.substr(0, 40));
  return {Code::kInvalidConfig, "\"" + shown + (text.size() > 40 ? "…" : "") + "\" is not " + what +
                                    "; write it like " + examples};
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// "12" or "1.5" at the front of `text`, cut off it. Thousandths are kept, finer fractions refused.
bool take_number(std::string_view& text, uint64_t& whole, uint64_t& thousandths) {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, whole);
  if (text.empty() || !digit(text.front()) || parsed.ec != std::errc()) {
    return false;
  }
  text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
  thousandths = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    uint64_t place = 100;
    size_t digits = 0;
    for (; !text.empty() && digit(text.front()); text.remove_prefix(1), place /= 10, ++digits) {
      thousandths += place * static_cast<uint64_t>(text.front() - '0');
    }
    return digits >= 1 && digits <= 3;
  }
  return true;
}

bool scaled(uint64_t whole, uint64_t thousandths, uint64_t factor, uint64_t limit, uint64_t& out) {
  uint64_t fraction = 0;
  if (__builtin_mul_overflow(whole, factor, &out) ||
      __builtin_mul_overflow(thousandths, factor, &fraction) || fraction % 1'000 != 0) {
    return false;
  }
  return !__builtin_add_overflow(out, fraction / 1'000, &out) && out <= limit;
}

template <class Units>
const Unit* unit_of(const Units& units, std::string_view name) {
  const auto* found =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  return found == units.end() ? nullptr : found;
}

// Exactly `digits` digits at the front of `text`, cut off it; -1 otherwise.
int take_digits(std::string_view& text, size_t digits) {
  if (text.size() < digits ||
      !std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(digits), digit)) {
    return -1;
  }
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, int64_t& days) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, "-")) {
    return false;
  }
  const int month = take_digits(text, 2);
  if (month < 0 || !take(text, "-")) {
    return false;
  }
  const int day = take_digits(text, 2);
  const std::chrono::year_month_day date{
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(day < 0 ? 0 : day))};
  if (day < 0 || !date.ok()) {
    return false;
  }
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// "12:30", "12:30:05", "12:30:05.123456" in microseconds of the day. Digits finer than that are
// cut.
bool take_clock(std::string_view& text, int64_t& us) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) {
    return false;
  }
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) {
    return false;
  }
  int second = 0;
  int64_t fraction = 0;
  if (take(text, ":")) {
    second = take_digits(text, 2);
    if (second < 0 || second > 59) {
      return false;
    }
    if (take(text, ".")) {
      if (text.empty() || !digit(text.front())) {
        return false;
      }
      for (int64_t place = 100'000; !text.empty() && digit(text.front());
           text.remove_prefix(1), place /= 10) {
        fraction += place * (text.front() - '0');
      }
    }
  }
  us = ((hour * 60LL + minute) * 60 + second) * 1'000'000 + fraction;
  return true;
}

bool take_offset(std::string_view& text, int64_t& minutes) {
  minutes = 0;
  if (text.empty() || take(text, "Zz")) {
    return true;
  }
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, "+-")) {
    return false;
  }
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) {
    return false;
  }
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) {
    return false;
  }
  minutes = sign * (hour * 60LL + minute);
  return true;
}

}  // namespace

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto failed = [&] {
    return bad(text, "a duration", R"("90s", "5m", "2h", "7d", "250ms" or "1h30m")");
  };
  std::string_view rest = text;
  uint64_t total = 0;
  uint64_t previous = UINT64_MAX;  // units go from large to small, each once
  while (!rest.empty()) {
    uint64_t whole = 0;
    uint64_t thousandths = 0;
    if (!take_number(rest, whole, thousandths)) {
      return failed();
    }
    const size_t letters =
        static_cast<size_t>(std::find_if(rest.begin(), rest.end(), digit) - rest.begin());
    const Unit* unit = unit_of(kDurationUnits, rest.substr(0, letters));
    uint64_t part = 0;
    if (unit == nullptr || unit->factor >= previous ||
        !scaled(whole, thousandths, unit->factor, static_cast<uint64_t>(INT64_MAX), part) ||
        __builtin_add_overflow(total, part, &total) || total > static_cast<uint64_t>(INT64_MAX)) {
      return failed();
    }
    previous = unit->factor;
    rest.remove_prefix(letters);
  }
  if (text.empty()) {
    return failed();
  }
  return std::chrono::microseconds(static_cast<int64_t>(total));
}

Result<uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  uint64_t whole = 0;
  uint64_t thousandths = 0;
  uint64_t bytes = 0;
  if (take_number(rest, whole, thousandths)) {
    take(rest, " ");
    const Unit* unit = unit_of(kSizeUnits, rest);
    if (unit != nullptr && scaled(whole, thousandths, unit->factor, UINT64_MAX, bytes)) {
      return bytes;
    }
  }
  return bad(text, "a size", R"("256MiB", "10MB", "64KiB" or "4096" (bytes))");
}

Result<int64_t> parse_time(std::string_view text) {
  std::string_view rest = text;
  int64_t days = 0;
  int64_t clock = 0;
  int64_t offset = 0;
  const bool good =
      take_date(rest, days) && (rest.empty() || (take(rest, "Tt ") && take_clock(rest, clock) &&
                                                 take_offset(rest, offset) && rest.empty()));
  if (!good) {
    return bad(text, "a date or time",
               "2024-01-31, 2024-01-31T12:00:00Z or 2024-01-31T12:00:00+02:00");
  }
  return days * 86'400'000'000 + clock - offset * 60'000'000;
}

std::string Problem::text() const {
  if (line == 0) {
    return file + ": " + what;
  }
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what;
}

}  // namespace sluice::host
