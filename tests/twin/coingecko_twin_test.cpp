// SPDX-License-Identifier: Apache-2.0
// The imitation of CoinGecko, over real HTTP.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'767'225'600 + 40'000;  // 2026-01-01, in the morning
constexpr std::int64_t kDay = 86'400;

Options coin_options() {
  Options options = small_options();
  options.coingecko.now_s = kNow;
  options.coingecko.coins = 30;
  return options;
}

const std::string kApi = "/coingecko/api/v3";

std::string range(std::int64_t from, std::int64_t to, const std::string& more = "") {
  return kApi + "/coins/bitcoin/market_chart/range?vs_currency=usd&from=" + std::to_string(from) +
         "&to=" + std::to_string(to) + more;
}

TEST_CASE("coingecko: the span decides on the distance of rows", "[coingecko]") {
  const Twin twin(coin_options());
  const auto distance = [&](std::int64_t from, std::int64_t to) {
    const auto prices = json::parse(fetch(twin, range(from, to)).body).at("prices");
    return (prices[prices.size() - 3][0].get<std::int64_t>() - prices[0][0].get<std::int64_t>()) /
           1000 / static_cast<std::int64_t>(prices.size() - 3);
  };
  CHECK(distance(kNow - kDay, kNow) < 400);
  CHECK(std::abs(distance(kNow - 9 * kDay, kNow - 8 * kDay) - 3600) < 600);
  CHECK(std::abs(distance(kNow - 90 * kDay, kNow) - 3600) < 300);
  CHECK(distance(kNow - 200 * kDay, kNow) == kDay);
}

TEST_CASE("coingecko: the present price ends a chart and may go back", "[coingecko]") {
  const Twin twin(coin_options());
  const auto prices = json::parse(fetch(twin, range(kNow - kDay, kNow)).body).at("prices");
  const auto last = prices.back()[0].get<std::int64_t>();
  CHECK(last == kNow * 1000);
  CHECK(prices[prices.size() - 2][0] == last + 955);
  const auto past = json::parse(fetch(twin, range(kNow - 9 * kDay, kNow - 5 * kDay)).body);
  CHECK(past.at("prices").back()[0].get<std::int64_t>() <= (kNow - 5 * kDay) * 1000);
  CHECK(past.at("prices").size() == past.at("market_caps").size());
}

TEST_CASE("coingecko: refusals come in three envelopes", "[coingecko]") {
  const Twin twin(coin_options());
  const auto wall = fetch(twin, range(kNow - 400 * kDay, kNow));
  CHECK(wall.status == 401);
  CHECK(json::parse(wall.body).at("error").at("status").at("error_code") == 10012);
  const auto missing = fetch(twin, kApi + "/coins/markets");
  CHECK(missing.status == 422);
  CHECK(json::parse(missing.body).at("error") == "Missing parameter vs_currency");
  CHECK(fetch(twin, kApi + "/coins/bitcoin/ohlc").status == 500);
  CHECK(fetch(twin, kApi + "/coins/nothing/ohlc?vs_currency=usd&days=1").status == 404);
  const auto pro = fetch(twin, kApi + "/ping", {{"x-cg-pro-api-key", "pro-key"}});
  CHECK(json::parse(pro.body).at("status").at("error_code") == 10010);
  const auto demo = fetch(twin, "/coingecko/pro/api/v3/ping", {{"x-cg-demo-api-key", "demo-key"}});
  CHECK(json::parse(demo.body).at("status").at("error_code") == 10011);
  CHECK(fetch(twin, "/coingecko/pro/api/v3/ping").status == 401);
  CHECK(fetch(twin, "/coingecko/pro/api/v3/ping", {{"x-cg-pro-api-key", "pro-key"}}).status == 200);
}

TEST_CASE("coingecko: candles end at their stamp, and only some days are taken", "[coingecko]") {
  const Twin twin(coin_options());
  const auto candles = [&](int days) {
    return json::parse(
        fetch(twin, kApi + "/coins/bitcoin/ohlc?vs_currency=usd&days=" + std::to_string(days))
            .body);
  };
  CHECK(candles(7)[1][0].get<std::int64_t>() - candles(7)[0][0].get<std::int64_t>() ==
        4 * 3'600'000);
  CHECK(candles(7).back()[0].get<std::int64_t>() > kNow * 1000);  // it is still running
  CHECK(candles(90)[1][0].get<std::int64_t>() - candles(90)[0][0].get<std::int64_t>() ==
        4 * kDay * 1000);
  CHECK(fetch(twin, kApi + "/coins/bitcoin/ohlc?vs_currency=usd&days=8").status == 422);
}

TEST_CASE("coingecko: a blank hides a coin from prices, not from markets", "[coingecko]") {
  const Twin twin(coin_options());
  const auto prices = json::parse(
      fetch(twin, kApi + "/simple/price?ids=bitcoin,%20ethereum&vs_currencies=usd,x").body);
  CHECK(prices.size() == 1);
  CHECK(prices.at("bitcoin").size() == 1);
  const auto markets = json::parse(
      fetch(twin, kApi + "/coins/markets?vs_currency=usd&ids=bitcoin,%20ethereum").body);
  CHECK(markets.size() == 2);
  CHECK(json::parse(fetch(twin, kApi + "/coins/markets?vs_currency=usd&per_page=20&page=2").body)
            .size() == 10);
  CHECK(fetch(twin, kApi + "/coins/markets?vs_currency=usd&page=2").body == "[]");
}

TEST_CASE("coingecko: what is expected agrees with what is answered", "[coingecko]") {
  Twin twin(coin_options());
  const std::int64_t from = kNow / kDay * kDay - 10 * kDay;
  const std::int64_t to = from + 4 * kDay;
  const auto truth =
      json::parse(twin.control("GET", "/_twin/coingecko/expect?coin=bitcoin&step=3600&from=" +
                                          std::to_string(from) + "&to=" + std::to_string(to)));
  std::set<std::int64_t> slots;
  const auto answered = json::parse(fetch(twin, range(from, to)).body);
  for (const json& row : answered.at("prices")) {
    if (row[0].get<std::int64_t>() < to * 1000) {
      slots.insert(row[0].get<std::int64_t>() / 3'600'000);
    }
  }
  CHECK(truth.at("rows").get<std::size_t>() == slots.size());
  CHECK(truth.at("rows").get<int>() + truth.at("empty_slots").get<int>() == 96);
}

}  // namespace
}  // namespace sluice::twin::test
