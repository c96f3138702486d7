// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "interval.hpp"
#include "sluice/cpp/config.hpp"

namespace binance {

constexpr const char* kBinance = "https://api.binance.com";
constexpr const char* kVision = "https://data.binance.vision";

struct Config {
  std::vector<std::string> symbols;
  std::vector<std::string> quote_assets;
  bool all_symbols = false;
  std::vector<std::string> statuses{"TRADING"};
  std::string interval = "1m";
  std::vector<std::string> more_intervals;
  std::string exchange = "binance";
  std::string base_url = kBinance;
  bool archive = true;
  std::string archive_url = kVision;
  int64_t archive_min_rows = 2000;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("symbols", &Config::symbols, R"("items":{"type":"string","minLength":1})")
            .doc("Pairs to read, as Binance writes them: \"BTCUSDT\"."),
        optional("quote_assets", &Config::quote_assets)
            .doc("All pairs that are priced in one of these assets, besides those of symbols."),
        optional("all_symbols", &Config::all_symbols).doc("All pairs there are."),
        optional("statuses", &Config::statuses)
            .doc("What pairs found by quote_assets or all_symbols must be; empty for any. BREAK: "
                 "trading has ended."),
        optional("interval", &Config::interval,
                 R"("enum":["1s","1m","3m","5m","15m","30m","1h","2h","4h","6h","8h","12h","1d",)"
                 R"("3d","1w","1M"])")
            .doc("Length of the candles of the stream candles; 1m is a minute, 1M a month."),
        optional("more_intervals", &Config::more_intervals,
                 R"("items":{"type":"string","enum":["1s","1m","3m","5m","15m","30m","1h","2h",)"
                 R"("4h","6h","8h","12h","1d","3d","1w","1M"]})")
            .doc("Further lengths, each a stream of its own: \"1h\" is candles_1h, \"1M\" "
                 "candles_1mo."),
        optional("exchange", &Config::exchange, R"("minLength":1,"maxLength":100)")
            .doc("Value of the column exchange."),
        optional("base_url", &Config::base_url, R"("pattern":"^https?://")")
            .doc("Where the API answers. Binance's own address stands for all its hosts, which "
                 "step in for one another."),
        optional("archive", &Config::archive)
            .doc("Read what has long passed from the files of the archive instead of the API."),
        optional("archive_url", &Config::archive_url, R"("pattern":"^https?://")")
            .doc("Where the archive's files are."),
        optional("archive_min_rows", &Config::archive_min_rows, R"("minimum":1)")
            .doc("A file is fetched if at least so many of its candles are missing; the API gives "
                 "1000 a page.")};
  }
};

// One length of candles with its stream.
struct CandleKind {
  const Interval* interval;
  std::string stream;
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  const Config config;
  std::vector<CandleKind> candles;
  std::vector<std::string> hosts;  // base URLs of the API, the preferred one first
  std::string scope;               // of the API's limit
  std::string archive;             // base URL, without a slash at its end
  std::string archive_scope;

  const CandleKind* find_candles(std::string_view stream) const noexcept;
  bool lists_symbols() const noexcept { return config.all_symbols || !config.quote_assets.empty(); }
  // JSON Pointer to a symbol in the configuration; empty if it is not named there.
  std::string place_of(std::string_view symbol) const;
};

}  // namespace binance
