// SPDX-License-Identifier: Apache-2.0
//
// config/manifest.toml against the twin: what the model says is landed, a second run asks for the
// manifest alone, and a new build costs what changed in it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
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

constexpr const char* kKey = "a-key-of-the-twin";

// The streams of the configuration that have all entries of a table.
const std::map<std::string, std::string> kTables = {
    {"places", "DestinyPlaceDefinition"},
    {"destinations", "DestinyDestinationDefinition"},
    {"activities", "DestinyActivityDefinition"},
    {"collectibles", "DestinyCollectibleDefinition"},
    {"items", "DestinyInventoryItemDefinition"},
    {"vendors", "DestinyVendorDefinition"},
    {"objectives", "DestinyObjectiveDefinition"},
    {"milestones", "DestinyMilestoneDefinition"},
    {"talent_grid", "DestinyTalentGridDefinition"},
    {"progression", "DestinyProgressionDefinition"}};
// Each in two languages, the currencies' too, and the vendors' once more.
constexpr int kFiles = 10 * 2 + 2 + 1;

struct Game {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set{"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"20ms\"",
                               "http.retries=1"};
  json report;

  explicit Game(const sluice::twin::BungieOptions& size = {}) : twin(options(size)) {}

  static sluice::twin::Options options(const sluice::twin::BungieOptions& size) {
    sluice::twin::Options options;
    options.seed = 11;
    options.bungie = size;
    options.bungie.api_key = kKey;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "manifest.db"; }

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
    return {{"BUNGIE_BASE_URL", twin.bungie_url()},
            {"MANIFEST_DB", database()},
            {"BUNGIE_API_KEY", kKey},
            {"TMPDIR", folder.path().string()}};
  }
  Finished run(const std::vector<std::string>& verb) const {
    return sluice::test::run(command(verb), environment());
  }
  // Runs the pipeline; gives what was asked for, by kind.
  json fetch(int expected_exit = 0) {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run({"run", SLUICE_MANIFEST, "--report", folder / "report.json"});
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == expected_exit);
    report = json::parse(sluice::test::read_file(folder / "report.json"));
    log = finished.err;
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind");
  }
  json post(const std::string& verb, const std::string& body = "{}") {
    return json::parse(twin.control("POST", "/_twin/bungie/" + verb, body));
  }
  json expect(const std::string& table, const std::string& language) {
    return json::parse(
        twin.control("GET", "/_twin/bungie/expect?table=" + table + "&language=" + language));
  }
  [[nodiscard]] bool marks_removed(const std::string& stream) const {
    return sql_number(database(),
                      "SELECT count(*) FROM " + stream + " WHERE removed_at IS NOT NULL") > 0;
  }

  // One table and language against the model.
  void check_table(const std::string& stream, const std::string& table,
                   const std::string& language) {
    CAPTURE(stream, language);
    const json truth = expect(table, language);
    const std::string from =
        " FROM " + stream + " WHERE language = '" + language + "' AND removed_at IS NULL";
    const auto is = [&](const std::string& what, const char* member) {
      CAPTURE(what);
      CHECK(sql_number(database(), "SELECT " + what + from) == truth.at(member).get<int64_t>());
    };
    is("count(*)", "entries");
    is("sum(hash)", "hashes");
    is("sum(hash_signed)", "signed_hashes");
    is("sum(redacted)", "redacted");
    is("sum(length(CAST(name AS BLOB)))", "name_bytes");
    is("sum(length(CAST(description AS BLOB)))", "description_bytes");
  }
  void check_all(const std::vector<std::string>& languages = {"en", "de"}) {
    for (const auto& [stream, table] : kTables) {
      for (const auto& language : languages) {
        check_table(stream, table, language);
      }
    }
    const std::string there = " WHERE removed_at IS NULL";
    CHECK(sql_number(database(), "SELECT count(*) FROM currencies" + there) ==
          static_cast<int64_t>(languages.size()) *
              expect("DestinyInventoryItemDefinition", "en").at("currencies").get<int64_t>());
    CHECK(sql_number(database(), "SELECT count(*) FROM vendor_items" + there) ==
          expect("DestinyVendorDefinition", "en").at("sales").get<int64_t>());
  }
  // Rows of a stream that the last run wrote.
  int64_t written_last(const std::string& stream) const {
    return sql_number(database(), "SELECT count(*) FROM " + stream + " WHERE _sluice_commit > " +
                                      std::to_string(commits_before));
  }
  void remember_commits() {
    commits_before = sql_number(database(), "SELECT max(id) FROM _sluice_commits");
  }

  std::string log;
  int64_t commits_before = 0;
};

}  // namespace

