// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/config_names.hpp"
#include "sluice/cpp/error.hpp"

namespace coingecko {

struct Config {
  std::string plan = "none";
  std::string credential;
  std::string base_url;
  sluice::Names coins;
  std::vector<std::string> vs_currencies{"usd"};
  std::string granularity = "hourly";
  std::string interval = "4h";
  std::string exchange = "coingecko";
  std::string markets = "coins";
  int page_size = 250;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("plan", &Config::plan, R"("enum":["none","demo","pro","enterprise"])")
            .doc("Whose key it is: none, a demo key, one of a paid plan, one of an Enterprise "
                 "plan."),
        optional("credential", &Config::credential)
            .doc("Name of the [credential.NAME] that holds the key; empty without one."),
        optional("base_url", &Config::base_url, R"("pattern":"^(https?://.*)?$")")
            .doc("Where the API answers; empty for the host of the plan."),
        optional("coins", &Config::coins)
            .doc("Coins by id, or a table NAME = \"id\" or \"id/currency\" of names for candles."),
        optional("vs_currencies", &Config::vs_currencies, R"("minItems":1)")
            .doc("Currencies in which prices are told."),
        optional("granularity", &Config::granularity, R"("enum":["5m","hourly","daily"])")
            .doc("Distance of the rows of market_chart."),
        optional("interval", &Config::interval, R"("enum":["30m","1h","4h","1d","4d"])")
            .doc("Length of the candles; 1h and 1d need a paid plan."),
        optional("exchange", &Config::exchange, R"("minLength":1)")
            .doc("What candles say as their market place."),
        optional("markets", &Config::markets, R"("enum":["coins","all"])")
            .doc("Whether the stream markets holds the coins above or all coins."),
        optional("page_size", &Config::page_size, R"("minimum":1,"maximum":250)")
            .doc("Rows of a page of markets.")};
  }
};

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 86'400;
constexpr int64_t kWallDays = 365;  // of history on the public host

enum class Granularity : uint8_t { kFiveMinutes, kHourly, kDaily };

// A coin in a currency: a partition of the series.
struct Pair {
  std::string name;  // "bitcoin/usd", or as the configuration calls it
  std::string coin, vs;
  std::string pointer;  // into the configuration
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  std::string base_url;  // without a slash at its end
  std::string plan, credential;
  bool paid = false, enterprise = false;
  std::vector<Pair> pairs;
  std::vector<std::string> ids, vs_currencies;
  Granularity granularity = Granularity::kHourly;
  std::string granularity_name;
  int64_t step_s = kHour;  // of market_chart
  std::string interval;
  int64_t body_s = 4 * kHour;  // of candles
  std::string exchange;
  bool all_markets = false;
  int page_size = 250;

  const Pair& pair(std::string_view partition) const;
};

}  // namespace coingecko
