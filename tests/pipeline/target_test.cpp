// SPDX-License-Identifier: Apache-2.0
//
// The target is the truth: at every start the ledger is held against its commit log.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "pipeline/world.hpp"
#include "support/database.hpp"

namespace fs = std::filesystem;
using sluice::test::sql;
using sluice::test::sql_number;
using sluice::test::WorldPipeline;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kTwoDocs =
    R"({"docs": {"a": {"validator": "1", "rows": 12}, "b": {"validator": "1", "rows": 3}}})";
constexpr const char* kThreeDocs =
    R"({"docs": {"a": {"validator": "1", "rows": 12}, "b": {"validator": "1", "rows": 3}, "c": {"validator": "1", "rows": 1}}})";

// A landed pipeline, its journal read.
struct Landed : WorldPipeline {
  Landed() {
    configure("streams = [\"docs\"]");
    world(kTwoDocs);
    run_report("docs");
    asked();
  }
};

}  // namespace

TEST_CASE("target: an older backup that is restored makes only what it lacks work",
          "[pipeline][target]") {
  Landed pipeline;
  fs::copy_file(pipeline.database(), pipeline.folder / "backup.db");
  pipeline.world(kThreeDocs);
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs c"});
  fs::remove(pipeline.database() + "-wal");
  fs::remove(pipeline.database() + "-shm");
  fs::copy_file(pipeline.folder / "backup.db", pipeline.database(),
                fs::copy_options::overwrite_existing);
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs c"});
  CHECK(pipeline.rows("docs") == 16);
}

TEST_CASE("target: a removed database is filled again", "[pipeline][target]") {
  Landed pipeline;
  fs::remove(pipeline.database());
  fs::remove(pipeline.database() + "-wal");
  fs::remove(pipeline.database() + "-shm");
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs a", "docs b"});
  CHECK(pipeline.rows("docs") == 15);
}

TEST_CASE("target: a dropped table is filled again", "[pipeline][target]") {
  Landed pipeline;
  sql(pipeline.database(), "DROP TABLE docs");
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs a", "docs b"});
  CHECK(pipeline.rows("docs") == 15);
}

TEST_CASE("target: rows without a key that were lost are filled in again", "[pipeline][target]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"events\"]");
  pipeline.world(R"({"events": {"e": {"validator": "1", "rows": 35}}})");
  pipeline.run_report("events");
  fs::remove(pipeline.database());
  fs::remove(pipeline.database() + "-wal");
  fs::remove(pipeline.database() + "-shm");
  pipeline.run_report("events");
  CHECK(pipeline.rows("events") == 35);
}

TEST_CASE("target: what failed or vanished since it landed does not come back as landed",
          "[pipeline][target]") {
  Landed pipeline;
  const std::string how = GENERATE(as<std::string>(), "unavailable", "not_found", "bad_data");
  pipeline.world(R"({"docs": {"a": {"validator": "2", "rows": 12, "fail": ")" + how +
                 R"("}, "b": {"validator": "1", "rows": 3}}})");
  (void)pipeline.sluice("run");
  fs::remove(pipeline.database());
  fs::remove(pipeline.database() + "-wal");
  fs::remove(pipeline.database() + "-shm");
  pipeline.world(kTwoDocs);
  pipeline.run_report("docs");
  CHECK(pipeline.rows("docs") == 15);
}

TEST_CASE("target: another table for a stream is filled", "[pipeline][target]") {
  Landed pipeline;
  pipeline.configure("streams = [\"docs\"]", "[stream.docs]\ntable = \"papers\"");
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs a", "docs b"});
  CHECK(pipeline.rows("papers") == 15);
  pipeline.run_report("docs");
  CHECK(pipeline.asked().empty());
}

TEST_CASE("target: a lost ledger costs no request", "[pipeline][target]") {
  Landed pipeline;
  fs::remove_all(pipeline.state());
  CHECK(pipeline.run_report("docs").at("planned") == 0);
  CHECK(pipeline.asked().empty());
}

