// SPDX-License-Identifier: Apache-2.0
//
// The exchange's content: symbols, candles and trades of any minute, each worked out when it is
// asked for. A pure function of seed and number of symbols, bounded by the time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/twin/binance/interval.hpp"

namespace sluice::twin::binance {

// Prices and volumes in units of 1e-8, of which the service shows eight decimals.
__extension__ using Units = __int128;

struct Symbol {
  std::string name, base, quote;
  std::uint64_t salt = 0;
  Millis listed_ms = 0;
  Millis delisted_ms = INT64_MAX;  // status BREAK from then on
  std::int64_t price = 0;          // 1e-8 units, about which it moves
  std::int64_t tick = 0;           // 1e-8 units
  std::int64_t turnover = 0;       // whole units of the quote asset in a busy minute
  std::int64_t trades_minute = 0;  // aggregate trades in each minute of trading
};

struct Candle {
  Millis open_ms = 0, close_ms = 0;
  Units open = 0, high = 0, low = 0, close = 0;
  Units volume = 0, quote_volume = 0, taker_base = 0, taker_quote = 0;
  std::int64_t trades = 0;
};

struct Trade {
  std::int64_t id = 0, first = 0, last = 0;
  Millis time_ms = 0;
  Units price = 0, quantity = 0;
  bool buyer_is_maker = false;
};

// The exchange stands still in [from, to); trading resumes `late_ms` after the minute, and the
// minutes that follow begin so late, too.
struct Halt {
  Minute from = 0, to = 0;
  Millis late_ms = 0;
};

// Immutable; any thread.
class Market {
 public:
  Market(std::uint64_t seed, std::uint32_t symbols);

  const std::vector<Symbol>& symbols() const { return symbols_; }
  const Symbol* find(std::string_view name) const;

  // The candle of the interval that begins at `slot`, as it is at `now`; nothing if there was no
  // trading until then.
  std::optional<Candle> candle(const Symbol& symbol, const Interval& interval, Millis slot,
                               Millis now) const;
  // First slot that may hold a candle.
  static Millis first_slot(const Symbol& symbol, const Interval& interval) {
    return interval.floor(symbol.listed_ms);
  }

  // Aggregate trades have ids from 0 without gaps.
  std::int64_t first_trade_at(const Symbol& symbol, Millis time) const;  // id of the first not
                                                                         // before
  Trade trade(const Symbol& symbol, std::int64_t id) const;

 private:
  std::optional<Candle> minute_candle(const Symbol& symbol, Minute minute, Millis now) const;
  std::optional<Candle> second_candle(const Symbol& symbol, Millis second, Millis now) const;
  const Halt* halt_of_week(Minute week) const;
  const Halt* halt_before(Minute minute) const;
  bool halted(Minute minute) const;
  std::int64_t trading_minutes(const Symbol& symbol, Minute minute) const;
  static std::int64_t price(const Symbol& symbol, Minute minute);

  std::vector<Symbol> symbols_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<Halt> halts_;                 // by time
  std::vector<std::int32_t> halt_by_week_;  // index, or -1
};

}  // namespace sluice::twin::binance
