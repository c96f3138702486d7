// SPDX-License-Identifier: Apache-2.0
//
// config/coingecko.toml against the twin: the rows and values that the twin computed from its
// model, and nothing asked for that need not be.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 86'400;

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
int64_t floor_to(int64_t time, int64_t step) {
  return time / step * step;
}

std::string iso(int64_t time_s) {
  return sql(":memory:",
             "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', " + std::to_string(time_s) + ", 'unixepoch')");
}

struct Coins {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set;
  std::map<std::string, std::string> environment;

  explicit Coins(uint32_t coins = 40) : twin(options(coins)) {
    environment = {{"COINGECKO_BASE_URL", twin.base_url() + "/coingecko/api/v3"},
                   {"COINGECKO_DB", database()}};
    allow(100'000);
  }
  static sluice::twin::Options options(uint32_t coins) {
    sluice::twin::Options options;
    options.coingecko.coins = coins;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "coins.db"; }

  // Another limit than the plan's, so that a test need not wait.
  void allow(int requests) {
    set.push_back(R"(limit=[{scope="127.0.0.1", name="minute", amount=)" +
                  std::to_string(requests) + R"(, per="1s"}])");
  }
  void want(int64_t from_s, int64_t to_s) {
    set.push_back("want.from=" + iso(from_s));
    set.push_back("want.to=" + iso(to_s));
  }
  void streams(const std::string& list) { set.push_back("pipeline.streams=" + list); }

  Finished run(const std::vector<std::string>& verb) {
    std::vector<std::string> command = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                        "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
    command.insert(command.end(), verb.begin(), verb.end());
    for (const std::string& one : set) {
      command.insert(command.end(), {"--set", one});
    }
    return sluice::test::run(command, environment);
  }
  Finished run() {
    return run({"run", SLUICE_CONFIG "/coingecko.toml", "--report", folder / "report.json"});
  }
  // Runs the pipeline; gives what was asked for, by kind.
  json fetch(int exit_code = 0) {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run();
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == exit_code);
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind");
  }
  json expect(const std::string& query) {
    return json::parse(twin.control("GET", "/_twin/coingecko/expect?" + query));
  }
  // A sum of exact decimals, to ten digits after the point.
  std::string sum(const std::string& column, const std::string& from) {
    return sql(database(), "WITH v AS (SELECT CAST(substr(" + column + ", 1, instr(" + column +
                               ", '.') - 1) AS INTEGER) AS w, CAST(substr(" + column + ", instr(" +
                               column + ", '.') + 1, 10) AS INTEGER) AS f FROM " + from +
                               ") SELECT (sum(w) + sum(f) / 10000000000) || '.' || "
                               "printf('%010d', sum(f) % 10000000000) FROM v");
  }
};

std::string part(int64_t from_s, int64_t to_s) {
  return "&from=" + std::to_string(from_s) + "&to=" + std::to_string(to_s);
}

}  // namespace

