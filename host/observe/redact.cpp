// SPDX-License-Identifier: Apache-2.0
#include "host/observe/redact.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace sluice::host {
namespace {

// Base64 of fewer bytes is so short that it would be met by chance.
constexpr size_t kShortestWithin = 6;
constexpr size_t kShortestPart = 6;   // of a value, at the end of a text
constexpr size_t kShortestLine = 16;  // of a value of several lines, such as a key in PEM

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The characters of base64 that `value` alone decides when `before` other bytes (0 to 2) stand in
// front of it in the same group and anything behind it.
std::string base64_within(std::string_view value, size_t before) {
  std::string out;
  uint32_t bits = 0;
  size_t count = 0;
  const size_t undecided = (before * 8 + 5) / 6;  // leading characters that the other bytes share
  size_t written = 0;
  const auto put = [&](unsigned char byte) {
    bits = (bits << 8U | byte) & 0xFFFFU;
    count += 8;
    while (count >= 6) {
      count -= 6;
      if (written++ >= undecided) {
        out += kAlphabet[bits >> count & 63U];
      }
    }
  };
  for (size_t i = 0; i < before; ++i) {
    put(0);
  }
  for (const char c : value) {
    put(static_cast<unsigned char>(c));
  }
  return out;
}

std::string url_alphabet(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// `digits` hexadecimal digits at `at`; -1 if they are none.
int hex_number(std::string_view text, size_t at, size_t digits) {
  int number = 0;
  if (at + digits > text.size()) {
    return -1;
  }
  for (size_t i = 0; i < digits; ++i) {
    const int digit = hex_digit(text[at + i]);
    if (digit < 0) {
      return -1;
    }
    number = number * 16 + digit;
  }
  return number;
}

// In a row from `at`. More than JSON within JSON brings do not count, so that a text full of them
// costs nothing.
size_t backslashes(std::string_view text, size_t at) {
  constexpr size_t kMost = 8;
  size_t count = 0;
  while (count < kMost && at + count < text.size() && text[at + count] == '\\') {
    ++count;
  }
  return count;
}

// A character above U+007F that stands as \uXXXX (two of them beyond the first plane): its bytes in
// UTF-8 into `out` and how much of the text it takes; 0 if there is none.
size_t unescape_wide(std::string_view text, size_t at, std::string& out) {
  const size_t slashes = backslashes(text, at);
  const size_t length = slashes + 5;
  const auto unit = [&](size_t where) {
    return slashes > 0 && backslashes(text, where) == slashes && where + slashes < text.size() &&
                   text[where + slashes] == 'u'
               ? hex_number(text, where + slashes + 1, 4)
               : -1;
  };
  const int first = unit(at);
  if (first < 0x80) {
    return 0;
  }
  auto point = static_cast<uint32_t>(first);
  size_t taken = length;
  if (point >= 0xD800 && point < 0xDC00) {
    const int second = unit(at + length);
    if (second < 0xDC00 || second > 0xDFFF) {
      return 0;
    }
    point = 0x10000 + ((point - 0xD800) << 10U) + (static_cast<uint32_t>(second) - 0xDC00);
    taken = 2 * length;
  }
  const auto byte = [&](uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x800) {
    byte(0xC0U | point >> 6U);
  } else if (point < 0x10000) {
    byte(0xE0U | point >> 12U);
    byte(0x80U | (point >> 6U & 0x3FU));
  } else {
    byte(0xF0U | point >> 18U);
    byte(0x80U | (point >> 12U & 0x3FU));
    byte(0x80U | (point >> 6U & 0x3FU));
  }
  byte(0x80U | (point & 0x3FU));
  return taken;
}

// How many characters of `text` from `at` stand for the byte `wanted`; 0 if they do not. In JSON
// within JSON, `level` deep, a backslash is 2^level of them.
size_t match_byte(std::string_view text, size_t at, char wanted, unsigned level) {
  const char c = text[at];
  if (c == '%' && hex_number(text, at + 1, 2) == static_cast<unsigned char>(wanted)) {
    return 3;
  }
  if (c == '%' && text.substr(at, 3) == "%25" &&
      hex_number(text, at + 3, 2) == static_cast<unsigned char>(wanted)) {
    return 5;  // an address within an address
  }
  if (c == '\\' && wanted == '\\') {
    return backslashes(text, at) >= size_t{1} << level ? size_t{1} << level : 0;
  }
  if (c == '\\') {
    const size_t slashes = backslashes(text, at);
    const char escaped = at + slashes < text.size() ? text[at + slashes] : '\0';
    constexpr std::string_view kShort = "\"/bfnrt";
    constexpr std::string_view kMeans = "\"/\b\f\n\r\t";
    const size_t which = kShort.find(escaped);
    if (which != std::string_view::npos && kMeans[which] == wanted) {
      return slashes + 1;
    }
    if (escaped == 'u' && static_cast<unsigned char>(wanted) < 0x80 &&
        hex_number(text, at + slashes + 1, 4) == static_cast<unsigned char>(wanted)) {
      return slashes + 5;
    }
  }
  return c == wanted || (c == '+' && wanted == ' ') ? 1 : 0;
}

// Texts are cut to fit (an error of a plugin has 1 KiB), so that a value may stand at their end in
// part.
bool is_cut(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  return rest.empty() || rest == "..." || rest == "\xE2\x80\xA6";
}

// How many characters of `text` from `at` stand for `pattern`, or for its begin at the end of a
// text that was cut; 0 if they do not.
size_t match(std::string_view text, size_t at, std::string_view pattern, unsigned level) {
  const size_t begin = at;
  for (size_t i = 0; i < pattern.size();) {
    if (i >= kShortestPart && is_cut(text, at)) {
      return at - begin;
    }
    if (at >= text.size()) {
      return 0;
    }
    if (const size_t taken = match_byte(text, at, pattern[i], level); taken > 0) {
      at += taken;
      ++i;
      continue;
    }
    std::string wide;
    const size_t taken = unescape_wide(text, at, wide);
    if (taken == 0 || pattern.substr(i, wide.size()) != wide) {
      return 0;
    }
    at += taken;
    i += wide.size();
  }
  return at - begin;
}

constexpr unsigned kLevels = 3;  // as it is, in JSON, in JSON within JSON

size_t longest_match(std::string_view text, size_t at, std::string_view pattern) {
  size_t longest = match(text, at, pattern, 0);
  if (pattern.find('\\') != std::string_view::npos) {
    for (unsigned level = 1; level < kLevels; ++level) {
      longest = std::max(longest, match(text, at, pattern, level));
    }
  }
  return longest;
}

}  // namespace

bool Redactor::add(std::string_view value) {
  if (value.size() < kShortest) {
    return false;
  }
  add_pattern(std::string(value));
  // OAuth percent-encodes before it encodes in base64.
  for (const std::string& form : {std::string(value), percent_encoded(value)}) {
    for (size_t before = 0; before < 3 && (before == 0 || form.size() >= kShortestWithin);
         ++before) {
      std::string encoded = base64_within(form, before);
      add_pattern(url_alphabet(encoded));
      add_pattern(std::move(encoded));
    }
  }
  if (value.find('\n') != std::string_view::npos) {
    for (size_t at = 0; at < value.size();) {
      const size_t end = std::min(value.find('\n', at), value.size());
      if (end - at >= kShortestLine) {
        add_pattern(std::string(value.substr(at, end - at)));
      }
      at = end + 1;
    }
  }
  return true;
}

void Redactor::add_pattern(std::string pattern) {
  if (pattern.size() < kShortest ||
      std::find(patterns_.begin(), patterns_.end(), pattern) != patterns_.end()) {
    return;
  }
  const auto number = static_cast<uint32_t>(patterns_.size());
  for (const char first : {pattern.front(), '%', '\\', pattern.front() == ' ' ? '+' : '%'}) {
    auto& list = by_first_[static_cast<unsigned char>(first)];
    if (list.empty() || list.back() != number) {
      list.push_back(number);
    }
    begins_[static_cast<unsigned char>(first)] = true;
  }
  patterns_.push_back(std::move(pattern));
}

Redactor::Hit Redactor::next(std::string_view text, size_t from) const {
  for (size_t at = from; at < text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (!begins_[first]) {
      continue;
    }
    Hit hit{at, 0};  // the longest: one secret may begin another
    for (const uint32_t number : by_first_[first]) {
      hit.length = std::max(hit.length, longest_match(text, at, patterns_[number]));
    }
    if (hit.length > 0) {
      // The letter of an escape such as \n: with its backslash, or JSON would be none any more.
      size_t slashes = 0;
      while (slashes < at - from && text[at - slashes - 1] == '\\') {
        ++slashes;
      }
      return slashes % 2 == 1 ? Hit{at - 1, hit.length + 1} : hit;
    }
  }
  return {};
}

bool Redactor::finds(std::string_view text) const {
  return next(text, 0).length > 0;
}

std::string Redactor::redact(std::string text) const {
  Hit hit = next(text, 0);
  if (hit.length == 0) {
    return text;
  }
  std::string out;
  size_t kept = 0;
  for (; hit.length > 0; hit = next(text, kept)) {
    out.append(text, kept, hit.at - kept).append("***");
    kept = hit.at + hit.length;
  }
  return out.append(text, kept, std::string::npos);
}

namespace {

// Readers take a snapshot, so that redacting long texts holds nobody up.
struct Known {
  std::atomic<bool> any{false};
  std::mutex mutex;
  std::vector<std::string> values;           // under mutex
  std::shared_ptr<const Redactor> redactor;  // under mutex; what it points to never changes

