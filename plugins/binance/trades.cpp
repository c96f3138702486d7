// SPDX-License-Identifier: Apache-2.0
//
// Aggregate trades: the first page of an interval by time, the following ones by the trades' ids,
// which have no gaps.
#include <algorithm>
#include <optional>

#include "kline.hpp"
#include "readers.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/records.hpp"

namespace binance {

namespace {

using sluice::Batch;
using sluice::Error;
using sluice::json;
using sluice::Outcome;
using sluice::ReadRequest;
using sluice::Type;

class TradeReader final : public SliceReader {
 public:
  TradeReader(const Sources& sources, const ReadRequest& request)
      : sources_(sources),
        request_(request),
        symbol_(request.partition()),
        decoder_(trades_stream(), request) {
    decoder_.epoch("time", std::chrono::milliseconds(1));
  }

  bool next(Batch& batch, json& state) override {
    const int64_t from_id = state.value("id", int64_t{-1});
    const int64_t passed_us = sources_.client.service_time_us(symbol_, request_.to_us());
    const std::string page = sources_.client.get(page_path(from_id), kTradesWeight, symbol_);
    bool beyond = false;
    int64_t next_id = from_id;
    std::size_t rows = 0;
    auto trades = sluice::JsonStream::over(page, "", {.name = "A page of trades of " + symbol_});
    while (trades.next()) {
      ++rows;
      beyond = !take(batch, trades.text(), next_id) || beyond;
    }
    if (trades.target() != sluice::JsonTarget::kArray) {
      throw Error(sluice::Code::kBadData, "A page of trades of " + symbol_ + " is no list.")
          .retryable();
    }
    const bool over = beyond || rows < kPageRows;
    if (!over && next_id <= from_id) {
      throw Error(sluice::Code::kBadData, "A full page of trades of " + symbol_ + " from number " +
                                              std::to_string(from_id) + " on has no later one.")
          .retryable();
    }
    if (over && !beyond && passed_us < request_.to_us()) {
      request_.interval_outcome(std::max(passed_us, request_.from_us()), request_.to_us(),
                                Outcome::kFailed, "By Binance's clock that is yet to come.");
    }
    state["id"] = next_id;
    return !over;
  }

 private:
  std::string page_path(int64_t from_id) const {
    std::string out = "/api/v3/aggTrades?symbol=" + encoded(symbol_);
    if (from_id >= 0) {
      out += "&fromId=" + std::to_string(from_id);
    } else {
      out +=
          "&startTime=" + std::to_string((request_.from_us() + kMillisecond - 1) / kMillisecond) +
          "&endTime=" + std::to_string((request_.to_us() - 1) / kMillisecond);
    }
    return out + "&limit=" + std::to_string(kPageRows);
  }

  // False for a trade beyond the interval.
  bool take(Batch& batch, std::string_view record, int64_t& next_id) {
    const int64_t before = batch.rows();
    const bool good = decoder_.row(
        batch, record, {{"exchange", sources_.selection.config.exchange}, {"symbol", symbol_}});
    int64_t time_us = 0;
    if (read_time(decoder_.value("time").text, time_us) && time_us >= request_.to_us()) {
      batch.truncate(before);
      return false;
    }
    int64_t id = 0;
    if (good && read_whole(decoder_.value("trade_id").text, id)) {
      if (id < next_id || time_us < request_.from_us()) {
        batch.truncate(before);  // told twice
      } else if (next_id >= 0 && id > next_id) {
        request_.note("missing_trades", symbol_ + ": after trade " + std::to_string(next_id - 1) +
                                            " comes " + std::to_string(id));
      }
      next_id = std::max(next_id, id + 1);
    }
    return true;
  }

  const Sources sources_;
  const ReadRequest& request_;
  const std::string symbol_;
  sluice::RecordDecoder decoder_;
};

}  // namespace

sluice::Stream trades_stream() {
  const auto amount = [](const char* unit, const char* doc, const char* source) {
    return sluice::ColumnOptions{.nullable = false,
                                 .unit = unit,
                                 .doc = doc,
                                 .source_name = source,
                                 .precision = sluice::kCandlePrecision,
                                 .scale = sluice::kCandleScale};
  };
  return sluice::Stream("trades", sluice::Kind::kSeries)
      .key("exchange", "symbol", "trade_id")
      .time("time")
      .max_span(std::chrono::hours(1))  // the longest that older servers take
      .partitioned()
      .doc("Aggregate trades: what one order filled at one price in one instant.")
      .col("exchange", Type::kUtf8, {.doc = "Market place."})
      .col("symbol", Type::kUtf8, {.doc = "Pair."})
      .col("trade_id", Type::kInt64, {.doc = "Number, from 0 without gaps.", .source_name = "/a"})
      .col("time", Type::kTimestamp, {.nullable = false, .doc = "When, UTC.", .source_name = "/T"})
      .col("price", Type::kDecimal128, amount("quote currency", "Price.", "/p"))
      .col("quantity", Type::kDecimal128, amount("base asset", "What was traded.", "/q"))
      .col("first_trade_id", Type::kInt64,
           {.doc = "Number of the first trade in it.", .source_name = "/f"})
      .col("last_trade_id", Type::kInt64, {.doc = "Number of the last one.", .source_name = "/l"})
      .col("buyer_is_maker", Type::kBool,
           {.doc = "Whether the seller took an order of the buyer.", .source_name = "/m"})
      .col("best_match", Type::kBool,
           {.doc = "Whether it was at the best price; the service says to ignore it.",
            .source_name = "/M"});
}

namespace {

// A number that comes as text is as good.
std::string text_of(const sluice::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::optional<int64_t> first_trade_us(const Sources& sources, const std::string& symbol) {
  const std::string path = "/api/v3/aggTrades?symbol=" + encoded(symbol) + "&fromId=0&limit=1";
  return sources.client.first_us(kFirstTrades, symbol, path, kTradesWeight,
                                 [](const std::string& page) -> std::optional<int64_t> {
                                   const json trades = json::parse(page, nullptr, false);
                                   int64_t time_us = 0;
                                   const bool told = trades.is_array() && !trades.empty() &&
                                                     trades[0].is_object() &&
                                                     trades[0].contains("T") &&
                                                     read_time(text_of(trades[0]["T"]), time_us);
                                   return told ? std::optional(time_us) : std::nullopt;
                                 });
}

std::unique_ptr<SliceReader> read_trades(const Sources& sources, const ReadRequest& request) {
  return std::make_unique<TradeReader>(sources, request);
}

}  // namespace binance
