// SPDX-License-Identifier: Apache-2.0
//
// Signals, several processes at once, memory, and what a run prints.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "pipeline/world.hpp"
#include "support/database.hpp"

using sluice::test::Process;
using sluice::test::WorldPipeline;

namespace {

// A world of `count` documents with `rows` rows each, read slowly if asked for.
std::string docs(int count, int rows, const std::string& stream = "docs",
                 const std::string& fail = "") {
  nlohmann::json world;
  for (int i = 0; i < count; ++i) {
    world[stream]["d" + std::to_string(1000 + i)] = {{"validator", "1"}, {"rows", rows}};
    if (!fail.empty()) {
      world[stream]["d" + std::to_string(1000 + i)]["fail"] = fail;
    }
  }
  return world.dump();
}

// Waits until the journal has `lines` lines: the run is really under way.
void wait_for_lines(WorldPipeline& pipeline, size_t lines) {
  for (size_t seen = 0; seen < lines; seen += pipeline.asked().size()) {
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("signal: the first one stops cleanly and the next run goes on", "[pipeline][signal]") {
  const int number = GENERATE(SIGINT, SIGTERM);
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]\nworkers = 2");
  pipeline.world(docs(40, 40, "docs", "slow"));
  Process process(pipeline.command({"run", pipeline.config()}));
  wait_for_lines(pipeline, 3);
  process.signal(number);
  const auto finished = process.wait();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 128 + number);
  CHECK(finished.out.find("stopped") != std::string::npos);
  const int64_t landed = pipeline.rows("docs");
  CHECK(landed > 0);
  CHECK(landed % 40 == 0);  // what was begun was finished
  CHECK(landed < 1600);
  pipeline.world(docs(40, 40));
  pipeline.run_report("docs");
  CHECK(pipeline.rows("docs") == 1600);
}

TEST_CASE("signal: what is begun is given up when the drain time ends", "[pipeline][signal]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]\nworkers = 1\ndrain = \"50ms\"");
  pipeline.world(docs(2, 9'000, "docs", "slow"));
  Process process(pipeline.command({"run", pipeline.config()}));
  wait_for_lines(pipeline, 1);
  process.signal(SIGTERM);
  CHECK(process.wait().exit_code == 143);
  pipeline.world(docs(2, 50));
  pipeline.run_report("docs");
  CHECK(pipeline.rows("docs") >= 100);
}

TEST_CASE("processes: two at once read each slice once", "[pipeline][processes]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"events\"]\nworkers = 2");
  pipeline.world(docs(300, 12, "events"));
  Process one(pipeline.command({"run", pipeline.config()}));
  Process two(pipeline.command({"run", pipeline.config()}));
  const auto first = one.wait(), second = two.wait();
  INFO(first.out << first.err << second.out << second.err);
  CHECK(first.exit_code == 0);
  CHECK(second.exit_code == 0);
  CHECK(pipeline.asked().size() == 300);
  CHECK(pipeline.rows("events") == 3600);
}

TEST_CASE("processes: two that make the database at the same moment both go on",
          "[pipeline][processes]") {
  for (int round = 0; round < 10; ++round) {
    WorldPipeline pipeline;
    pipeline.configure("streams = [\"events\"]");
    pipeline.world(docs(2, 3, "events"));
    Process one(pipeline.command({"run", pipeline.config()}));
    Process two(pipeline.command({"run", pipeline.config()}));
    const auto first = one.wait(), second = two.wait();
    INFO(first.out << first.err << second.out << second.err);
    CHECK(first.exit_code == 0);
    CHECK(second.exit_code == 0);
    CHECK(pipeline.rows("events") == 6);
  }
}

TEST_CASE("processes: the work of one that was killed is taken over at once",
          "[pipeline][processes]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"events\"]\nworkers = 2");
  pipeline.world(docs(50, 30, "events", "slow"));
  Process killed(pipeline.command({"run", pipeline.config()}));
  wait_for_lines(pipeline, 2);
  killed.signal(SIGKILL);
  killed.wait();
  pipeline.world(docs(50, 30, "events"));
  pipeline.run_report("events");
  CHECK(pipeline.rows("events") == 1500);
}

