// SPDX-License-Identifier: Apache-2.0
//
// config/candles.toml against the twin: rows and sums that the twin computed from its model,
// nothing asked twice, and what becomes of archives, halts, open candles and faults.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::Process;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

// 1e-8 units of a sum that the twin tells with eight decimals.
int64_t units(const std::string& text) {
  const auto point = text.find('.');
  return std::stoll(text.substr(0, point) + text.substr(point + 1));
}

struct Market {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::string config = SLUICE_CANDLES;
  std::vector<std::string> set;

  explicit Market(const std::string& now = {}) : twin(options(now)) {}

  static sluice::twin::Options options(const std::string& now) {
    sluice::twin::Options options;
    options.binance.now = now;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "candles.db"; }
  void want(const std::string& from, const std::string& to) {
    set.push_back("want.from=" + from);
    set.push_back("want.to=" + to);
  }

  std::vector<std::string> command(const std::vector<std::string>& verb) {
    std::vector<std::string> out = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                    "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
    out.insert(out.end(), verb.begin(), verb.end());
    for (const std::string& one : set) {
      out.insert(out.end(), {"--set", one});
    }
    return out;
  }
  std::map<std::string, std::string> environment() {
    return {{"BINANCE_BASE_URL", twin.base_url() + "/binance"},
            {"BINANCE_ARCHIVE_URL", twin.base_url() + "/binance-archive"},
            {"CANDLES_DB", database()}};
  }
  Finished run(const std::vector<std::string>& verb) {
    return sluice::test::run(command(verb), environment());
  }
  // Runs the pipeline; gives how often each kind of path was asked for.
  json fetch(int exit_code = 0) {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run({"run", config, "--report", folder / "report.json"});
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == exit_code);
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind");
  }
  json report() const { return json::parse(sluice::test::read_file(folder / "report.json")); }
  void post(const std::string& verb, const json& body) {
    twin.control("POST", "/_twin/binance/" + verb, body.dump());
  }
  json expect(const std::string& query) {
    return json::parse(twin.control("GET", "/_twin/binance/expect?" + query));
  }
  // The database against the twin's model, to the last digit.
  void check_candles(const std::string& query, const std::string& table = "candles") {
    const json truth = expect(query);
    CAPTURE(query);
    CHECK(sql_number(database(), "SELECT count(*) FROM " + table) == truth.at("rows"));
    CHECK(sql_number(database(), "SELECT sum(trades) FROM " + table) == truth.at("trades"));
    for (const char* column : {"open", "high", "low", "close", "volume", "quote_volume"}) {
      CAPTURE(column);
      const std::string name = column;
      CHECK(sql_number(database(), "SELECT sum(CAST(replace(substr(" + name + ", 1, length(" +
                                       name + ") - 10), '.', '') AS INTEGER)) FROM " + table) ==
            units(truth.at(column)));
    }
  }
};

int64_t asked(const json& kinds) {
  int64_t sum = 0;
  for (const auto& [kind, count] : kinds.items()) {
    sum += count.get<int64_t>();
  }
  return sum;
}

}  // namespace

TEST_CASE("candles: months come from the archive the rest from the API and then nothing",
          "[pipeline][binance]") {
  Market market;
  market.want("2024-03-20", "2024-05-01T06:00:00Z");
  const Finished plan = market.run({"plan", market.config});
  INFO(plan.out << plan.err);
  CHECK(plan.exit_code == 0);
  const std::string query = "symbols=BTCUSDT,ETHUSDT&from=2024-03-20&to=2024-05-01T06:00:00Z";
  const json first = market.fetch();
  CHECK(first.at("archive") == 4);  // March and April of two pairs
  CHECK(first.at("checksum") == 4);
  CHECK(first.value("missing", 0) == 0);
  CHECK(first.at("klines") < 20);
  market.check_candles(query);
  CHECK(sql_number(market.database(), "SELECT count(*) FROM symbols") == 12);
  CHECK(sql(market.database(), "SELECT status FROM symbols WHERE symbol = 'OLDUSDT'") == "BREAK");
  CHECK(asked(market.fetch()) == 0);
  market.check_candles(query);
}