  void rebuild() {
    auto made = std::make_shared<Redactor>();
    for (const std::string& value : values) {
      made->add(value);
    }
    redactor = std::move(made);
    any = !values.empty();
  }
};

Known& known() {
  static Known the_known;
  return the_known;
}

}  // namespace

void add_secret(std::string_view value) {
  if (value.size() < Redactor::kShortest) {
    return;
  }
  Known& k = known();
  const std::lock_guard lock(k.mutex);
  if (std::find(k.values.begin(), k.values.end(), value) == k.values.end()) {
    k.values.emplace_back(value);
    k.rebuild();
  }
}

void forget_secret(std::string_view value) {
  Known& k = known();
  const std::lock_guard lock(k.mutex);
  if (std::erase(k.values, value) > 0) {
    k.rebuild();
  }
}

namespace {

// Null if there is nothing to look for.
std::shared_ptr<const Redactor> current() {
  Known& k = known();
  if (!k.any.load(std::memory_order_acquire)) {
    return nullptr;
  }
  const std::lock_guard lock(k.mutex);
  return k.redactor;
}

}  // namespace

std::string redact(std::string text) {
  const auto redactor = current();
  return redactor ? redactor->redact(std::move(text)) : text;
}

bool holds_secret(std::string_view text) {
  const auto redactor = current();
  return redactor && redactor->finds(text);
}

}  // namespace sluice::host
