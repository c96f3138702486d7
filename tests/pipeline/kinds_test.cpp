// SPDX-License-Identifier: Apache-2.0
//
// wanted - landed = work, for each kind of stream, by the real binary into a real database.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "pipeline/world.hpp"
#include "support/database.hpp"

using sluice::test::sql;
using sluice::test::WorldPipeline;
using Lines = std::vector<std::string>;

TEST_CASE("files: only what is new or changed is read", "[pipeline][files]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(
      R"({"docs": {"a": {"validator": "1", "rows": 25}, "b": {"validator": "1", "rows": 3}, "c": {"rows": 0}}})");
  auto report = pipeline.run_report("docs");
  CHECK(report.at("landed") == 2);
  CHECK(report.at("empty") == 1);
  CHECK(report.at("rows") == 28);
  CHECK(pipeline.asked() == Lines{"docs a", "docs b", "docs c"});

  SECTION("a second run reads nothing") {
    report = pipeline.run_report("docs");
    CHECK(report.at("planned") == 0);
    CHECK(pipeline.asked().empty());
  }
  SECTION("a changed validator is read anew and replaces its rows") {
    pipeline.world(
        R"({"docs": {"a": {"validator": "2", "rows": 25}, "b": {"validator": "1", "rows": 3}, "c": {"rows": 0}}})");
    CHECK(pipeline.run_report("docs").at("landed") == 1);
    CHECK(pipeline.asked() == Lines{"docs a"});
    CHECK(pipeline.rows("docs") == 28);
    CHECK(sql(pipeline.database(),
              "SELECT group_concat(DISTINCT version) FROM docs WHERE doc = 'a'") == "2");
  }
  SECTION("what vanished keeps its rows and what is added is read") {
    pipeline.world(
        R"({"docs": {"b": {"validator": "1", "rows": 3}, "d": {"validator": "1", "rows": 1}}})");
    CHECK(pipeline.run_report("docs").at("landed") == 1);
    CHECK(pipeline.asked() == Lines{"docs d"});
    CHECK(pipeline.rows("docs") == 29);
  }
  SECTION("a forgotten slice is read again") {
    CHECK(pipeline.sluice("state", {}).exit_code == 2);
    const auto forgotten =
        sluice::test::run(pipeline.command({"state", "forget", pipeline.config(), "docs", "b"}));
    INFO(forgotten.err);
    CHECK(forgotten.exit_code == 0);
    pipeline.run_report("docs");
    CHECK(pipeline.asked() == Lines{"docs b"});
    CHECK(pipeline.rows("docs") == 28);
  }
}

TEST_CASE("files: a failure costs the slice and is work for the next run", "[pipeline][files]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(
      R"({"docs": {"a": {"rows": 1}, "once": {"rows": 1, "fail": "once"}, "bad": {"fail": "bad_data"},
                              "away": {"fail": "unavailable"}, "gone": {"fail": "not_found"}}})");
  auto report = pipeline.run_report("docs", 1);
  CHECK(report.at("landed") == 2);
  CHECK(report.at("failed") == 1);
  CHECK(report.at("quarantined") == 1);
  CHECK(report.at("gone") == 1);
  CHECK(report.at("slice_retries") == 3);  // "once" once, "away" twice
  CHECK(pipeline.rows("docs") == 2);
  pipeline.asked();

  pipeline.world(
      R"({"docs": {"a": {"rows": 1}, "once": {"rows": 1}, "bad": {"rows": 1}, "away": {"rows": 1}}})");
  report = pipeline.run_report("docs", 1);  // not all that is wanted is there
  CHECK(report.at("landed") == 1);
  CHECK(report.at("quarantined") == 0);
  CHECK(report.at("quarantined_earlier") == 1);
  CHECK(pipeline.asked() == Lines{"docs away"});  // what is quarantined waits until it changes

  pipeline.world(
      R"({"docs": {"a": {"rows": 1}, "once": {"rows": 1}, "bad": {"rows": 1, "validator": "2"}, "away": {"rows": 1}}})");
  pipeline.run_report("docs");
  CHECK(pipeline.asked() == Lines{"docs bad"});
  CHECK(pipeline.rows("docs") == 4);
}

