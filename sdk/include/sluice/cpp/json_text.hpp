// SPDX-License-Identifier: Apache-2.0
//
// JSON as text: pointers, tokens and escapes, for code that reads documents without a tree of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/text.hpp"

namespace sluice::inline sdk_v0 {

// The names of a JSON Pointer (RFC 6901): "" gives none, "/a~1b/0" gives "a/b" and "0". Throws
// INVALID_CONFIG for a text that is no pointer.
inline std::vector<std::string> parse_json_pointer(std::string_view pointer) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    const char next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
    if (c == '/') {
      names.emplace_back();
    } else if (names.empty() || (c == '~' && next != '0' && next != '1')) {
      throw Error(Code::kInvalidConfig,
                  "'" + std::string(pointer) +
                      "' is not a JSON Pointer. Write \"\" for the whole document, or \"/\" before "
                      "each name, as in \"/data/items\"; ~1 stands for / and ~0 for ~ in a name.");
    } else if (c == '~') {
      names.back() += next == '1' ? '/' : '~';
      ++i;
    } else {
      names.back() += c;
    }
  }
  return names;
}

// One name as a part of a JSON Pointer, with its "/".
inline std::string to_json_pointer(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    out += c == '/' ? "~1" : c == '~' ? "~0" : std::string(1, c);
  }
  return out;
}

// Whether `text` is one number of JSON, and nothing else.
inline bool is_json_number(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      ++at;
    }
    return at - first;
  };
  const auto is = [&](char c) { return at < text.size() && text[at] == c; };
  at += is('-') ? 1 : 0;
  const bool zero = is('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) {
    return false;
  }
  if (is('.')) {
    ++at;
    if (digits() == 0) {
      return false;
    }
  }
  if (is('e') || is('E')) {
    ++at;
    at += is('+') || is('-') ? 1 : 0;
    if (digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

namespace detail {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Requires: a code point that is no surrogate.
inline void append_code_point(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(static_cast<uint8_t>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | c >> 6U);
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | c >> 12U);
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | c >> 18U);
    put(0x80U | (c >> 12U & 0x3FU));
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

// The number of four hexadecimal digits at `at`, or -1.
inline int32_t hex4(std::string_view text, std::size_t at) noexcept {
  if (at > text.size() || text.size() - at < 4) {
    return -1;
  }
  int32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

// Appends what "\uXXXX" at `at` (of the backslash) stands for, with the second half of a pair if it
// follows, and moves `at` behind. Half a pair alone becomes U+FFFD: services do cut names in two.
inline bool append_unicode_escape(std::string& out, std::string_view text, std::size_t& at) {
  const int32_t first = hex4(text, at + 2);
  if (first < 0) {
    return false;
  }
  at += 6;
  const bool high = first >= 0xD800 && first < 0xDC00;
  const bool low = first >= 0xDC00 && first < 0xE000;
  if (!high && !low) {
    append_code_point(out, static_cast<uint32_t>(first));
    return true;
  }
  const int32_t second = high && text.substr(at, 2) == "\\u" ? hex4(text, at + 2) : -1;
  if (second >= 0xDC00 && second < 0xE000) {
    at += 6;
    append_code_point(out, 0x10000U + (static_cast<uint32_t>(first - 0xD800) << 10U) +
                               static_cast<uint32_t>(second - 0xDC00));
  } else {
    out += kReplacement;
  }
  return true;
}

}  // namespace detail

// Appends the text that the inside of a JSON string stands for. False if an escape is none.
inline bool append_unescaped(std::string& out, std::string_view inside) {
  static constexpr std::string_view kEscapes = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  for (std::size_t at = 0; at < inside.size();) {
    const std::size_t escape = std::min(inside.find('\\', at), inside.size());
    out += inside.substr(at, escape - at);
    at = escape;
    if (at == inside.size()) {
      break;
    }
    const char kind = at + 1 < inside.size() ? inside[at + 1] : '\0';
    const std::size_t known = kind == '\0' ? std::string_view::npos : kEscapes.find(kind);
    if (known != std::string_view::npos) {
      out += kMeanings[known];
      at += 2;
    } else if (kind != 'u' || !detail::append_unicode_escape(out, inside, at)) {
      return false;
    }
  }
  return true;
}

// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
inline std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    out += size == 0 ? detail::kReplacement : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace sluice::inline sdk_v0
