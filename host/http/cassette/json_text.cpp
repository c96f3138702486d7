// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/json_text.hpp"

#include <algorithm>

namespace sluice::host::cassette {
namespace {

constexpr int kDeepestIndent = 16;  // a text of brackets alone must not grow without bound

}  // namespace

void JsonLayout::line(std::string& out) const {
  out += '\n';
  out.append(static_cast<size_t>(2 * std::clamp(depth_, 0, kDeepestIndent)), ' ');
}

std::string JsonLayout::push(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    const bool in_string = strings_.step(c);
    const bool closes = !in_string && (c == '}' || c == ']');
    depth_ -= closes ? 1 : 0;
    if (opened_ != closes) {  // an empty pair of brackets stays together
      line(out);
    }
    opened_ = false;
    out += c;
    if (in_string) {
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth_;
      opened_ = true;
    } else if (c == ',') {
      line(out);
    } else if (c == ':') {
      out += ' ';
    }
  }
  return out;
}

std::string JsonPacker::push(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!strings_.step(c) && is_json_blank(c)) {
      had_blanks_ = true;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::host::cassette
