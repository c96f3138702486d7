// SPDX-License-Identifier: Apache-2.0
//
// Decimals from and to text, exactly: money never passes through a double.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {
inline Error bad_decimal(std::string_view text, int precision, int scale, const char* why) {
  return Error(Code::kBadData, "'" + std::string(text.substr(0, 64)) + "' is not a decimal of " +
                                   std::to_string(precision) + " digits with " +
                                   std::to_string(scale) + " after the point: " + why);
}

constexpr std::array<Int128, 39> powers_of_ten() {
  std::array<Int128, 39> out{1};
  for (std::size_t i = 1; i < out.size(); ++i) {
    out[i] = out[i - 1] * 10;
  }
  return out;
}
inline constexpr std::array<Int128, 39> kPowersOfTen = powers_of_ten();

// What prices look like, [+-]digits[.digits] with at most 19 digits, in one pass; nothing for all
// else, also for what is no decimal.
inline std::optional<Int128> parse_short_decimal(std::string_view text, int precision, int scale) {
  const bool negative = !text.empty() && text[0] == '-';
  std::size_t at = negative || (!text.empty() && text[0] == '+') ? 1 : 0;
  uint64_t value = 0;
  int digits = 0;
  int decimals = -1;  // -1: no point yet
  for (; at < text.size() && digits < 20; ++at) {
    const auto digit = static_cast<unsigned char>(text[at] - '0');
    if (digit <= 9) {
      value = value * 10 + digit;
      ++digits;
      decimals += decimals >= 0 ? 1 : 0;
    } else if (text[at] == '.' && decimals < 0) {
      decimals = 0;
    } else {
      return std::nullopt;
    }
  }
  const int zeros = scale - std::max(decimals, 0);
  if (digits == 0 || digits > 19 || zeros < 0 || zeros > precision || precision > 38) {
    return std::nullopt;
  }
  if (value >= kPowersOfTen[static_cast<std::size_t>(precision - zeros)]) {
    return std::nullopt;
  }
  const Int128 out = static_cast<Int128>(value) * kPowersOfTen[static_cast<std::size_t>(zeros)];
  return negative ? -out : out;
}

inline Decimal make_decimal(std::string_view text, int precision, int scale, bool rounds) {
  const auto wrong = [&](const char* why) { return bad_decimal(text, precision, scale, why); };
  std::string digits;
  int exponent = 0;
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  at += !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  bool point = false;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9' && digits.size() < 128) {
      digits += text[at];
      exponent -= point ? 1 : 0;
    } else {
      throw wrong("it holds another character, or too many.");
    }
  }
  if (digits.empty()) {
    throw wrong("it has no digits.");
  }
  if (at < text.size()) {  // an exponent
    const bool down = ++at < text.size() && text[at] == '-';
    at += at < text.size() && (text[at] == '-' || text[at] == '+') ? 1 : 0;
    int value = 0;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && value < 1000; ++at) {
      value = value * 10 + (text[at] - '0');
    }
    if (at != text.size() || at == first) {
      throw wrong("its exponent is not a small number.");
    }
    exponent += down ? -value : value;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  for (; !digits.empty() && digits.back() == '0'; digits.pop_back()) {
    ++exponent;
  }
  if (digits.empty()) {
    return {};
  }
  int zeros = exponent + scale;
  bool up = false;
  if (zeros < 0 && rounds) {
    const auto excess = static_cast<std::size_t>(-zeros);
    up = excess <= digits.size() && digits[digits.size() - excess] >= '5';
    digits.erase(digits.size() - std::min(excess, digits.size()));
    zeros = 0;
  }
  if (zeros < 0) {
    throw wrong("it has more digits after the point.");
  }
  if (static_cast<int>(digits.size()) + zeros > precision) {
    throw wrong("it has more digits.");
  }
  digits.append(static_cast<std::size_t>(zeros), '0');
  Int128 value = 0;
  for (const char digit : digits) {
    value = value * 10 + (digit - '0');
  }
  value += up ? 1 : 0;
  if (value == kPowersOfTen[static_cast<std::size_t>(precision)]) {  // 9.9 became 10
    throw wrong("it has more digits.");
  }
  return {negative ? -value : value};
}

}  // namespace detail

// Parses [+-]digits[.digits][e[+-]digits]. Throws BAD_DATA if the text is something else, or would
// lose digits.
inline Decimal parse_decimal128(std::string_view text, int precision, int scale) {
  if (const auto value = detail::parse_short_decimal(text, precision, scale)) {
    return {*value};
  }
  return detail::make_decimal(text, precision, scale, false);
}

// The same for numbers that come out of arithmetic on doubles and have more digits than anybody
// meant: what does not fit behind the point is rounded, half away from zero.
inline Decimal round_decimal128(std::string_view text, int precision, int scale) {
  if (const auto value = detail::parse_short_decimal(text, precision, scale)) {
    return {*value};
  }
  return detail::make_decimal(text, precision, scale, true);
}

// With exactly `scale` digits after the point.
inline std::string to_text(Decimal decimal, int scale) {
  const bool negative = decimal.unscaled < 0;
  __extension__ using Unsigned = unsigned __int128;
  auto left = static_cast<Unsigned>(decimal.unscaled);
  left = negative ? Unsigned{0} - left : left;
  std::string text;
  for (int i = 0; left != 0 || i <= scale; ++i) {
    if (i == scale && scale > 0) {
      text += '.';
    }
    text += static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  }
  if (negative) {
    text += '-';
  }
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace sluice::inline sdk_v0
