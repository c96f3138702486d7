// SPDX-License-Identifier: Apache-2.0
//
// What a source may tell beyond rows: holes and halts of a series, its own cuts, keys from the
// target, rows that were removed, the key of the configuration that is at fault.
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "pipeline/world.hpp"
#include "support/database.hpp"

using sluice::test::sql;
using sluice::test::WorldPipeline;
using Lines = std::vector<std::string>;

namespace {

// Minutes 0 to 20 of "P", ten to a slice.
std::string ticks(const std::string& more) {
  return R"({"ticks": {"P": {"from": 0, "to": 1200000000)" + more + "}}}";
}
constexpr const char* kHole = R"(, "holes": [[300000000, 420000000]])";  // minutes 5 and 6

nlohmann::json note(const nlohmann::json& report, const std::string& code) {
  for (const auto& one : report.at("notes")) {
    if (one.at("class") == code) {
      return one;
    }
  }
  return nullptr;
}

void lose_ledger(const WorldPipeline& pipeline) {
  std::filesystem::remove_all(pipeline.state());
}

}  // namespace

TEST_CASE("series: a part that could not be found out is asked for again", "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(ticks(kHole));
  auto report = pipeline.run_report("ticks");
  CHECK(report.at("landed") == 2);
  CHECK(note(report, "asked_again").at("count") == 1);
  CHECK(pipeline.rows("ticks") == 18);
  CHECK(pipeline.asked() == Lines{"ticks P 0 10", "ticks P 10 20"});
  CHECK(pipeline.sluice("gaps").exit_code == 1);

  SECTION("only that part, and for as long as it stays a hole") {
    report = pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 5 7"});
    pipeline.world(ticks(""));
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 5 7"});
    CHECK(pipeline.rows("ticks") == 20);
    pipeline.run_report("ticks");
    CHECK(pipeline.asked().empty());
    CHECK(pipeline.sluice("gaps").exit_code == 0);
  }
  SECTION("also after the ledger was lost") {
    lose_ledger(pipeline);
    pipeline.world(ticks(""));
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 5 7"});
    lose_ledger(pipeline);
    pipeline.run_report("ticks");
    CHECK(pipeline.asked().empty());
    CHECK(pipeline.rows("ticks") == 20);
  }
  SECTION("a part of it that is filled leaves the rest") {
    pipeline.world(ticks(R"(, "holes": [[360000000, 420000000]])"));
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 5 7"});
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 6 7"});
    CHECK(pipeline.rows("ticks") == 19);
  }
}

TEST_CASE("series: what the source confirms to be empty is told and not asked again",
          "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(ticks(R"(, "halts": [[300000000, 420000000]])"));
  const auto report = pipeline.run_report("ticks");
  const auto told = note(report, "confirmed_empty");
  CHECK(told.at("count") == 1);
  CHECK(told.at("example").get<std::string>().find(
            "P 1970-01-01T00:05:00Z to 1970-01-01T00:07:00Z") != std::string::npos);
  CHECK(sql(pipeline.database(),
            "SELECT detail ->> '$.confirmed_empty' FROM _sluice_commits WHERE stream = 'ticks' "
            "ORDER BY slice LIMIT 1") == "[[300000000,420000000]]");
  pipeline.asked();
  pipeline.run_report("ticks");
  CHECK(pipeline.asked().empty());
  CHECK(pipeline.sluice("gaps").exit_code == 0);
}

TEST_CASE("series: the source cuts what is missing and the host cuts the rest",
          "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"tape\"]");
  pipeline.world(R"({"tape": {"P": {"from": 0, "to": 3000000000, "archive_to": 1500000000}}})");
  const auto planned = pipeline.sluice("plan");
  INFO(planned.out << planned.err);
  CHECK(planned.exit_code == 0);
  pipeline.run_report("tape");
  CHECK(pipeline.asked() ==
        Lines{"tape P 25 30", "tape P 30 40", "tape P 40 50", "tape/archive P 0 25"});
  CHECK(pipeline.rows("tape") == 50);
  pipeline.run_report("tape");
  CHECK(pipeline.asked().empty());
}