TEST_CASE("files: wrong credentials end the run at once", "[pipeline][files]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]\nworkers = 1");
  pipeline.world(
      R"({"docs": {"a": {"fail": "auth"}, "b": {"fail": "auth"}, "c": {"fail": "auth"}}})");
  const auto finished = pipeline.sluice("run");
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.find("The key is wrong.") != std::string::npos);
  CHECK(pipeline.asked().size() == 1);
}

TEST_CASE("files: on_error stop and max_failed end the run early", "[pipeline][files]") {
  WorldPipeline pipeline;
  pipeline.world(
      R"({"docs": {"a": {"fail": "bad_data"}, "b": {"fail": "bad_data"}, "c": {"fail": "bad_data"}, "d": {"rows": 1}}})");
  SECTION("stop") {
    pipeline.configure("streams = [\"docs\"]\nworkers = 1\non_error = \"stop\"",
                       "[commit]\nrows = 1");
    const auto finished = pipeline.sluice("run");
    CHECK(finished.exit_code == 1);
    CHECK(finished.out.find("on_error") != std::string::npos);
  }
  SECTION("max_failed") {
    pipeline.configure("streams = [\"docs\"]\nworkers = 1\nmax_failed = 1");
    const auto finished = pipeline.sluice("run");
    CHECK(finished.exit_code == 1);
    CHECK(finished.out.find("max_failed") != std::string::npos);
  }
}

TEST_CASE("files without a key: land once and cannot be replaced", "[pipeline][files]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"events\"]");
  pipeline.world(R"({"events": {"e": {"validator": "1", "rows": 35}}})");
  pipeline.run_report("events");
  pipeline.run_report("events");
  CHECK(pipeline.rows("events") == 35);
  pipeline.world(R"({"events": {"e": {"validator": "2", "rows": 35}}})");
  const auto report = pipeline.run_report("events", 1);
  CHECK(report.at("quarantined") == 1);
  CHECK(report.at("errors").at(0).at("example").get<std::string>().find("without a key") !=
        std::string::npos);
  CHECK(pipeline.rows("events") == 35);
}

TEST_CASE("keys: known ids are never asked again", "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]\nworkers = 1");
  pipeline.world(R"({"items": {"k1": "found", "k2": "missing", "k3": "found", "k4": "found"}})");
  auto report = pipeline.run_report("items");
  CHECK(report.at("landed") == 3);
  CHECK(report.at("empty") == 1);
  CHECK(pipeline.asked() == Lines{"items k1 k2 k3", "items k4"});
  pipeline.world(
      R"({"items": {"k1": "found", "k2": "missing", "k3": "found", "k4": "found", "k5": "found"}})");
  pipeline.run_report("items");
  CHECK(pipeline.asked() == Lines{"items k5"});
  CHECK(pipeline.rows("items") == 4);
}

TEST_CASE("keys: one that breaks its batch costs only itself", "[pipeline][keys]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]\nworkers = 1");
  pipeline.world(R"({"items": {"k1": "found", "k2": "poison", "k3": "found"}})");
  const auto report = pipeline.run_report("items", 1);
  CHECK(report.at("landed") == 2);
  CHECK(report.at("quarantined") == 1);
  CHECK(pipeline.rows("items") == 2);
}

TEST_CASE("keys: a lost ledger is restored from the target key by key",
          "[pipeline][keys][rebuild]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"k1": "found", "k2": "missing", "k3": "found", "k4": "found"}})");
  pipeline.run_report("items");
  pipeline.asked();
  std::filesystem::remove_all(pipeline.state());
  const auto report = pipeline.run_report("items");
  CHECK(report.at("planned") == 0);
  CHECK(pipeline.asked().empty());
}

