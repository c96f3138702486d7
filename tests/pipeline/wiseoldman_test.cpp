// SPDX-License-Identifier: Apache-2.0
//
// config/clan.toml against the twin: the rows and sums that the twin computed from its model, and
// nothing asked for that need not be.
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

constexpr const char* kFree =
    R"(limit=[{scope="127.0.0.1", name="minute", amount=100000, per="1s"}])";
constexpr const char* kAllStreams =
    R"(pipeline.streams=["group","members","players","snapshots","gained","achievements","name_changes"])";

struct Clan {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set = {kFree, "source.0.deep=true", R"(pipeline.retry_base="1ms")",
                                  R"(pipeline.retry_cap="20ms")"};
  std::string base = "/wiseoldman/v2";

  explicit Clan(uint32_t players = 8, int64_t days = 60) : twin(options(players, days)) {}

  // Two days before the clock: what a test adds later still lies in the past.
  static sluice::twin::Options options(uint32_t players, int64_t days) {
    sluice::twin::Options options;
    options.dwd.stations = 1;
    options.wiseoldman.players = players;
    options.wiseoldman.days = days;
    options.wiseoldman.now = day_text(-40);
    return options;
  }
  static std::string day_text(int days) {
    const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) +
                     std::chrono::days(days);
    const std::chrono::year_month_day date{day};
    char text[40];
    std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
  }
  [[nodiscard]] std::string database() const { return folder / "clan.db"; }

  std::vector<std::string> command(const std::vector<std::string>& verb) const {
    std::vector<std::string> out = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                    "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
    out.insert(out.end(), verb.begin(), verb.end());
    for (const std::string& one : set) {
      out.insert(out.end(), {"--set", one});
    }
    return out;
  }
  std::map<std::string, std::string> environment() const {
    return {{"WOM_BASE_URL", twin.base_url() + base},
            {"WOM_CONTACT", "test@example.org"},
            {"WOM_API_KEY", "a-key-of-the-test"},
            {"CLAN_DB", database()}};
  }
  Finished run() {
    twin.control("POST", "/_twin/reset-stats");
    return sluice::test::run(command({"run", SLUICE_CLAN, "--report", folder / "report.json"}),
                             environment());
  }
  // Runs the pipeline; gives the requests by kind.
  json fetch(int exit_code = 0) {
    const Finished finished = run();
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == exit_code);
    return stats().at("by_kind");
  }
  json stats() { return json::parse(twin.control("GET", "/_twin/stats")); }
  json change(const std::string& verb, const std::string& body = "{}") {
    return json::parse(twin.control("POST", "/_twin/wiseoldman/" + verb, body));
  }
  json expect(const std::string& query = "") {
    return json::parse(twin.control("GET", "/_twin/wiseoldman/expect" + query));
  }
  int64_t number(const std::string& query) { return sql_number(database(), query); }

  // The table in layout long against the truth.
  void check_snapshots(const json& truth) {
    CHECK(number("SELECT count(*) FROM snapshots WHERE metric = 'overall'") == truth["snapshots"]);
    CHECK(number("SELECT count(*) FROM snapshots") ==
          truth["snapshots"].get<int64_t>() * truth["metrics"].get<int64_t>());
    CHECK(number("SELECT sum(value) FROM snapshots WHERE metric = 'overall'") ==
          truth["overall_sum"]);
    CHECK(number("SELECT sum(value) FROM snapshots WHERE metric = 'zulrah'") ==
          truth["zulrah_sum"]);
    CHECK(number("SELECT count(*) FROM snapshots WHERE metric = 'zulrah' AND value IS NULL") ==
          truth["zulrah_unranked"]);
    CHECK(number("SELECT CAST(round(sum(round(hours * 100000))) AS INTEGER) FROM snapshots "
                 "WHERE metric = 'ehp'") == truth["ehp_sum_e5"]);
    CHECK(number("SELECT count(value) + sum(kind = 'computed') FROM snapshots") ==
          truth["ranked_values"]);
  }
};

std::string name_of(Clan& clan, int64_t id) {
  return sql(clan.database(), "SELECT username FROM players WHERE id = " + std::to_string(id));
}

}  // namespace