TEST_CASE("coingecko: lands what the service holds and then asks nothing",
          "[pipeline][coingecko]") {
  Coins coins;
  const int64_t to = floor_to(now_s() - 3 * kHour, 4 * kHour);
  const int64_t from = to - 20 * kDay;
  coins.want(from, to);
  const json asked = coins.fetch();
  CHECK(asked.value("ohlc", 0) == 2);
  CHECK(asked.value("markets", 0) == 1);
  CHECK(asked.value("market_chart", 0) <= 4);
  for (const std::string coin : {"bitcoin", "ethereum"}) {
    CAPTURE(coin);
    const std::string where = " WHERE coin = '" + coin + "'";
    const json chart = coins.expect("coin=" + coin + "&step=3600" + part(from, to));
    CHECK(chart.at("empty_slots").get<int>() > 0);
    CHECK(chart.at("double_slots").get<int>() > 0);
    CHECK(sql_number(coins.database(), "SELECT count(*) FROM market_chart" + where) ==
          chart.at("rows").get<int64_t>());
    CHECK(sql_number(coins.database(), "SELECT count(market_cap) FROM market_chart" + where) ==
          chart.at("caps").get<int64_t>());
    CHECK(coins.sum("price", "market_chart" + where) == chart.at("price_sum"));
    CHECK(coins.sum("total_volume", "market_chart" + where) == chart.at("volume_sum"));
    const json candles =
        coins.expect("stream=candles&coin=" + coin + "&step=14400" + part(from, to));
    const std::string symbol = " WHERE symbol = '" + coin + "/usd'";
    CHECK(sql_number(coins.database(), "SELECT count(*) FROM candles" + symbol) ==
          candles.at("rows").get<int64_t>());
    CHECK(coins.sum("close", "candles" + symbol) == candles.at("close_sum"));
    CHECK(coins.sum("high", "candles" + symbol) == candles.at("high_sum"));
  }
  CHECK(sql_number(coins.database(),
                   "SELECT count(*) FROM candles WHERE low > open OR low > close "
                   "OR high < open OR high < close") == 0);
  CHECK(coins.fetch().empty());

  // Two days more are one request for each coin and stream.
  coins.want(from - 2 * kDay, to);
  const json more = coins.fetch();
  CHECK(more.value("market_chart", 0) == 2);
  CHECK(more.value("ohlc", 0) == 2);
  const json chart = coins.expect("coin=bitcoin&step=3600" + part(from - 2 * kDay, to));
  CHECK(sql_number(coins.database(), "SELECT count(*) FROM market_chart WHERE coin = 'bitcoin'") ==
        chart.at("rows").get<int64_t>());
  CHECK(coins.fetch().empty());
}

TEST_CASE("coingecko: a year of days ends at the wall, with a warning", "[pipeline][coingecko]") {
  Coins coins;
  coins.streams(R"(["market_chart"])");
  coins.set.emplace_back(R"(source.0.granularity="daily")");
  const int64_t to = floor_to(now_s(), kDay) - kDay;
  coins.want(to - 900 * kDay, to);
  const Finished finished = coins.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  CHECK((finished.out + finished.err).find("no more than the last 365 days") != std::string::npos);
  const int64_t first =
      sql_number(coins.database(), "SELECT min(strftime('%s', time)) FROM market_chart");
  CHECK(first > now_s() - 365 * kDay);
  CHECK(first < now_s() - 363 * kDay);
  const json chart = coins.expect("coin=bitcoin&step=86400" + part(first, to));
  CHECK(sql_number(coins.database(), "SELECT count(*) FROM market_chart WHERE coin = 'bitcoin'") ==
        chart.at("rows").get<int64_t>());
  CHECK(coins.sum("price", "market_chart WHERE coin = 'bitcoin'") == chart.at("price_sum"));
  CHECK(coins.fetch().empty());
}

TEST_CASE("coingecko: all coins and markets, page by page", "[pipeline][coingecko]") {
  Coins coins(620);
  coins.streams(R"(["coins", "markets"])");
  coins.set.emplace_back(R"(source.0.markets="all")");
  const json asked = coins.fetch();
  CHECK(asked.value("coins", 0) == 1);
  CHECK(asked.value("markets", 0) == 4);  // the last page is empty
  CHECK(sql_number(coins.database(), "SELECT count(*) FROM coins") == 620);
  CHECK(sql_number(coins.database(), "SELECT count(*) FROM markets") == 620);
  CHECK(sql_number(coins.database(), "SELECT count(DISTINCT symbol) FROM coins") < 620);
  CHECK(coins.fetch().empty());
}

