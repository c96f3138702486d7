// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "plugins/coingecko/answer.hpp"
#include "plugins/coingecko/series.hpp"
#include "plugins/coingecko/tests/support.hpp"

using namespace coingecko;  // NOLINT: tests of this namespace
using coingecko::test::json_answer;
using coingecko::test::kBase;
using coingecko::test::session;
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;

namespace {

constexpr int64_t kNow = 1'700'000'000;  // the fake host's: 2023-11-14T22:13:20Z
constexpr int64_t kMicro = 1'000'000;

Selection chosen(const json& config) {
  return Selection(sluice::parse_config<Config>(config.dump()));
}

ReadSpec slice(const char* stream, int64_t from_s, int64_t to_s,
               const char* partition = "bitcoin/usd") {
  ReadSpec spec;
  spec.stream = stream;
  spec.partition = partition;
  spec.from_us = from_s * kMicro;
  spec.to_us = to_s * kMicro;
  return spec;
}

// Answers everything below the base alike.
SourceRun run(FakeHost& host, const json& config, const ReadSpec& spec, Answer answer) {
  host.http.on_prefix(kBase, std::move(answer));
  return session(host, config).read(spec);
}

std::string chart_body(const std::string& prices) {
  return R"({"prices":)" + prices + R"(,"market_caps":)" + prices + R"(,"total_volumes":)" +
         prices + "}";
}

const json kHourly = {{"coins", {"bitcoin"}}};

}  // namespace

TEST_CASE("coingecko: configuration is checked and coins become pairs", "[unit][coingecko]") {
  const auto two =
      chosen({{"coins", {" bitcoin ", "ethereum/BTC"}}, {"vs_currencies", {"usd", "eur"}}});
  REQUIRE(two.pairs.size() == 3);
  CHECK(two.pairs[0].name == "bitcoin/usd");
  CHECK(two.pairs[1].name == "bitcoin/eur");
  CHECK(two.pairs[2].name == "ethereum/btc");
  CHECK(two.ids == std::vector<std::string>{"bitcoin", "ethereum"});
  const auto named = chosen({{"coins", {{"BTCUSDT", "bitcoin"}}}});
  CHECK(named.pairs[0].name == "BTCUSDT");
  CHECK(named.pairs[0].pointer == "/coins/BTCUSDT");
  CHECK(named.base_url == "https://api.coingecko.com/api/v3");
  CHECK(chosen({{"plan", "pro"}, {"credential", "k"}}).base_url ==
        "https://pro-api.coingecko.com/api/v3");
  for (const json& bad :
       {json{{"plan", "demo"}}, json{{"credential", "k"}}, json{{"interval", "1h"}},
        json{{"coins", {"bitcoin", "bitcoin"}}}, json{{"coins", {" "}}},
        json{{"coins", {{"A", "bitcoin"}}}, {"vs_currencies", {"usd", "eur"}}}}) {
    CAPTURE(bad.dump());
    CHECK(sluice::testing::code_of([&] { chosen(bad); }) == Code::kInvalidConfig);
  }
}

