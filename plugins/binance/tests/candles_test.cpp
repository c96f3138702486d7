// SPDX-License-Identifier: Apache-2.0
//
// The stream of candles through the plugin's public surface: bounds, open candles, gaps, refusals,
// archives and what stands in for them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/binance/tests/support.hpp"

using binance::test::csv_line;
using binance::test::json_answer;
using binance::test::kline;
using binance::test::klines_path;
using binance::test::kMarch;
using binance::test::kMinuteUs;
using binance::test::make_zip;
using binance::test::outcomes;
using binance::test::page;
using binance::test::read;
using binance::test::Service;
using binance::test::sha256_of;
using sluice::json;
using sluice::Outcome;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;

namespace {

using Parts = std::vector<std::string>;

constexpr int64_t kFrom = kMarch / 1000;  // milliseconds
constexpr int64_t kMinute = 60'000;
constexpr int64_t kLater = kFrom + 90LL * 86'400'000;  // the service's time, long after
const json kConfig = {{"symbols", {"BTCUSDT"}}};

int64_t minute(int64_t number) {
  return kFrom + number * kMinute;
}

ReadSpec minutes(int64_t from, int64_t to, const std::string& token = {}) {
  return {.stream = "candles",
          .partition = "BTCUSDT",
          .token = token,
          .from_us = minute(from) * 1000,
          .to_us = minute(to) * 1000};
}

std::string list(const std::vector<int64_t>& opens_ms) {
  std::string out;
  for (const int64_t open : opens_ms) {
    out += (out.empty() ? "[" : ",") + kline(open);
  }
  return out.empty() ? "[]" : out + "]";
}

// March 2024 in the archive, without the minutes of `without`.
constexpr int64_t kMonth = 31 * 1440;
void put_archive(Service& service, const std::string& text) {
  const std::string url =
      "https://data.binance.vision/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip";
  const std::string zip = make_zip({{"BTCUSDT-1m-2024-03.csv", text}});
  service.host.http.on(url, Answer{.body = zip});
  service.host.http.on(url + ".CHECKSUM",
                       Answer{.body = sha256_of(zip) + "  BTCUSDT-1m-2024-03.zip\n"});
}
std::string month_text(int64_t from = 0, int64_t to = kMonth) {
  std::string out;
  for (int64_t i = from; i < to; ++i) {
    out += csv_line(minute(i));
  }
  return out;
}

}  // namespace

TEST_CASE("binance: an interval is read page by page with inclusive bounds", "[unit][binance]") {
  Service service(kLater);
  service.on_page("BTCUSDT", minute(0), minute(1500), page(minute(0), 1000));
  service.on_page("BTCUSDT", minute(1000), minute(1500), page(minute(1000), 500));
  const SourceRun run = read(service, kConfig, minutes(0, 1500));
  REQUIRE(run.end == SLUICE_END);
  CHECK(run.rows.size() == 1500);
  CHECK(run.batch_rows == std::vector<std::size_t>{1000, 500});
  CHECK(run.outcomes.empty());
  CHECK(run.notes.empty());
  const json& row = run.rows.at(1);
  CHECK(row.at("exchange") == "binance");
  CHECK(row.at("symbol") == "BTCUSDT");
  CHECK(row.at("interval") == "1m");
  CHECK(row.at("provider") == "binance");
  CHECK(row.at("open_time") == "2024-03-01T00:01:00Z");
  CHECK(row.at("quote_volume") == "750000.123456780000000000");
  CHECK(row.at("trades") == 42);
  // Limits and the time are asked for once, from exchangeInfo of the one symbol.
  CHECK(service.paths() == Parts{"/api/v3/exchangeInfo?symbol=BTCUSDT",
                                 klines_path("BTCUSDT", minute(0), minute(1500)),
                                 klines_path("BTCUSDT", minute(1000), minute(1500))});
  for (const auto& request : service.host.http.requests()) {
    CHECK(request.endpoint == "api");
    CHECK(request.scope == "api.binance.com");
    CHECK(request.expect == "application/json");
    CHECK(request.cost == (request.url.find("klines") != std::string::npos ? 2 : 20));
  }
}

