// SPDX-License-Identifier: Apache-2.0
//
// Ids of Discord: 63 bits, of which all but the last 22 are milliseconds since 2015. So a time is a
// bound of ids, exactly.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace discord {

constexpr int64_t kEpochMs = 1'420'070'400'000;
constexpr int kLowBits = 22;

// The smallest id that can stand for a message at or after `us`: ids from first_id(from) up to, but
// not including, first_id(to) are those of [from, to).
constexpr int64_t first_id(int64_t us) {
  const int64_t ms = us / 1000 + (us % 1000 > 0 ? 1 : 0);  // rounded up, also below zero
  if (ms <= kEpochMs) {
    return 0;
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() >> kLowBits;
  return ms - kEpochMs > kMost ? std::numeric_limits<int64_t>::max() : (ms - kEpochMs) << kLowBits;
}

// Requires: id is not negative.
constexpr int64_t time_us(int64_t id) {
  return ((id >> kLowBits) + kEpochMs) * 1000;
}

// An id as JSON or a configuration writes it: digits.
inline std::optional<int64_t> parse_id(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  return whole && !text.empty() && text.front() != '-' ? std::optional(value) : std::nullopt;
}

}  // namespace discord
