// SPDX-License-Identifier: Apache-2.0
//
// config/yahoo.toml against the twin: the rows and values that the twin computed from its model,
// and nothing asked for that need not be.
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

constexpr int64_t kDay = 86'400;

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string iso(int64_t time_s) {
  return sql(":memory:",
             "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', " + std::to_string(time_s) + ", 'unixepoch')");
}

struct Portal {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set;

  explicit Portal(const sluice::twin::Options& options = {}) : twin(options) {
    set.push_back("source.0.base_urls=[\"" + twin.base_url() + "/yahoo\"]");
  }
  [[nodiscard]] std::string database() const { return folder / "yahoo.db"; }

  void want(int64_t from_s, int64_t to_s) {
    set.push_back("want.from=" + iso(from_s));
    set.push_back("want.to=" + iso(to_s));
  }
  void symbols(const std::string& list) { set.push_back("source.0.symbols=" + list); }

  Finished run() {
    std::vector<std::string> command = {SLUICE_BINARY,
                                        "--state-dir",
                                        folder / "state",
                                        "--plugin-dir",
                                        SLUICE_PLUGINS,
                                        "--trust-plugins",
                                        "run",
                                        SLUICE_CONFIG "/yahoo.toml",
                                        "--report",
                                        folder / "report.json"};
    for (const std::string& one : set) {
      command.insert(command.end(), {"--set", one});
    }
    return sluice::test::run(command, {{"YAHOO_BASE_URL", twin.base_url() + "/yahoo"},
                                       {"YAHOO_BASE_URL_2", twin.base_url() + "/yahoo"},
                                       {"YAHOO_COOKIE_URL", twin.base_url() + "/yahoo/quote/AAPL"},
                                       {"YAHOO_DB", database()}});
  }
  // Runs the pipeline; gives the number of charts that were asked for.
  int64_t fetch() {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run();
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind").value("chart", 0);
  }
  json expect(const std::string& symbol, const std::string& interval, int64_t from_s,
              int64_t to_s) {
    return json::parse(
        twin.control("GET", "/_twin/yahoo/expect?symbol=" + symbol + "&interval=" + interval +
                                "&from=" + std::to_string(from_s) + "&to=" + std::to_string(to_s)));
  }
  // A sum of exact decimals with so many digits after the point.
  std::string sum(const std::string& column, const std::string& from, std::size_t digits) {
    const std::string n = std::to_string(digits);
    const std::string unit = "1" + std::string(digits, '0');
    return sql(database(), "WITH v AS (SELECT CAST(substr(" + column + ", 1, instr(" + column +
                               ", '.') - 1) AS INTEGER) AS w, CAST(substr(" + column + ", instr(" +
                               column + ", '.') + 1, " + n + ") AS INTEGER) AS f FROM " + from +
                               ") SELECT (sum(w) + sum(f) / " + unit + ") || '.' || printf('%0" +
                               n + "d', sum(f) % " + unit + ") FROM v");
  }
  // The candles of a symbol against the twin's ground truth.
  json check_candles(const std::string& symbol, const std::string& interval, int64_t from_s,
                     int64_t to_s) {
    CAPTURE(symbol);
    const json truth = expect(symbol, interval, from_s, to_s);
    const std::string sum_text = truth.at("close_sum");
    const std::size_t digits = sum_text.size() - sum_text.find('.') - 1;
    const std::string from = "candles WHERE symbol = '" + symbol + "'";
    CHECK(sql_number(database(), "SELECT count(*) FROM " + from) ==
          truth.at("rows").get<int64_t>());
    CHECK(sum("close", from, digits) == sum_text);
    CHECK(sum("open", from, digits) == truth.at("open_sum"));
    CHECK(sql_number(database(), "SELECT sum(CAST(volume AS INTEGER)) FROM " + from) ==
          std::stoll(truth.at("volume_sum").get<std::string>()));
    return truth;
  }
};

}  // namespace