TEST_CASE("candles: the API alone gives the same", "[pipeline][binance]") {
  Market market;
  market.set = {"source.0.archive=false", "pipeline.streams=[\"candles\"]",
                R"(source.0.symbols=["BTCUSDT", "币安人生USDT", "OLDUSDT"])"};
  market.want("2024-05-25", "2024-06-05");  // a pair is delisted on June 1
  CHECK(market.fetch().value("archive", 0) == 0);
  const std::string query = "symbols=BTCUSDT,币安人生USDT,OLDUSDT&from=2024-05-25&to=2024-06-05";
  market.check_candles(query);
  CHECK(asked(market.fetch()) == 0);
}

TEST_CASE("candles: an open candle waits for its end", "[pipeline][binance]") {
  Market market("2024-03-01T12:00:30Z");
  market.set = {"source.0.archive=false", "pipeline.streams=[\"candles\"]"};
  market.want("2024-03-01", "2024-03-02");  // our clock is far ahead of the service's
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-03-02");
  CHECK(sql_number(market.database(), "SELECT count(*) FROM candles") == 2 * 720);
  market.post("advance", {{"seconds", 3600}});
  const json second = market.fetch();
  CHECK(second.at("klines") <= 4);
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-03-02");
  CHECK(sql_number(market.database(), "SELECT count(*) FROM candles") == 2 * 780);
  market.post("advance", {{"seconds", 86'400}});
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-03-02");
  CHECK(asked(market.fetch()) == 0);
}

TEST_CASE("candles: a halt is a gap that is confirmed and not asked for again",
          "[pipeline][binance]") {
  Market market;
  const json gaps = market.expect("symbols=BTCUSDT&from=2022-01-01&to=2023-01-01").at("gaps");
  REQUIRE_FALSE(gaps.empty());
  const int64_t begin_ms = gaps.at(0).at("from");
  const int64_t day = begin_ms / 86'400'000;
  const std::string from =
      sql("", "SELECT date(" + std::to_string(day * 86'400) + ", 'unixepoch')");
  const std::string to =
      sql("", "SELECT date(" + std::to_string((day + 3) * 86'400) + ", 'unixepoch')");
  market.want(from, to);
  market.set.push_back("source.0.symbols=[\"BTCUSDT\"]");
  market.set.push_back("pipeline.streams=[\"candles\"]");
  SECTION("of the archive and the API") {}
  SECTION("of the API") {
    market.set.push_back("source.0.archive=false");
  }
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT&from=" + from + "&to=" + to);
  CHECK(sql_number(market.database(), "SELECT count(*) FROM candles") < 3 * 1440);
  CHECK(market.report().dump().find("there was no trading") != std::string::npos);
  CHECK(asked(market.fetch()) == 0);
}

TEST_CASE("candles: archives that are missing wrong or incomplete cost nothing but requests",
          "[pipeline][binance]") {
  Market market;
  market.want("2024-02-01", "2024-05-01");
  market.set.push_back("source.0.symbols=[\"BTCUSDT\"]");
  market.set.push_back("pipeline.streams=[\"candles\"]");
  for (const auto& [period, mode] :
       {std::pair{"2024-02", "missing"}, {"2024-03", "wrong_checksum"}, {"2024-04", "hole"}}) {
    market.post("archive", {{"symbol", "BTCUSDT"}, {"period", period}, {"mode", mode}});
  }
  const json kinds = market.fetch();
  CHECK(kinds.at("klines") > 80);
  market.check_candles("symbols=BTCUSDT&from=2024-02-01&to=2024-05-01");
  const std::string report = market.report().dump();
  CHECK(report.find("archive_missing") != std::string::npos);
  CHECK(report.find("archive_checksum") != std::string::npos);
  CHECK(asked(market.fetch()) == 0);
}

TEST_CASE("candles: a failing service costs retries and no rows", "[pipeline][binance]") {
  Market market;
  market.want("2024-03-10", "2024-04-02");
  market.set.insert(market.set.end(), {"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"20ms\"",
                                       "pipeline.attempts=30", "source.0.archive_min_rows=20000",
                                       "http.breaker_failures=0", "http.breaker_share=1.0"});
  market.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "/binance/**", "probability": 0.08, "action": "reset", "after_bytes": 500},
      {"path": "/binance**", "probability": 0.08, "action": "truncate", "after_bytes": 100},
      {"path": "/binance/**", "probability": 0.05, "action": "html"},
      {"path": "/binance/**", "probability": 0.05, "action": "garbage"},
      {"path": "/binance/**", "probability": 0.05, "action": "status", "status": 503}]})");
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-10&to=2024-04-02");
  CHECK(market.report().at("streams").at(0).at("slice_retries").get<int>() > 0);
}

TEST_CASE("candles: the next host steps in", "[pipeline][binance]") {
  Market market;
  market.want("2024-03-10", "2024-03-12");
  market.set.push_back("source.0.archive=false");
  market.set.push_back("endpoint.api.urls=[\"http://127.0.0.1:1\", \"" + market.twin.base_url() +
                       "/binance\"]");
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-10&to=2024-03-12");
}

TEST_CASE("candles: killed in the middle it goes on and lands each row once",
          "[pipeline][binance]") {
  Market market;
  market.want("2024-03-01", "2024-04-01");
  market.set.push_back("source.0.archive=" + std::string(GENERATE("true", "false")));
  market.set.push_back("commit.every=\"1ms\"");
  market.twin.control("POST", "/_twin/faults",
                      R"({"rules": [{"path": "/binance**", "action": "delay", "delay_ms": 20}]})");
  for (int kill = 0; kill < 3; ++kill) {
    Process process(market.command({"run", market.config}), market.environment());
    std::this_thread::sleep_for(std::chrono::milliseconds(250 + 150 * kill));
    CHECK((kill > 0 || !process.ended()));
    process.signal(SIGKILL);
    process.wait();
  }
  (void)market.fetch();
  market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-04-01");
  CHECK(asked(market.fetch()) == 0);
}

TEST_CASE("candles: the quota is kept and a wrong symbol names its line", "[pipeline][binance]") {
  Market market;
  market.want("2024-03-01", "2024-03-20");
  SECTION("quota") {
    market.set.push_back("source.0.archive=false");
    market.post("limits", json::object());  // closes the gate
    (void)market.fetch();
    market.check_candles("symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-03-20");
    const json told = json::parse(market.twin.control("GET", "/_twin/binance/limits"));
    CHECK(told.at("violations") == 0);
    CHECK(told.at("windows").at("weight").at("highest") <= 6000);
    CHECK(told.at("windows").at("weight").at("highest") > 100);
  }
  SECTION("symbol") {
    const std::string text = sluice::test::read_file(SLUICE_CANDLES);
    std::string wrong = text;
    wrong.replace(wrong.find("\"ETHUSDT\""), 9, "\n  \"ETHUSTD\"");
    market.config = market.folder / "wrong.toml";
    std::ofstream(market.config) << wrong;
    const auto line =
        1 + std::count(wrong.begin(),
                       wrong.begin() + static_cast<std::ptrdiff_t>(wrong.find("\"ETHUSTD\"")),
                       '\n');
    const Finished finished = market.run({"run", market.config});
    INFO(finished.out << finished.err);
    CHECK(finished.exit_code != 0);
    const std::string said = finished.out + finished.err;
    CHECK(said.find("'ETHUSTD'") != std::string::npos);
    CHECK(said.find("wrong.toml:" + std::to_string(line)) != std::string::npos);
  }
}

TEST_CASE("candles: trades and longer candles land as the model has them", "[pipeline][binance]") {
  Market market;
  market.set = {"pipeline.streams=[\"trades\", \"candles_1h\", \"candles_1mo\"]",
                "source.0.more_intervals=[\"1h\", \"1M\"]"};
  market.want("2024-03-01", "2024-03-02T02:00:00Z");
  (void)market.fetch();
  const json truth = market.expect(
      "stream=trades&symbols=BTCUSDT,ETHUSDT&from=2024-03-01&to=2024-03-02T02:00:00Z");
  const std::string database = market.database();
  CHECK(sql_number(database, "SELECT count(*) FROM trades") == truth.at("rows"));
  CHECK(sql_number(database, "SELECT sum(trade_id) FROM trades") == truth.at("ids"));
  CHECK(sql_number(database,
                   "SELECT sum(CAST(replace(substr(quantity, 1, length(quantity) - 10), "
                   "'.', '') AS INTEGER)) FROM trades") == units(truth.at("quantity")));
  market.check_candles(
      "symbols=BTCUSDT,ETHUSDT&interval=1h&from=2024-03-01&to=2024-03-02T02:00:00Z", "candles_1h");
  market.check_candles(
      "symbols=BTCUSDT,ETHUSDT&interval=1M&from=2024-03-01&to=2024-03-02T02:00:00Z", "candles_1mo");
  CHECK(asked(market.fetch()) == 0);
}