TEST_CASE("manifest: lands what the model says and then asks for the manifest alone",
          "[pipeline][bungie]") {
  Game game;
  const json first = game.fetch();
  CHECK(first.value("table", 0) == kFiles);
  CHECK(first.value("manifest", 0) == 1);
  CHECK(first.value("key_on_content", 0) == 0);
  CHECK(first.value("page", 0) == 0);
  game.check_all();
  for (const json& stream : game.report.at("streams")) {
    CHECK(stream.at("rejected_rows") == 0);
    CHECK(stream.value("notes", json::object()).empty());
  }
  const json second = game.fetch();
  CHECK(second.value("table", 0) == 0);
  CHECK(second.value("manifest", 0) == 1);

  SECTION("references hold") {
    const auto orphans = [&](const std::string& child, const std::string& column,
                             const std::string& parent) {
      return sql_number(game.database(), "SELECT count(*) FROM " + child + " c WHERE c." + column +
                                             " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM " +
                                             parent + " p WHERE p.hash = c." + column +
                                             " AND p.language = c.language)");
    };
    CHECK(orphans("items", "collectible_hash", "collectibles") == 0);
    CHECK(orphans("vendor_items", "item_hash", "items") == 0);
    CHECK(orphans("vendor_items", "vendor_hash", "vendors") == 0);
    CHECK(orphans("activities", "destination_hash", "destinations") == 0);
    CHECK(orphans("destinations", "place_hash", "places") == 0);
    CHECK(orphans("currencies", "hash", "items") == 0);
    CHECK(sql_number(game.database(),
                     "SELECT count(*) FROM activities WHERE destination_hash IS NULL") > 0);
  }
  SECTION("the key never leaves the credential") {
    CHECK(game.log.find(kKey) == std::string::npos);
    CHECK(sluice::test::read_file(game.folder / "report.json").find(kKey) == std::string::npos);
  }
}

TEST_CASE("manifest: a new build costs its files and what changed in them", "[pipeline][bungie]") {
  Game game;
  game.fetch();
  game.remember_commits();
  SECTION("equal entries in another order under the same version") {
    game.post("publish", R"({"reorder": true, "same_version": true})");
    CHECK(game.fetch().value("table", 0) == kFiles);
    game.check_all();
    CHECK(game.written_last("items") == 0);
    CHECK(game.written_last("talent_grid") == 0);
  }
  SECTION("entries change and come and go") {
    const json done = game.post(
        "publish", R"({"changed": 3, "added": 2, "vanished": 1, "revealed": 1, "reorder": true})");
    CHECK(game.fetch().value("table", 0) == kFiles);
    game.check_all();
    for (const auto& [stream, table] : kTables) {
      CAPTURE(stream);
      CHECK(game.marks_removed(stream));
    }
    // In each of two languages three changed and two are new; a hidden one is shown where there is
    // one.
    const auto written =
        sql_number(game.database(),
                   "SELECT count(*) FROM items WHERE removed_at IS NULL AND _sluice_commit > " +
                       std::to_string(game.commits_before));
    CHECK(written >= 2 * (3 + 2));
    CHECK(written <= 2 * (3 + 2 + 1));
    CHECK(done.at("vanished").get<int>() > 0);
    CHECK(game.fetch().value("table", 0) == 0);
  }
  SECTION("a table that vanishes keeps its rows") {
    const auto before = sql_number(game.database(), "SELECT count(*) FROM talent_grid");
    game.post("publish", R"({"drop": ["DestinyTalentGridDefinition"]})");
    const json asked = game.fetch();
    CHECK(asked.value("table", 0) == kFiles - 2);
    CHECK(asked.value("page", 0) == 0);
    CHECK(sql_number(game.database(),
                     "SELECT count(*) FROM talent_grid WHERE removed_at IS NULL") == before);
    CHECK(game.log.find("DestinyTalentGridDefinition") != std::string::npos);
    game.post("publish", R"({"restore": ["DestinyTalentGridDefinition"]})");
    CHECK(game.fetch().value("table", 0) == kFiles);
    game.check_all();
  }
}