TEST_CASE("yahoo: lands what the service holds; what had no values is asked for again",
          "[pipeline][yahoo]") {
  Portal portal;
  const int64_t to = now_s() / kDay * kDay - 5 * kDay;
  const int64_t from = to - 1500 * kDay;
  portal.want(from, to);
  portal.symbols(R"(["AAPL", "OCDO.L", "BHP.AX", "^GSPC", "EURUSD=X", "BTC-USD", "GC=F"])");
  CHECK(portal.fetch() >= 4 * 7);
  int64_t nulls = 0;
  for (const char* symbol : {"AAPL", "OCDO.L", "BHP.AX", "^GSPC", "EURUSD=X", "BTC-USD", "GC=F"}) {
    const json truth = portal.check_candles(symbol, "1d", from, to);
    nulls += truth.at("nulls").get<int64_t>();
    const std::string where = " WHERE symbol = '" + std::string(symbol) + "'";
    CHECK(sql_number(portal.database(), "SELECT count(*) FROM dividends" + where) ==
          truth.at("dividends").get<int64_t>());
    CHECK(sql_number(portal.database(), "SELECT count(*) FROM splits" + where) ==
          truth.at("splits").get<int64_t>());
    if (truth.at("dividends") != 0) {
      CHECK(portal.sum("amount", "dividends" + where, 4) == truth.at("dividend_sum"));
    }
  }
  CHECK(nulls > 20);
  CHECK(sql(portal.database(), "SELECT currency FROM instruments WHERE symbol = 'OCDO.L'") ==
        "GBp");
  // Every candle is of a day at which its exchange was open, in its own time.
  CHECK(sql_number(portal.database(),
                   "SELECT count(*) FROM candles WHERE symbol <> 'BTC-USD' AND "
                   "strftime('%w', open_time) IN ('0', '6')") == 0);
  CHECK(sql_number(portal.database(),
                   "SELECT count(*) FROM candles WHERE strftime('%H:%M', open_time) <> '00:00'") ==
        0);

  const int64_t again = portal.fetch();  // only where values are missing
  CHECK(again > 0);
  CHECK(again <= nulls);
  portal.check_candles("AAPL", "1d", from, to);

  portal.twin.control("POST", "/_twin/yahoo/fill");
  CHECK(portal.fetch() > 0);
  CHECK(portal.check_candles("AAPL", "1d", from, to).at("nulls") == 0);
  portal.check_candles("BTC-USD", "1d", from, to);
  CHECK(portal.fetch() == 0);
}

TEST_CASE("yahoo: minutes are cut to what a request may ask for", "[pipeline][yahoo]") {
  Portal portal;
  portal.twin.control("POST", "/_twin/yahoo/fill");
  const int64_t to = now_s() / kDay * kDay - kDay;
  portal.want(to - 60 * kDay, to);
  portal.set.insert(portal.set.end(),
                    {R"(source.0.interval="1m")", R"(pipeline.streams=["candles"])"});
  portal.symbols(R"({ BTCUSDT = "BTC-USD" })");
  portal.set.emplace_back(R"(source.0.exchange="binance")");
  const Finished finished = portal.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  CHECK((finished.out + finished.err).find("last 30 days") != std::string::npos);
  const int64_t first =
      sql_number(portal.database(), "SELECT min(strftime('%s', open_time)) FROM candles");
  CHECK(first > now_s() - 30 * kDay);
  const json truth = portal.expect("BTC-USD", "1m", first, to);
  CHECK(sql_number(portal.database(),
                   "SELECT count(*) FROM candles WHERE symbol = 'BTCUSDT' AND "
                   "exchange = 'binance' AND interval = '1m'") == truth.at("rows").get<int64_t>());
  CHECK(portal.sum("close", "candles", 2) == truth.at("close_sum"));
  CHECK(portal.fetch() == 0);
}