TEST_CASE("keys: one read alone that failed is work for the next run", "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"a": "found", "b": "found", "c": "found", "d": "unknown"}})");
  auto report = pipeline.run_report("items", 1);
  CHECK(report.at("failed") == 1);
  CHECK(report.at("landed") == 3);
  pipeline.asked();
  pipeline.world(R"({"items": {"a": "found", "b": "found", "c": "found", "d": "found"}})");
  pipeline.run_report("items");
  CHECK(pipeline.asked() == Lines{"items d"});
  CHECK(pipeline.rows("items") == 4);
}

TEST_CASE("keys: what the source did not have is asked for again after a while",
          "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"a": "found", "b": "missing"}})");
  pipeline.run_report("items");
  pipeline.asked();
  pipeline.run_report("items");
  CHECK(pipeline.asked().empty());
  pipeline.configure("streams = [\"items\"]", "[stream.items]\nretry_empty = \"1s\"");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  pipeline.world(R"({"items": {"a": "found", "b": "found"}})");
  pipeline.run_report("items");
  CHECK(pipeline.asked() == Lines{"items b"});
  CHECK(pipeline.rows("items") == 2);
}

TEST_CASE("keys: they may come from a query on the target", "[pipeline][keys]") {
  WorldPipeline pipeline;
  const auto configure = [&](const std::string& query) {
    pipeline.configure("streams = [\"docs\", \"items\"]",
                       "[stream.items]\nkeys_query = \"" + query + "\"");
  };
  pipeline.world(R"({"docs": {"k1": {"rows": 2}, "k2": {"rows": 1}},
                     "items": {"k1": "found", "k2": "found", "k3": "found"}})");
  configure("SELECT DISTINCT doc FROM docs");
  pipeline.run_report("items");
  CHECK(pipeline.asked() == Lines{"docs k1", "docs k2", "items k1 k2"});
  pipeline.run_report("items");
  CHECK(pipeline.asked().empty());

  SECTION("one that would change something is refused") {
    configure("DELETE FROM docs RETURNING doc");
    const auto finished = pipeline.sluice("run");
    CHECK(finished.exit_code != 0);
    CHECK((finished.out + finished.err).find("reads nothing") != std::string::npos);
    CHECK(pipeline.rows("docs") == 3);
  }
  SECTION("one that is wrong is told with what the target says") {
    configure("SELECT id FROM nowhere");
    const auto finished = pipeline.sluice("run");
    CHECK(finished.exit_code != 0);
    CHECK((finished.out + finished.err).find("no such table: nowhere") != std::string::npos);
  }
}