TEST_CASE("series: only missing intervals are read", "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]",
                     "[want]\nfrom = 1970-01-01T00:20:00Z\nto = 1970-01-01T00:45:00Z");
  pipeline.world(R"({"ticks": {"P": {"from": 0, "to": 6000000000}}})");
  pipeline.run_report("ticks");
  CHECK(pipeline.rows("ticks") == 25);
  CHECK(pipeline.asked() == Lines{"ticks P 20 30", "ticks P 30 40", "ticks P 40 45"});
  pipeline.run_report("ticks");
  CHECK(pipeline.asked().empty());

  SECTION("moving from back reads the front only") {
    pipeline.configure("streams = [\"ticks\"]",
                       "[want]\nfrom = 1970-01-01T00:15:00Z\nto = 1970-01-01T00:45:00Z");
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 15 20"});
    CHECK(pipeline.rows("ticks") == 30);
  }
  SECTION("moving from forth reads nothing and keeps what is there") {
    pipeline.configure("streams = [\"ticks\"]",
                       "[want]\nfrom = 1970-01-01T00:30:00Z\nto = 1970-01-01T00:45:00Z");
    pipeline.run_report("ticks");
    CHECK(pipeline.asked().empty());
    CHECK(pipeline.rows("ticks") == 25);
  }
  SECTION("the lag window is read again") {
    pipeline.configure(
        "streams = [\"ticks\"]",
        "[want]\nfrom = 1970-01-01T00:20:00Z\nto = 1970-01-01T00:45:00Z\nlag = \"3m\"");
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 42 45"});
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks P 42 45"});
    CHECK(pipeline.rows("ticks") == 25);
  }
  SECTION("partitions come and go") {
    pipeline.world(R"({"ticks": {"Q": {"from": 1800000000, "to": 6000000000}}})");
    pipeline.run_report("ticks");
    CHECK(pipeline.asked() == Lines{"ticks Q 30 40", "ticks Q 40 45"});
    CHECK(pipeline.rows("ticks") == 40);
  }
  SECTION("a lost ledger is restored from the target") {
    std::filesystem::remove_all(pipeline.state());
    pipeline.run_report("ticks");
    CHECK(pipeline.asked().empty());
  }
}

TEST_CASE("series: an interval that fails leaves a gap that gaps shows and the next run fills",
          "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]",
                     "[want]\nfrom = 1970-01-01T00:00:00Z\nto = 1970-01-01T00:30:00Z");
  pipeline.world(
      R"({"ticks": {"P": {"from": 0, "to": 6000000000, "fail_from": 660000000, "fail_to": 720000000}}})");
  CHECK(pipeline.run_report("ticks", 1).at("failed") == 1);
  CHECK(pipeline.rows("ticks") == 20);
  auto gaps = pipeline.sluice("gaps");
  CHECK(gaps.exit_code == 1);
  CHECK(gaps.out.find("1970-01-01T00:10:00Z … 1970-01-01T00:20:00Z") != std::string::npos);
  pipeline.asked();
  pipeline.world(R"({"ticks": {"P": {"from": 0, "to": 6000000000}}})");
  pipeline.run_report("ticks");
  CHECK(pipeline.asked() == Lines{"ticks P 10 20"});
  CHECK(pipeline.sluice("gaps").exit_code == 0);
}

TEST_CASE("series: the step that has not ended is never landed", "[pipeline][series]") {
  WorldPipeline pipeline;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const int64_t hour_ago = now.count() - 3'600'000'000;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(R"({"ticks": {"P": {"from": )" + std::to_string(hour_ago) +
                 R"(, "to": 9000000000000000}}})");
  pipeline.run_report("ticks");
  const int64_t last =
      sluice::test::sql_number(pipeline.database(), "SELECT unixepoch(max(time)) FROM ticks");
  CHECK(last + 60 <= now.count() / 1'000'000 + 60);
  CHECK(pipeline.rows("ticks") >= 58);
  const auto after = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  CHECK(last + 60 <= after.count());
}

