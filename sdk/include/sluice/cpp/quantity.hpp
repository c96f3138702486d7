// SPDX-License-Identifier: Apache-2.0
//
// Configuration values with a unit or a meaning: durations, sizes, secrets.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::inline sdk_v0 {

// A duration: "90s", "5m", "2h", "7d", or whole seconds.
struct Seconds {
  int64_t count = 0;
  constexpr std::chrono::seconds chrono() const { return std::chrono::seconds(count); }
  friend constexpr bool operator==(Seconds, Seconds) = default;
};

// A size: "256MiB", "10kB", or whole bytes.
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
inline constexpr Unit kTimeUnits[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
inline constexpr Unit kSizeUnits[] = {{"B", 1},
                                      {"kB", 1000},
                                      {"MB", 1000000},
                                      {"GB", 1000000000},
                                      {"KiB", 1ULL << 10U},
                                      {"MiB", 1ULL << 20U},
                                      {"GiB", 1ULL << 30U},
                                      {"TiB", 1ULL << 40U}};

// A whole number right before one of the units, nothing else.
template <std::size_t N>
std::optional<uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N]) {
  uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{}) {
    return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (std::string_view(rest, static_cast<std::size_t>(end - rest)) == unit.name) {
      uint64_t value = 0;
      const bool overflow = __builtin_mul_overflow(number, unit.factor, &value);
      return overflow || value > INT64_MAX ? std::nullopt : std::optional(value);
    }
  }
  return std::nullopt;
}

// In the largest unit that loses nothing.
template <std::size_t N>
std::string format_quantity(uint64_t value, const Unit (&units)[N]) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) {
      best = &unit;
    }
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace detail

}  // namespace sluice::inline sdk_v0