TEST_CASE("clan: lands what the service holds and then asks for nothing",
          "[pipeline][wiseoldman]") {
  Clan clan;
  clan.set.push_back("source.0.page_size=50");
  const json first = clan.fetch();
  const json truth = clan.expect();
  clan.check_snapshots(truth);
  CHECK(clan.number("SELECT count(*) FROM members") == truth["members"]);
  CHECK(clan.number("SELECT count(*) FROM players") == truth["players"]);
  CHECK(clan.number("SELECT count(*) FROM \"group\"") == 1);
  CHECK(first.value("group", 0) == 1);  // one answer for group, members, players and partitions
  CHECK(first.value("error", 0) == 0);
  CHECK(json::parse(clan.twin.control("GET", "/_twin/wiseoldman/agents"))["without_contact"] == 0);

  const json second = clan.fetch();
  CHECK(second == json{{"group", 1}});
  clan.check_snapshots(truth);

  SECTION("what is new is a page of each player who was looked at") {
    clan.change("add-snapshots", R"({"count": 3})");
    const json third = clan.fetch();
    CHECK(third == json{{"group", 1}, {"snapshots", 1}});
    clan.check_snapshots(clan.expect());
  }
  SECTION("a day later everybody has") {
    clan.change("advance", R"({"hours": 48})");
    CHECK(clan.fetch()["snapshots"] == 8);
    clan.check_snapshots(clan.expect());
  }
  SECTION("snapshots are confirmed where nothing has changed") {
    clan.set.push_back("stream.group.refresh=\"1s\"");
    clan.set.push_back("stream.members.refresh=\"1s\"");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    clan.fetch();
    CHECK(clan.stats()["conditional_hits"] == 2);
    CHECK(clan.number("SELECT count(*) FROM members") == truth["members"]);
  }
  SECTION("a member who joined is read whole") {
    clan.change("add-member", R"({"name": "New One"})");
    clan.change("advance", R"({"hours": 72})");
    clan.set.push_back("stream.members.refresh=\"1s\"");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    clan.fetch();
    clan.check_snapshots(clan.expect());
    CHECK(clan.number("SELECT count(*) FROM members WHERE left_at IS NULL") == 9);
  }
  SECTION("who leaves or is archived keeps the rows and is asked for no more") {
    const std::string name = name_of(clan, 5), other = name_of(clan, 8);
    const int64_t rows = clan.number("SELECT count(*) FROM snapshots WHERE player_id = 5");
    clan.change("remove-member", R"({"player": ")" + name + R"("})");
    clan.change("archive", R"({"player": ")" + other + R"("})");
    clan.change("advance", R"({"hours": 48})");
    clan.set.push_back("stream.members.refresh=\"1s\"");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    CHECK(clan.fetch()["snapshots"] == 6);
    CHECK(clan.number("SELECT count(*) FROM snapshots WHERE player_id = 5") == rows);
    CHECK(sql(clan.database(),
              "SELECT group_concat(player_id) FROM members WHERE left_at IS NOT NULL") == "5");
  }
}

TEST_CASE("clan: the last thirty days are wanted unless more is asked for",
          "[pipeline][wiseoldman]") {
  Clan clan;
  clan.set = {kFree};
  clan.change("advance", R"({"hours": 912})");  // to two days before now
  clan.fetch();
  const auto begin = clan.number(
      "SELECT CAST(strftime('%s', 'now') - strftime('%s', min(created_at)) AS INTEGER) / 86400 "
      "FROM snapshots");
  CHECK(begin < 30);
  CHECK(begin >= 28);
  clan.set.push_back("source.0.deep=true");
  clan.fetch();
  clan.check_snapshots(clan.expect());
  CHECK(clan.fetch() == json{{"group", 1}});
}

TEST_CASE("clan: intervals that meet lose no row and double none", "[pipeline][wiseoldman]") {
  Clan clan(4, 30);
  clan.fetch();
  const json truth = clan.expect();
  const std::string whole =
      sluice::test::digest(clan.database(), "snapshots", "player_id, metric, created_at");
  // Cut exactly at snapshots: each is the last of nothing and the first of something.
  Clan parts(4, 30);
  for (const int64_t rank : {10, 11, 25, 40}) {
    std::string at =
        sql(clan.database(),
            "SELECT created_at FROM snapshots WHERE metric = 'overall' AND player_id = 2 "
            "ORDER BY created_at LIMIT 1 OFFSET " +
                std::to_string(rank));
    parts.set = {kFree, "source.0.deep=true", "want.to=" + at};
    parts.fetch();
    CHECK(parts.number(
              "SELECT count(*) FROM snapshots WHERE player_id = 2 AND metric = 'overall'") == rank);
  }
  parts.set = {kFree, "source.0.deep=true"};
  parts.fetch();
  parts.check_snapshots(truth);
  CHECK(sluice::test::digest(parts.database(), "snapshots", "player_id, metric, created_at") ==
        whole);
}

TEST_CASE("clan: snapshots that come while pages are read move nothing", "[pipeline][wiseoldman]") {
  Clan clan(3, 60);
  clan.set.push_back("source.0.page_size=10");
  clan.change("while-paging", R"({"add": 20})");
  clan.fetch();
  clan.fetch();
  clan.check_snapshots(clan.expect());
}