TEST_CASE("run: several files at once, one report each", "[pipeline][run]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(docs(3, 5));
  const std::string second = pipeline.folder / "second.toml";
  std::string text = sluice::test::read_file(pipeline.config());
  text.replace(text.find("name = \"world\""), 14, "name = \"other\"");
  text.replace(text.find("target.db"), 9, "second.db");
  sluice::test::write_file(second, text);
  const auto finished =
      sluice::test::run(pipeline.command({"run", pipeline.config(), second, "--format", "json"}));
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  const auto reports = nlohmann::json::parse(finished.out);
  REQUIRE(reports.size() == 2);
  CHECK(reports.at(0).at("pipeline") == "world");
  CHECK(reports.at(1).at("streams").at(0).at("rows") == 15);
  CHECK(sluice::test::sql_number(pipeline.folder / "second.db", "SELECT count(*) FROM docs") == 15);
  const auto twice =
      sluice::test::run(pipeline.command({"check", pipeline.config(), pipeline.config()}));
  CHECK(twice.exit_code == 78);
}

TEST_CASE("run: memory stays the same whatever the size of a slice", "[pipeline][run]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]", "[limits]\nmemory = \"16MiB\"");
  // SQLite's own cache grows with the database and comes on top of the limit: kept small here.
  sluice::test::write_file(pipeline.config(),
                           sluice::test::read_file(pipeline.config()) + "page_cache = \"2MiB\"\n");
  pipeline.world(docs(2, 20'000));
  const auto small = pipeline.sluice("run");
  REQUIRE(small.exit_code == 0);
  pipeline.world(docs(4, 200'000));
  std::filesystem::remove_all(pipeline.state());
  std::filesystem::remove(pipeline.database());
  const auto large = pipeline.sluice("run");
  INFO(large.out << large.err);
  REQUIRE(large.exit_code == 0);
  CHECK(pipeline.rows("docs") == 800'000);
  CAPTURE(small.peak_kib, large.peak_kib);
#if !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)  // whose own memory grows with what is touched
  CHECK(large.peak_kib < small.peak_kib + 24 * 1024);  // twenty times the rows
#endif
}

TEST_CASE("run: what is set on the command line wins over the file", "[pipeline][run]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(docs(1, 1));
  CHECK(pipeline.sluice("check", {"--set", "pipeline.workers=8"}).exit_code == 0);
  const auto wrong = pipeline.sluice("check", {"--set", "pipeline.workers=0"});
  CHECK(wrong.exit_code == 78);
  CHECK(wrong.err.find("--set") != std::string::npos);
}

TEST_CASE("secrets: never appear in what a run prints or keeps", "[pipeline][secrets]") {
  WorldPipeline pipeline;
  const std::string secret = "hunter2-Very/Secret+Value";
  pipeline.configure("streams = [\"docs\"]");
  std::string text = sluice::test::read_file(pipeline.config());
  const auto at = text.find("journal = ");
  text.insert(at, "# planted\n");
  sluice::test::write_file(pipeline.config(), text);
  std::filesystem::create_directories(pipeline.folder / secret);
  // The world's path comes from the environment and so counts as a secret; errors and reports quote
  // it.
  const auto from = text.find("world = \"");
  const auto to = text.find('\n', from);
  text.replace(from, to - from, "world = { env = \"PLANTED\" }");
  sluice::test::write_file(pipeline.config(), text);
  const auto finished =
      sluice::test::run(pipeline.command({"run", pipeline.config(), "--log", "trace", "--report",
                                          pipeline.folder / "report.json"}),
                        {{"PLANTED", secret}});
  CHECK(finished.exit_code == 1);
  for (const std::string& shown :
       {finished.out, finished.err, sluice::test::read_file(pipeline.folder / "report.json"),
        sluice::test::read_file(pipeline.state() + "/ledger.mdb")}) {
    CHECK(shown.find(secret) == std::string::npos);
  }
}