TEST_CASE("coingecko: ranges are widened until they have the granularity", "[unit][coingecko]") {
  const auto hourly = chosen(kHourly);
  // One hour alone would come in steps of five minutes.
  const auto last = chart_query(hourly, kNow - 2 * kHour, kNow - kHour, kNow);
  CHECK(last.to_s == kNow);
  CHECK(last.to_s - last.from_s == 50 * kHour);
  CHECK(last.reaches_now);
  const auto old = chart_query(hourly, kNow - 100 * kDay, kNow - 100 * kDay + kHour, kNow);
  CHECK(old.from_s == kNow - 100 * kDay);
  CHECK(old.to_s - old.from_s == 50 * kHour);
  CHECK_FALSE(old.reaches_now);
  const auto wide = chart_query(hourly, kNow - 90 * kDay, kNow - 10 * kDay, kNow);
  CHECK(wide.from_s == kNow - 90 * kDay);
  CHECK(wide.to_s == kNow - 10 * kDay);
  // Its last row must be the present price for certain, which is dropped.
  CHECK(chart_query(hourly, kNow - 80 * kDay, kNow - kHour / 2, kNow).to_s == kNow);

  const auto daily = chosen({{"coins", {"bitcoin"}}, {"granularity", "daily"}});
  const auto day = chart_query(daily, kNow - 364 * kDay, kNow - 363 * kDay, kNow);
  CHECK(day.from_s == kNow - 364 * kDay);  // forward, since the wall is behind
  CHECK(day.to_s - day.from_s == 92 * kDay);
  const auto fresh = chart_query(daily, kNow - kDay, kNow, kNow);
  CHECK(fresh.to_s - fresh.from_s == 92 * kDay);

  const auto fine = chosen({{"coins", {"bitcoin"}}, {"granularity", "5m"}});
  CHECK(chart_query(fine, kNow - 5 * kHour, kNow - 4 * kHour, kNow).to_s == kNow);
}

TEST_CASE("coingecko: candles are asked for by the fewest days that reach back",
          "[unit][coingecko]") {
  const auto four = chosen({{"coins", {"bitcoin"}}});
  const Pair& pair = four.pairs[0];
  const auto days = [&](int64_t back) {
    return candle_path(four, pair, kNow - back * kDay, kNow, kNow);
  };
  CHECK(days(2) == "/coins/bitcoin/ohlc?vs_currency=usd&days=7");
  CHECK(days(8) == "/coins/bitcoin/ohlc?vs_currency=usd&days=14");
  CHECK(days(29) == "/coins/bitcoin/ohlc?vs_currency=usd&days=30");
  const auto half = chosen({{"coins", {"bitcoin"}}, {"interval", "30m"}});
  CHECK(candle_path(half, pair, kNow - kHour, kNow, kNow).ends_with("days=1"));
  const auto paid =
      chosen({{"coins", {"bitcoin"}}, {"interval", "1h"}, {"plan", "pro"}, {"credential", "key"}});
  CHECK(candle_path(paid, pair, kNow - 3 * kHour, kNow - kHour, kNow) ==
        "/coins/bitcoin/ohlc/range?vs_currency=usd&from=" + std::to_string(kNow - 3 * kHour) +
            "&to=" + std::to_string(kNow) + "&interval=hourly");
  const auto long_ago =
      chosen({{"coins", {"bitcoin"}}, {"interval", "4d"}, {"plan", "pro"}, {"credential", "key"}});
  CHECK(candle_path(long_ago, pair, kNow - 900 * kDay, kNow, kNow).ends_with("days=max"));
}