TEST_CASE("binance: a full page that reaches the end needs no further one", "[unit][binance]") {
  Service service(kLater);
  service.on_page("BTCUSDT", minute(0), minute(1000), page(minute(0), 1000));
  CHECK(read(service, kConfig, minutes(0, 1000)).rows.size() == 1000);
  CHECK(service.paths().size() == 2);
}

TEST_CASE("binance: the open candle is left out and asked for again", "[unit][binance]") {
  Service service(minute(2) + 30'000);  // by the service's clock, whatever ours says
  service.host.set_time(sluice::Micros(std::chrono::milliseconds(minute(5))));
  service.on_page("BTCUSDT", minute(0), minute(4), page(minute(0), 3));
  const SourceRun run = read(service, kConfig, minutes(0, 4));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 2);
  CHECK(outcomes(run, Outcome::kFailed, kMarch) == Parts{"2/4"});
  CHECK(outcomes(run, Outcome::kEmpty, kMarch).empty());
}

TEST_CASE("binance: a candle is closed when its close time has passed", "[unit][binance]") {
  for (const auto& [now, rows] : {std::pair{minute(2) - 1, 1}, {minute(2), 2}}) {
    Service service(now);
    service.on_page("BTCUSDT", minute(0), minute(2), page(minute(0), 2));
    CHECK(read(service, kConfig, minutes(0, 2)).rows.size() == static_cast<std::size_t>(rows));
  }
}

TEST_CASE("binance: gaps are told as gaps", "[unit][binance]") {
  Service service(kLater);
  SECTION("within a page") {
    service.on_page("BTCUSDT", minute(0), minute(10), list({minute(0), minute(1), minute(7)}));
    const SourceRun run = read(service, kConfig, minutes(0, 10));
    CHECK(run.rows.size() == 3);
    CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"2/7", "8/10"});
    CHECK(outcomes(run, Outcome::kFailed, kMarch).empty());
    CHECK(run.notes.at(0).code == "gap");
    CHECK(run.notes.at(0).text.find("2024-03-01T00:02:00Z to 2024-03-01T00:07:00Z") !=
          std::string::npos);
  }
  SECTION("before the first candle") {
    service.on_page("BTCUSDT", minute(0), minute(10), page(minute(4), 6));
    CHECK(outcomes(read(service, kConfig, minutes(0, 10)), Outcome::kEmpty, kMarch) ==
          Parts{"0/4"});
  }
  SECTION("all of it") {
    service.on_page("BTCUSDT", minute(0), minute(10), "[]");
    const SourceRun run = read(service, kConfig, minutes(0, 10));
    CHECK(run.end == SLUICE_END);
    CHECK(run.rows.empty());
    CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"0/10"});
  }
  SECTION("across pages") {
    service.on_page("BTCUSDT", minute(0), minute(1500), page(minute(0), 1000));
    service.on_page("BTCUSDT", minute(1000), minute(1500), page(minute(1200), 300));
    CHECK(outcomes(read(service, kConfig, minutes(0, 1500)), Outcome::kEmpty, kMarch) ==
          Parts{"1000/1200"});
  }
}

TEST_CASE("binance: what is missing at the very end may still come", "[unit][binance]") {
  Service service(minute(10) + 5'000);
  service.on_page("BTCUSDT", minute(0), minute(10), page(minute(0), 7));
  const SourceRun run = read(service, kConfig, minutes(0, 10));
  CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"7/9"});
  CHECK(outcomes(run, Outcome::kFailed, kMarch) == Parts{"9/10"});
}

TEST_CASE("binance: candles off the grid are candles and leave no gap", "[unit][binance]") {
  Service service(kLater);
  std::vector<int64_t> opens{minute(0), minute(1)};
  for (int i = 5; i < 8; ++i) {
    opens.push_back(minute(i) + 14'800);  // after a halt, as in February 2018
  }
  opens.insert(opens.end(), {minute(8), minute(9)});
  service.on_page("BTCUSDT", minute(0), minute(10), list(opens));
  const SourceRun run = read(service, kConfig, minutes(0, 10));
  CHECK(run.rows.size() == 7);
  CHECK(run.rows.at(2).at("open_time") == "2024-03-01T00:05:14.800000Z");
  CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"2/5"});
}