TEST_CASE("clan: a player who is renamed while being read stays the same",
          "[pipeline][wiseoldman]") {
  Clan clan(3, 60);
  clan.set.push_back("source.0.page_size=10");
  clan.set.push_back(kAllStreams);
  clan.fetch();
  const std::string name = name_of(clan, 2);
  const bool taken = GENERATE(false, true);
  CAPTURE(taken);
  clan.change("while-paging", R"({"player": ")" + name +
                                  R"(", "to": "Brand New", "after": 2, "taken": )" +
                                  (taken ? "true" : "false") + "}");
  clan.change("advance", R"({"hours": 480})");
  clan.fetch();
  clan.fetch();
  clan.check_snapshots(clan.expect());
  CHECK(clan.number("SELECT count(DISTINCT player_id) FROM snapshots") == 3);
  CHECK(clan.number(
            "SELECT count(*) FROM name_changes WHERE new_name = 'Brand New' AND player_id = 2") ==
        1);
}

TEST_CASE("clan: a new metric becomes rows or a member of a column", "[pipeline][wiseoldman]") {
  Clan clan(3, 30);
  const bool wide = GENERATE(false, true);
  if (wide) {
    clan.set.push_back(R"(source.0.layout="wide")");
  }
  clan.fetch();
  clan.change("add-metric", R"({"metric": "sky_whale"})");
  clan.change("advance", R"({"hours": 240})");
  clan.fetch();
  const json truth = clan.expect();
  if (wide) {
    CHECK(clan.number("SELECT count(*) FROM snapshots") == truth["snapshots"]);
    CHECK(clan.number("SELECT sum(overall_experience) FROM snapshots") == truth["overall_sum"]);
    CHECK(clan.number("SELECT sum(zulrah_kills) FROM snapshots") == truth["zulrah_sum"]);
    CHECK(clan.number("SELECT count(*) FROM snapshots WHERE zulrah_kills IS NULL") ==
          truth["zulrah_unranked"]);
    CHECK(clan.number("SELECT count(*) FROM snapshots WHERE json_extract(other, "
                      "'$.bosses.sky_whale.metric') = 'sky_whale'") > 0);
    const auto report = json::parse(sluice::test::read_file(clan.folder / "report.json"));
    CHECK(report.dump().find("unknown_metric") != std::string::npos);
  } else {
    CHECK(clan.number("SELECT count(*) FROM snapshots WHERE metric = 'overall'") ==
          truth["snapshots"]);
    CHECK(clan.number("SELECT count(*) FROM snapshots WHERE metric = 'sky_whale'") > 0);
  }
}

TEST_CASE("clan: gains and achievements and changes of name land once", "[pipeline][wiseoldman]") {
  Clan clan;
  clan.set.push_back(kAllStreams);
  clan.set.push_back(R"(source.0.gained_metrics=["overall", "ehp"])");
  clan.fetch();
  const json truth = clan.expect();
  CHECK(clan.number("SELECT count(*) FROM achievements") == truth["achievements"]);
  CHECK(clan.number("SELECT count(*) FROM name_changes") == truth["name_changes"]);
  // Gains of a window are what the snapshots in it say.
  CHECK(clan.number("SELECT count(*) FROM gained WHERE metric = 'overall'") > 30);
  CHECK(clan.number("SELECT count(*) FROM gained g WHERE metric = 'overall' AND gained <> (SELECT "
                    "max(value) - "
                    "min(value) FROM snapshots s WHERE s.player_id = g.player_id AND s.metric = "
                    "'overall' AND "
                    "s.created_at >= g.window_start AND s.created_at < g.window_end)") == 0);
  CHECK(clan.number(
            "SELECT count(*) FROM gained WHERE first_at < window_start OR last_at >= window_end") ==
        0);

  CHECK(clan.fetch() == json{{"group", 1}});

  clan.change("advance", R"({"hours": 24})");
  const json later = clan.fetch();
  CHECK(later.value("player-achievements", 0) <= 8);
  CHECK(later.value("group-name-changes", 0) == 0);
  CHECK(clan.number("SELECT count(*) FROM achievements") == clan.expect()["achievements"]);
}

