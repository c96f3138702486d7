// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/binance/market.hpp"

#include <algorithm>
#include <array>

#include "tests/twin/dwd/calendar.hpp"
#include "tests/twin/hash.hpp"

namespace sluice::twin::binance {
namespace {

constexpr std::int64_t kOne = 100'000'000;  // 1.00000000
constexpr Minute kDay = 1440;
constexpr Minute kWeek = 7 * kDay;
constexpr Minute kEpoch = dwd::day_of(2017, 8, 17) * kDay + 4 * 60;  // the exchange opened
constexpr std::size_t kWeeks = 5000;      // since 1970, in which halts are known
constexpr std::uint64_t kHaltOneIn = 13;  // weeks: about four a year
constexpr Minute kLateFor = 45;           // minutes that begin late after some halts

struct Known {
  const char* base;
  const char* quote;
  std::int64_t price;  // 1e-8
  std::int64_t tick;   // 1e-8
};
constexpr std::array<Known, 12> kKnown{{{"BTC", "USDT", 61'000 * kOne, kOne / 100},
                                        {"ETH", "USDT", 2'900 * kOne, kOne / 100},
                                        {"BNB", "USDT", 540 * kOne, kOne / 10},
                                        {"XRP", "USDT", kOne / 2, kOne / 10'000},
                                        {"ETH", "BTC", kOne / 20, kOne / 100'000},
                                        {"ADA", "BTC", 2850, 1},
                                        {"SOL", "USDT", 140 * kOne, kOne / 100},
                                        {"DOGE", "USDT", kOne / 9, kOne / 100'000},
                                        {"币安人生", "USDT", kOne / 7, kOne / 10'000},
                                        {"LTC", "USDT", 80 * kOne, kOne / 100},
                                        {"SHIB", "USDT", 1800, 1},
                                        {"OLD", "USDT", 3 * kOne, kOne / 1000}}};

std::int64_t between(std::uint64_t hash, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(most - least + 1));
}

Symbol make_symbol(std::uint64_t seed, std::uint32_t number) {
  Symbol out;
  out.salt = hash_of(seed, 0x5B, number);
  if (number < kKnown.size()) {
    const Known& known = kKnown.at(number);
    out.base = known.base;
    out.quote = known.quote;
    out.price = known.price;
    out.tick = known.tick;
  } else {
    out.base = "T" + std::to_string(number);
    out.quote = number % 5 == 4 ? "BTC" : "USDT";
    out.price = out.quote == "BTC" ? between(mix(out.salt), 500, 500'000)
                                   : between(mix(out.salt), kOne / 1000, 100 * kOne);
    out.tick = std::max<std::int64_t>(1, out.price / 10'000);
  }
  out.name = out.base + out.quote;
  // The first two are as old as the exchange, the others are listed in the years after.
  const std::int64_t days = number < 2 ? 0 : between(hash_of(out.salt, 1), 1, 2000);
  out.listed_ms = (kEpoch + days * kDay) * kMinuteMs;
  if (number % 16 == 11) {
    out.delisted_ms = dwd::day_of(2024, 6, 1) * kDayMs + 3 * 3'600'000;
  }
  out.turnover = between(hash_of(out.salt, 2), 1'000, 300'000) / (out.quote == "BTC" ? 50'000 : 1);
  out.turnover = std::max<std::int64_t>(out.turnover, 1);
  out.trades_minute = between(hash_of(out.salt, 3), 1, 6);
  return out;
}

std::optional<Halt> make_halt(std::uint64_t seed, Minute week) {
  const std::uint64_t hash = hash_of(seed, 0x4A17, week);
  if (hash % kHaltOneIn != 0) {
    return std::nullopt;
  }
  Halt out;
  const std::int64_t length = between(mix(hash), 5, 240);
  // Not across the ends of the week.
  out.from = week * kWeek + between(hash_of(hash, 1), 60, kWeek - 400);
  out.to = out.from + length;
  out.late_ms = hash_of(hash, 2) % 4 == 0 ? between(hash_of(hash, 3), 1'000, 40'000) : 0;
  return out.from > kEpoch ? std::optional(out) : std::nullopt;
}

// A bend in parts per million at a knot of a given spacing.
std::int64_t bend(std::uint64_t salt, std::uint64_t level, Minute knot, std::int64_t most) {
  return between(hash_of(salt, level, knot), -most, most);
}
std::int64_t sway(std::uint64_t salt, std::uint64_t level, Minute minute, Minute spacing,
                  std::int64_t most) {
  const Minute knot = dwd::floor_div(minute, spacing);
  const Minute part = minute - knot * spacing;
  return (bend(salt, level, knot, most) * (spacing - part) +
          bend(salt, level, knot + 1, most) * part) /
         spacing;
}

}  // namespace

Market::Market(std::uint64_t seed, std::uint32_t symbols) : halt_by_week_(kWeeks, -1) {
  for (std::uint32_t i = 0; i < symbols; ++i) {
    symbols_.push_back(make_symbol(seed, i));
  }
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    by_name_.emplace(symbols_[i].name, i);
  }
  for (std::size_t week = 0; week < halt_by_week_.size(); ++week) {
    if (const auto halt = make_halt(seed, static_cast<Minute>(week))) {
      halt_by_week_[week] = static_cast<std::int32_t>(halts_.size());
      halts_.push_back(*halt);
    }
  }
}

const Symbol* Market::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &symbols_[found->second];
}

const Halt* Market::halt_of_week(Minute week) const {
  if (week < 0 || week >= static_cast<Minute>(halt_by_week_.size())) {
    return nullptr;
  }
  const std::int32_t index = halt_by_week_[static_cast<std::size_t>(week)];
  return index < 0 ? nullptr : &halts_[static_cast<std::size_t>(index)];
}

bool Market::halted(Minute minute) const {
  const Halt* halt = halt_of_week(dwd::floor_div(minute, kWeek));
  return halt != nullptr && minute >= halt->from && minute < halt->to;
}

// The halt that makes this minute begin late, if one does.
const Halt* Market::halt_before(Minute minute) const {
  const Halt* halt = halt_of_week(dwd::floor_div(minute, kWeek));
  return halt != nullptr && halt->late_ms > 0 && minute >= halt->to && minute < halt->to + kLateFor
             ? halt
             : nullptr;
}

std::int64_t Market::price(const Symbol& symbol, Minute minute) {
  const std::int64_t ppm = sway(symbol.salt, 1, minute, 20 * kDay, 250'000) +
                           sway(symbol.salt, 2, minute, kDay, 40'000) +
                           sway(symbol.salt, 3, minute, 60, 4'000) +
                           bend(symbol.salt, 4, minute, 400);
  const auto moved = static_cast<std::int64_t>(Units{symbol.price} * (1'000'000 + ppm) / 1'000'000);
  return std::max(symbol.tick, moved / symbol.tick * symbol.tick);
}

std::optional<Candle> Market::minute_candle(const Symbol& symbol, Minute minute, Millis now) const {
  Candle out;
  out.open_ms = minute * kMinuteMs;
  if (out.open_ms < symbol.listed_ms || out.open_ms >= symbol.delisted_ms || halted(minute)) {
    return std::nullopt;
  }
  if (const Halt* halt = halt_before(minute)) {
    out.open_ms += halt->late_ms;
  }
  out.close_ms = out.open_ms + kMinuteMs - 1;
  if (out.open_ms > now) {
    return std::nullopt;
  }
  // Of an open candle the part that has passed.
  const std::int64_t passed = std::min(kMinuteMs, now - out.open_ms + 1);
  const std::uint64_t hash = hash_of(symbol.salt, 5, minute);
  const std::int64_t first = price(symbol, minute);
  const std::int64_t last = price(symbol, minute + 1);
  const std::int64_t end =
      (first + (last - first) / symbol.tick * passed / kMinuteMs * symbol.tick);
  out.open = first;
  if (hash % 64 == 0) {  // nobody traded; the candle is there nevertheless
    out.high = out.low = out.close = first;
    return out;
  }
  out.close = end;
  out.high = std::max(first, end) + between(mix(hash), 0, 5) * symbol.tick * passed / kMinuteMs;
  out.low =
      std::max<Units>(symbol.tick, std::min(first, end) - between(hash_of(hash, 1), 0, 5) *
                                                              symbol.tick * passed / kMinuteMs);
  out.trades = std::max<std::int64_t>(1, between(hash_of(hash, 2), 1, 900) * passed / kMinuteMs);
  const Units turnover = Units{between(hash_of(hash, 3), 1, symbol.turnover * 1000)} * kOne / 1000 *
                         passed / kMinuteMs;
  const Units middle = (out.high + out.low) / 2;
  out.volume = std::max<Units>(1, turnover * kOne / middle);
  out.quote_volume = out.volume * middle / kOne;
  out.taker_base = out.volume * between(hash_of(hash, 4), 0, 1000) / 1000;
  out.taker_quote = out.taker_base * middle / kOne;
  return out;
}

// A second's share of its minute.
std::optional<Candle> Market::second_candle(const Symbol& symbol, Millis second, Millis now) const {
  const Minute minute = dwd::floor_div(second, kMinuteMs);
  const auto whole = minute_candle(symbol, minute, INT64_MAX);
  if (!whole || second > now) {
    return std::nullopt;
  }
  const std::int64_t at = (second - minute * kMinuteMs) / 1000;
  const auto part = [&](std::int64_t i) {
    return whole->open + (whole->close - whole->open) / symbol.tick * i / 60 * symbol.tick;
  };
  Candle out;
  out.open_ms = second;
  out.close_ms = second + 999;
  out.open = part(at);
  out.close = part(at + 1);
  out.high = std::max(out.open, out.close);
  out.low = std::min(out.open, out.close);
  out.volume = whole->volume / 60;
  out.quote_volume = whole->quote_volume / 60;
  out.taker_base = whole->taker_base / 60;
  out.taker_quote = whole->taker_quote / 60;
  out.trades = whole->trades / 60;
  return out;
}

std::optional<Candle> Market::candle(const Symbol& symbol, const Interval& interval, Millis slot,
                                     Millis now) const {
  if (interval.length_ms == kMinuteMs) {
    return minute_candle(symbol, slot / kMinuteMs, now);
  }
  if (interval.length_ms == 1000) {
    return second_candle(symbol, slot, now);
  }
  const Millis end = interval.next(slot);
  std::optional<Candle> out;
  const Millis from = std::max(slot, symbol.listed_ms);
  const Millis to = std::min({end, now + 1, symbol.delisted_ms});
  for (Minute minute = from / kMinuteMs; minute * kMinuteMs < to; ++minute) {
    const auto part = minute_candle(symbol, minute, now);
    if (!part) {
      continue;
    }
    if (!out) {
      out = part;
      out->open_ms = slot;
      out->close_ms = end - 1;
      continue;
    }
    out->high = std::max(out->high, part->high);
    out->low = std::min(out->low, part->low);
    out->close = part->close;
    out->volume += part->volume;
    out->quote_volume += part->quote_volume;
    out->taker_base += part->taker_base;
    out->taker_quote += part->taker_quote;
    out->trades += part->trades;
  }
  return out;
}

// Minutes with trades from the listing to `minute`, which is left out.
std::int64_t Market::trading_minutes(const Symbol& symbol, Minute minute) const {
  const Minute first = symbol.listed_ms / kMinuteMs;
  const Minute end =
      symbol.delisted_ms == INT64_MAX ? minute : std::min(minute, symbol.delisted_ms / kMinuteMs);
  std::int64_t out = std::max<std::int64_t>(0, end - first);
  for (const Halt& halt : halts_) {
    if (halt.from >= end) {
      break;
    }
    out -= std::max<std::int64_t>(0, std::min(halt.to, end) - std::max(halt.from, first));
  }
  return out;
}

std::int64_t Market::first_trade_at(const Symbol& symbol, Millis time) const {
  const Minute minute = dwd::floor_div(time, kMinuteMs);
  std::int64_t id = trading_minutes(symbol, minute) * symbol.trades_minute;
  const std::int64_t end = trading_minutes(symbol, minute + 1) * symbol.trades_minute;
  while (id < end && trade(symbol, id).time_ms < time) {
    ++id;
  }
  return id;
}

Trade Market::trade(const Symbol& symbol, std::int64_t id) const {
  const std::int64_t number = id / symbol.trades_minute;  // of the trading minute
  const std::int64_t within = id % symbol.trades_minute;
  Minute low = symbol.listed_ms / kMinuteMs;
  Minute high = low + number + 60 * 24 * 400;  // halts are far shorter than that
  while (low < high) {                         // the last minute before which there are `number`
    const Minute middle = low + (high - low + 1) / 2;
    if (trading_minutes(symbol, middle) <= number) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const std::uint64_t hash = hash_of(symbol.salt, 6, id);
  const Millis share = kMinuteMs / symbol.trades_minute;
  Trade out;
  out.id = id;
  out.first = id * 3 + 11;
  out.last = out.first + static_cast<std::int64_t>(hash % 3);
  out.time_ms = low * kMinuteMs + within * share + between(mix(hash), 0, share - 1);
  out.price = price(symbol, low) + between(hash_of(hash, 1), 0, 3) * symbol.tick;
  out.quantity = between(hash_of(hash, 2), 1, 500'000'000);
  out.buyer_is_maker = hash % 2 == 0;
  return out;
}

}  // namespace sluice::twin::binance