TEST_CASE("coingecko: the wrong key or host ends at once with its name", "[pipeline][coingecko]") {
  Coins coins;
  coins.streams(R"(["market_chart"])");
  const int64_t to = floor_to(now_s(), kDay) - kDay;
  coins.want(to - kDay, to);
  coins.environment["COINGECKO_API_KEY"] = "demo-key";
  coins.environment["COINGECKO_CREDENTIAL"] = "coingecko";
  const auto refused = [&](const std::string& plan, const std::string& header,
                           const std::string& path) {
    coins.twin.control("POST", "/_twin/reset-stats");
    coins.environment["COINGECKO_BASE_URL"] = coins.twin.base_url() + "/coingecko" + path;
    coins.environment["COINGECKO_PLAN"] = plan;
    auto verb = std::vector<std::string>{"run", SLUICE_CONFIG "/coingecko.toml"};
    verb.insert(verb.end(), {"--set", "credential.coingecko.header=\"" + header + "\""});
    const Finished finished = coins.run(verb);
    CHECK(finished.exit_code != 0);
    CHECK(json::parse(coins.twin.control("GET", "/_twin/stats")).at("requests").get<int>() <= 2);
    return finished.out + finished.err;
  };
  CHECK(refused("demo", "x-cg-pro-api-key", "/api/v3").find("10010") != std::string::npos);
  CHECK(refused("pro", "x-cg-demo-api-key", "/pro/api/v3").find("10011") != std::string::npos);
  CHECK(refused("pro", "x-cg-pro-api-key", "/pro/api/v3").find("key") != std::string::npos);
  coins.environment["COINGECKO_BASE_URL"] = coins.twin.base_url() + "/coingecko/api/v3";
  coins.environment["COINGECKO_PLAN"] = "demo";
  CHECK(coins.fetch().value("market_chart", 0) == 2);
}

TEST_CASE("coingecko: the limit of the plan is kept", "[pipeline][coingecko]") {
  Coins coins;
  coins.streams(R"(["market_chart", "candles"])");
  coins.twin.control("POST", "/_twin/coingecko/limits",
                     R"({"limits": {"minute": {"amount": 4, "per_ms": 1000}}})");
  coins.set.emplace_back(R"(limit=[{scope="127.0.0.1", name="minute", amount=4, per="1100ms"}])");
  coins.set.emplace_back(R"(source.0.coins=["bitcoin", "ethereum", "tether", "dogecoin"])");
  const int64_t to = floor_to(now_s(), kDay) - kDay;
  coins.want(to - 3 * kDay, to);
  CHECK(coins.fetch().value("refused", 0) == 0);
  CHECK(json::parse(coins.twin.control("GET", "/_twin/coingecko/limits")).at("violations") == 0);
  CHECK(sql_number(coins.database(), "SELECT count(DISTINCT coin) FROM market_chart") == 4);
}

TEST_CASE("coingecko: a failing service costs retries and no rows", "[pipeline][coingecko]") {
  Coins coins;
  coins.streams(R"(["market_chart"])");
  coins.set.insert(coins.set.end(), {"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"20ms\"",
                                     "pipeline.attempts=60"});
  const int64_t to = floor_to(now_s(), kDay) - kDay;
  const int64_t from = to - 300 * kDay;
  coins.want(from, to);
  coins.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/range", "probability": 0.15, "action": "reset", "after_bytes": 500},
      {"path": "**/range", "probability": 0.15, "action": "truncate", "after_bytes": 100},
      {"path": "**/range", "probability": 0.1, "action": "html"},
      {"path": "**/range", "probability": 0.1, "action": "status", "status": 429},
      {"path": "**/range", "probability": 0.1, "action": "garbage"}]})");
  coins.fetch();
  for (const std::string coin : {"bitcoin", "ethereum"}) {
    const json chart = coins.expect("coin=" + coin + "&step=3600" + part(from, to));
    CHECK(sql_number(coins.database(), "SELECT count(*) FROM market_chart WHERE coin = '" + coin +
                                           "'") == chart.at("rows").get<int64_t>());
    CHECK(coins.sum("price", "market_chart WHERE coin = '" + coin + "'") == chart.at("price_sum"));
  }
}