TEST_CASE("binance: months are calendar months and have no false gaps", "[unit][binance]") {
  Service service(kLater);
  constexpr int64_t kJanuary = 1'704'067'200'000;
  const std::string months = "[" + kline(kJanuary, 31LL * 86'400'000) + "," +
                             kline(1'706'745'600'000, 29LL * 86'400'000) + "," +
                             kline(kFrom, 31LL * 86'400'000) + "]";
  service.host.http.on_prefix("/api/v3/klines?symbol=BTCUSDT&interval=1M", json_answer(months));
  const SourceRun run = read(service, {{"symbols", {"BTCUSDT"}}, {"interval", "1M"}},
                             {.stream = "candles",
                              .partition = "BTCUSDT",
                              .from_us = (kJanuary - 5'000'000) * 1000,
                              .to_us = 1'711'929'600'000'000});
  CHECK(run.rows.size() == 3);
  CHECK(run.rows.at(0).at("interval") == "1M");
  CHECK(run.outcomes.empty());
}

TEST_CASE("binance: a slice resumes after any batch with the same rows", "[unit][binance]") {
  const auto serve = [](Service& service) {
    service.on_page("BTCUSDT", minute(0), minute(2500), page(minute(0), 1000));
    service.on_page("BTCUSDT", minute(1000), minute(2500), page(minute(1000), 1000));
    service.on_page("BTCUSDT", minute(2000), minute(2500), page(minute(2000), 500));
  };
  Service whole(kLater);
  serve(whole);
  const SourceRun all = read(whole, kConfig, minutes(0, 2500));
  REQUIRE(all.rows.size() == 2500);
  for (std::size_t cut = 1; cut <= 2; ++cut) {
    Service service(kLater);
    serve(service);
    ReadSpec spec = minutes(0, 2500);
    spec.most_batches = cut;
    SourceRun first = read(service, kConfig, spec);
    spec = minutes(0, 2500);
    spec.state = first.states.back();
    REQUIRE(spec.state);
    const SourceRun second = read(service, kConfig, spec);
    first.rows.insert(first.rows.end(), second.rows.begin(), second.rows.end());
    CHECK(first.rows == all.rows);
  }
}

TEST_CASE("binance: fields that are wrong cost a value or a row", "[unit][binance]") {
  Service service(kLater);
  std::string good = kline(minute(0));
  std::string no_price = kline(minute(1));
  no_price.replace(no_price.find(",\"") + 1, 16, "\"dear\"");
  std::string no_volume = kline(minute(2));
  no_volume.replace(no_volume.find("\"12.50000000\""), 13, "null");
  std::string more = kline(minute(3));
  more.back() = ',';
  more += "\"new\",7]";
  service.on_page("BTCUSDT", minute(0), minute(5),
                  "[" + good + "," + no_price + "," + no_volume + "," + more + ",[\"x\"]]");
  const SourceRun run = read(service, kConfig, minutes(0, 5));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 3);
  CHECK(run.rows.at(1).at("volume") == nullptr);
  REQUIRE(run.rejects.size() == 2);
  CHECK(run.rejects[0].reason.starts_with("/1/1: 'dear'"));
  CHECK(run.rejects[0].record.find("dear") != std::string::npos);
  CHECK(run.rejects[1].reason.starts_with("/4/0: 'x'"));
  REQUIRE(run.notes.size() == 2);
  CHECK(run.notes[0].code == "bad_field");
  CHECK(run.notes[1].code == "unknown_field");
  CHECK(run.notes[1].count == 2);
  // A record whose time is not known may be the missing minute: not confirmed empty.
  CHECK(outcomes(run, Outcome::kEmpty, kMarch).empty());
  CHECK(outcomes(run, Outcome::kFailed, kMarch) == Parts{"4/5"});
}

TEST_CASE("binance: what the service refuses is told as what it is", "[unit][binance]") {
  const auto error_of = [](const std::string& body, uint32_t status) {
    Service service(kLater);
    service.on_page("BTCUSDT", minute(0), minute(5), body, status);
    const SourceRun run = read(service, kConfig, minutes(0, 5));
    REQUIRE(run.error);
    return *run.error;
  };
  const auto symbol = error_of(R"({"code":-1121,"msg":"Invalid symbol."})", 400);
  CHECK(symbol.code() == sluice::Code::kInvalidConfig);
  CHECK(symbol.config() == "/symbols/0");
  CHECK(symbol.message().find("'BTCUSDT'") != std::string::npos);
  CHECK(symbol.message().find("-1121") != std::string::npos);
  const auto letters = error_of(
      R"({"code":-1100,"msg":"Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."})",
      400);
  CHECK(letters.config() == "/symbols/0");
  CHECK(error_of(R"({"code":-1120,"msg":"Invalid interval."})", 400).config() == "/interval");
  const auto place = error_of(
      R"({"code": 0, "msg": "Service unavailable from a restricted location according to 'b. Eligibility'."})",
      451);
  CHECK(place.code() == sluice::Code::kAuth);
  CHECK(place.message().find("restricted location") != std::string::npos);
  CHECK(place.message().find("data-api.binance.vision") != std::string::npos);
  CHECK(error_of(R"({"code":-1008,"msg":"Server is currently overloaded."})", 400).code() ==
        sluice::Code::kUnavailable);
  CHECK(error_of(R"({"code":-3121,"msg":"Strange Error."})", 400).code() == sluice::Code::kBadData);
  CHECK(error_of("<html>", 400).code() == sluice::Code::kBadData);
}

TEST_CASE("binance: a pair that was there and is dropped costs itself alone", "[unit][binance]") {
  Service service(kLater);
  service.host.set_state("api.binance.com first candles_1m", R"({"BTCUSDT":1502942400000000})");
  service.on_page("BTCUSDT", minute(0), minute(5), R"({"code":-1121,"msg":"Invalid symbol."})",
                  400);
  SourceSession session(sluice::testing::Plugin::load(BINANCE_PLUGIN_FILE), service.host, kConfig);
  CHECK(session.partitions("candles").at(0).from_us == 1'502'942'400'000'000);
  CHECK(session.read(minutes(0, 5)).error->code() == sluice::Code::kNotFound);
}

TEST_CASE("binance: a ban holds everybody until it ends", "[unit][binance]") {
  Service service(kLater);
  service.on_page("BTCUSDT", minute(0), minute(5),
                  R"({"code":-1003,"msg":"Way too much request weight used; IP banned until )" +
                      std::to_string(kLater + 120'000) +
                      R"(. Please use the websocket for live updates to avoid bans."})",
                  418);
  const SourceRun run = read(service, kConfig, minutes(0, 5));
  REQUIRE(run.error);
  CHECK(run.error->code() == sluice::Code::kRateLimited);
  REQUIRE(service.host.http.throttles().size() == 1);
  CHECK(service.host.http.throttles()[0] ==
        std::pair<std::string, uint64_t>("api.binance.com", 120'000));
}

TEST_CASE("binance: limits are declared and learnt", "[unit][binance]") {
  Service service(kLater);
  service.host.http.on(
      "/api/v3/exchangeInfo?symbol=BTCUSDT",
      json_answer(R"({"serverTime":)" + std::to_string(kLater) +
                  R"(,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",)"
                  R"("intervalNum":1,"limit":1200},{"rateLimitType":"ORDERS","interval":"DAY",)"
                  R"("intervalNum":1,"limit":5},"new"]})"));
  service.on_page("BTCUSDT", minute(0), minute(5), page(minute(0), 5));
  SourceSession session(sluice::testing::Plugin::load(BINANCE_PLUGIN_FILE), service.host, kConfig);
  const json before = json::parse(service.host.http.declaration());
  CHECK(before.at("limits")[0].at("amount") == 6000);
  CHECK(before.at("limits")[0].at("per_ms") == 60'000);
  CHECK(before.at("limits")[0].at("used_header") == "X-MBX-USED-WEIGHT-1M");
  CHECK(before.at("limits")[1].at("amount") == 300'000);
  CHECK(before.at("limits")[1].at("per_ms") == 300'000);
  CHECK(before.at("endpoints").at("api").at("urls").size() == 6);
  CHECK(before.at("endpoints").at("api").at("urls")[0] == "https://api.binance.com");
  CHECK(before.at("endpoints").at("api").at("probe") == "/api/v3/ping");
  CHECK(session.read(minutes(0, 5)).rows.size() == 5);
  CHECK(json::parse(service.host.http.declaration()).at("limits")[0].at("amount") == 1200);
}

TEST_CASE("binance: another address stands for itself alone", "[unit][binance]") {
  Service service(kLater);
  SourceSession session(sluice::testing::Plugin::load(BINANCE_PLUGIN_FILE), service.host,
                        {{"symbols", {"BTCUSDT"}}, {"base_url", "http://127.0.0.1:1/binance/"}});
  const json declared = json::parse(service.host.http.declaration());
  CHECK(declared.at("endpoints").at("api").at("urls") == json{"http://127.0.0.1:1/binance"});
  CHECK(declared.at("limits")[0].at("scope") == "127.0.0.1:1");
}

TEST_CASE("binance: a month comes from the archive without the API", "[unit][binance]") {
  Service service(kLater);
  put_archive(service, month_text());
  const SourceRun run = read(service, kConfig, minutes(0, kMonth, "archive 2024-03"));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == kMonth);
  CHECK(run.batch_rows.size() > 3);
  CHECK(run.outcomes.empty());
  CHECK(run.notes.empty());
  CHECK(service.paths().size() == 2);  // checksum and file
  CHECK(service.host.open_bodies() == 0);

  // The same again, cut after the second batch.
  ReadSpec spec = minutes(0, kMonth, "archive 2024-03");
  spec.most_batches = 2;
  SourceRun first = read(service, kConfig, spec);
  spec = minutes(0, kMonth, "archive 2024-03");
  spec.state = first.states.back();
  REQUIRE(spec.state);
  const SourceRun second = read(service, kConfig, spec);
  first.rows.insert(first.rows.end(), second.rows.begin(), second.rows.end());
  CHECK(first.rows == run.rows);
}

TEST_CASE("binance: of a file only what is asked for is taken", "[unit][binance]") {
  Service service(kLater);
  put_archive(service, "open_time,open,high\n" + month_text());  // with a header, as some have
  const SourceRun run = read(service, kConfig, minutes(100, 3000, "archive 2024-03"));
  CHECK(run.rows.size() == 2900);
  CHECK(run.rows.front().at("open_time") == "2024-03-01T01:40:00Z");
  CHECK(run.rejects.empty());
}

TEST_CASE("binance: a gap of the archive is asked of the API", "[unit][binance]") {
  Service service(kLater);
  put_archive(service, month_text(0, 100) + month_text(160, 3000));
  SECTION("which has the candles") {
    service.on_page("BTCUSDT", minute(100), minute(160), page(minute(100), 60));
    const SourceRun run = read(service, kConfig, minutes(0, 3000, "archive 2024-03"));
    CHECK(run.rows.size() == 3000);
    CHECK(run.outcomes.empty());
  }
  SECTION("which has some of them") {
    service.on_page("BTCUSDT", minute(100), minute(160), page(minute(130), 30));
    const SourceRun run = read(service, kConfig, minutes(0, 3000, "archive 2024-03"));
    CHECK(run.rows.size() == 2970);
    CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"100/130"});
  }
  SECTION("which knows the pair no more") {
    service.on_page("BTCUSDT", minute(100), minute(160),
                    R"({"code":-1121,"msg":"Invalid symbol."})", 400);
    const SourceRun run = read(service, kConfig, minutes(0, 3000, "archive 2024-03"));
    CHECK(run.end == SLUICE_END);
    CHECK(outcomes(run, Outcome::kEmpty, kMarch) == Parts{"100/160"});
  }
}

TEST_CASE("binance: a gap of many pages in the archive has points to resume from",
          "[unit][binance]") {
  Service service(kLater);
  put_archive(service, month_text(0, 100) + month_text(15'100, 20'000));
  const int64_t to = 20'000;
  for (int64_t i = 100; i < to; i += 1000) {
    const auto count = static_cast<int>(std::min<int64_t>(1000, to - i));
    service.on_page("BTCUSDT", minute(i), minute(15'100), page(minute(i), count));
    service.on_page("BTCUSDT", minute(i), minute(to), page(minute(i), count));
  }
  const SourceRun run = read(service, kConfig, minutes(0, to, "archive 2024-03"));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == static_cast<std::size_t>(to));
  CHECK(run.outcomes.empty());
  CHECK(binance::test::has_note(run, "archive_gaps"));
  REQUIRE(run.batch_rows.size() > 5);
  CHECK(*std::max_element(run.batch_rows.begin(), run.batch_rows.end()) <= 10'100);
  // Behind the first batch it goes on within the gap, from the API.
  ReadSpec spec = minutes(0, to, "archive 2024-03");
  spec.state = run.states.front();
  REQUIRE(spec.state);
  const SourceRun rest = read(service, kConfig, spec);
  CHECK(rest.rows.size() == static_cast<std::size_t>(to) - run.batch_rows.front());
  CHECK(service.paths().back() == klines_path("BTCUSDT", minute(19'100), minute(to)));
}

TEST_CASE("binance: without a file that can be trusted the API is asked", "[unit][binance]") {
  Service service(kLater);
  const std::string url =
      "https://data.binance.vision/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip";
  service.on_page("BTCUSDT", minute(0), minute(1500), page(minute(0), 1000));
  service.on_page("BTCUSDT", minute(1000), minute(1500), page(minute(1000), 500));
  std::string code;
  SECTION("it is not there") {
    service.host.http.on(url + ".CHECKSUM", Answer{.status = 404});
    code = "archive_missing";
  }
  SECTION("its checksum is wrong") {
    service.host.http.on(url, Answer{.body = make_zip({{"a.csv", month_text(0, 5)}})});
    service.host.http.on(url + ".CHECKSUM", Answer{.body = sha256_of("x") + "  x.zip\n"});
    code = "archive_checksum";
  }
  SECTION("its checksum is none") {
    service.host.http.on(url, Answer{.body = make_zip({{"a.csv", month_text(0, 5)}})});
    service.host.http.on(url + ".CHECKSUM", Answer{.body = "<html>"});
    code = "archive_checksum";
  }
  SECTION("it is no zip file") {
    service.host.http.on(url, Answer{.body = "hello"});
    service.host.http.on(url + ".CHECKSUM", Answer{.body = sha256_of("hello") + "  x.zip\n"});
    code = "archive_broken";
  }
  SECTION("its server is down") {
    service.host.http.on(url + ".CHECKSUM", Answer{.status = 503});
    code = "archive_unavailable";
  }
  const SourceRun run = read(service, kConfig, minutes(0, 1500, "archive 2024-03"));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 1500);
  CHECK(binance::test::has_note(run, code));
  // Resumed, it does not try the archive again.
  ReadSpec spec = minutes(0, 1500, "archive 2024-03");
  spec.state = run.states.front();
  Service later(kLater);
  later.on_page("BTCUSDT", minute(1000), minute(1500), page(minute(1000), 500));
  CHECK(read(later, kConfig, spec).rows.size() == 500);
}

TEST_CASE("binance: work that is cancelled ends as cancelled", "[unit][binance]") {
  for (uint64_t call = 1; call < 8; ++call) {
    Service service(kLater);
    put_archive(service, month_text(0, 100));
    service.host.cancel_at_call(call);
    const SourceRun run = read(service, kConfig, minutes(0, 100, "archive 2024-03"));
    if (run.error) {
      CHECK(run.error->code() == sluice::Code::kCancelled);
    }
    CHECK(service.host.open_bodies() == 0);
  }
}
