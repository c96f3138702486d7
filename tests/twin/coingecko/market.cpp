// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/coingecko/market.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "tests/twin/hash.hpp"

namespace sluice::twin::coingecko {
namespace {

std::string digits_of(Wide value) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value > 0);
  std::reverse(text.begin(), text.end());
  return text;
}

// A triangle between -1000 and 1000.
std::int64_t wave(std::int64_t time_s, std::int64_t period_s, std::uint64_t phase) {
  const auto shifted = time_s + static_cast<std::int64_t>(phase % 1'000'000);
  const std::int64_t at = ((shifted % period_s) + period_s) % period_s * 4000 / period_s;
  return at < 2000 ? at - 1000 : 3000 - at;
}

struct Known {
  const char *id, *symbol, *name;
  Wide base;
};
constexpr std::array<Known, 6> kKnown = {{
    {"bitcoin", "btc", "Bitcoin", Wide{48'000} * kUnit},
    {"ethereum", "eth", "Ethereum", Wide{3'600} * kUnit},
    {"tether", "usdt", "Tether", Wide{1} * kUnit},
    {"dogecoin", "doge", "Dogecoin", kUnit / 2},
    {"shiba-inu", "shib", "Shiba Inu", 74'000},
    {"cargox", "cxo", "CargoX – Üben", kUnit / 10},
}};

Coin make_coin(std::uint64_t seed, std::uint32_t i) {
  Coin coin;
  if (i < kKnown.size()) {
    coin.id = kKnown[i].id;
    coin.symbol = kKnown[i].symbol;
    coin.name = kKnown[i].name;
    coin.base = kKnown[i].base;
  } else {
    const std::string number = std::to_string(i);
    coin.id = "coin-" + std::string(number.size() < 5 ? 5 - number.size() : 0, '0') + number;
    coin.symbol = "c" + std::to_string(i % 97);  // symbols are not unique
    coin.name = (i % 9 == 0 ? "Größe " : "Coin ") + number;
    coin.base = static_cast<Wide>(1'000 + hash_of(seed, i) % 40'000'000'000ULL);
  }
  coin.hash = hash_of(seed, hash_text(coin.id));
  coin.supply = static_cast<Wide>(1'000'000 + coin.hash % 500'000'000);
  return coin;
}

}  // namespace

std::string amount_text(Wide units) {
  const std::string sign = units < 0 ? "-" : "";
  const Wide left = units < 0 ? -units : units;
  const Wide fraction = left % kUnit;
  std::string decimals = digits_of(fraction + kUnit).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  if (left > 0 && left < kUnit / 10'000) {  // as many languages print a small double
    std::string digits = digits_of(left);
    const int exponent = 10 - static_cast<int>(digits.size()) + 1;
    digits.erase(digits.find_last_not_of('0') + 1);
    const std::string rest = digits.size() > 1 ? "." + digits.substr(1) : ".0";
    char power[16];
    std::snprintf(power, sizeof(power), "e-%02d", exponent);
    return sign + digits.substr(0, 1) + rest + power;
  }
  if (decimals.empty()) {
    return sign + digits_of(left / kUnit) + (left / kUnit % 2 == 0 ? "" : ".0");
  }
  return sign + digits_of(left / kUnit) + "." + decimals;
}

std::string sum_text(Wide units) {
  const std::string sign = units < 0 ? "-" : "";
  const Wide left = units < 0 ? -units : units;
  return sign + digits_of(left / kUnit) + "." + digits_of(left % kUnit + kUnit).substr(1);
}

Market::Market(std::uint64_t seed, std::uint32_t coins) {
  for (std::uint32_t i = 0; i < coins; ++i) {
    coins_.push_back(make_coin(seed, i));
  }
}

const Coin* Market::find(std::string_view id) const {
  const auto found =
      std::find_if(coins_.begin(), coins_.end(), [&](const Coin& coin) { return coin.id == id; });
  return found == coins_.end() ? nullptr : &*found;
}

std::int64_t Market::currency_divisor(std::string_view vs) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kCurrencies = {
      {{"usd", 10'000}, {"eur", 11'000}, {"eth", 36'000'000}, {"btc", 480'000'000}}};
  const auto found = std::find_if(kCurrencies.begin(), kCurrencies.end(),
                                  [&](const auto& one) { return one.first == vs; });
  return found == kCurrencies.end() ? 0 : found->second;
}

Wide Market::price(const Coin& coin, std::string_view vs, std::int64_t time_s) const {
  const std::int64_t noise =
      static_cast<std::int64_t>(hash_of(coin.hash, static_cast<std::uint64_t>(time_s)) % 201) - 100;
  const std::int64_t factor = 100'000 + 10 * wave(time_s, 40 * kDay, coin.hash) +
                              5 * wave(time_s, 3 * kDay, coin.hash >> 8U) +
                              2 * wave(time_s, 5 * kHour, coin.hash >> 16U) + noise;
  const Wide value = coin.base * factor / 100'000 * 10'000 / currency_divisor(vs);
  return std::max<Wide>(value, 1);
}

Sample Market::sample(const Coin& coin, std::string_view vs, std::int64_t ms) const {
  Sample out;
  out.ms = ms;
  out.price = price(coin, vs, ms / 1000);
  const auto hash = hash_of(coin.hash, 11, static_cast<std::uint64_t>(ms));
  if (hash % 97 != 0) {
    out.cap = out.price * coin.supply;
  }
  out.volume = out.price * (1'000 + static_cast<Wide>(hash % 90'000));
  return out;
}

std::vector<Sample> Market::slot(const Coin& coin, std::string_view vs, std::int64_t step_s,
                                 std::int64_t slot_s) const {
  if (step_s == kDay) {
    return {sample(coin, vs, slot_s * 1000)};
  }
  const auto hash =
      hash_of(coin.hash, static_cast<std::uint64_t>(step_s), static_cast<std::uint64_t>(slot_s));
  const std::uint64_t kind = hash % 64;
  if (kind == 0) {
    return {};
  }
  const auto step_ms = static_cast<std::uint64_t>(step_s) * 1000;
  const std::int64_t first =
      slot_s * 1000 + static_cast<std::int64_t>((hash >> 8U) % (step_ms / 2));
  std::vector<Sample> rows{sample(coin, vs, first)};
  if (kind == 1) {
    rows.push_back(sample(
        coin, vs, first + 10'000 + static_cast<std::int64_t>((hash >> 24U) % (step_ms / 3))));
  }
  return rows;
}

Candle Market::candle(const Coin& coin, std::string_view vs, std::int64_t body_s,
                      std::int64_t open_s) const {
  const auto hash =
      hash_of(coin.hash, 5, static_cast<std::uint64_t>(body_s), static_cast<std::uint64_t>(open_s));
  Candle out;
  out.open_s = open_s;
  out.open = price(coin, vs, open_s);
  out.close = price(coin, vs, open_s + body_s - 1);
  const Wide spread = out.open / 1000 * static_cast<Wide>(hash % 20);
  out.high = std::max(out.open, out.close) + spread;
  out.low = std::max<Wide>(1, std::min(out.open, out.close) - spread);
  return out;
}

}  // namespace sluice::twin::coingecko