TEST_CASE("coingecko: partitions begin where the plan reaches, and say so once", "[coingecko]") {
  FakeHost host;
  auto source = session(host, kHourly);
  const auto list = source.partitions("market_chart", 1'500'000'000 * kMicro);
  REQUIRE(list.size() == 1);
  CHECK(list[0].key == "bitcoin/usd");
  CHECK(list[0].from_us >= (kNow - 365 * kDay) * kMicro);
  CHECK(list[0].from_us <= (kNow - 364 * kDay) * kMicro);
  CHECK(list[0].from_us % (kHour * kMicro) == 0);
  (void)source.partitions("market_chart", 1'500'000'000 * kMicro);
  int told = 0;
  for (const auto& line : host.log()) {
    told += line.message.find("no more than the last 365 days") != std::string::npos ? 1 : 0;
  }
  CHECK(told == 1);
  const auto candles = source.partitions("candles");
  CHECK(candles.at(0).from_us > (kNow - 30 * kDay) * kMicro);
}

TEST_CASE("coingecko: stamps are rounded down, the present price is dropped", "[coingecko]") {
  FakeHost host;
  const int64_t hour = kNow / kHour * kHour;
  const auto ms = [&](int64_t offset) { return std::to_string((hour + offset) * 1000 + 789); };
  // Two in the first hour, none in the second, one in the third, and the present price, which lies
  // before the row above it.
  const std::string prices = "[[" + ms(-4 * kHour + 30) + ",1.5],[" + ms(-4 * kHour + 600) +
                             ",9],[" + ms(-2 * kHour + 1) + ",\"2.25\"],[" + ms(-60) + ",7],[" +
                             ms(-61) + ",8]]";
  const auto got = run(host, kHourly, slice("market_chart", hour - 4 * kHour, hour),
                       json_answer(chart_body(prices)));
  CHECK(got.end == SLUICE_END);
  REQUIRE(got.rows.size() == 3);
  CHECK(got.rows[0]["price"] == "1.500000000000000000");
  CHECK(got.rows[0]["coin"] == "bitcoin");
  CHECK(got.rows[0]["granularity"] == "hourly");
  CHECK(got.rows[1]["price"] == "2.250000000000000000");
  CHECK(got.rows[2]["price"] == "7.000000000000000000");
  REQUIRE(got.outcomes.size() == 1);
  CHECK(got.outcomes[0].outcome == sluice::Outcome::kEmpty);
  CHECK(got.outcomes[0].key == std::to_string((hour - 3 * kHour) * kMicro) + "/" +
                                   std::to_string((hour - 2 * kHour) * kMicro));
  REQUIRE(got.notes.size() == 1);
  CHECK(got.notes[0].code == "double_step");
  const auto asked = host.http.requests().at(0);
  CHECK(asked.url.find("/coins/bitcoin/market_chart/range?vs_currency=usd&from=") !=
        std::string::npos);
  CHECK(asked.credential.empty());
}

TEST_CASE("coingecko: what is not there yet is asked for again", "[coingecko]") {
  FakeHost host;
  const int64_t hour = kNow / kHour * kHour;
  const auto got =
      run(host, kHourly, slice("market_chart", hour - 4 * kHour, hour),
          json_answer(chart_body("[[" + std::to_string((hour - 4 * kHour) * 1000) + ",1],[" +
                                 std::to_string((hour + 1) * 1000) + ",1]]")));
  REQUIRE(got.outcomes.size() == 2);
  CHECK(got.outcomes[0].outcome == sluice::Outcome::kEmpty);
  CHECK(got.outcomes[1].outcome == sluice::Outcome::kFailed);
  CHECK(got.outcomes[1].key.ends_with("/" + std::to_string(hour * kMicro)));
}

TEST_CASE("coingecko: daily rows off midnight are the present price", "[coingecko]") {
  FakeHost host;
  const int64_t day = kNow / kDay * kDay;
  const json config = {{"coins", {"bitcoin"}}, {"granularity", "daily"}};
  const auto got =
      run(host, config, slice("market_chart", day - 2 * kDay, day),
          json_answer(chart_body("[[" + std::to_string((day - 2 * kDay) * 1000) + ",1],[" +
                                 std::to_string((day - kDay) * 1000) + ",null],[" +
                                 std::to_string((day - kDay + 52'000) * 1000) + ",3],[" +
                                 std::to_string(kNow * 1000) + ",4]]")));
  REQUIRE(got.rows.size() == 2);
  CHECK(got.rows[1]["price"].is_null());
  CHECK(got.outcomes.empty());
}

TEST_CASE("coingecko: candles open a body before their stamp, the running one is left out",
          "[coingecko]") {
  FakeHost host;
  const int64_t now = kNow / (4 * kHour) * 4 * kHour;
  const std::string body = "[[" + std::to_string((now - 4 * kHour) * 1000) + ",1,4,0.5,2],[" +
                           std::to_string(now * 1000) + ",2,3.5e0,1,3],[" +
                           std::to_string((now + 4 * kHour) * 1000) + ",3,3,3,3]]";
  const auto got = run(host, {{"coins", {{"BTCUSDT", "bitcoin"}}}, {"exchange", "binance"}},
                       slice("candles", now - 8 * kHour, now, "BTCUSDT"), json_answer(body));
  REQUIRE(got.rows.size() == 2);
  CHECK(got.rows[1]["symbol"] == "BTCUSDT");
  CHECK(got.rows[1]["exchange"] == "binance");
  CHECK(got.rows[1]["interval"] == "4h");
  CHECK(got.rows[1]["provider"] == "coingecko");
  CHECK(got.rows[1]["high"] == "3.500000000000000000");
  CHECK(got.rows[1]["volume"].is_null());
  CHECK(got.rows[0]["open_time"] < got.rows[1]["open_time"]);
  CHECK(got.outcomes.empty());
}

TEST_CASE("coingecko: a candle of an answer made before its end is asked for again",
          "[coingecko]") {
  struct Case {
    const char* interval;
    int64_t length, late;
    bool lands;
  };
  for (const Case& one :
       {Case{"4h", 4 * kHour, 5, false}, Case{"4h", 4 * kHour, 19 * kMinute, false},
        Case{"4h", 4 * kHour, 21 * kMinute, true}, Case{"30m", kHour / 2, 5, false},
        Case{"30m", kHour / 2, 21 * kMinute, true}, Case{"1d", kDay, 36 * kMinute, false},
        Case{"1d", kDay, 41 * kMinute, true}}) {
    CAPTURE(one.interval, one.late);
    const int64_t end = kNow / one.length * one.length;
    FakeHost host;
    host.set_time(sluice::Micros(std::chrono::seconds(end + one.late)));
    const std::string body = "[[" + std::to_string((end - one.length) * 1000) + ",1,1,1,1],[" +
                             std::to_string(end * 1000) + ",2,2,2,2]]";
    const auto got = run(host,
                         {{"coins", {"bitcoin"}},
                          {"interval", one.interval},
                          {"plan", "pro"},
                          {"credential", "key"}},
                         slice("candles", end - 2 * one.length, end), json_answer(body));
    CHECK_FALSE(got.error);
    CHECK(got.rows.size() == (one.lands ? 2 : 1));
    REQUIRE(got.outcomes.size() == (one.lands ? 0 : 1));
    if (!one.lands) {
      CHECK(got.outcomes[0].outcome == sluice::Outcome::kFailed);
      CHECK(got.outcomes[0].key ==
            std::to_string((end - one.length) * kMicro) + "/" + std::to_string(end * kMicro));
    }
  }
  // One of four days that opens off their grid, a day before its end.
  const int64_t end = kNow / (4 * kDay) * 4 * kDay;
  FakeHost host;
  host.set_time(sluice::Micros(std::chrono::seconds(end + kDay)));
  const std::string body = "[[" + std::to_string((end - 2 * kDay) * 1000) + ",1,1,1,1],[" +
                           std::to_string((end + 2 * kDay) * 1000) + ",2,2,2,2]]";
  const auto got = run(host, {{"coins", {"bitcoin"}}, {"interval", "4d"}},
                       slice("candles", end - 8 * kDay, end), json_answer(body));
  CHECK(got.rows.size() == 1);
  REQUIRE_FALSE(got.outcomes.empty());
  CHECK(got.outcomes.back().outcome == sluice::Outcome::kFailed);
  CHECK(got.outcomes.back().key ==
        std::to_string((end - 2 * kDay) * kMicro) + "/" + std::to_string(end * kMicro));
}

TEST_CASE("coingecko: five minutes that are asked for too late are not taken for empty",
          "[coingecko]") {
  const json config = {{"coins", {"bitcoin"}}, {"granularity", "5m"}};
  const int64_t first = (kNow - kDay + kMinute + 299) / 300 * 300;
  const auto spec = slice("market_chart", first - 3600, kNow / 300 * 300);  // listed an hour ago
  const auto rows = [&](int64_t apart) {
    std::string out;
    for (int64_t at = first; at < kNow; at += apart) {
      out += (out.empty() ? "[[" : ",[") + std::to_string(at * 1000 + 1) + ",1]";
    }
    return out + ",[" + std::to_string(kNow * 1000) + ",2]]";
  };
  SECTION("the range ends at what is in reach") {
    FakeHost host;
    const auto got = run(host, config, spec, json_answer(chart_body(rows(300))));
    CHECK_FALSE(got.error);
    CHECK(host.http.requests().at(0).url.find("&from=" + std::to_string(first) + "&") !=
          std::string::npos);
    CHECK(got.rows.size() == static_cast<std::size_t>((kNow / 300 * 300 - first) / 300));
    REQUIRE(got.outcomes.size() == 1);
    CHECK(got.outcomes[0].outcome == sluice::Outcome::kFailed);
    CHECK(got.outcomes[0].key ==
          std::to_string((first - 3600) * kMicro) + "/" + std::to_string(first * kMicro));
  }
  SECTION("an answer by the hour is no answer") {
    FakeHost host;
    const auto got = run(host, config, spec, json_answer(chart_body(rows(3600))));
    REQUIRE(got.error);
    CHECK(got.error->code() == Code::kUnavailable);
    CHECK((got.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(got.outcomes.empty());
  }
  SECTION("a range that is in reach stays as it is") {
    FakeHost host;
    const int64_t end = kNow / 300 * 300 - 1800;
    const auto got =
        run(host, config, slice("market_chart", end - 1800, end),
            json_answer(chart_body("[[" + std::to_string((end - 600) * 1000) + ",1]]")));
    CHECK_FALSE(got.error);
    CHECK(host.http.requests().at(0).url.find("&from=" + std::to_string(end - 1800) + "&") !=
          std::string::npos);
  }
}

TEST_CASE("coingecko: refusals say what they are and what to do", "[coingecko]") {
  struct Case {
    const char* body;
    uint32_t status;
    Code code;
    bool retried;
    const char* says;
  };
  const Case cases[] = {
      {R"({"status":{"error_code":429,"error_message":"x"}})", 429, Code::kRateLimited, true,
       "[[limit]]"},
      {R"({"error":{"status":{"timestamp":"t","error_code":10012,"error_message":"x"}}})", 401,
       Code::kUnavailable, false, "365 days"},
      {R"({"status":{"error_code":10010,"error_message":"x"}})", 400, Code::kAuth, false,
       "plan = \"pro\""},
      {R"({"status":{"error_code":10011,"error_message":"x"}})", 400, Code::kAuth, false,
       "plan = \"demo\""},
      {R"({"status":{"error_code":10002,"error_message":"x"}})", 401, Code::kAuth, false,
       "API key"},
      {R"({"status":{"error_code":10005,"error_message":"x"}})", 403, Code::kUnsupported, false,
       "plan does not include"},
      {R"({"error":"Missing parameter vs_currency"})", 422, Code::kBadData, false,
       "Missing parameter"},
      {R"({"error":"coin not found"})", 404, Code::kUnavailable, false, "no such coin"},
      {R"({"status":500,"error":"Internal Server Error"})", 500, Code::kUnavailable, true, "500"},
      {"<html>502</html>", 502, Code::kUnavailable, true, "502"},
      {"error code: 1020", 403, Code::kAuth, false, "firewall"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.body);
    FakeHost host;
    Answer answer = json_answer(one.body, one.status);
    answer.headers.emplace_back("Retry-After", "119");
    const auto got =
        run(host, kHourly, slice("market_chart", kNow - 9 * kHour, kNow - kHour), answer);
    REQUIRE(got.error);
    CHECK(got.error->code() == one.code);
    CHECK(((got.error->flags() & SLUICE_ERROR_RETRYABLE) != 0) == one.retried);
    CHECK(got.error->message().find(one.says) != std::string::npos);
    CHECK(got.error->retry_after_ms() == (one.status == 429 ? 119'000 : 0));
  }
  FakeHost host;  // not every 500 is worth a retry
  const auto vain = run(host, kHourly, slice("candles", kNow - 9 * kHour, kNow - kHour),
                        json_answer(R"({"status":500,"error":"Internal Server Error"})", 500));
  REQUIRE(vain.error);
  CHECK((vain.error->flags() & SLUICE_ERROR_RETRYABLE) == 0);
}

TEST_CASE("coingecko: broken answers are tried again, odd ones are not taken for data",
          "[coingecko]") {
  const auto spec = slice("market_chart", kNow - 9 * kHour, kNow - kHour);
  const std::string whole = chart_body("[[1699990000000,1.5],[1699993600000,2]]");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FakeHost host;
    CAPTURE(whole.substr(0, size));
    const auto cut = run(host, kHourly, spec, json_answer(whole.substr(0, size)));
    REQUIRE(cut.error);
    CHECK(cut.error->code() == Code::kBadData);
    CHECK((cut.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(cut.error->message().find(size == 0 ? "empty" : "byte") != std::string::npos);
  }
  FakeHost host;  // what the service says to a currency that it does not know
  const auto empty = run(host, kHourly, spec, json_answer("{}"));
  REQUIRE(empty.error);
  CHECK(empty.error->message().find("currency") != std::string::npos);
  FakeHost other;
  const auto odd =
      run(other, kHourly, spec,
          json_answer(R"({"prices":[[1699990000000,1.5],5,[1],["x",2],[1699990100000,)"
                      R"("y"],[1699997800000,2]],"market_caps":null,"new":{"a":[1]}})"));
  CHECK_FALSE(odd.error);
  CHECK(odd.rows.size() == 1);
  CHECK(odd.rejects.size() == 4);
  CHECK(odd.rejects[0].reason.starts_with("/prices/1: "));
  std::vector<std::string> notes;
  for (const auto& note : odd.notes) {
    notes.push_back(note.code + " " + note.text);
  }
  CHECK(std::find(notes.begin(), notes.end(), "unknown_field /new") != notes.end());
  CHECK(std::find(notes.begin(), notes.end(), "missing_field /market_caps") != notes.end());
  CHECK(std::find(notes.begin(), notes.end(), "missing_field /total_volumes") != notes.end());
}

TEST_CASE("coingecko: reading goes on behind every batch", "[coingecko]") {
  const int64_t hour = kNow / kHour * kHour;
  std::string prices = "[";
  for (int i = 200; i > 0; --i) {
    prices += "[" + std::to_string((hour - i * kHour) * 1000) + "," + std::to_string(i) + "],";
  }
  prices += "[" + std::to_string(kNow * 1000) + ",0]]";
  ReadSpec spec = slice("market_chart", hour - 200 * kHour, hour);
  spec.target_batch_bytes = 2000;
  FakeHost host;
  const auto whole = run(host, kHourly, spec, json_answer(chart_body(prices)));
  REQUIRE(whole.rows.size() == 200);
  REQUIRE(whole.batch_rows.size() > 3);
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < whole.states.size(); ++i) {
    before += whole.batch_rows[i];
    REQUIRE(whole.states[i]);
    ReadSpec again = spec;
    again.state = whole.states[i];
    const auto rest = session(host, kHourly).read(again);
    REQUIRE(rest.rows.size() == 200 - before);
    CHECK(rest.rows.front() == whole.rows[before]);
  }
}

TEST_CASE("coingecko: markets are read by pages of ids, or until a page is empty", "[coingecko]") {
  FakeHost host;
  const std::string row =
      R"({"id":"ID","symbol":"x","name":"N","current_price":2,"max_supply":null,)"
      R"("roi":{"times":2.5},"ath_date":"2021-04-14T11:54:46.763Z","extra":1})";
  const auto rows = [&](const std::vector<std::string>& ids) {
    std::string out = "[";
    for (const auto& id : ids) {
      std::string one = row;
      out += (out.size() > 1 ? "," : "") + one.replace(one.find("ID"), 2, id);
    }
    return out + "]";
  };
  SECTION("chosen ones") {
    host.http.on(
        kBase + "/coins/markets?vs_currency=eth&order=id_asc&per_page=250&page=1&ids=a%2Cb",
        json_answer(rows({"a", "b"})));
    host.http.on(kBase + "/coins/markets?vs_currency=eth&order=id_asc&per_page=250&page=1&ids=c",
                 json_answer(rows({"c"})));
    auto source =
        session(host, {{"coins", {"a", " b", "c"}}, {"vs_currencies", {"eth"}}, {"page_size", 2}});
    CHECK(source.partitions("markets").at(0).key == "eth");
    ReadSpec spec{.stream = "markets", .partition = "eth"};
    const auto got = source.read(spec);
    REQUIRE(got.rows.size() == 3);
    CHECK(got.rows[2]["id"] == "c");
    CHECK(got.rows[2]["vs_currency"] == "eth");
    CHECK(got.rows[0]["current_price"] == 2.0);
    CHECK(got.rows[0]["max_supply"].is_null());
    CHECK(got.states.at(0) == R"({"page":1})");
  }
  SECTION("all") {
    for (const auto& [page, body] :
         std::map<int, std::string>{{1, rows({"a", "b"})}, {2, rows({"c"})}, {3, "[]"}}) {
      host.http.on(kBase + "/coins/markets?vs_currency=usd&order=id_asc&per_page=2&page=" +
                       std::to_string(page),
                   json_answer(body));
    }
    const auto got = session(host, {{"markets", "all"}, {"page_size", 2}})
                         .read({.stream = "markets", .partition = "usd"});
    CHECK_FALSE(got.error);
    CHECK(got.rows.size() == 3);
    CHECK(host.http.requests().size() == 3);
  }
}

TEST_CASE("coingecko: coins are read one by one", "[coingecko]") {
  FakeHost host;
  host.http.on(kBase + "/coins/list?include_platform=true",
               json_answer(R"([{"id":"a","symbol":"s","name":"Ä","platforms":{"eth":"0x"}},)"
                           R"({"symbol":"s"},{"id":"b","symbol":"s","name":null,"more":2}])"));
  const auto got = session(host, json::object()).read({.stream = "coins"});
  REQUIRE(got.rows.size() == 2);
  CHECK(got.rows[0]["name"] == "Ä");
  CHECK(got.rows[1]["platforms"].is_null());
  CHECK(got.rejects.size() == 1);
  FakeHost odd;
  odd.http.on_prefix(kBase, json_answer("{}"));
  CHECK(session(odd, json::object()).read({.stream = "coins"}).error);
}

TEST_CASE("coingecko: streams follow the configuration, limits the plan", "[coingecko]") {
  FakeHost host;
  CHECK(session(host, json::object()).streams().size() == 1);
  CHECK(session(host, {{"markets", "all"}}).streams().size() == 2);
  const auto streams = session(host, {{"coins", {"bitcoin"}}, {"granularity", "5m"}}).streams();
  REQUIRE(streams.size() == 4);
  CHECK(streams[0].step() == std::chrono::minutes(5));
  CHECK(streams[0].max_span() == std::chrono::hours(24));
  CHECK(json::parse(host.http.declaration())["limits"][0]["amount"] == 5);
  (void)session(host, {{"plan", "demo"}, {"credential", "key"}});
  CHECK(json::parse(host.http.declaration())["limits"][0]["amount"] == 30);
}

TEST_CASE("coingecko: a coin that is unknown is asked for once a run", "[coingecko]") {
  FakeHost host;
  host.http.on_prefix(kBase, json_answer(R"({"error":"coin not found"})", 404));
  auto source = session(host, kHourly);
  for (int i = 0; i < 3; ++i) {
    const auto got =
        source.read(slice("market_chart", kNow - (9 + i) * kHour, kNow - (8 + i) * kHour));
    REQUIRE(got.error);
    CHECK(got.error->message().find("no such coin") != std::string::npos);
  }
  CHECK(host.http.requests().size() == 1);
}
