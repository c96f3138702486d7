// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/twin/message.hpp"

namespace sluice::twin {

// The size and shape of the weather service's tree.
struct DwdOptions {
  std::uint32_t stations = 0;  // stations of the network; 0: 24, or as many as files_10min_tu needs
  std::uint32_t files_10min_tu =
      0;  // exact number of archives in 10_minutes/air_temperature/historical; 0: as it comes
  std::uint32_t rows_per_file =
      500;                        // rows of a product file, as far as its time range has as many
  std::vector<int> minute_years;  // years of 1_minute/precipitation/historical; empty: 1999, 2000
                                  // and the last two
  std::string today =
      "2026-03-30";             // the service's current date (UTC); `now` files are of this day
  int history_end_year = 2024;  // historical archives end with this year until rename-year
  std::size_t cache_mib = 256;  // bound of built archives that are kept
};

// The size of the shop that has every style of paging.
struct RestOptions {
  std::uint64_t items = 250;
  std::uint32_t shelves = 5;    // items lie on them by chance
  std::uint64_t events = 400;   // of each shelf, two at each minute from 2024-01-01 on
  std::uint32_t rate_days = 0;  // days from 1999-01-04 on with exchange rates
  std::string key{};            // that requests must bring in X-Key; empty: none
};

// The spot market: any number of symbols, years of candles of each.
struct BinanceOptions {
  std::uint32_t symbols = 12;  // the first have real names, number 12 is delisted in 2024
  std::string now;             // its time, "2025-03-10T12:00:30Z", which stands still until it is
                               // advanced; empty: the machine's
  std::uint32_t weight_limit = 6000;  // a minute, as exchangeInfo tells it
  std::size_t cache_mib = 64;         // bound of built archives that are kept
};

// The size of a game's definitions.
struct BungieOptions {
  std::uint32_t tables = 14;     // definition tables of a build
  std::uint32_t entries = 40;    // of each table but that of the items
  std::uint32_t items = 120;     // of DestinyInventoryItemDefinition
  std::uint32_t item_bytes = 0;  // about so many bytes of JSON each; 0: as it comes
  std::string api_key{};         // what X-API-Key must say; empty: it is not looked at
  std::size_t cache_mib = 256;   // bound of built files that are kept
};

// Coins and the time in which they are asked for.
struct CoinGeckoOptions {
  std::uint32_t coins = 60;
  std::int64_t now_s = 0;  // the service's time, which then stands still; 0: the system's
  std::string demo_key = "demo-key";
  std::string pro_key = "pro-key";
  std::string enterprise_key = "enterprise-key";
};

// The chart service of a finance portal.
struct YahooOptions {
  std::int64_t now_s = 0;      // the service's time, which then stands still; 0: the system's
  bool crumb = false;          // charts need the cookie and the crumb
  bool browsers_only = false;  // a User-Agent without "Mozilla" is answered 429
};

// The clan and its history.
struct WiseOldManOptions {
  std::uint32_t players = 12;            // members of group 139; two strangers come on top
  std::int64_t days = 60;                // from a player's registration to now
  std::int64_t snapshots_per_week = 14;  // of each player
  std::string now;                       // the service's time (UTC); empty: today's midnight
};

// A guild of Discord, as one bot sees it.
struct DiscordOptions {
  std::uint32_t channels = 6;     // that hold messages, threads not counted
  std::uint32_t threads = 4;      // a quarter of the messages is theirs
  std::uint64_t messages = 4000;  // ever posted; some were deleted since
  std::uint32_t authors = 40;
  std::string from = "2021-01-01";  // first day (UTC) of the guild
  std::string to = "2026-03-30";    // the model's messages end before this day
  std::string token = "twin-token";
};

// The size and shape of the game data service.
struct BlizzardOptions {
  std::uint32_t items = 300;            // that the search of each game knows
  std::uint32_t missing_every = 50;     // so many-th of them is answered 404 until healed; 0: none
  std::uint32_t connected_realms = 6;   // of each region and game
  std::uint32_t auctions = 200;         // of each connected realm and house
  std::uint32_t commodities = 500;      // of each region
  std::uint32_t search_page = 1000;     // longest page of a search
  std::uint32_t token_life_s = 86'399;  // of access tokens
  std::string client_id = "twin-client";
  std::string client_secret = "twin-client-secret";
};

struct Options {
  std::uint16_t port = 0;   // 0: any free one
  std::uint64_t seed = 1;   // the same seed and options give the same bytes
  std::string faults;       // fault rules as JSON, see README.md; empty: none
  std::string warm;         // glob over paths: archives built in the constructor; empty: none
  double limits_scale = 1;  // the limiters' windows and bans are so much shorter
  BungieOptions bungie;
  DwdOptions dwd;
  RestOptions rest;
  BinanceOptions binance;
  CoinGeckoOptions coingecko;
  YahooOptions yahoo;
  WiseOldManOptions wiseoldman;
  DiscordOptions discord;
  BlizzardOptions blizzard;
};

// A running server on 127.0.0.1. The constructor returns when it accepts connections and throws
// std::invalid_argument on bad options or rules, std::runtime_error when it cannot listen. The
// destructor stops it. Thread-safe.
class Twin {
 public:
  explicit Twin(const Options& options);
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;
  Twin(Twin&&) = delete;
  Twin& operator=(Twin&&) = delete;
  ~Twin();

  std::uint16_t port() const;
  // "http://127.0.0.1:PORT", without a slash at the end.
  std::string base_url() const;
  // The address of the weather service's root folder, with a slash at the end.
  std::string dwd_url() const;
  // The address that stands for https://www.bungie.net, without a slash at the end.
  std::string bungie_url() const;

  // Calls a control endpoint in process, e.g. control("POST", "/_twin/republish",
  // R"({"count":3})"), and returns its JSON answer. Throws std::invalid_argument with the
  // endpoint's sentence when the answer is not 2xx.
  std::string control(const std::string& method, const std::string& target,
                      const std::string& body = {});

  // What a request of `target` (path and query as sent) is answered with, in process: with faults,
  // log and counters as over the wire, without delays. Names of `headers` are in lower case.
  Answered ask(const std::string& method, const std::string& target,
               const std::map<std::string, std::string>& headers = {},
               const std::string& body = {});

  // Closes every connection and joins all threads; idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::twin
