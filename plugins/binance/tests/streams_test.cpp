// SPDX-License-Identifier: Apache-2.0
//
// Streams, partitions, trades and pairs through the plugin's public surface.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/binance/tests/support.hpp"

using binance::test::json_answer;
using binance::test::kline;
using binance::test::kMarch;
using binance::test::page;
using binance::test::read;
using binance::test::Service;
using sluice::json;
using sluice::Outcome;
using sluice::testing::Plugin;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;

namespace {

constexpr int64_t kFrom = kMarch / 1000;
constexpr int64_t kLater = kFrom + 90LL * 86'400'000;

std::string trade(int64_t id, int64_t time_ms, const std::string& more = {}) {
  return R"({"a":)" + std::to_string(id) + R"(,"p":"61000.01000000","q":"0.00100000","f":)" +
         std::to_string(id * 3) + R"(,"l":)" + std::to_string(id * 3 + 1) + R"(,"T":)" +
         std::to_string(time_ms) + R"(,"m":true,"M":true)" + more + "}";
}
std::string trades(int64_t first_id, int64_t count, int64_t from_ms, int64_t apart_ms) {
  std::string out = "[";
  for (int64_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + trade(first_id + i, from_ms + i * apart_ms);
  }
  return out + "]";
}
std::string trades_path(const std::string& query) {
  return "/api/v3/aggTrades?symbol=BTCUSDT&" + query + "&limit=1000";
}

std::string symbol(const std::string& name, const std::string& quote, const std::string& status) {
  return R"({"symbol":")" + name + R"(","status":")" + status +
         R"(","baseAsset":"X","quoteAsset":")" + quote +
         R"(","baseAssetPrecision":8,"quotePrecision":8,"quoteAssetPrecision":8,"isSpotTradingAllowed":true,)"
         R"("isMarginTradingAllowed":false,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01000000",)"
         R"("maxPrice":"1000000.00000000","tickSize":"0.01000000"},{"filterType":"LOT_SIZE","minQty":"0.00001000",)"
         R"("maxQty":"9000.00000000","stepSize":"0.00001000"},{"filterType":"NOTIONAL","minNotional":"5.00000000"}],)"
         R"("permissionSets":[["SPOT"]]})";
}
std::string exchange_info() {
  return R"({"timezone":"UTC","serverTime":)" + std::to_string(kLater) +
         R"(,"rateLimits":[],"symbols":[)" + symbol("AUSDT", "USDT", "TRADING") + "," +
         symbol("BBTC", "BTC", "TRADING") + "," + symbol("CUSDT", "USDT", "BREAK") + "]}";
}

SourceSession open(Service& service, const json& config) {
  return {Plugin::load(BINANCE_PLUGIN_FILE), service.host, config};
}

}  // namespace

TEST_CASE("binance: streams follow the intervals", "[unit][binance]") {
  Service service(kLater);
  const auto streams =
      open(service, {{"interval", "1m"}, {"more_intervals", {"1h", "1M"}}}).streams();
  std::vector<std::string> names;
  for (const auto& stream : streams) {
    names.push_back(stream.name());
  }
  CHECK(names ==
        std::vector<std::string>{"candles", "candles_1h", "candles_1mo", "trades", "symbols"});
  CHECK(streams[0].step() == std::chrono::minutes(1));
  CHECK(streams[0].max_span() == std::chrono::minutes(1000));
  CHECK(streams[0].is_cutting());
  CHECK(streams[2].step() == std::chrono::microseconds(0));  // months are no grid
  CHECK_THROWS_AS(open(service, {{"interval", "1h"}, {"more_intervals", {"1h"}}}), sluice::Error);
}

