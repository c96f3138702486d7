// SPDX-License-Identifier: Apache-2.0
// The imitation of Yahoo's charts, over real HTTP.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/twin/twin_test_support.hpp"
#include "tests/twin/yahoo/bars.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'767'970'800;  // Friday, 2026-01-09T15:00Z: New York trades
constexpr std::int64_t kDay = 86'400;

Options yahoo_options() {
  Options options = small_options();
  options.yahoo.now_s = kNow;
  return options;
}

std::string chart(const std::string& symbol, std::int64_t from, std::int64_t to,
                  const std::string& interval = "1d") {
  return "/yahoo/v8/finance/chart/" + symbol + "?period1=" + std::to_string(from) +
         "&period2=" + std::to_string(to) + "&interval=" + interval + "&events=div%7Csplit";
}

json result(const Answer& answer) {
  INFO(answer.body.substr(0, 300));
  REQUIRE(answer.status == 200);
  return json::parse(answer.body).at("chart").at("result").at(0);
}

TEST_CASE("yahoo: daily stamps are the session's begin in summer and winter", "[yahoo]") {
  const Twin twin(yahoo_options());
  const auto seconds_of_day = [&](const char* symbol, std::int64_t from) {
    return result(fetch(twin, chart(symbol, from, from + 10 * kDay)))
               .at("timestamp")[0]
               .get<std::int64_t>() %
           kDay / 60;
  };
  const std::int64_t winter = 1'736'121'600, summer = 1'751'846'400;  // January and July 2025
  CHECK(seconds_of_day("AAPL", winter) == 14 * 60 + 30);
  CHECK(seconds_of_day("AAPL", summer) == 13 * 60 + 30);
  CHECK(seconds_of_day("OCDO.L", winter) == 8 * 60);
  CHECK(seconds_of_day("OCDO.L", summer) == 7 * 60);
  CHECK(seconds_of_day("BHP.AX", winter) == 23 * 60);
  CHECK(seconds_of_day("GC%3DF", winter) == 5 * 60);
  CHECK(seconds_of_day("BTC-USD", winter) == 0);
  CHECK(seconds_of_day("EURUSD%3DX", summer) == 23 * 60);
  CHECK(seconds_of_day("%5EGSPC", winter) == 14 * 60 + 30);
}

TEST_CASE("yahoo: rows without values, and their filling", "[yahoo]") {
  Twin twin(yahoo_options());
  const auto nulls = [&] {
    const auto closes = result(fetch(twin, chart("AAPL", kNow - 900 * kDay, kNow - 100 * kDay)))
                            .at("indicators")
                            .at("quote")[0]
                            .at("close");
    return std::count(closes.begin(), closes.end(), json());
  };
  CHECK(nulls() > 0);
  twin.control("POST", "/_twin/yahoo/fill");
  CHECK(nulls() == 0);
}

TEST_CASE("yahoo: a live row stands behind the others", "[yahoo]") {
  const Twin twin(yahoo_options());
  const auto minutes = result(fetch(twin, chart("AAPL", kNow - 2 * kDay, kNow - kDay, "1m")));
  CHECK(minutes.at("timestamp").back() == kNow - 37);
  CHECK(minutes.at("indicators").at("quote")[0].at("volume").back() == 0);
  const auto days = result(fetch(twin, chart("AAPL", kNow - 9 * kDay, kNow)));
  CHECK(days.at("timestamp").back() == kNow - 37);  // today's, by the last trade
  const auto weeks = result(fetch(twin, chart("AAPL", kNow - 30 * kDay, kNow, "1wk")));
  const auto count = weeks.at("timestamp").size();
  CHECK(weeks.at("timestamp")[count - 1].get<std::int64_t>() -
            weeks.at("timestamp")[count - 2].get<std::int64_t>() <
        7 * kDay);
}

TEST_CASE("yahoo: refusals, and answers without data", "[yahoo]") {
  const Twin twin(yahoo_options());
  CHECK(fetch(twin, chart("MDLY", 0, kNow)).status == 404);
  const auto early = fetch(twin, chart("BEKE", 1'577'836'800, 1'578'009'600));
  CHECK(early.status == 400);
  CHECK(early.body.find("Data doesn't exist for startDate") != std::string::npos);
  CHECK(fetch(twin, chart("AAPL", kNow - 8 * kDay, kNow, "1m")).status == 422);
  CHECK(fetch(twin, chart("AAPL", kNow - 33 * kDay, kNow - 31 * kDay, "1m")).status == 422);
  CHECK(fetch(twin, chart("AAPL", kNow - 61 * kDay, kNow, "5m")).status == 422);
  CHECK(fetch(twin, chart("AAPL", kNow - 731 * kDay, kNow, "1h")).status == 422);
  CHECK(fetch(twin, chart("AAPL", 0, kNow, "3h")).status == 422);
  const auto empty = result(fetch(twin, chart("LUCYW", kNow - 9 * kDay, kNow)));
  CHECK_FALSE(empty.contains("timestamp"));
  CHECK(empty.at("meta").at("currency").is_null());
  CHECK(empty.at("indicators").at("quote")[0].empty());
}

TEST_CASE("yahoo: charts may want a cookie and a crumb, and a browser", "[yahoo]") {
  Options options = yahoo_options();
  options.yahoo.crumb = options.yahoo.browsers_only = true;
  Twin twin(options);
  const auto strange = fetch(twin, chart("AAPL", 0, kNow), {{"User-Agent", "curl"}});
  CHECK(strange.status == 429);
  CHECK(strange.body == "Too Many Requests\r\n");
  Headers headers = {{"User-Agent", "Mozilla/5.0"}};
  CHECK(fetch(twin, chart("AAPL", 0, kNow), headers).status == 401);
  const auto page = fetch(twin, "/yahoo/quote/AAPL", headers);
  const std::string cookie = page.headers.at("set-cookie");
  headers["Cookie"] = cookie.substr(0, cookie.find(';'));
  const auto crumb = fetch(twin, "/yahoo/v1/test/getcrumb", headers);
  CHECK(crumb.status == 200);
  CHECK(fetch(twin, chart("AAPL", 0, kNow) + "&crumb=" + crumb.body, headers).status == 200);
  twin.control("POST", "/_twin/yahoo/crumb", R"({"rotate": true, "refuse": 1})");
  CHECK(fetch(twin, chart("AAPL", 0, kNow) + "&crumb=" + crumb.body, headers).status == 401);
  CHECK(fetch(twin, "/yahoo/v1/test/getcrumb", headers).status == 429);
  CHECK(fetch(twin, "/yahoo/v1/test/getcrumb", headers).body != crumb.body);
}

TEST_CASE("yahoo: what is expected agrees with what is answered", "[yahoo]") {
  Twin twin(yahoo_options());
  const std::int64_t from = 1'735'689'600, to = from + 365 * kDay;
  const auto truth =
      json::parse(twin.control("GET", "/_twin/yahoo/expect?symbol=AAPL&interval=1d&from=" +
                                          std::to_string(from) + "&to=" + std::to_string(to)));
  const auto told = result(fetch(twin, chart("AAPL", from, to)));
  CHECK(truth.at("rows").get<std::size_t>() + truth.at("nulls").get<std::size_t>() ==
        told.at("timestamp").size());
  CHECK(truth.at("dividends") == told.at("events").at("dividends").size());
  CHECK(truth.at("dividends") == 4);
}

}  // namespace
}  // namespace sluice::twin::test
