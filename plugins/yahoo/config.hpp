// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/config_names.hpp"
#include "sluice/cpp/quantity.hpp"

namespace yahoo {

struct Config {
  std::vector<std::string> base_urls{"https://query1.finance.yahoo.com",
                                     "https://query2.finance.yahoo.com"};
  sluice::Names symbols;
  std::string interval = "1d";
  std::string exchange = "yahoo";
  std::string rounding = "auto";
  bool pre_post = false;
  std::optional<sluice::Seconds> null_rows_for;
  std::string user_agent = "Mozilla/5.0 (X11; Linux x86_64) sluice";
  bool crumb = false;
  std::string cookie_url = "https://finance.yahoo.com/quote/AAPL";

  static constexpr auto fields() {
    using sluice::optional;
    using sluice::required;
    return std::tuple{
        required("symbols", &Config::symbols)
            .doc("Symbols as Yahoo writes them, or a table NAME = \"SYMBOL\" of other names.")
            .example(R"(["AAPL", "OCDO.L", "^GSPC", "EURUSD=X", "BTC-USD"])"),
        optional("interval", &Config::interval,
                 R"("enum":["1m","2m","5m","15m","30m","1h","1d","1w","1M"])")
            .doc("Length of the candles; 1m is a minute, 1M a month."),
        optional("exchange", &Config::exchange, R"("minLength":1)")
            .doc("What candles say as their market place."),
        optional("rounding", &Config::rounding, R"("enum":["auto","hint"])")
            .doc("How prices lose the noise of 32-bit numbers: without losing digits, or always to "
                 "the price hint."),
        optional("pre_post", &Config::pre_post)
            .doc("Candles within a day also from before and after the trading session."),
        optional("null_rows_for", &Config::null_rows_for)
            .doc("Age up to which a row without values is asked for again; without it always."),
        optional("user_agent", &Config::user_agent)
            .doc("What the requests say they come from; empty for the host's own."),
        optional("crumb", &Config::crumb)
            .doc("Get a cookie and a crumb first; only if charts are refused without."),
        optional("cookie_url", &Config::cookie_url, R"("pattern":"^https?://")")
            .doc("The page that gives the cookie."),
        optional("base_urls", &Config::base_urls,
                 R"("minItems":1,"items":{"type":"string","pattern":"^https?://"})")
            .doc("Hosts that answer alike, the preferred one first.")};
  }
};

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDay = 86'400;

enum class Unit : uint8_t { kTimes, kDays, kWeeks, kMonths };  // what candles are of

struct Interval {
  std::string_view name;   // as rows have it
  std::string_view yahoo;  // as requests have it
  Unit unit;
  int64_t length_s;  // of a candle; a month counts 31 days
  int64_t reach_s;   // how far back; 0: all
  int64_t span_s;    // of a request
};

struct Security {
  std::string name, symbol;
  std::string pointer;  // into the configuration
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  std::vector<std::string> base_urls;
  std::vector<Security> securities;
  const Interval* interval;
  std::string exchange, user_agent, cookie_url;
  bool always_hint, pre_post, crumb;
  int64_t null_rows_for_s;  // 0: always

  const Security& security(std::string_view partition) const;
};

const Interval& interval_named(std::string_view name);

}  // namespace yahoo