TEST_CASE("files: rows that a newer version lacks are marked as removed", "[pipeline][removed]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"lists\"]");
  const auto state = [&] {
    return sql(pipeline.database(),
               "SELECT group_concat(list || item || hash || version || "
               "(removed_at IS NOT NULL), ' ') FROM (SELECT * FROM lists ORDER BY list, item)");
  };
  pipeline.world(R"({"lists": {"l": {"validator": "1", "rows": {"a": "h", "b": "h", "c": "h"}},
                               "m": {"validator": "1", "rows": {"a": "h"}}}})");
  pipeline.run_report("lists");
  CHECK(state() == "lah10 lbh10 lch10 mah10");

  SECTION("and what is equal by its hash stays as it is") {
    pipeline.world(R"({"lists": {"l": {"validator": "2", "rows": {"a": "h", "c": "i"}},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    pipeline.run_report("lists");
    CHECK(state() == "lah10 lbh11 lci20 mah10");
    pipeline.world(R"({"lists": {"l": {"validator": "3", "rows": {"a": "h", "b": "h", "c": "i"}},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    pipeline.run_report("lists");
    CHECK(state() == "lah10 lbh30 lci20 mah10");
  }
  SECTION("but none when most of them are missing unless that is said to be right") {
    pipeline.world(R"({"lists": {"l": {"validator": "2", "rows": {"a": "h"}},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    const auto refused = pipeline.sluice("run");
    CHECK(refused.exit_code == 1);
    CHECK(refused.out.find("max_shrink=1") != std::string::npos);
    CHECK(state() == "lah10 lbh10 lch10 mah10");
    CHECK(pipeline.sluice("run").exit_code == 1);  // nor in the next run
    CHECK(state() == "lah10 lbh10 lch10 mah10");
    CHECK(pipeline.sluice("run", {"--set", "stream.lists.max_shrink=1"}).exit_code == 0);
    CHECK(state() == "lah10 lbh11 lch11 mah10");
  }
  SECTION("but none when the source could not make rows of all of it") {
    pipeline.world(
        R"({"lists": {"l": {"validator": "2", "rows": {"a": "h", "c": "h"}, "rejects": 1},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    pipeline.run_report("lists", 1);
    CHECK(state() == "lah10 lbh10 lch10 mah10");
  }
  SECTION("but not one whose newer version the target refuses") {
    pipeline.world(R"({"lists": {"l": {"validator": "2", "rows": {"a": "h", "b": "a\u0000b"}},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    pipeline.run_report("lists", 1);
    CHECK(state() == "lah10 lbh10 lch11 mah10");
  }
  SECTION("also after the slice was forgotten and came again as it was") {
    REQUIRE(
        sluice::test::run(pipeline.command({"state", "forget", pipeline.config(), "lists", "l"}))
            .exit_code == 0);
    pipeline.run_report("lists");
    CHECK(state() == "lah10 lbh10 lch10 mah10");
    pipeline.world(R"({"lists": {"l": {"validator": "2", "rows": {"a": "h", "c": "h"}},
                                 "m": {"validator": "1", "rows": {"a": "h"}}}})");
    pipeline.run_report("lists");
    CHECK(state() == "lah10 lbh11 lch10 mah10");
  }
}

TEST_CASE("keys: what an attempt that broke off told of a key is void", "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"k1": "found", "k2": "shaky"}})");
  CHECK(pipeline.run_report("items").at("landed") == 2);
  CHECK(pipeline.rows("items") == 2);
}

TEST_CASE("state forget: a key that was read with others is read again", "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"k1": "found", "k2": "found", "k3": "found", "k4": "found"}})");
  pipeline.run_report("items");
  CHECK(pipeline.asked() == Lines{"items k1 k2 k3", "items k4"});
  REQUIRE(sluice::test::run(pipeline.command({"state", "forget", pipeline.config(), "items", "k2"}))
              .exit_code == 0);
  pipeline.run_report("items");
  std::string again;
  for (const std::string& line : pipeline.asked()) {
    again += line;
  }
  CHECK(again.find("k2") != std::string::npos);
  CHECK(again.find("k1") != std::string::npos);  // whose record it was, too
  CHECK(again.find("k4") == std::string::npos);
  pipeline.run_report("items");
  CHECK(pipeline.asked().empty());
}

TEST_CASE("errors: a plugin names the key of the configuration and the host its place",
          "[pipeline][errors]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(ticks(R"(, "config_error": "/journal")"));
  const auto finished = pipeline.sluice("run");
  CHECK(finished.exit_code != 0);
  const std::string file = sluice::test::read_file(pipeline.config());
  size_t line = 1;
  for (size_t i = 0; i < file.find("journal"); ++i) {
    line += file[i] == '\n' ? 1 : 0;
  }
  INFO(finished.out << finished.err);
  CHECK((finished.out + finished.err).find("world.toml:" + std::to_string(line) + ":") !=
        std::string::npos);
}
