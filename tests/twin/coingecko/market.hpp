// SPDX-License-Identifier: Apache-2.0
//
// Coins and their prices at any time: a pure function of seed, coin, currency and time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::twin::coingecko {

__extension__ using Wide = __int128;

constexpr std::int64_t kUnit = 10'000'000'000;  // amounts are whole multiples of 1e-10

// "48607.8745", "74E-7" as services write small numbers, "12.0" or "12".
std::string amount_text(Wide units);
// With ten digits after the point, for sums.
std::string sum_text(Wide units);

struct Coin {
  std::string id, symbol, name;
  std::uint64_t hash = 0;
  Wide base = 0;    // about its price in dollars, in units
  Wide supply = 0;  // coins
};

// A row of a chart.
struct Sample {
  std::int64_t ms = 0;
  Wide price = 0;
  std::optional<Wide> cap;
  Wide volume = 0;
};

struct Candle {
  std::int64_t open_s = 0;
  Wide open = 0, high = 0, low = 0, close = 0;
};

constexpr std::int64_t kFiveMinutes = 300;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86'400;

class Market {
 public:
  Market(std::uint64_t seed, std::uint32_t coins);

  const std::vector<Coin>& coins() const { return coins_; }
  const Coin* find(std::string_view id) const;
  // 0 if the currency is not known.
  static std::int64_t currency_divisor(std::string_view vs);

  Wide price(const Coin& coin, std::string_view vs, std::int64_t time_s) const;
  Sample sample(const Coin& coin, std::string_view vs, std::int64_t ms) const;
  // The rows of the slot that begins at `slot_s`: none, one, or two within it; daily ones at
  // midnight.
  std::vector<Sample> slot(const Coin& coin, std::string_view vs, std::int64_t step_s,
                           std::int64_t slot_s) const;
  Candle candle(const Coin& coin, std::string_view vs, std::int64_t body_s,
                std::int64_t open_s) const;

 private:
  std::vector<Coin> coins_;
};

}  // namespace sluice::twin::coingecko
