// SPDX-License-Identifier: Apache-2.0
//
// Decimals from and to text, exactly: money never passes through a double.
#pragma once

#include <algorithm>
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
}  // namespace detail

// Parses [+-]digits[.digits][e[+-]digits]. Throws BAD_DATA if the text is something else, or would
// lose digits.
inline Decimal parse_decimal128(std::string_view text, int precision, int scale) {
  const auto wrong = [&](const char* why) {
    return detail::bad_decimal(text, precision, scale, why);
  };
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
  const int zeros = exponent + scale;
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
  return {negative ? -value : value};
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
