// SPDX-License-Identifier: Apache-2.0
//
// Dates, times and numbers as text for sinks that write millions of them: into a buffer of the
// caller, without allocation, the same bytes whatever the locale. Each function writes at `out`,
// which has room for kValueTextSize bytes, no NUL behind, and gives the end of what it wrote.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

// Room for any value of the functions below, in bytes.
inline constexpr std::size_t kValueTextSize = 64;

namespace detail {
inline char* put_two(char* out, unsigned value) noexcept {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}
}  // namespace detail

// Days since 1970-01-01 as ISO 8601; years outside 0000 to 9999 get a sign and six digits, as the
// standard asks. Requires: a day that date32 can hold.
inline char* put_date(char* out, int64_t days) noexcept {
  // Days to year, month, day as in Howard Hinnant's paper on date algorithms; <chrono> does the
  // same only for years of 16 bits.
  const int64_t shifted = days + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const auto day_of_era = static_cast<uint32_t>(shifted - era * 146097);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month_index = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const uint32_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
  auto absolute = static_cast<uint32_t>(year < 0 ? -year : year);
  if (year < 0 || year > 9999) {
    *out++ = year < 0 ? '-' : '+';
    out = detail::put_two(out, absolute / 10000 % 100);
    if (absolute >= 1'000'000) {  // date32 reaches year 5,881,580
      out -= 2;
      out = std::to_chars(out, out + 4, absolute / 10000).ptr;
    }
    absolute %= 10000;
  }
  out = detail::put_two(out, absolute / 100);
  out = detail::put_two(out, absolute % 100);
  *out++ = '-';
  out = detail::put_two(out, month);
  *out++ = '-';
  return detail::put_two(out, day);
}

// Microseconds since 1970-01-01 as "2024-01-31T12:00:00Z", with three or six more digits where the
// value has them.
inline char* put_time(char* out, int64_t us) noexcept {
  constexpr int64_t kDay = 86'400'000'000;
  int64_t days = us / kDay;
  int64_t rest = us % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  out = put_date(out, days);
  const auto seconds = static_cast<unsigned>(rest / 1'000'000);
  auto fraction = static_cast<unsigned>(rest % 1'000'000);
  *out++ = 'T';
  out = detail::put_two(out, seconds / 3600);
  *out++ = ':';
  out = detail::put_two(out, seconds / 60 % 60);
  *out++ = ':';
  out = detail::put_two(out, seconds % 60);
  if (fraction != 0) {
    *out++ = '.';
    out = detail::put_two(out, fraction / 10000);
    *out++ = static_cast<char>('0' + fraction / 1000 % 10);
    fraction %= 1000;
    if (fraction != 0) {
      *out++ = static_cast<char>('0' + fraction / 100);
      out = detail::put_two(out, fraction % 100);
    }
  }
  *out++ = 'Z';
  return out;
}

// unscaled / 10^scale. Every digit of the scale is written: "1.50" stays "1.50". Requires: 0 <=
// scale <= 38.
inline char* put_decimal(char* out, Int128 unscaled, int scale) noexcept {
  __extension__ using Unsigned = unsigned __int128;
  auto rest = static_cast<Unsigned>(unscaled);
  if (unscaled < 0) {
    *out++ = '-';
    rest = Unsigned{0} - rest;
  }
  char digits[48];
  int count = 0;
  for (; rest > UINT64_MAX; rest /= 10) {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  for (auto low = static_cast<uint64_t>(rest); low != 0; low /= 10) {
    digits[count++] = static_cast<char>('0' + low % 10);
  }
  while (count <= scale) {
    digits[count++] = '0';
  }
  while (count > 0) {
    if (count == scale) {
      *out++ = '.';
    }
    *out++ = digits[--count];
  }
  return out;
}

// The shortest decimal that reads back as `value`. Most numbers people keep have few digits behind
// the point: those are written as a whole number with a point put in, since a decimal of at most 15
// digits that reads back as the value is the shortest that does. Requires: `value` is finite.
inline char* put_double(char* out, double value) noexcept {
  constexpr double kMost = 1e15;
  constexpr int kBehind = 4;
  const double scaled = value * 1e4;
  if (scaled < kMost && scaled > -kMost) {
    const auto whole = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    if (static_cast<double>(whole) / 1e4 == value && (whole != 0 || !std::signbit(value))) {
      const auto absolute = static_cast<uint64_t>(whole < 0 ? -whole : whole);
      if (whole < 0) {
        *out++ = '-';
      }
      out = std::to_chars(out, out + kValueTextSize, absolute / 10000).ptr;
      auto behind = static_cast<unsigned>(absolute % 10000);
      if (behind == 0) {
        return out;
      }
      *out = '.';
      for (int i = kBehind; i > 0; --i, behind /= 10) {
        out[i] = static_cast<char>('0' + behind % 10);
      }
      out += kBehind;
      while (*out == '0') {
        --out;
      }
      return out + 1;
    }
  }
  return std::to_chars(out, out + kValueTextSize, value).ptr;
}

// The double nearest to unscaled / 10^scale. Requires: 0 <= scale <= 38.
inline double decimal_to_double(Int128 unscaled, int scale) noexcept {
  constexpr Int128 kExact = Int128{1} << 53;
  if (unscaled <= kExact && unscaled >= -kExact && scale <= 22) {
    static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return static_cast<double>(static_cast<int64_t>(unscaled)) / kPowers[scale];
  }
  char text[kValueTextSize];
  double value = 0;
  std::from_chars(text, put_decimal(text, unscaled, scale), value);
  return value;
}

}  // namespace sluice::inline sdk_v0
