// SPDX-License-Identifier: Apache-2.0
//
// Killed at each named step of the commit protocol, once early and once later, then run to its end:
// every row once, with and without a key.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "pipeline/world.hpp"
#include "support/database.hpp"

using sluice::test::WorldPipeline;

TEST_CASE("crash: at every named step no row is lost and none lands twice", "[crash][steps]") {
  const std::string stream = GENERATE("docs", "events");
  const std::string step =
      GENERATE("run.before_reconcile", "run.after_reconcile", "run.planned", "commit.before_rows",
               "commit.before_records", "commit.before_target", "commit.after_target",
               "commit.after_ledger", "run.before_head");
  const int count = GENERATE(1, 3);
  CAPTURE(stream, step, count);
  WorldPipeline pipeline;
  nlohmann::json world;
  for (int i = 0; i < 8; ++i) {
    world[stream]["d" + std::to_string(i)] = {{"validator", "1"}, {"rows", 35}};
  }
  pipeline.world(world.dump());
  pipeline.configure("streams = [\"" + stream + "\"]\nworkers = 2", "[commit]\nrows = 50");
  int killed = 0;
  for (int i = 0; i < 3; ++i) {
    const auto crashed =
        sluice::test::run(pipeline.command({"run", pipeline.config(), "-q"}, SLUICE_CRASH_BINARY),
                          {{"SLUICE_CRASH_AT", step + ":" + std::to_string(count)}});
    INFO(crashed.out << crashed.err);
    REQUIRE((crashed.exit_code == 137 || crashed.exit_code == 0));
    killed += crashed.exit_code == 137 ? 1 : 0;
  }
  CHECK((killed > 0 || count > 1));
  const auto report = pipeline.run_report(stream);
  CHECK(pipeline.rows(stream) == 280);
  CHECK(sluice::test::sql_number(
            pipeline.database(),
            "SELECT count(*) FROM (SELECT DISTINCT doc, row FROM " + stream + ")") == 280);
  CHECK(pipeline.run_report(stream).at("planned") == 0);
}
