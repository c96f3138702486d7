// SPDX-License-Identifier: Apache-2.0
//
// Recorded answers of CoinGecko, read in place, against sums that Python's standard library worked
// out (expected.py).
#include <catch2/catch.hpp>
#include <set>

#include "plugins/coingecko/answer.hpp"
#include "plugins/coingecko/tests/support.hpp"
#include "sluice/cpp/candles.hpp"

namespace fs = std::filesystem;
using namespace coingecko::test;  // NOLINT: helpers
using sluice::Code;
using sluice::json;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;

namespace {

std::optional<fs::path> here() {
  const auto root = fixtures();
  if (!root) {
    WARN("The recorded answers of CoinGecko are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

// The JSON documents in a recorded file, which is one or holds exchanges as YAML.
std::vector<std::string> bodies(const fs::path& file) {
  const std::string text = read_file(file);
  if (file.extension() == ".json") {
    return {text};
  }
  std::vector<std::string> out;
  for (const std::string& line : split(text, '\n')) {
    const std::string start = "      string: '";
    if (line.starts_with(start) && line.ends_with("'") &&
        (line[start.size()] == '{' || line[start.size()] == '[')) {
      out.push_back(line.substr(start.size(), line.size() - start.size() - 1));
    }
  }
  return out;
}

std::string sum(const std::vector<json>& rows, const std::string& column) {
  sluice::Decimal out;
  for (const json& row : rows) {
    if (!row.at(column).is_null()) {
      out.unscaled += sluice::parse_candle_decimal(row.at(column).get<std::string>()).unscaled;
    }
  }
  return sluice::to_text(out, sluice::kCandleScale);
}

}  // namespace

TEST_CASE("coingecko: recorded charts and candles hold what python finds in them", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto lines = split(read_file("plugins/coingecko/tests/cases/expected.csv"), '\n');
  CHECK(lines.size() == 8);
  for (const std::string& line : lines) {
    CAPTURE(line);
    const auto fields = split(line, ';');
    const int64_t step = std::stoll(fields[3]);
    const bool chart = fields[2] == "chart";
    FakeHost host;
    // A while after the recording; what is asked for then reaches back to it.
    host.set_time(sluice::Micros(std::chrono::seconds(std::stoll(fields[5]) + 20 * 3600)));
    host.http.on_prefix(kBase, json_answer(bodies(*root / fields[0]).at(std::stoul(fields[1]))));
    const json config = {{"coins", {"bitcoin"}},
                         {"granularity", step == 300      ? "5m"
                                         : step == 86'400 ? "daily"
                                                          : "hourly"}};
    const ReadSpec spec{.stream = chart ? "market_chart" : "candles",
                        .partition = "bitcoin/usd",
                        .from_us = std::stoll(fields[4]) * 1'000'000,
                        .to_us = std::stoll(fields[5]) * 1'000'000};
    const auto got = session(host, config).read(spec);
    CHECK_FALSE(got.error);
    CHECK(got.rejects.empty());
    CHECK(got.rows.size() == std::stoul(fields[6]));
    const std::vector<std::string> columns =
        chart ? std::vector<std::string>{"price", "market_cap", "total_volume"}
              : std::vector<std::string>{"open", "high", "low", "close"};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      CHECK(sum(got.rows, columns[i]) == fields[7 + i]);
    }
  }
}

TEST_CASE("coingecko: a recorded present price before its row is dropped", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto body = bodies(*root / "cassettes/minutely_historical_prices_for_one_coin.yml").at(0);
  FakeHost host;
  const int64_t now = 1'621'089'594;  // 2021-05-15T14:39:54Z
  host.set_time(sluice::Micros(std::chrono::seconds(now)));
  host.http.on_prefix(kBase, json_answer(body));
  const auto got = session(host, {{"coins", {"bitcoin"}}, {"granularity", "5m"}})
                       .read({.stream = "market_chart",
                              .partition = "bitcoin/usd",
                              .from_us = (now / 300 * 300 - 3600) * 1'000'000,
                              .to_us = now / 300 * 300 * 1'000'000});
  CHECK_FALSE(got.error);
  CHECK(got.rows.size() >= 9);
  for (const json& row : got.rows) {
    CHECK(row.at("price") != "49078.830403644770000000");  // the last element
  }
}

TEST_CASE("coingecko: recorded lists are read whole", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  for (const char* name :
       {"coins_list_200_0.json", "coins_list_include_contract_address=false_200_1.json"}) {
    FakeHost host;
    host.http.on_prefix(kBase, json_answer(read_file(*root / "bodies" / name)));
    const auto got = session(host, json::object()).read({.stream = "coins"});
    CHECK_FALSE(got.error);
    CHECK(got.rejects.empty());
    std::set<std::string> ids, symbols;
    for (const json& row : got.rows) {
      ids.insert(row["id"].get<std::string>());
      symbols.insert(row["symbol"].get<std::string>());
    }
    CHECK(ids.size() == got.rows.size());
    CHECK(symbols.size() < ids.size());
    if (std::string(name) == "coins_list_200_0.json") {
      CHECK(got.rows.size() == 7248);
      CHECK(symbols.size() == 6395);
    }
  }
}

TEST_CASE("coingecko: recorded markets are read", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  struct Case {
    const char *file, *currency;
    std::size_t rows;
    double price;
  };
  for (const Case& one :
       {Case{"coins_markets_ids=bitcoin,_20ethereum_vs_currency=eth_200_0.json", "eth", 2, -1},
        Case{"coins_markets_ids=bitcoin_vs_currency=myr_200_0.json", "myr", 1, 202'369},
        Case{"coins_markets_ids=bitcoin_vs_currency=usd_200_0.json", "usd", 1, -1}}) {
    CAPTURE(one.file);
    FakeHost host;
    const std::string body = read_file(*root / "bodies" / one.file);
    host.http.on_prefix(kBase, json_answer(body));
    const auto got =
        session(host, {{"coins", {"bitcoin", " ethereum"}}, {"vs_currencies", {one.currency}}})
            .read({.stream = "markets", .partition = one.currency});
    CHECK_FALSE(got.error);
    CHECK(got.rejects.empty());
    CHECK(got.notes.empty());
    REQUIRE(got.rows.size() == one.rows);
    const json recorded = json::parse(body);
    for (std::size_t i = 0; i < one.rows; ++i) {
      for (const char* name : {"current_price", "market_cap", "total_volume", "ath", "atl",
                               "circulating_supply", "price_change_percentage_24h"}) {
        CHECK(got.rows[i].at(name).get<double>() == recorded[i].at(name).get<double>());
      }
      CHECK(got.rows[i].at("id") == recorded[i].at("id"));
    }
    if (one.price > 0) {
      CHECK(got.rows[0]["current_price"] == one.price);
    }
  }
}

TEST_CASE("coingecko: recorded refusals have their class", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(*root / "bodies")) {
    const std::string name = entry.path().filename().string();
    const bool bad = name.find("_422_") != std::string::npos;
    if (!bad && name.find("_500_") == std::string::npos) {
      continue;
    }
    CAPTURE(name);
    FakeHost host;
    host.http.on_prefix(kBase, json_answer(read_file(entry.path()), bad ? 422 : 500));
    const auto got = session(host, {{"coins", {"bitcoin"}}})
                         .read({.stream = bad ? "market_chart" : "candles",
                                .partition = "bitcoin/usd",
                                .from_us = 1'699'920'000'000'000,
                                .to_us = 1'699'963'200'000'000});
    REQUIRE(got.error);
    CHECK(got.error->code() == (bad ? Code::kBadData : Code::kUnavailable));
    CHECK((got.error->flags() & SLUICE_ERROR_RETRYABLE) == 0);
    ++seen;
  }
  CHECK(seen == 8);
  std::map<int64_t, Code> classes = {{429, Code::kRateLimited},
                                     {401, Code::kUnavailable},
                                     {422, Code::kBadData},
                                     {500, Code::kUnavailable}};
  for (const std::string& line : split(read_file(*root / "errors_quoted.jsonl"), '\n')) {
    const json quoted = json::parse(line);
    CAPTURE(line);
    FakeHost host;
    const auto status = quoted.at("status").get<uint32_t>();
    host.http.on_prefix(kBase, json_answer(quoted.at("body").get<std::string>(), status));
    const auto got = session(host, {{"coins", {"bitcoin"}}})
                         .read({.stream = "candles",
                                .partition = "bitcoin/usd",
                                .from_us = 1'699'920'000'000'000,
                                .to_us = 1'699'963'200'000'000});
    REQUIRE(got.error);
    CHECK(got.error->code() == classes.at(status));
  }
}

TEST_CASE("coingecko: other recorded documents are refused where a chart is meant", "[coingecko]") {
  const auto root = here();
  if (!root) {
    return;
  }
  for (const std::string name : {"asset_platforms_200_0.json", "coins_bitcoin_200_0.json",
                                 "coins_bitcoin_history_date=30-12-2017_200_0.json",
                                 "global_200_0.json", "coins_bitcoin_tickers_200_0.json"}) {
    CAPTURE(name);
    FakeHost host;
    host.http.on_prefix(kBase, json_answer(read_file(*root / "bodies" / name)));
    const auto got = session(host, {{"coins", {"bitcoin"}}})
                         .read({.stream = "market_chart",
                                .partition = "bitcoin/usd",
                                .from_us = 1'699'920'000'000'000,
                                .to_us = 1'699'963'200'000'000});
    REQUIRE(got.error);
    const bool list = name.starts_with("asset_platforms");
    CHECK(got.error->code() == (list ? Code::kBadData : Code::kUnavailable));
    CHECK(got.rows.empty());
  }
}