TEST_CASE("target: a damaged ledger names its cure and the cure works", "[pipeline][target]") {
  Landed pipeline;
  sluice::test::write_file(pipeline.state() + "/ledger.mdb", "this is not a ledger at all");
  const auto broken = pipeline.sluice("run");
  CHECK(broken.exit_code == 1);
  CHECK(broken.err.find("sluice state rebuild") != std::string::npos);
  const auto rebuilt = sluice::test::run(pipeline.command({"state", "rebuild", pipeline.config()}));
  INFO(rebuilt.err);
  CHECK(rebuilt.exit_code == 0);
  CHECK(rebuilt.out.find("2 slices restored") != std::string::npos);
  pipeline.run_report("docs");
  CHECK(pipeline.asked().empty());
}

TEST_CASE("target: each row leads to its commit, slice and run", "[pipeline][target]") {
  Landed pipeline;
  CHECK(sql_number(pipeline.database(),
                   "SELECT count(*) FROM docs d JOIN _sluice_commits c ON c.id = d._sluice_commit "
                   "AND c.slice = d.doc") == 15);
  pipeline.configure("streams = [\"docs\"]\nlineage = false", "[stream.docs]\ntable = \"plain\"");
  fs::remove_all(pipeline.database());
  fs::remove_all(pipeline.database() + "-wal");
  fs::remove_all(pipeline.database() + "-shm");
  pipeline.run_report("docs");
  CHECK(sql_number(
            pipeline.database(),
            "SELECT count(*) FROM pragma_table_info('plain') WHERE name = '_sluice_commit'") == 0);
  CHECK(pipeline.rows("plain") == 15);
}

TEST_CASE("plan: touches nothing", "[pipeline][plan]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(kTwoDocs);
  const auto plan = pipeline.sluice("plan", {"--format", "json"});
  INFO(plan.err);
  REQUIRE(plan.exit_code == 0);
  const auto stream = nlohmann::json::parse(plan.out).at("streams").at(0);
  CHECK(stream.at("work") == 2);
  CHECK(stream.at("added") == 2);
  CHECK(stream.at("target_changes").size() == 1);
  CHECK_FALSE(fs::exists(pipeline.database()));
  CHECK_FALSE(fs::exists(pipeline.state()));
  CHECK(pipeline.asked().empty());
  pipeline.run_report("docs");
  pipeline.world(kThreeDocs);
  const auto head = sluice::test::read_file(pipeline.state() + "/ledger.mdb");
  const auto later =
      nlohmann::json::parse(pipeline.sluice("plan", {"--format", "json"}).out).at("streams").at(0);
  CHECK(later.at("work") == 1);
  CHECK(later.at("same") == 2);
  CHECK(sluice::test::read_file(pipeline.state() + "/ledger.mdb") == head);
}

TEST_CASE("state: export and import carry the ledger over", "[pipeline][state]") {
  Landed pipeline;
  const std::string file = pipeline.folder / "ledger.ndjson";
  CHECK(sluice::test::run(pipeline.command({"state", "export", file})).exit_code == 0);
  fs::remove_all(pipeline.state());
  const auto imported = sluice::test::run(pipeline.command({"state", "import", file}));
  INFO(imported.err);
  CHECK(imported.exit_code == 0);
  const auto shown =
      sluice::test::run(pipeline.command({"state", "show", "world", "docs", "--format", "json"}));
  CHECK(nlohmann::json::parse(shown.out).at(0).at("slices").at("landed") == 2);
  const auto garbage = pipeline.folder / "garbage";
  sluice::test::write_file(garbage, "{\"what\": 1}\nnot json\n");
  fs::remove_all(pipeline.state());
  const auto refused = sluice::test::run(pipeline.command({"state", "import", garbage}));
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.find(garbage + ":1") != std::string::npos);
}
