// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "client.hpp"
#include "plugins/yahoo/tests/support.hpp"
#include "price.hpp"
#include "readers.hpp"
#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/config_struct.hpp"
#include "zone.hpp"

using namespace yahoo;  // NOLINT: tests of this namespace
using sluice::Code;
using sluice::json;
using sluice::Outcome;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;
using yahoo::test::json_answer;
using yahoo::test::session;
using yahoo::test::slice;

namespace {

// Tuesday, 2023-11-14T22:13:20Z: New York has closed, the day in UTC goes on.
constexpr int64_t kNow = 1'700'000'000;
constexpr int64_t kToday = kNow / kDay * kDay;

const json kAapl = {{"symbols", {"AAPL"}}};

struct Body {
  json meta = {{"currency", "USD"},
               {"exchangeTimezoneName", "America/New_York"},
               {"gmtoffset", -18000},
               {"priceHint", 2},
               {"regularMarketTime", kToday + 75'600},
               {"currentTradingPeriod",
                {{"regular", {{"start", kToday + 52'200}, {"end", kToday + 75'600}}}}}};
  json times = json::array(), open = json::array(), high = json::array(), low = json::array(),
       close = json::array(), volume = json::array();
  json events;

  Body& row(int64_t time, const json& price, const json& amount = 100) {
    times.push_back(time);
    for (json* column : {&open, &high, &low, &close}) {
      column->push_back(price);
    }
    volume.push_back(amount);
    return *this;
  }
  std::string text() const {
    json result = {{"meta", meta},
                   {"timestamp", times},
                   {"indicators",
                    {{"quote",
                      {{{"open", open},
                        {"high", high},
                        {"low", low},
                        {"close", close},
                        {"volume", volume}}}}}}};
    if (!events.is_null()) {
      result["events"] = events;
    }
    return json{{"chart", {{"result", {result}}, {"error", nullptr}}}}.dump();
  }
};

SourceRun run(FakeHost& host, const json& config, const ReadSpec& spec, Answer answer) {
  host.http.on_prefix("/v8/finance/chart/", std::move(answer));
  return session(host, config).read(spec);
}

std::string price(std::string_view text, int hint, bool always = false) {
  std::string out = sluice::to_text(price_of(text, hint, always), sluice::kCandleScale);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::string part(int64_t from_s, int64_t to_s) {
  return std::to_string(from_s * kMicros) + "/" + std::to_string(to_s * kMicros);
}

}  // namespace

TEST_CASE("yahoo: prices lose the noise of 32-bit numbers and nothing else", "[unit][yahoo]") {
  CHECK(price("34.099998474121094", 2) == "34.1");
  CHECK(price("1286.5699462890625", 2) == "1286.57");
  CHECK(price("75.0875015258789", 2) == "75.0875");  // before a split of 4:1
  CHECK(price("75.0875015258789", 2, true) == "75.09");
  CHECK(price("1.1220825910568237", 4) == "1.1220826");
  CHECK(price("1.1220825910568237", 4, true) == "1.1221");
  CHECK(price("1168.7", 2) == "1168.7");
  CHECK(price("1156.491", 2) == "1156.491");
  CHECK(price("7174.9443359375", -1) == "7174.9443");
  CHECK(price("1809", 2) == "1809.");
  CHECK(price("0", 2) == "0.");
  CHECK(price("0.17", 4) == "0.17");
  CHECK(price("1e-05", 4) == "0.00001");
  CHECK_THROWS_AS(price_of("x", 2, false), sluice::Error);
  CHECK_THROWS_AS(price_of("1e40", 2, false), sluice::Error);
}

TEST_CASE("yahoo: days are those of the exchange at that time", "[unit][yahoo]") {
  const Zone sydney("Australia/Sydney", 39'600);
  CHECK(sydney.known());
  CHECK(sydney.day_of(1'577'919'600) == 18263);  // 23:00Z on 2020-01-01 is the 2nd at 10:00
  const Zone york("America/New_York", 0);
  CHECK(york.begin_of(18263) == 1'577'941'200);  // winter: 05:00Z
  CHECK(york.begin_of(18444) == 1'593'576'000);  // summer: 04:00Z
  CHECK(york.day_of(1'577'941'199) == 18262);
  const Zone odd("Mars/Olympus", 3600);
  CHECK_FALSE(odd.known());
  CHECK(odd.day_of(1'577'919'600 + 3600) == 18263);
  CHECK(odd.begin_of(1) == 82'800);
  CHECK(york.day_of(-100'000'000'000) < 0);
  CHECK(monday_of(0) == -3);
  CHECK(monday_of(4) == 4);
  CHECK(first_of_month(18263) == 18262);
  CHECK(first_of_next_month(18263 + 29) == 18293);
}

TEST_CASE("yahoo: cookies and crumbs are told from other texts", "[unit][yahoo]") {
  CHECK(cookies_of("A1=d=AQ&S=x; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Path=/, A3=d=B; Secure, "
                   "GUC=z") == "A1=d=AQ&S=x; A3=d=B");
  CHECK(cookies_of("XA1=1; a=b").empty());
  CHECK(is_crumb("x/Y.z0123"));
  CHECK_FALSE(is_crumb("Too Many Requests\r\n"));
  CHECK_FALSE(is_crumb("Edge: Too Many Requests"));
  CHECK_FALSE(is_crumb("<html>"));
  CHECK_FALSE(is_crumb(R"({"finance":1})"));
  CHECK_FALSE(is_crumb(""));
}

TEST_CASE("yahoo: symbols are escaped and may go by another name", "[yahoo]") {
  FakeHost host;
  const auto got = run(host, {{"symbols", {{"SPX", "^GSPC"}, {"EUR", "EURUSD=X"}}}},
                       slice("candles", "EUR", kToday - 5 * kDay, kToday),
                       json_answer(Body().row(kToday - 3 * kDay + 52'200, 1).text()));
  CHECK_FALSE(got.error);
  REQUIRE(got.rows.size() == 1);
  CHECK(got.rows[0]["symbol"] == "EUR");
  CHECK(got.rows[0]["exchange"] == "yahoo");
  const auto asked = host.http.requests().at(0);
  CHECK(asked.url == "/v8/finance/chart/EURUSD%3DX?period1=" + std::to_string(kToday - 6 * kDay) +
                         "&period2=" + std::to_string(kNow) +
                         "&interval=1d&includePrePost=false&events=div%7Csplit");
  CHECK(asked.endpoint == "yahoo");
  CHECK(asked.headers.find("User-Agent: Mozilla/5.0") != std::string::npos);
  const auto declared = json::parse(host.http.declaration());
  CHECK(declared["endpoints"]["yahoo"]["urls"].size() == 2);
  CHECK(escaped("^GSPC") == "%5EGSPC");
}

TEST_CASE("yahoo: a day's candle is of the exchange's date", "[yahoo]") {
  FakeHost host;
  Body body;
  body.row(kToday - 5 * kDay + 52'200, 34.099998474121094)
      .row(kToday - kDay + 52'200, 35)
      .row(kToday + 52'200, 36, 7)     // today's session, over by now …
      .row(kToday + 75'601, 36.5, 0);  // … with the closing price behind it
  const auto got = run(host, kAapl, slice("candles", "AAPL", kToday - 5 * kDay, kToday + kDay),
                       json_answer(body.text()));
  CHECK_FALSE(got.error);
  REQUIRE(got.rows.size() == 3);
  CHECK(got.rows[0]["open"] == "34.100000000000000000");
  CHECK(got.rows[0]["open_time"].get<std::string>().starts_with("2023-11-09T00:00:00"));
  CHECK(got.rows[2]["open_time"].get<std::string>().starts_with("2023-11-14T00:00:00"));
  CHECK(got.rows[2]["close"] == "36.000000000000000000");
  CHECK(got.rows[2]["interval"] == "1d");
  CHECK(got.rows[2]["provider"] == "yahoo");
  CHECK(got.outcomes.empty());
}

TEST_CASE("yahoo: rows without values are not landed and asked for again", "[yahoo]") {
  Body body;
  for (int day = 9; day > 0; --day) {
    body.row(kToday - day * kDay + 52'200, day % 4 == 1 ? json() : json(10 + day));
  }
  const auto spec = slice("candles", "AAPL", kToday - 9 * kDay, kToday);
  FakeHost host;
  const auto got = run(host, kAapl, spec, json_answer(body.text()));
  CHECK(got.rows.size() == 6);
  REQUIRE(got.outcomes.size() == 3);
  for (const auto& outcome : got.outcomes) {
    CHECK(outcome.outcome == Outcome::kFailed);
  }
  CHECK(got.outcomes[0].key == part(kToday - 9 * kDay, kToday - 8 * kDay));
  CHECK(got.outcomes[2].key == part(kToday - kDay, kToday));
  REQUIRE(got.notes.size() == 1);
  CHECK(got.notes[0].code == "null_row");
  CHECK(got.notes[0].count == 3);

  FakeHost later;  // not for ever, if that is wanted
  json config = kAapl;
  config["null_rows_for"] = "3d";
  const auto old = run(later, config, spec, json_answer(body.text()));
  REQUIRE(old.outcomes.size() == 3);
  CHECK(old.outcomes[0].outcome == Outcome::kEmpty);
  CHECK(old.outcomes[2].outcome == Outcome::kFailed);

  Body many;  // one interval for all of them
  for (int day = 20; day > 0; --day) {
    many.row(kToday - day * kDay + 52'200, day % 2 == 1 ? json() : json(1));
  }
  FakeHost third;
  const auto joined = run(third, kAapl, slice("candles", "AAPL", kToday - 20 * kDay, kToday),
                          json_answer(many.text()));
  REQUIRE(joined.outcomes.size() == 1);
  CHECK(joined.outcomes[0].key == part(kToday - 19 * kDay, kToday));
}

TEST_CASE("yahoo: the live price behind minutes is dropped, and what still runs", "[yahoo]") {
  const int64_t close = kToday + 75'600;
  const json config = {{"symbols", {"AAPL"}}, {"interval", "1m"}};
  SECTION("after the session") {
    FakeHost host;
    Body body;
    body.row(close - 120, 1).row(close - 60, 2).row(close, 2.5, 0);
    const auto got = run(host, config, slice("candles", "AAPL", close - 300, close + 600),
                         json_answer(body.text()));
    CHECK(got.rows.size() == 2);
    CHECK(got.outcomes.empty());
  }
  SECTION("within it") {
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(close - 3600 + 30)));
    Body body;
    body.meta["regularMarketTime"] = close - 3600 + 10;
    body.row(close - 3720, 1)
        .row(close - 3660, 2)
        .row(close - 3600, 3)
        .row(close - 3600 + 10, 4, 0);
    const auto got = run(host, config, slice("candles", "AAPL", close - 7200, close - 3540),
                         json_answer(body.text()));
    CHECK(got.rows.size() == 2);
    REQUIRE(got.outcomes.size() == 1);
    CHECK(got.outcomes[0].key == part(close - 3600, close - 3540));
  }
  SECTION("data come late") {
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(close - 3600)));
    Body body;
    body.meta["regularMarketTime"] = close - 4500;
    body.row(close - 4560, 1);
    const auto got = run(host, config, slice("candles", "AAPL", close - 7200, close - 3600),
                         json_answer(body.text()));
    CHECK(got.rows.size() == 1);
    REQUIRE(got.outcomes.size() == 1);
    CHECK(got.outcomes[0].outcome == Outcome::kFailed);
    CHECK(got.outcomes[0].key == part(close - 4500, close - 3600));
  }
}

TEST_CASE("yahoo: a candle of which a delayed exchange has told half is asked for again",
          "[yahoo]") {
  const int64_t now = kToday + 60'330;  // within the session, half past a minute
  const int64_t open = now - 30 - 15 * 60;
  const json config = {{"symbols", {"AAPL"}}, {"interval", "1m"}};
  const auto spec = slice("candles", "AAPL", open - 600, now - 30);
  Body body;
  body.row(open - 60, 1).row(open, 2);
  SECTION("what has been told in full lands") {
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(now)));
    body.meta["regularMarketTime"] = open + 30;
    const auto got = run(host, config, spec, json_answer(body.text()));
    CHECK(got.rows.size() == 1);
    REQUIRE(got.outcomes.size() == 1);
    CHECK(got.outcomes[0].outcome == Outcome::kFailed);
    CHECK(got.outcomes[0].key == part(open, now - 30));
  }
  SECTION("a last trade that is old is no sign of a delay") {
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(now + 3600)));
    body.meta["regularMarketTime"] = open + 30;
    CHECK(run(host, config, spec, json_answer(body.text())).rows.size() == 2);
  }
  SECTION("a day is over when its last trades have been told") {
    Body days;
    days.row(kToday - kDay + 52'200, 1).row(kToday + 52'200, 2);
    for (const int64_t after : {60, 29 * 60, 31 * 60}) {
      FakeHost host;
      host.set_time(sluice::Micros(std::chrono::seconds(kToday + 75'600 + after)));
      const auto got = run(host, kAapl, slice("candles", "AAPL", kToday - kDay, kToday + kDay),
                           json_answer(days.text()));
      CHECK(got.rows.size() == (after > 1800 ? 2 : 1));
      CHECK(got.outcomes.size() == (after > 1800 ? 0 : 1));
    }
  }
}

TEST_CASE("yahoo: late rows from before and after the session are asked for again", "[yahoo]") {
  const int64_t start = kToday + 52'200, close = kToday + 75'600;
  for (const int64_t now : {start - 3600, close + 7200}) {
    CAPTURE(now);
    Body body;
    body.meta["regularMarketTime"] = now < start ? close - kDay : close;
    body.meta["currentTradingPeriod"]["pre"] = {{"start", start - 19'800}, {"end", start}};
    body.meta["currentTradingPeriod"]["post"] = {{"start", close}, {"end", close + 14'400}};
    body.row(now - 2400, 1);
    const auto spec = slice("candles", "AAPL", now - 3600, now);
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(now)));
    json config = {{"symbols", {"AAPL"}}, {"interval", "1m"}, {"pre_post", true}};
    const auto got = run(host, config, spec, json_answer(body.text()));
    CHECK(got.rows.size() == 1);
    REQUIRE(got.outcomes.size() == 1);
    CHECK(got.outcomes[0].outcome == Outcome::kFailed);
    CHECK(got.outcomes[0].key == part(now - 1800, now));
    config["pre_post"] = false;
    FakeHost regular;
    regular.set_time(sluice::Micros(std::chrono::seconds(now)));
    CHECK(run(regular, config, spec, json_answer(body.text())).outcomes.empty());
  }
}

TEST_CASE("yahoo: data that do not exist yet are asked for again", "[yahoo]") {
  const auto none = [](const char* interval, int64_t from_s, int64_t to_s) {
    FakeHost host;
    const auto got =
        run(host, {{"symbols", {"AAPL"}}, {"interval", interval}},
            slice("candles", "AAPL", from_s, to_s),
            json_answer(R"({"chart":{"result":null,"error":{"code":"Bad Request","description":)"
                        R"("Data doesn't exist for startDate = 1, endDate = 2"}}})",
                        400));
    CHECK_FALSE(got.error);
    CHECK(got.rows.empty());
    std::vector<std::string> out;
    for (const auto& outcome : got.outcomes) {
      CHECK(outcome.outcome == Outcome::kFailed);
      out.push_back(outcome.key);
    }
    return out;
  };
  using Parts = std::vector<std::string>;
  const int64_t minute = kNow / 60 * 60;
  CHECK(none("1m", minute - 7200, minute) == Parts{part(minute - 1800, minute)});
  CHECK(none("1m", minute - 600, minute) == Parts{part(minute - 600, minute)});
  CHECK(none("1m", minute - 7200, minute - 3600).empty());
  CHECK(none("1d", kToday - 30 * kDay, kToday) == Parts{part(kToday - 4 * kDay, kToday)});
  CHECK(none("1d", kToday - 30 * kDay, kToday - 9 * kDay).empty());
  // On Tuesday, last week from its Monday on, for in a part of it no candle opens.
  const int64_t monday = 1'699'833'600;
  CHECK(none("1w", monday - 70 * kDay, monday) == Parts{part(monday - 7 * kDay, monday)});
}

TEST_CASE("yahoo: an answer without a chart is not taken for an empty one", "[yahoo]") {
  for (const char* body :
       {"{}", R"({"message":"Service Unavailable"})", R"({"chart":{"result":null,"error":null}})",
        R"({"chart":{"result":{},"error":null}})", R"({"chart":{"result":[{}],"error":null}})",
        R"({"chart":{"result":null,"error":{"code":"","description":"Internal error"}}})",
        R"({"chart":{"result":null,"error":"Internal error"}})"}) {
    CAPTURE(body);
    for (const char* stream : {"candles", "dividends", "splits", "instruments"}) {
      FakeHost host;
      const auto got =
          run(host, kAapl, slice(stream, "AAPL", kToday - 900 * kDay, kToday), json_answer(body));
      REQUIRE(got.error);
      CHECK(got.error->code() == Code::kUnavailable);
      CHECK((got.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    }
  }
}

TEST_CASE("yahoo: weeks and months are of their first day, one row each", "[yahoo]") {
  // Monday 2023-11-06 and the running week, whose second row has the time of the last trade.
  Body body;
  body.row(1'699'246'800, 1).row(1'699'851'600, 2).row(kToday + 75'600, 3);
  FakeHost host;
  const auto got = run(host, {{"symbols", {"AAPL"}}, {"interval", "1w"}},
                       slice("candles", "AAPL", 1'699'228'800 - 7 * kDay, 1'699'228'800 + 7 * kDay),
                       json_answer(body.text()));
  REQUIRE(got.rows.size() == 1);
  CHECK(got.rows[0]["open_time"].get<std::string>().starts_with("2023-11-06T00:00:00"));
  CHECK(got.rows[0]["interval"] == "1w");
  auto source = session(host, {{"symbols", {"AAPL"}}, {"interval", "1M"}});
  CHECK(source.partitions("candles").at(0).to_us == 1'698'796'800 * kMicros);  // 2023-11-01
  CHECK(source.streams().at(0).step().count() == 0);
}

TEST_CASE("yahoo: no data is an answer, refusals are explained", "[yahoo]") {
  const auto spec = slice("candles", "AAPL", kToday - 9 * kDay, kToday);
  const auto error_body = [](const char* code, const char* text) {
    return json{
        {"chart", {{"result", nullptr}, {"error", {{"code", code}, {"description", text}}}}}}
        .dump();
  };
  SECTION("empty") {
    for (const auto& answer :
         {json_answer(
              R"({"chart":{"result":[{"meta":{"currency":null},"indicators":{"quote":[{}]}}],)"
              R"("error":null}})"),
          json_answer(
              error_body("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2"),
              400)}) {
      FakeHost host;
      const auto got =
          run(host, kAapl, slice("candles", "AAPL", kToday - 30 * kDay, kToday - 9 * kDay), answer);
      CHECK_FALSE(got.error);
      CHECK(got.end == SLUICE_END);
      CHECK(got.rows.empty());
      CHECK(got.outcomes.empty());
    }
  }
  struct Case {
    Answer answer;
    Code code;
    bool retried;
    const char* says;
  };
  const Case cases[] = {
      {json_answer(error_body("Not Found", "No data found, symbol may be delisted"), 404),
       Code::kUnavailable, false, "no such symbol"},
      {json_answer(error_body("Unprocessable Entity",
                              "1m data not available for startTime=1 and endTime=2. The requested "
                              "range must be within the last 30 days."),
                   422),
       Code::kUnavailable, false, "longer interval"},
      {json_answer(error_body("Bad Request", "Invalid input"), 400), Code::kBadData, false,
       "Invalid input"},
      {Answer{.body = "Too Many Requests\r\n",
              .status = 429,
              .headers = {{"Content-Type", "text/plain"}}},
       Code::kRateLimited, true, "429"},
      {json_answer(
           R"({"finance":{"result":null,"error":{"code":"Unauthorized","description":"x"}}})", 401),
       Code::kAuth, false, "crumb = true"},
      {json_answer("{}", 503), Code::kUnavailable, true, "503"},
      {Answer{.body = "<html>", .headers = {{"Content-Type", "text/html"}}}, Code::kUnavailable,
       false, "text/html"},
      {json_answer(error_body("Not Found", "x")), Code::kUnavailable, false, "no such symbol"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.says);
    FakeHost host;
    const auto got = run(host, kAapl, spec, one.answer);
    REQUIRE(got.error);
    CHECK(got.error->code() == one.code);
    CHECK(((got.error->flags() & SLUICE_ERROR_RETRYABLE) != 0) == one.retried);
    CHECK(got.error->message().find(one.says) != std::string::npos);
  }
}

TEST_CASE("yahoo: cut answers are tried again, odd values cost themselves", "[yahoo]") {
  const auto spec = slice("candles", "AAPL", kToday - 9 * kDay, kToday);
  Body body;
  body.row(kToday - 2 * kDay + 52'200, 1).row(kToday - kDay + 52'200, 2);
  body.events = {{"dividends", {{"1", {{"amount", 1}, {"date", 1}}}}}};
  const std::string whole = body.text();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FakeHost host;
    CAPTURE(size);
    const auto cut = run(host, kAapl, spec, json_answer(whole.substr(0, size)));
    REQUIRE(cut.error);
    CHECK(cut.error->code() == Code::kBadData);
    CHECK((cut.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  }
  Body odd;
  odd.row(kToday - 5 * kDay + 52'200, "x")
      .row(kToday - 4 * kDay + 52'200, "1.25", "much")
      .row(kToday - 2 * kDay + 52'200, true)
      .row(kToday - kDay + 52'200, 3, nullptr);
  odd.times.push_back("never");
  odd.meta["priceHint"] = "two";
  odd.meta["exchangeTimezoneName"] = nullptr;
  odd.meta["currentTradingPeriod"] = 5;
  FakeHost host;
  const auto got = run(host, kAapl, spec, json_answer(odd.text()));
  CHECK_FALSE(got.error);
  REQUIRE(got.rows.size() == 2);
  CHECK(got.rows[0]["open"] == "1.250000000000000000");
  CHECK(got.rows[0]["volume"].is_null());
  CHECK(got.rejects.size() == 3);
}

TEST_CASE("yahoo: dividends and splits by their date", "[yahoo]") {
  Body body;
  body.row(kToday - 5 * kDay + 52'200, 1);
  body.meta["currency"] = "GBp";
  const std::string stamp = std::to_string(kToday - 5 * kDay + 52'200);
  body.events = {
      {"dividends",
       {{stamp, {{"amount", 0.1925}, {"date", kToday - 5 * kDay + 52'200}}},
        {"1", {{"amount", 1}, {"date", 1}}},  // outside of the interval
        {"x", {{"amount", 2}}}}},
      {"splits",
       {{stamp, {{"date", kToday - 5 * kDay + 52'200}, {"numerator", 4.0}, {"denominator", 1}}}}}};
  FakeHost host;
  host.http.on_prefix("/v8/finance/chart/", json_answer(body.text()));
  auto source = session(host, kAapl);
  const auto paid = source.read(slice("dividends", "AAPL", kToday - 9 * kDay, kToday));
  REQUIRE(paid.rows.size() == 1);
  CHECK(paid.rows[0]["amount"] == "0.192500000000000000");
  CHECK(paid.rows[0]["ex_date"] == "2023-11-09");
  CHECK(paid.rows[0]["currency"] == "GBp");
  CHECK(paid.rejects.size() == 1);
  const auto split = source.read(slice("splits", "AAPL", kToday - 9 * kDay, kToday));
  REQUIRE(split.rows.size() == 1);
  CHECK(split.rows[0]["numerator"] == "4.000000000000000000");
  const auto instrument = source.read({.stream = "instruments", .partition = "AAPL"});
  REQUIRE(instrument.rows.size() == 1);
  CHECK(instrument.rows[0]["currency"] == "GBp");
  CHECK(instrument.rows[0]["price_hint"] == 2);
}

TEST_CASE("yahoo: partitions reach as far as the service tells", "[yahoo]") {
  FakeHost host;
  auto minutes = session(host, {{"symbols", {"AAPL"}}, {"interval", "1m"}});
  const auto list = minutes.partitions("candles", 1'500'000'000 * kMicros);
  CHECK(list.at(0).from_us >= (kNow - 30 * kDay) * kMicros);
  CHECK(list.at(0).from_us <= (kNow - 29 * kDay) * kMicros);
  CHECK(list.at(0).to_us == SLUICE_TIME_MAX);
  CHECK(minutes.streams().at(0).max_span() == std::chrono::hours(24 * 7));
  CHECK(host.log().back().message.find("last 30 days") != std::string::npos);
  auto hours = session(host, {{"symbols", {"AAPL"}}, {"interval", "1h"}});
  const auto held = hours.partitions("candles").at(0);
  CHECK(held.to_us <= (kNow - 3600) * kMicros);  // candles that open at half past
  CHECK(held.from_us > (kNow - 730 * kDay) * kMicros);
  CHECK(hours.partitions("dividends").at(0).from_us < 0);
}

TEST_CASE("yahoo: a crumb is got once and replaced when it is refused", "[yahoo]") {
  FakeHost host;
  host.http.on("https://finance.yahoo.com/quote/AAPL",
               Answer{.headers = {{"Set-Cookie", "A1=one; Path=/, A3=two; Path=/"}}});
  host.http.on("/v1/test/getcrumb", Answer{.body = "old"})
      .on("/v1/test/getcrumb", Answer{.body = "n/w"});
  const std::string body = Body().row(kToday - 3 * kDay + 52'200, 1).text();
  const auto url = [&](const char* crumb) {
    return "/v8/finance/chart/AAPL?period1=" + std::to_string(kToday - 6 * kDay) +
           "&period2=" + std::to_string(kNow) +
           "&interval=1d&includePrePost=false&events=div%7Csplit&crumb=" + crumb;
  };
  host.http.on(url("old"), json_answer("{}", 401));
  host.http.on(url("n%2Fw"), json_answer(body));
  auto source = session(host, {{"symbols", {"AAPL"}}, {"crumb", true}});
  const auto spec = slice("candles", "AAPL", kToday - 5 * kDay, kToday);
  CHECK(source.read(spec).rows.size() == 1);
  CHECK(source.read(spec).rows.size() == 1);
  CHECK(host.http.requests().size() == 7);
  CHECK(host.http.requests().back().headers.find("Cookie: A1=one; A3=two") != std::string::npos);

  FakeHost other;  // a text for people is no crumb
  other.http.on("https://finance.yahoo.com/quote/AAPL",
                Answer{.headers = {{"Set-Cookie", "A3=two"}}});
  other.http.on("/v1/test/getcrumb", Answer{.body = "Too Many Requests\r\n"});
  const auto got = session(other, {{"symbols", {"AAPL"}}, {"crumb", true}}).read(spec);
  REQUIRE(got.error);
  CHECK(got.error->code() == Code::kUnavailable);
  CHECK((got.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
}

TEST_CASE("yahoo: reading goes on behind every batch", "[yahoo]") {
  Body body;
  for (int day = 200; day > 0; --day) {
    body.row(kToday - day * kDay + 52'200, 1000 + day);
  }
  ReadSpec spec = slice("candles", "AAPL", kToday - 300 * kDay, kToday);
  spec.target_batch_bytes = 3000;
  FakeHost host;
  const auto whole = run(host, kAapl, spec, json_answer(body.text()));
  REQUIRE(whole.rows.size() == 200);
  REQUIRE(whole.batch_rows.size() > 3);
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < whole.states.size(); ++i) {
    before += whole.batch_rows[i];
    REQUIRE(whole.states[i]);
    ReadSpec again = spec;
    again.state = whole.states[i];
    const auto rest = session(host, kAapl).read(again);
    REQUIRE(rest.rows.size() == 200 - before);
    CHECK(rest.rows.front() == whole.rows[before]);
  }
}

TEST_CASE("yahoo: a symbol that is unknown is asked for once a run", "[yahoo]") {
  FakeHost host;
  host.http.on_prefix("/v8/finance/chart/",
                      json_answer(R"({"chart":{"result":null,"error":{"code":"Not Found",)"
                                  R"("description":"No data found"}}})",
                                  404));
  auto source = session(host, kAapl);
  for (int i = 0; i < 3; ++i) {
    const auto got =
        source.read(slice("candles", "AAPL", kToday - (9 + i) * kDay, kToday - (8 + i) * kDay));
    REQUIRE(got.error);
    CHECK(got.error->message().find("no such symbol") != std::string::npos);
  }
  CHECK(host.http.requests().size() == 1);
}
