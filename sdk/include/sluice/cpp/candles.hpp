// SPDX-License-Identifier: Apache-2.0
//
// Candles as every source of prices gives them, so that one can stand in for another.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/decimal.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0 {

constexpr int kCandlePrecision = 38;
constexpr int kCandleScale = 18;  // prices of 1e-12 with digits to spare, volumes up to 1e20

// Parses a price or volume. Throws BAD_DATA for a text that is none, or would lose digits.
inline Decimal parse_candle_decimal(std::string_view text) {
  return parse_decimal128(text, kCandlePrecision, kCandleScale);
}

// The stream of candles: a series with the key (exchange, symbol, interval, open_time). The caller
// adds step, max_span and lag, as far as its interval has them.
inline Stream candle_stream(std::string name = "candles") {
  const auto amount = [](const char* unit, const char* doc, bool nullable) {
    return ColumnOptions{.nullable = nullable,
                         .unit = unit,
                         .doc = doc,
                         .precision = kCandlePrecision,
                         .scale = kCandleScale};
  };
  Stream stream(std::move(name), Kind::kSeries);
  stream.key("exchange", "symbol", "interval", "open_time")
      .time("open_time")
      .doc("Open, high, low and close of a market in intervals of equal length.")
      .col("exchange", Type::kUtf8, {.doc = "Market place."})
      .col("symbol", Type::kUtf8, {.doc = "Pair or security, as the configuration names it."})
      .col("interval", Type::kUtf8, {.doc = "Length: 1m, 1h, 1d; 1M is a month."})
      .col("open_time", Type::kTimestamp, {.doc = "Begin of the interval, UTC."})
      .col("open", Type::kDecimal128, amount("quote currency", "First price.", false))
      .col("high", Type::kDecimal128, amount("quote currency", "Highest price.", false))
      .col("low", Type::kDecimal128, amount("quote currency", "Lowest price.", false))
      .col("close", Type::kDecimal128, amount("quote currency", "Last price.", false))
      .col("volume", Type::kDecimal128, amount("base asset", "What was traded.", true))
      .col("quote_volume", Type::kDecimal128,
           amount("quote currency", "What was paid for it.", true))
      .col("trades", Type::kInt64, {.doc = "Number of trades."})
      .col("provider", Type::kUtf8, {.nullable = false, .doc = "Who told: id of the plugin."});
  return stream;
}

struct Candle {
  int64_t open_time_us = 0;  // microseconds since the epoch
  Decimal open, high, low, close;
  std::optional<Decimal> volume, quote_volume;
  std::optional<int64_t> trades;
};

// Appends candles of one market to a batch of candle_stream(). The texts must outlive it; the
// object is good for the life of the batch object.
class CandleColumns {
 public:
  CandleColumns(Batch& batch, std::string_view exchange, std::string_view symbol,
                std::string_view interval, std::string_view provider)
      : exchange_(exchange),
        symbol_(symbol),
        interval_(interval),
        provider_(provider),
        exchanges_(batch.col<std::string_view>("exchange")),
        symbols_(batch.col<std::string_view>("symbol")),
        intervals_(batch.col<std::string_view>("interval")),
        open_times_(batch.col<int64_t>("open_time")),
        opens_(batch.col<Decimal>("open")),
        highs_(batch.col<Decimal>("high")),
        lows_(batch.col<Decimal>("low")),
        closes_(batch.col<Decimal>("close")),
        volumes_(batch.col<Decimal>("volume")),
        quote_volumes_(batch.col<Decimal>("quote_volume")),
        trades_(batch.col<int64_t>("trades")),
        providers_(batch.col<std::string_view>("provider")) {}

  void append(const Candle& candle) {
    exchanges_.append(exchange_);
    symbols_.append(symbol_);
    intervals_.append(interval_);
    open_times_.append(candle.open_time_us);
    opens_.append(candle.open.unscaled);
    highs_.append(candle.high.unscaled);
    lows_.append(candle.low.unscaled);
    closes_.append(candle.close.unscaled);
    put_decimal(volumes_, candle.volume);
    put_decimal(quote_volumes_, candle.quote_volume);
    if (candle.trades) {
      trades_.append(*candle.trades);
    } else {
      trades_.append_null();
    }
    providers_.append(provider_);
  }

 private:
  using Texts = std::remove_reference_t<decltype(std::declval<Batch>().col<std::string_view>(""))>;
  using Times = std::remove_reference_t<decltype(std::declval<Batch>().col<int64_t>(""))>;
  using Decimals = std::remove_reference_t<decltype(std::declval<Batch>().col<Decimal>(""))>;

  static void put_decimal(Decimals& column, const std::optional<Decimal>& value) {
    if (value) {
      column.append(value->unscaled);
    } else {
      column.append_null();
    }
  }

  std::string_view exchange_, symbol_, interval_, provider_;
  Texts &exchanges_, &symbols_, &intervals_;
  Times& open_times_;
  Decimals &opens_, &highs_, &lows_, &closes_, &volumes_, &quote_volumes_;
  Times& trades_;
  Texts& providers_;
};

}  // namespace sluice::inline sdk_v0
