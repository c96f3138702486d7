// SPDX-License-Identifier: Apache-2.0
//
// The list of pairs, from exchangeInfo.
#include <algorithm>
#include <map>
#include <set>

#include "readers.hpp"
#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/records.hpp"

namespace binance {

namespace {

using sluice::Batch;
using sluice::ColumnOptions;
using sluice::Error;
using sluice::json;
using sluice::ReadRequest;
using sluice::Type;

constexpr const char* kPath = "/api/v3/exchangeInfo";

json parse(std::string_view text) {
  return json::parse(text, nullptr, false);
}

std::string text_of(const json& record, const char* key) {
  return record.is_object() && record.contains(key) && record[key].is_string()
             ? record[key].get<std::string>()
             : std::string();
}

// The rules of trade stand in a list of objects: {"filterType":"PRICE_FILTER","tickSize":"0.01"}.
std::optional<sluice::Decimal> rule(const json& record, std::string_view type, const char* key) {
  if (!record.is_object() || !record.contains("filters") || !record["filters"].is_array()) {
    return std::nullopt;
  }
  for (const json& filter : record["filters"]) {
    if (text_of(filter, "filterType") != type || !filter.contains(key)) {
      continue;
    }
    // A number where a text was is as good.
    const std::string text = filter[key].is_number() ? filter[key].dump() : text_of(filter, key);
    if (!text.empty()) {
      try {
        return sluice::parse_candle_decimal(text);
      } catch (const Error&) {
        return std::nullopt;
      }
    }
  }
  return std::nullopt;
}

class SymbolReader final : public SliceReader {
 public:
  SymbolReader(const Sources& sources, const ReadRequest& request)
      : sources_(sources), decoder_(symbols_stream(), request) {
    decoder_.optional("permission_sets").optional("quote_precision");  // since 2024, since 2019
    for (const char* known :
         {"/orderTypes", "/allowedSelfTradePreventionModes", "/defaultSelfTradePreventionMode",
          "/baseCommissionPrecision", "/quoteCommissionPrecision", "/quotePrecision", "/filters",
          "/permissions", "/icebergAllowed", "/ocoAllowed", "/otoAllowed", "/opoAllowed",
          "/quoteOrderQtyMarketAllowed", "/allowTrailingStop", "/cancelReplaceAllowed",
          "/amendAllowed", "/pegInstructionsAllowed"}) {
      decoder_.ignore(known);
    }
  }

  bool next(Batch& batch, json&) override {
    if (!symbols_) {
      symbols_.emplace(sources_.client.open(kPath, kInfoWeight, {}), "/symbols");
    }
    while (!batch.full()) {
      if (!symbols_->next()) {
        end();
        return false;
      }
      add(batch, symbols_->text());
    }
    return true;
  }

 private:
  void add(Batch& batch, std::string_view record) {
    const json rules = parse(record);
    const auto notional = rule(rules, "NOTIONAL", "minNotional");
    const auto put = [](const std::optional<sluice::Decimal>& value) {
      return value ? sluice::FixedValue(*value) : sluice::FixedValue(std::nullopt);
    };
    decoder_.row(
        batch, record,
        {{"exchange", sources_.selection.config.exchange},
         {"tick_size", put(rule(rules, "PRICE_FILTER", "tickSize"))},
         {"min_price", put(rule(rules, "PRICE_FILTER", "minPrice"))},
         {"max_price", put(rule(rules, "PRICE_FILTER", "maxPrice"))},
         {"step_size", put(rule(rules, "LOT_SIZE", "stepSize"))},
         {"min_quantity", put(rule(rules, "LOT_SIZE", "minQty"))},
         {"max_quantity", put(rule(rules, "LOT_SIZE", "maxQty"))},
         {"min_notional", put(notional ? notional : rule(rules, "MIN_NOTIONAL", "minNotional"))}});
  }

  // An answer without a list is no empty exchange.
  void end() {
    if (symbols_->target() != sluice::JsonTarget::kArray) {
      throw Error(sluice::Code::kBadData, "Binance's exchangeInfo holds no list /symbols.")
          .retryable();
    }
    sources_.client.learn(symbols_->rest());
  }