TEST_CASE("clan: players beside a group are read by name", "[pipeline][wiseoldman]") {
  Clan clan(3, 30);
  clan.fetch();
  const std::string name = name_of(clan, 5);
  Clan one(3, 30);
  one.set.push_back("source.0.groups=[]");
  one.set.push_back(R"(source.0.players=[")" + name + R"("])");
  one.set.push_back(
      R"(pipeline.streams=["players", "snapshots", "gained", "achievements", "name_changes"])");
  one.fetch();
  CHECK(one.number("SELECT count(*) FROM snapshots WHERE metric = 'overall'") ==
        clan.number("SELECT count(*) FROM snapshots WHERE metric = 'overall' AND player_id = 5"));
  CHECK(one.number("SELECT combat_level FROM players") == 93);
  CHECK(one.fetch() == json{{"player", 1}});
}

TEST_CASE("clan: what the service does not know is told with its place", "[pipeline][wiseoldman]") {
  Clan clan(2, 5);
  clan.set.push_back("source.0.groups=[139, 140]");
  const Finished finished = clan.run();
  CHECK(finished.exit_code != 0);
  CHECK_THAT(finished.out + finished.err, Catch::Contains("GROUP_NOT_FOUND"));
  CHECK_THAT(finished.out + finished.err, Catch::Contains("groups"));
}

TEST_CASE("clan: leagues are another address", "[pipeline][wiseoldman]") {
  Clan clan(3, 30);
  clan.base = "/wiseoldman/league";
  clan.fetch();
  clan.check_snapshots(clan.expect("?world=league"));
  CHECK(clan.expect("?world=league")["overall_sum"] != clan.expect()["overall_sum"]);
}

TEST_CASE("clan: the limit is kept and raised by a key", "[pipeline][wiseoldman]") {
  Clan clan(12, 10);
  // A minute lasts three seconds, for both sides.
  clan.change("limits", R"({"scale": 20, "fractions": true})");
  const bool key = GENERATE(false, true);
  const std::string amount = key ? "100" : "20";
  clan.set = {R"(limit=[{scope="127.0.0.1", name="minute", amount=)" + amount + R"(, per="3s"}])",
              "source.0.deep=true", "source.0.page_size=5"};
  if (key) {
    clan.set.push_back(R"(source.0.credential="wom")");
    clan.set.push_back(
        R"(credential.wom={type="header", header="x-api-key", key={env="WOM_API_KEY"}})");
  }
  clan.fetch();
  clan.check_snapshots(clan.expect());
  const json told = json::parse(clan.twin.control("GET", "/_twin/wiseoldman/limits"));
  CHECK(told["violations"] == 0);
  CHECK(told["windows"][key ? "key" : "address"]["highest"] > 10);
}

TEST_CASE("clan: a refused key and a blocked address end the run at once",
          "[pipeline][wiseoldman]") {
  Clan clan;
  const bool key = GENERATE(false, true);
  clan.change("limits", key ? R"({"known_key": "another"})" : R"({"blocked": true})");
  if (key) {
    clan.set.push_back(R"(source.0.credential="wom")");
    clan.set.push_back(
        R"(credential.wom={type="header", header="x-api-key", key={env="WOM_API_KEY"}})");
  }
  clan.set.push_back("http.retries=2");
  const Finished finished = clan.run();
  CHECK(finished.exit_code != 0);
  CHECK_THAT(finished.out + finished.err,
             Catch::Contains(key ? "check the credentials" : "blocked"));
  CHECK(finished.out.find("a-key-of-the-test") == std::string::npos);
  CHECK(clan.stats()["requests"].get<int>() <= 6);
}

TEST_CASE("clan: a failing service costs retries and no rows", "[pipeline][wiseoldman]") {
  Clan clan;
  clan.set.push_back("source.0.page_size=20");
  clan.set.push_back("pipeline.attempts=60");
  clan.set.push_back("http.retries=0");
  clan.set.push_back("http.breaker_failures=0");
  clan.set.push_back("http.breaker_share=1.0");
  clan.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/snapshots*", "probability": 0.1, "action": "reset", "after_bytes": 500},
      {"path": "**/snapshots*", "probability": 0.1, "action": "truncate", "after_bytes": 9000},
      {"path": "**/snapshots*", "probability": 0.05, "action": "html"},
      {"path": "**/snapshots*", "probability": 0.05, "action": "garbage"}]})");
  clan.fetch();
  clan.check_snapshots(clan.expect());
}

TEST_CASE("clan: killed in the middle it goes on without a gap", "[pipeline][wiseoldman]") {
  Clan clan(10, 365);
  clan.set.push_back("source.0.page_size=20");
  clan.set.push_back(R"(commit.every="20ms")");
  for (int i = 0; i < 6; ++i) {
    sluice::test::Process process(clan.command({"run", SLUICE_CLAN}), clan.environment());
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 70 * i));
    process.signal(SIGKILL);
    (void)process.wait();
  }
  clan.fetch();
  clan.check_snapshots(clan.expect());
}
