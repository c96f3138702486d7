// SPDX-License-Identifier: Apache-2.0
//
// What a correct client holds, from the model, before any of it becomes text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/twin/binance/text.hpp"
#include "tests/twin/binance/world.hpp"

namespace sluice::twin::binance {
namespace {

using nlohmann::json;

struct Sums {
  std::int64_t rows = 0, trades = 0;
  Units open = 0, high = 0, low = 0, close = 0, volume = 0, quote_volume = 0;
};

std::vector<const Symbol*> chosen(const World& world, const std::string& names) {
  std::vector<const Symbol*> out;
  if (names.empty()) {
    for (const Symbol& symbol : world.market.symbols()) {
      out.push_back(&symbol);
    }
  }
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    const std::string name = names.substr(at, comma - at);
    out.push_back(world.market.find(name));
    if (out.back() == nullptr) {
      throw std::invalid_argument("there is no symbol '" + name + "'");
    }
    at = comma + 1;
  }
  return out;
}

json expect_candles(const World& world, const std::vector<const Symbol*>& symbols,
                    const Interval& interval, Millis from, Millis to) {
  const Millis now = world.clock.now();
  Sums sums;
  json gaps = json::array();
  std::int64_t missing = 0;
  for (const Symbol* symbol : symbols) {
    Millis gap = 0;  // begin of the stretch without candles; 0: there is none
    const Millis first = std::max(interval.floor(from), Market::first_slot(*symbol, interval));
    for (Millis slot = first; slot < to && slot < symbol->delisted_ms; slot = interval.next(slot)) {
      const auto candle = world.market.candle(*symbol, interval, slot, now);
      if (candle && (candle->close_ms >= now || candle->open_ms < from || candle->open_ms >= to)) {
        continue;  // open yet, or out of what is asked for
      }
      if (!candle) {
        gap = gap == 0 ? slot : gap;
        missing += slot + 1 < now ? 1 : 0;
        continue;
      }
      if (gap != 0) {
        gaps.push_back({{"symbol", symbol->name}, {"from", gap}, {"to", slot}});
        gap = 0;
      }
      ++sums.rows;
      sums.trades += candle->trades;
      sums.open += candle->open;
      sums.high += candle->high;
      sums.low += candle->low;
      sums.close += candle->close;
      sums.volume += candle->volume;
      sums.quote_volume += candle->quote_volume;
    }
  }
  return {{"rows", sums.rows},
          {"trades", sums.trades},
          {"open", units_text(sums.open)},
          {"high", units_text(sums.high)},
          {"low", units_text(sums.low)},
          {"close", units_text(sums.close)},
          {"volume", units_text(sums.volume)},
          {"quote_volume", units_text(sums.quote_volume)},
          {"missing", missing},
          {"gaps", std::move(gaps)}};
}

json expect_trades(const World& world, const std::vector<const Symbol*>& symbols, Millis from,
                   Millis to) {
  const Market& market = world.market;
  std::int64_t rows = 0;
  Units price = 0, quantity = 0, ids = 0;
  for (const Symbol* symbol : symbols) {
    const std::int64_t end = market.first_trade_at(*symbol, std::min(to, world.clock.now() + 1));
    for (std::int64_t id = market.first_trade_at(*symbol, from); id < end; ++id) {
      const Trade trade = market.trade(*symbol, id);
      ++rows;
      price += trade.price;
      quantity += trade.quantity;
      ids += trade.id;
    }
  }
  return {{"rows", rows},
          {"price", units_text(price)},
          {"quantity", units_text(quantity)},
          {"ids", static_cast<std::int64_t>(ids)}};
}

}  // namespace

std::string expect_json(const World& world, const Request& request) {
  const auto symbols = chosen(world, request.query_or("symbols", ""));
  const Millis from = parse_time(request.query_or("from", "2017-01-01"));
  const std::string end = request.query_or("to", "");
  const Millis to = end.empty() ? world.clock.now() : parse_time(end);
  if (request.query_or("stream", "candles") == "trades") {
    return expect_trades(world, symbols, from, to).dump();
  }
  const std::string name = request.query_or("interval", "1m");
  const Interval* interval = find_interval(name);
  if (interval == nullptr) {
    throw std::invalid_argument("there is no interval '" + name + "'");
  }
  return expect_candles(world, symbols, *interval, from, to).dump();
}

}  // namespace sluice::twin::binance