  const Sources sources_;
  sluice::RecordDecoder decoder_;
  std::optional<sluice::JsonStream> symbols_;
};

// Calls `visit` with each record of exchangeInfo.
template <class Visit>
void each_symbol(const Sources& sources, Visit&& visit) {
  sluice::JsonStream symbols(sources.client.open(kPath, kInfoWeight, {}), "/symbols");
  while (symbols.next()) {
    visit(parse(symbols.text()));
  }
  if (symbols.target() != sluice::JsonTarget::kArray) {
    throw Error(sluice::Code::kBadData, "Binance's exchangeInfo holds no list /symbols.")
        .retryable();
  }
  sources.client.learn(symbols.rest());
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

sluice::Stream symbols_stream() {
  const auto amount = [](const char* unit, const char* doc) {
    return ColumnOptions{.unit = unit,
                         .doc = doc,
                         .precision = sluice::kCandlePrecision,
                         .scale = sluice::kCandleScale};
  };
  return sluice::Stream("symbols", sluice::Kind::kSnapshot)
      .key("exchange", "symbol")
      .refresh(std::chrono::hours(24))
      .removed("removed_at")
      .doc("All pairs of the exchange with their rules of trade.")
      .col("exchange", Type::kUtf8, {.doc = "Market place."})
      .col("symbol", Type::kUtf8, {.doc = "Pair.", .source_name = "/symbol"})
      .col("status", Type::kUtf8, {.doc = "TRADING, HALT, BREAK, …", .source_name = "/status"})
      .col("base_asset", Type::kUtf8, {.doc = "What is traded.", .source_name = "/baseAsset"})
      .col("base_precision", Type::kInt32,
           {.doc = "Decimals of amounts of it.", .source_name = "/baseAssetPrecision"})
      .col("quote_asset", Type::kUtf8, {.doc = "What is paid with.", .source_name = "/quoteAsset"})
      .col("quote_precision", Type::kInt32,
           {.doc = "Decimals of amounts of it.", .source_name = "/quoteAssetPrecision"})
      .col("spot_allowed", Type::kBool,
           {.doc = "Whether spot trading is on.", .source_name = "/isSpotTradingAllowed"})
      .col("margin_allowed", Type::kBool,
           {.doc = "Whether margin trading is on.", .source_name = "/isMarginTradingAllowed"})
      .col("permission_sets", Type::kJson,
           {.doc = "Who may trade, as the service has it; null in answers before 2024.",
            .source_name = "/permissionSets"})
      .col("tick_size", Type::kDecimal128, amount("quote currency", "Prices are multiples of it."))
      .col("min_price", Type::kDecimal128, amount("quote currency", "Lowest price of an order."))
      .col("max_price", Type::kDecimal128, amount("quote currency", "Highest price of an order."))
      .col("step_size", Type::kDecimal128, amount("base asset", "Amounts are multiples of it."))
      .col("min_quantity", Type::kDecimal128, amount("base asset", "Least amount of an order."))
      .col("max_quantity", Type::kDecimal128, amount("base asset", "Most amount of an order."))
      .col("min_notional", Type::kDecimal128, amount("quote currency", "Least value of an order."))
      .col("removed_at", Type::kTimestamp,
           {.doc = "When the pair was first missing from the list; null while it is there."});
}

std::unique_ptr<SliceReader> read_symbols(const Sources& sources, const ReadRequest& request) {
  return std::make_unique<SymbolReader>(sources, request);
}

std::vector<std::string> selected_symbols(const Sources& sources, const std::string& what) {
  const Config& config = sources.selection.config;
  std::vector<std::string> out;
  std::set<std::string> known;
  const auto add = [&](const std::string& symbol) {
    if (!symbol.empty() && known.insert(symbol).second) {
      out.push_back(symbol);
    }
  };
  for (const std::string& symbol : config.symbols) {
    add(symbol);
  }
  if (sources.selection.lists_symbols()) {
    each_symbol(sources, [&](const json& record) {
      const std::string symbol = text_of(record, "symbol");
      const bool wanted =
          config.all_symbols || contains(config.quote_assets, text_of(record, "quoteAsset"));
      // What was read before is read to its end: trading may have ended since the last run.
      if (wanted &&
          (config.statuses.empty() || contains(config.statuses, text_of(record, "status")) ||
           sources.client.known_first(what, symbol))) {
        add(symbol);
      }
    });
  }
  if (config.symbols.empty() && !sources.selection.lists_symbols()) {
    throw Error(sluice::Code::kInvalidConfig,
                "No pair is chosen; name some in symbols, or set quote_assets or all_symbols.");
  }
  return out;
}

void check_symbols(const Sources& sources) {
  std::set<std::string> known;
  each_symbol(sources, [&](const json& record) { known.insert(text_of(record, "symbol")); });
  for (const std::string& symbol : sources.selection.config.symbols) {
    if (!known.contains(symbol)) {
      throw Error(sluice::Code::kInvalidConfig,
                  "Binance does not know the symbol '" + symbol + "'; correct or remove it.")
          .at_config(sources.selection.place_of(symbol));
    }
  }
}

}  // namespace binance