TEST_CASE("yahoo: hours, weeks and months", "[pipeline][yahoo]") {
  Portal portal;
  portal.twin.control("POST", "/_twin/yahoo/fill");
  portal.set.emplace_back(R"(pipeline.streams=["candles"])");
  portal.symbols(R"(["AAPL", "BHP.AX"])");
  const int64_t to = now_s() / kDay * kDay - 3 * kDay;
  SECTION("hours that open at half past") {
    portal.set.emplace_back(R"(source.0.interval="1h")");
    portal.want(to - 400 * kDay, to);
    portal.fetch();
    portal.check_candles("AAPL", "1h", to - 400 * kDay, to);
    portal.check_candles("BHP.AX", "1h", to - 400 * kDay, to);
  }
  SECTION("weeks") {
    portal.set.emplace_back(R"(source.0.interval="1w")");
    const int64_t monday = (to / kDay - (to / kDay + 3) % 7 - 7) * kDay;
    portal.want(monday - 700 * kDay, monday);
    portal.fetch();
    portal.check_candles("AAPL", "1wk", monday - 700 * kDay, monday);
  }
  SECTION("months") {
    portal.set.emplace_back(R"(source.0.interval="1M")");
    portal.want(1'577'836'800, 1'735'689'600);
    portal.fetch();
    portal.check_candles("AAPL", "1mo", 1'577'836'800, 1'735'689'600);
    CHECK(sql_number(portal.database(),
                     "SELECT count(*) FROM candles WHERE strftime('%d', open_time) <> '01'") == 0);
  }
  CHECK(portal.fetch() == 0);
}

TEST_CASE("yahoo: no data lands as empty, a delisted symbol costs only itself",
          "[pipeline][yahoo]") {
  Portal portal;
  portal.twin.control("POST", "/_twin/yahoo/fill");
  const int64_t to = now_s() / kDay * kDay - 5 * kDay;
  portal.want(1'546'300'800, to);
  portal.set.emplace_back(R"(pipeline.streams=["candles"])");
  portal.symbols(R"(["LUCYW", "BEKE", "AAPL"])");
  portal.fetch();
  CHECK(sql_number(portal.database(), "SELECT count(*) FROM candles WHERE symbol = 'LUCYW'") == 0);
  portal.check_candles("BEKE", "1d", 1'546'300'800, to);
  CHECK(portal.fetch() == 0);
  portal.symbols(R"(["LUCYW", "BEKE", "AAPL", "MDLY", "MSFT"])");
  const Finished finished = portal.run();
  CHECK(finished.exit_code == 1);
  CHECK((finished.out + finished.err).find("MDLY") != std::string::npos);
  portal.check_candles("MSFT", "1d", 1'546'300'800, to);
}

TEST_CASE("yahoo: a crumb, a browser's name and a busy service", "[pipeline][yahoo]") {
  sluice::twin::Options options;
  options.yahoo.crumb = options.yahoo.browsers_only = true;
  Portal portal(options);
  const int64_t to = now_s() / kDay * kDay - 5 * kDay;
  portal.want(to - 100 * kDay, to);
  portal.set.insert(portal.set.end(), {R"(source.0.crumb=true)", R"(pipeline.streams=["candles"])",
                                       R"(pipeline.retry_base="1ms")",
                                       R"(pipeline.retry_cap="20ms")", R"(pipeline.attempts=30)"});
  portal.symbols(R"(["AAPL", "MSFT", "BTC-USD"])");
  portal.twin.control("POST", "/_twin/yahoo/fill");
  portal.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/chart/*", "nth": 1, "per": "path", "action": "status", "status": 429,
       "body": "Edge: Too Many Requests", "content_type": "text/plain"},
      {"path": "**/chart/*", "nth": 2, "per": "path", "action": "truncate", "after_bytes": 700},
      {"path": "**/chart/*", "nth": 3, "per": "path", "action": "html"}]})");
  portal.fetch();
  portal.check_candles("AAPL", "1d", to - 100 * kDay, to);
  portal.check_candles("BTC-USD", "1d", to - 100 * kDay, to);
  portal.twin.control("POST", "/_twin/yahoo/crumb", R"({"rotate": true})");
  portal.want(to - 200 * kDay, to);
  portal.fetch();
  portal.check_candles("MSFT", "1d", to - 200 * kDay, to);
}
