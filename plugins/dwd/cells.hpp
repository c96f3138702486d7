// SPDX-License-Identifier: Apache-2.0
//
// Fields of a product row, read by hand since they are millions. Inline: the hot loop is all there
// is to it.
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>

#include "names.hpp"
#include "text.hpp"

namespace dwd {

enum class Found : uint8_t { kValue, kMissing, kBad };

// -999 with or without decimals; no parameter of these data sets can be as low.
inline bool is_missing(double value) noexcept {
  return value == -999.0 || value == -9999.0;
}

// Numbers of more digits, or written otherwise, and what is no number.
inline Found parse_number_slowly(std::string_view field, double& out) noexcept {
  const auto text = trim(field);
  if (text.empty()) {
    return Found::kMissing;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  constexpr double kMost = 1e9;  // also keeps infinities and NaN out
  if (error != std::errc{} || end != text.data() + text.size() || !(out > -kMost && out < kMost)) {
    return Found::kBad;
  }
  return is_missing(out) ? Found::kMissing : Found::kValue;
}

// Reads the field at `p`, up to the next semicolon or `end`, and leaves `p` there. Up to 15 digits
// are exact in a double, and so is a power of ten up to 22: one division rounds correctly.
inline Found parse_number(const char*& p, const char* end, double& out) noexcept {
  constexpr double kPowers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const char* const begin = p;
  while (p != end && *p == ' ') {
    ++p;
  }
  const bool negative = p != end && *p == '-';
  p += negative ? 1 : 0;
  int64_t digits = 0;
  const char* const first = p;
  while (p != end && static_cast<unsigned char>(*p - '0') < 10) {
    digits = digits * 10 + (*p++ - '0');
    if (p - first > 15) [[unlikely]] {
      break;
    }
  }
  auto count = p - first;
  std::ptrdiff_t decimals = 0;
  if (p != end && *p == '.') {
    const char* const point = ++p;
    while (p != end && static_cast<unsigned char>(*p - '0') < 10 && count + (p - point) < 16) {
      digits = digits * 10 + (*p++ - '0');
    }
    decimals = p - point;
    count += decimals;
  }
  if ((p == end || *p == ';') && count != 0 && count <= 15) [[likely]] {
    const double value = static_cast<double>(digits) / kPowers[decimals];
    out = negative ? -value : value;
    return is_missing(out) ? Found::kMissing : Found::kValue;
  }
  while (p != end && *p != ';') {
    ++p;
  }
  return parse_number_slowly({begin, static_cast<std::size_t>(p - begin)}, out);
}

// The usual field, of at most seven characters before its semicolon: blanks, a sign, digits, a
// point, digits. Eight bytes are taken as one number and checked all at once. Returns how many
// bytes the field has with its semicolon, or 0 if it is written otherwise. Requires: 8 readable
// bytes at `p`.
inline std::size_t parse_usual_number(const char* p, double& out, bool& whole) noexcept {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr double kPowers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  const auto first_of = [](uint64_t text, uint64_t c) {  // lane of `c`, 8 if there is none
    const uint64_t differs = text ^ (kOnes * c);
    const uint64_t zeros = (differs - kOnes) & ~differs & (kOnes << 7U);
    return static_cast<std::size_t>(std::countr_zero(zeros)) / 8;
  };
  static_assert(std::endian::native == std::endian::little);
  uint64_t x = 0;
  std::memcpy(&x, p, sizeof(x));
  const std::size_t size = first_of(x, ';');
  if (size == 0 || size == 8) {
    return 0;
  }
  x <<= 8 * (8 - size);  // the last character is the highest byte
  const std::size_t point = first_of(x, '.');
  whole = point == 8;
  if (point < 7) {  // close the gap
    const uint64_t after = ~uint64_t{0} << (8 * (point + 1));
    const uint64_t ahead = (uint64_t{1} << (8 * point)) - 1;
    x = (x & after) | (x & ahead) << 8U;
  }
  const uint64_t digit_lanes = x & (kOnes << 4U);  // set in digits, not in blanks, signs and zeros
  if (digit_lanes == 0 || point == 7) {
    return 0;
  }
  const std::size_t lead = static_cast<std::size_t>(std::countr_zero(digit_lanes)) / 8;
  if (point < 7 && lead > point + 1) {  // only digits may follow the point
    return 0;
  }
  const uint64_t digits = ~uint64_t{0} << (8 * lead);
  uint64_t value = (x ^ (kOnes * '0')) & digits;
  uint64_t before = x & ~digits;
  const bool negative = lead != 0 && (before >> (8 * (lead - 1)) & 0xFFU) == '-';
  before &= negative ? ~(uint64_t{0xFF} << (8 * (lead - 1))) : ~uint64_t{0};
  const uint64_t not_digits = (value | (value + (kOnes * 6))) & (kOnes * 0xF0);
  if ((not_digits | (before & ~(kOnes * ' '))) != 0) {
    return 0;
  }
  value = value * 10 + (value >> 8U);  // pairs, then fours, then all eight digits
  value = ((value & 0x000000FF000000FF) * 0x000F424000000064 +
           (value >> 16U & 0x000000FF000000FF) * 0x0000271000000001) >>
          32U;
  const double number = static_cast<double>(value & 0xFFFFFFFFU) / kPowers[whole ? 0 : 7 - point];
  out = negative ? -number : number;
  return size + 1;
}

// The field at `p` without padding; leaves `p` at the semicolon or `end`.
inline std::string_view take_text(const char*& p, const char* end) noexcept {
  const char* const begin = p;
  while (p != end && *p != ';') {
    ++p;
  }
  return trim({begin, static_cast<std::size_t>(p - begin)});
}

// Times as rows say them: YYYYMMDD, YYYYMMDDHH, YYYYMMDDHHMM, and YYYYMMDDHH:MM of solar files.
// Rows of one day follow each other, so the last day is kept.
class StampReader {
 public:
  // Microseconds since the epoch as if the text were UTC. False unless it is a time.
  bool parse(std::string_view text, int64_t& out_us) noexcept {
    if (text.size() < 8 || text.size() > 13 || !day(text.substr(0, 8))) {
      return false;
    }
    std::string_view rest = text.substr(8);
    int hour = 0;
    int minute = 0;
    if (rest.empty()) {
      out_us = day_us_;
      return true;
    }
    const bool hour_given = two_digits(rest, hour);
    if (rest.size() == 3 && rest[0] == ':') {
      rest.remove_prefix(1);
    }
    if (!hour_given || (!rest.empty() && !two_digits(rest, minute)) || !rest.empty() || hour > 24 ||
        minute > 59 || (hour == 24 && minute != 0)) {
      return false;
    }
    out_us = day_us_ + (int64_t{hour} * 60 + minute) * 60'000'000;
    return true;
  }

 private:
  bool day(std::string_view text) noexcept {
    if (text == std::string_view(day_text_, sizeof(day_text_))) [[likely]] {
      return true;
    }
    const auto days = parse_day(text);
    if (!days) {
      return false;
    }
    text.copy(day_text_, sizeof(day_text_));
    day_us_ = int64_t{*days} * 86'400'000'000;
    return true;
  }
  static bool two_digits(std::string_view& rest, int& out) noexcept {
    if (rest.size() < 2 || static_cast<unsigned char>(rest[0] - '0') > 9 ||
        static_cast<unsigned char>(rest[1] - '0') > 9) {
      return false;
    }
    out = (rest[0] - '0') * 10 + (rest[1] - '0');
    rest.remove_prefix(2);
    return true;
  }

  char day_text_[8] = {};
  int64_t day_us_ = 0;
};

}  // namespace dwd