TEST_CASE("binance: partitions begin with the first candle which is asked for once",
          "[unit][binance]") {
  Service service(kLater);
  const std::string path = "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1";
  service.host.http.on(path, json_answer("[" + kline(kFrom + 14'800) + "]"));
  service.host.http.on("/api/v3/klines?symbol=NEWUSDT&interval=1m&startTime=0&limit=1",
                       json_answer("[]"));
  const json config = {{"symbols", {"BTCUSDT", "NEWUSDT", "BTCUSDT"}}};
  for (int run = 0; run < 2; ++run) {
    const auto partitions = open(service, config).partitions("candles");
    REQUIRE(partitions.size() == 1);  // of the other there is nothing yet
    CHECK(partitions[0].key == "BTCUSDT");
    CHECK(partitions[0].from_us == kMarch);
    CHECK(partitions[0].to_us == SLUICE_TIME_MAX);
  }
  std::size_t asked = 0;
  for (const auto& request : service.paths()) {
    asked += request == path ? 1 : 0;
  }
  CHECK(asked == 1);
}

TEST_CASE("binance: a host that keeps no states is asked for none", "[unit][binance]") {
  Service service(kLater);
  service.host.remove_service(SLUICE_STATE_ID);
  service.host.http.on("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1",
                       json_answer("[" + kline(kFrom) + "]"));
  CHECK(open(service, {{"symbols", {"BTCUSDT"}}}).partitions("candles").at(0).from_us == kMarch);
}

TEST_CASE("binance: a symbol that never was stops the plan with its place", "[unit][binance]") {
  Service service(kLater);
  service.host.http.on("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1",
                       json_answer("[" + kline(kFrom) + "]"));
  service.host.http.on("/api/v3/klines?symbol=BOGUS&interval=1m&startTime=0&limit=1",
                       json_answer(R"({"code":-1121,"msg":"Invalid symbol."})", 400));
  try {
    (void)open(service, {{"symbols", {"BTCUSDT", "BOGUS"}}}).partitions("candles");
    FAIL("it was taken");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == sluice::Code::kInvalidConfig);
    CHECK(error.config() == "/symbols/1");
    CHECK(error.message().find("'BOGUS'") != std::string::npos);
  }
  CHECK(sluice::testing::code_of([&] {
          (void)open(service, json::object()).partitions("candles");
        }) == sluice::Code::kInvalidConfig);
}

TEST_CASE("binance: pairs are found by their quote asset", "[unit][binance]") {
  Service service(kLater);
  service.host.http.on("/api/v3/exchangeInfo", json_answer(exchange_info()));
  for (const char* name : {"AUSDT", "BBTC", "CUSDT"}) {
    service.host.http.on(
        "/api/v3/klines?symbol=" + std::string(name) + "&interval=1M&startTime=0&limit=1",
        json_answer("[" + kline(kFrom) + "]"));
  }
  const auto keys = [&](json config) {
    service.host.set_state("api.binance.com first candles_1mo", "{}");
    config["interval"] = "1M";
    std::vector<std::string> out;
    for (const auto& partition : open(service, config).partitions("candles")) {
      out.push_back(partition.key);
      CHECK(partition.to_us == 1'714'521'600'000'000);  // 2024-05-01: the month that is open
    }
    return out;
  };
  using Keys = std::vector<std::string>;
  CHECK(keys({{"quote_assets", {"USDT"}}}) == Keys{"AUSDT"});
  CHECK(keys({{"quote_assets", {"USDT"}}, {"statuses", json::array()}}) == Keys{"AUSDT", "CUSDT"});
  CHECK(keys({{"all_symbols", true}}) == Keys{"AUSDT", "BBTC"});
  CHECK(keys({{"symbols", {"CUSDT"}}, {"quote_assets", {"BTC"}}}) == Keys{"CUSDT", "BBTC"});
}

TEST_CASE("binance: a pair whose trading has ended is read to its end", "[unit][binance]") {
  Service service(kLater);
  for (const char* name : {"AUSDT", "BBTC", "CUSDT"}) {
    const std::string path = "/api/v3/klines?symbol=" + std::string(name);
    service.host.http.on_prefix(path, json_answer("[" + kline(kFrom) + "]"));
    service.host.http.on_prefix("/api/v3/aggTrades?symbol=" + std::string(name),
                                json_answer("[" + trade(0, kFrom) + "]"));
  }
  const auto keys = [&](const std::string& stream) {
    std::vector<std::string> out;
    for (const auto& one : open(service, {{"quote_assets", {"USDT"}}}).partitions(stream)) {
      out.push_back(one.key);
    }
    return out;
  };
  using Keys = std::vector<std::string>;
  std::string ended = exchange_info();
  ended.replace(ended.find("TRADING"), 7, "BREAK");  // of AUSDT
  service.host.http.on("/api/v3/exchangeInfo", json_answer(exchange_info()));
  service.host.http.on("/api/v3/exchangeInfo", json_answer(ended));
  CHECK(keys("candles") == Keys{"AUSDT"});
  CHECK(keys("candles") == Keys{"AUSDT"});
  CHECK(keys("trades").empty());  // which had not been begun
}

TEST_CASE("binance: trades are paged by their ids", "[unit][binance]") {
  Service service(kLater);
  const int64_t hour = 3'600'000;
  const ReadSpec spec{
      .stream = "trades", .partition = "BTCUSDT", .from_us = kMarch, .to_us = kMarch + hour * 1000};
  const std::string first = trades_path("startTime=" + std::to_string(kFrom) +
                                        "&endTime=" + std::to_string(kFrom + hour - 1));
  service.host.http.on(first, json_answer(trades(9'000'000'000, 1000, kFrom, 2000)));
  service.host.http.on(trades_path("fromId=9000001000"),
                       json_answer(trades(9'000'001'000, 1000, kFrom + 2'000'000, 2000)));
  const SourceRun run = read(service, {{"symbols", {"BTCUSDT"}}}, spec);
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 1800);  // what is behind the hour is left out
  CHECK(run.rows.back().at("trade_id") == 9'000'001'799);
  CHECK(run.rows.back().at("time") == "2024-03-01T00:59:58Z");
  CHECK(run.rows.front().at("price") == "61000.010000000000000000");
  CHECK(run.rows.front().at("buyer_is_maker") == true);
  CHECK(run.notes.empty());
  CHECK(run.outcomes.empty());
  ReadSpec resumed = spec;
  resumed.state = run.states.front();
  CHECK(read(service, {{"symbols", {"BTCUSDT"}}}, resumed).rows.size() == 800);
}

TEST_CASE("binance: trades tolerate fields and refuse what has no key", "[unit][binance]") {
  Service service(kFrom + 1'800'000);  // half of the hour is yet to come
  service.host.http.on_prefix(
      "/api/v3/aggTrades",
      json_answer("[" + trade(5, kFrom, R"(,"new":1)") + R"(,{"a":"6","p":61000.5,"q":"1","T":")" +
                  std::to_string(kFrom + 1) + R"("},{"a":null,"p":"1","q":"1","T":7},)" +
                  trade(9, kFrom + 2) + "]"));
  const SourceRun run = read(service, {{"symbols", {"BTCUSDT"}}},
                             {.stream = "trades",
                              .partition = "BTCUSDT",
                              .from_us = kMarch,
                              .to_us = kMarch + 3'600'000'000});
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows[1].at("trade_id") == 6);
  CHECK(run.rows[1].at("price") == "61000.500000000000000000");
  CHECK(run.rows[1].at("first_trade_id") == nullptr);
  CHECK(run.rejects.size() == 1);
  CHECK(binance::test::has_note(run, "unknown_field"));
  CHECK(binance::test::has_note(run, "missing_trades"));
  CHECK(binance::test::outcomes(run, Outcome::kFailed, kMarch) ==
        std::vector<std::string>{"30/60"});
}

TEST_CASE("binance: pairs land with their rules", "[unit][binance]") {
  Service service(kLater);
  service.host.http.on("/api/v3/exchangeInfo", json_answer(exchange_info()));
  const SourceRun run = read(service, json::object(), {.stream = "symbols"});
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows[2].at("status") == "BREAK");
  CHECK(run.rows[0].at("tick_size") == "0.010000000000000000");
  CHECK(run.rows[0].at("min_notional") == "5.000000000000000000");
  CHECK(run.rows[0].at("permission_sets") == json{{"SPOT"}});
  CHECK(run.rows[0].at("removed_at") == nullptr);
  CHECK(run.notes.empty());

  Service cut(kLater);
  cut.host.http.on("/api/v3/exchangeInfo", json_answer(exchange_info().substr(0, 900)));
  CHECK(read(cut, json::object(), {.stream = "symbols"}).error->code() == sluice::Code::kBadData);
  Service other(kLater);
  other.host.http.on("/api/v3/exchangeInfo", json_answer(R"({"serverTime":1700000000000})"));
  CHECK((read(other, json::object(), {.stream = "symbols"}).error->flags() &
         SLUICE_ERROR_RETRYABLE) != 0);
}