TEST_CASE("manifest: manifests in turns do not fetch anything twice", "[pipeline][bungie]") {
  Game game;
  game.fetch();
  game.post("publish", R"({"changed": 2})");
  game.post("alternate");
  int files = 0;
  for (int i = 0; i < 6; ++i) {
    files += game.fetch().value("table", 0);
  }
  CHECK(files == kFiles);
  game.check_all();
  SECTION("a deploy that is taken back is followed once it has settled") {
    game.post("alternate", R"({"on": false})");
    game.post("rollback");
    CHECK(game.fetch().value("table", 0) == 0);
    game.set.emplace_back("source.0.settle=\"0s\"");
    CHECK(game.fetch().value("table", 0) == kFiles);
    game.check_all();
  }
}

TEST_CASE("manifest: files that are not there yet are asked for again", "[pipeline][bungie]") {
  Game game;
  game.set.emplace_back("pipeline.attempts=1");
  game.fetch();
  game.post("publish", R"({"changed": 2})");
  game.post("absent", R"({"tables": ["DestinyPlaceDefinition"]})");
  CHECK(game.fetch(1).value("absent", 0) == 4);  // two languages, each at two addresses
  CHECK(sql_number(game.database(), "SELECT count(*) FROM places WHERE removed_at IS NULL") == 80);
  game.post("arrive");  // but caches still say otherwise
  const json asked = game.fetch();
  CHECK(asked.value("absent", 0) == 2);
  CHECK(asked.value("table", 0) == 2);
  game.check_all();

  game.post("publish");
  game.post("absent");
  game.fetch(1);
  game.post("arrive");
  game.fetch();
  game.check_all();
}

TEST_CASE("manifest: errors lie in the answer and not in its status", "[pipeline][bungie]") {
  Game game;
  SECTION("maintenance") {
    game.post("fail", R"({"error_code": 5, "times": 2, "status": 503})");
    game.fetch();
    game.check_all();
  }
  SECTION("a throttle with status 200 is waited for") {
    game.post("fail", R"({"error_code": 36, "times": 1, "throttle_seconds": 1})");
    const auto begin = std::chrono::steady_clock::now();
    game.fetch();
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(900));
    game.check_all();
  }
  SECTION("a wrong key ends the run with a clear word") {
    auto environment = game.environment();
    environment["BUNGIE_API_KEY"] = "another-key";
    const auto finished = sluice::test::run(game.command({"run", SLUICE_MANIFEST}), environment);
    CHECK(finished.exit_code != 0);
    CHECK((finished.out + finished.err).find("API key") != std::string::npos);
    CHECK((finished.out + finished.err).find("another-key") == std::string::npos);
  }
}

TEST_CASE("manifest: languages as columns", "[pipeline][bungie]") {
  Game game;
  game.set.insert(game.set.end(),
                  {R"(source.0.languages=["en", "ja", "ru"])", R"(source.0.layout="columns")"});
  CHECK(game.fetch().value("table", 0) == 11 * 3 + 1);
  const auto check = [&] {
    for (const std::string language : {"en", "ja", "ru"}) {
      const json truth = game.expect("DestinyInventoryItemDefinition", language);
      CHECK(sql_number(game.database(), "SELECT count(*) FROM items WHERE removed_at IS NULL") ==
            truth.at("entries").get<int64_t>());
      CHECK(sql_number(game.database(), "SELECT sum(length(CAST(name_" + language +
                                            " AS BLOB))) FROM items WHERE removed_at IS NULL") ==
            truth.at("name_bytes").get<int64_t>());
    }
  };
  check();
  CHECK(game.fetch().value("table", 0) == 0);
  game.post("publish", R"({"changed": 3, "added": 1, "vanished": 1})");
  game.fetch();
  check();
}

