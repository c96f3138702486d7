// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/text.hpp"

#include <cstring>

namespace sluice::host {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(sequence[i]));
  };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
    case 3:
      return (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    default:
      return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 |
             (byte(3) & 0x3FU);
  }
}

bool changes_direction(uint32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

}  // namespace

size_t utf8_sequence(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size = lead < 0x80   ? 1
                      : lead < 0xC2 ? 0
                      : lead < 0xE0 ? 2
                      : lead < 0xF0 ? 3
                      : lead < 0xF5 ? 4
                                    : 0;
  if (size == 0 || size > text.size()) {
    return 0;
  }
  for (size_t i = 1; i < size; ++i) {
    if (!continuation(text[i])) {
      return 0;
    }
  }
  const uint32_t c = code_point(text.substr(0, size));
  const bool valid = size == 1 || (size == 2 && c >= 0x80) ||
                     (size == 3 && c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) ||
                     (size == 4 && c >= 0x10000 && c <= 0x10FFFF);
  return valid ? size : 0;
}

bool is_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight = 0;
    if (text.size() - at >= sizeof eight) {  // mostly ASCII
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    const size_t size = utf8_sequence(text.substr(at));
    if (size == 0) {
      return false;
    }
    at += size;
  }
  return true;
}

std::string clean_text(std::string_view text, size_t max_bytes) {
  std::string out;
  out.reserve(text.size() < max_bytes ? text.size() : max_bytes);
  for (size_t at = 0; at < text.size();) {
    const size_t size = utf8_sequence(text.substr(at));
    std::string_view piece = size == 0 ? kReplacement : text.substr(at, size);
    const uint32_t c = size == 0 ? 0xFFFD : code_point(piece);
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
      piece = " ";
    } else if (changes_direction(c)) {
      piece = kReplacement;
    }
    if (out.size() + piece.size() > max_bytes) {
      while (!out.empty() && out.size() + kEllipsis.size() > max_bytes) {
        do {
          const bool inner = continuation(out.back());
          out.pop_back();
          if (!inner) {
            break;
          }
        } while (!out.empty());
      }
      out += kEllipsis;
      return out;
    }
    out += piece;
    at += size == 0 ? 1 : size;
  }
  return out;
}

}  // namespace sluice::host
