// SPDX-License-Identifier: Apache-2.0
//
// Configuration values with a unit or a meaning: durations, sizes, secrets.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::inline sdk_v0 {

// A duration of whole seconds: "90s", "5m", "1h30m", "7d". See parse_duration() for the writing.
struct Seconds {
  int64_t count = 0;
  constexpr std::chrono::seconds chrono() const { return std::chrono::seconds(count); }
  friend constexpr bool operator==(Seconds, Seconds) = default;
};

// A duration that may be finer: "250ms", "1.5s", and all that Seconds takes.
struct Duration {
  int64_t us = 0;
  constexpr std::chrono::microseconds chrono() const { return std::chrono::microseconds(us); }
  friend constexpr bool operator==(Duration, Duration) = default;
};

// A size: "256MiB", "10kB", "4096". See parse_size() for the writing.
struct Bytes {
  uint64_t count = 0;
  friend constexpr bool operator==(Bytes, Bytes) = default;
};

// A secret, by reference: Host::secret() fetches the value when it is needed.
struct Secret {
  std::string name{};  // empty = not configured
  explicit operator bool() const noexcept { return !name.empty(); }
};

namespace detail {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
// Of several names for one unit the first is the one written. The week stands last: it is read but
// not written.
inline constexpr Unit kTimeUnits[] = {{"us", 1},
                                      {"ms", 1'000},
                                      {"s", 1'000'000},
                                      {"m", 60'000'000},
                                      {"h", 3'600'000'000},
                                      {"d", 86'400'000'000},
                                      {"w", 604'800'000'000}};
inline constexpr std::span kWrittenTimeUnits = std::span(kTimeUnits).first<6>();
inline constexpr Unit kSizeUnits[] = {{"B", 1},
                                      {"", 1},
                                      {"kB", 1'000},
                                      {"KB", 1'000},
                                      {"k", 1'000},
                                      {"MB", 1'000'000},
                                      {"M", 1'000'000},
                                      {"GB", 1'000'000'000},
                                      {"G", 1'000'000'000},
                                      {"TB", 1'000'000'000'000},
                                      {"KiB", 1ULL << 10U},
                                      {"MiB", 1ULL << 20U},
                                      {"GiB", 1ULL << 30U},
                                      {"TiB", 1ULL << 40U}};

inline bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// "12" or "1.5", at most three digits after the point.
struct Amount {
  uint64_t whole = 0, thousandths = 0;
};

// Cuts an amount off the front of `text`.
inline std::optional<Amount> take_amount(std::string_view& text) {
  Amount amount;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), amount.whole);
  if (parsed.ec != std::errc{}) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  if (text.empty() || text.front() != '.') {
    return amount;
  }
  text.remove_prefix(1);
  std::size_t digits = 0;
  for (uint64_t place = 100; !text.empty() && is_digit(text.front()); place /= 10, ++digits) {
    amount.thousandths += place * static_cast<uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return digits >= 1 && digits <= 3 ? std::optional(amount) : std::nullopt;
}

// None if `name` is no unit, or the product is too large or not whole.
inline std::optional<uint64_t> scaled(Amount amount, std::span<const Unit> units,
                                      std::string_view name) {
  for (const Unit& unit : units) {
    uint64_t value = 0, fraction = 0;
    if (unit.name == name) {
      const bool wrong = __builtin_mul_overflow(amount.whole, unit.factor, &value) ||
                         __builtin_mul_overflow(amount.thousandths, unit.factor, &fraction) ||
                         fraction % 1'000 != 0 ||
                         __builtin_add_overflow(value, fraction / 1'000, &value);
      return wrong ? std::nullopt : std::optional(value);
    }
  }
  return std::nullopt;
}

// In the largest unit that loses nothing.
inline std::string format_quantity(uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) {
      best = &unit;
    }
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace detail

// What the host's configuration takes as a duration, and nothing else: numbers right before one of
// us, ms, s, m, h, d, w, from large to small, each once; at most three digits after a point. None
// if `text` is something else, not whole microseconds, or more than 2^63 - 1 of them.
inline std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  uint64_t total = 0, largest = UINT64_MAX;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto amount = detail::take_amount(rest);
    std::size_t letters = 0;
    while (letters < rest.size() && !detail::is_digit(rest[letters])) {
      ++letters;
    }
    const std::string_view name = rest.substr(0, letters);
    const auto factor = detail::scaled({1, 0}, detail::kTimeUnits, name);
    const auto part = amount ? detail::scaled(*amount, detail::kTimeUnits, name) : std::nullopt;
    if (!part || *factor >= largest || __builtin_add_overflow(total, *part, &total) ||
        total > INT64_MAX) {
      return std::nullopt;
    }
    largest = *factor;
    rest.remove_prefix(letters);
  }
  return text.empty() ? std::nullopt
                      : std::optional(std::chrono::microseconds(static_cast<int64_t>(total)));
}

// What the host's configuration takes as a size, and nothing else: a number, one blank or none, and
// one of B, kB, MB, GB, TB (thousands; also KB, k, M, G), KiB, MiB, GiB, TiB (1,024), or no unit
// for bytes; at most three digits after a point. None if `text` is something else, not whole bytes,
// or more than 2^64 - 1.
inline std::optional<uint64_t> parse_size(std::string_view text) {
  const auto amount = detail::take_amount(text);
  text.remove_prefix(text.starts_with(' ') ? 1 : 0);
  return amount ? detail::scaled(*amount, detail::kSizeUnits, text) : std::nullopt;
}

}  // namespace sluice::inline sdk_v0
