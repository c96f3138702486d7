// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

namespace wiseoldman {

std::string standard_name(std::string_view name) {
  constexpr std::string_view kHardSpace = "\xC2\xA0";
  std::string out;
  while (!name.empty()) {
    const bool hard = name.starts_with(kHardSpace);
    const char c = name.front();
    const bool blank = hard || c == ' ' || c == '-' || c == '_' || c == '\t';
    out += blank ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    name.remove_prefix(hard ? kHardSpace.size() : 1);
  }
  const auto first = out.find_first_not_of(' ');
  return first == std::string::npos ? "" : out.substr(first, out.find_last_not_of(' ') - first + 1);
}

std::string encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

}  // namespace wiseoldman