TEST_CASE("series: where it begins must be known, else nothing would be wanted in silence",
          "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(R"({"ticks": {"P": {"from": -9223372036854775808, "to": 1500001200000000}}})");
  for (const char* verb : {"plan", "run"}) {
    const auto refused = pipeline.sluice(verb);
    INFO(refused.out << refused.err);
    CHECK(refused.exit_code == 78);
    CHECK((refused.out + refused.err)
              .find("does not say when ticks of P begins; set from in "
                    "[want]") != std::string::npos);
  }
  pipeline.world(R"({"ticks": {"P": {"from": -9223372036854775808, "to": 1500001200000000},
                               "Q": {"from": 1500000600000000, "to": 1500001200000000}}})");
  pipeline.run_report("ticks");  // one that is known is not lost for the other
  CHECK(pipeline.rows("ticks") == 10);
  pipeline.configure("streams = [\"ticks\"]", "[want]\nfrom = 2017-07-14T02:50:00Z\n");
  pipeline.run_report("ticks");
  CHECK(pipeline.rows("ticks") == 20);
}

TEST_CASE("series: what is in quarantine and no longer wanted leaves the run complete",
          "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]");
  pipeline.world(R"({"ticks": {"P": {"from": 1500000600000000, "to": 1500001200000000,
                                     "garbled": true},
                               "Q": {"from": 1500000600000000, "to": 1500001200000000}}})");
  CHECK(pipeline.run_report("ticks", 1).at("quarantined") == 1);
  CHECK(pipeline.run_report("ticks", 1).at("quarantined_earlier") == 1);
  pipeline.world(R"({"ticks": {"Q": {"from": 1500000600000000, "to": 1500001200000000}}})");
  CHECK(pipeline.run_report("ticks").at("quarantined_earlier") == 0);
}

TEST_CASE("series: a stream in partitions that has none asks for nothing", "[pipeline][series]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"ticks\"]", "[want]\nfrom = 2017-07-14T02:50:00Z\n");
  pipeline.world(R"({"ticks": {}})");
  CHECK(pipeline.run_report("ticks").at("planned") == 0);
  CHECK(pipeline.asked().empty());
}

TEST_CASE("snapshot: read again when older than refresh", "[pipeline][snapshot]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"members\"]");
  pipeline.world(R"({"members": 5})");
  pipeline.run_report("members");
  CHECK(pipeline.rows("members") == 5);
  CHECK(pipeline.asked() == Lines{"members"});
  pipeline.run_report("members");
  CHECK(pipeline.asked().empty());
  pipeline.world(R"({"members": 7})");
  pipeline.configure("streams = [\"members\"]", "[stream.members]\nrefresh = \"0s\"");
  pipeline.run_report("members");
  CHECK(pipeline.asked() == Lines{"members"});
  CHECK(pipeline.rows("members") == 7);
}

TEST_CASE("streams: run in the order that is asked for and only those", "[pipeline]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"members\", \"docs\"]");
  pipeline.world(R"({"members": 1, "docs": {"a": {"rows": 1}}, "items": {"k": "found"}})");
  REQUIRE(pipeline.sluice("run").exit_code == 0);
  const auto report =
      nlohmann::json::parse(sluice::test::read_file(pipeline.folder / "report.json"));
  REQUIRE(report.at("streams").size() == 2);
  CHECK(report.at("streams").at(0).at("stream") == "members");
  CHECK(report.at("streams").at(1).at("stream") == "docs");
  pipeline.configure("streams = [\"membres\"]");
  const auto wrong = pipeline.sluice("run");
  CHECK(wrong.exit_code == 78);
  CHECK((wrong.out + wrong.err).find("did you mean 'members'?") != std::string::npos);
}