TEST_CASE("manifest: the SQLite form lands the same rows", "[pipeline][bungie]") {
  Game game;
  game.set.insert(
      game.set.end(),
      {R"(source.0.form="sqlite")",
       R"(source.0.tables=["DestinyTalentGridDefinition", "DestinyProgressionDefinition", "DestinyHistoricalStatsDefinition"])"});
  CHECK(game.fetch().value("database", 0) == 2);  // one for each language
  game.check_all();
  CHECK(sql(game.database(),
            "SELECT key FROM historical_stats WHERE language = 'de' AND "
            "key = 'stat_7'") == "stat_7");
  CHECK(game.fetch().value("database", 0) == 0);
  // A table that is not in the next one is looked for once.
  game.post("publish", R"({"changed": 1, "drop": ["DestinyTalentGridDefinition"]})");
  const auto before = sql_number(game.database(), "SELECT count(*) FROM talent_grid");
  CHECK(game.fetch().value("database", 0) == 2);
  CHECK(game.fetch().value("database", 0) == 0);
  CHECK(sql_number(game.database(), "SELECT count(*) FROM talent_grid WHERE removed_at IS NULL") ==
        before);
  for (const auto& entry : std::filesystem::directory_iterator(game.folder.path())) {
    CHECK(entry.path().filename().string().find("sluice-bungie") == std::string::npos);
  }
}

TEST_CASE("manifest: faults cost tries and no rows", "[pipeline][bungie]") {
  Game game;
  game.set.emplace_back("pipeline.attempts=40");
  const std::string form = GENERATE("json", "sqlite");
  game.set.push_back("source.0.form=\"" + form + "\"");
  game.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "/bungie/common/**", "probability": 0.15, "action": "reset", "after_bytes": 3000},
      {"path": "/bungie/common/**", "probability": 0.15, "action": "truncate", "after_bytes": 4000},
      {"path": "/bungie/common/**", "probability": 0.05, "action": "garbage"},
      {"path": "/bungie/common/**", "probability": 0.05, "action": "wrong_length", "delta": 7}]})");
  game.fetch();
  game.check_all();
}

TEST_CASE("manifest: a killed run goes on where it was", "[pipeline][bungie]") {
  Game game({.items = 6'000, .item_bytes = 2'000});
  game.set.insert(game.set.end(), {R"(pipeline.streams=["items"])", R"(commit.rows=500)"});
  for (int i = 0; i < 4; ++i) {
    sluice::test::Process process(game.command({"run", SLUICE_MANIFEST}), game.environment());
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 50 * i));
    process.signal(SIGKILL);
    process.wait();
  }
  game.fetch();
  game.check_table("items", "DestinyInventoryItemDefinition", "en");
  game.check_table("items", "DestinyInventoryItemDefinition", "de");
}

TEST_CASE("manifest: a table of ninety-nine megabytes stays within the memory limit",
          "[pipeline][bungie]") {
  Game game({.tables = 2, .items = 31'000, .item_bytes = 3'200, .cache_mib = 512});
  game.set.insert(game.set.end(), {R"(pipeline.streams=["items"])",
                                   R"(source.0.languages=["en", "de", "ja", "ko"])"});
  const auto begin = std::chrono::steady_clock::now();
  const Finished finished = game.run({"run", SLUICE_MANIFEST});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  const auto rows = sql_number(game.database(), "SELECT count(*) FROM items");
  const auto bytes =
      json::parse(game.twin.control("GET", "/_twin/stats")).at("bytes").get<int64_t>();
  WARN(rows << " rows, " << bytes / 1'000'000 << " MB, " << took.count() << " s, "
            << static_cast<int64_t>(static_cast<double>(rows) / took.count()) << " rows/s, peak "
            << finished.peak_kib / 1024 << " MiB");
  CHECK(rows == 4 * 31'000);
  CHECK(finished.peak_kib < 256 * 1024);
  game.check_table("items", "DestinyInventoryItemDefinition", "ko");
}
