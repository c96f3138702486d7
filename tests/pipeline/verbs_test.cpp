// SPDX-License-Identifier: Apache-2.0
//
// What the verbs print, for people and as JSON, and how the program ends when a plugin breaks.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "pipeline/world.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::WorldPipeline;

namespace {

Finished sluice_in(const WorldPipeline& pipeline, const std::vector<std::string>& arguments) {
  return sluice::test::run(pipeline.command(arguments));
}

json parsed(const Finished& finished) {
  INFO(finished.out << finished.err);
  const json out = json::parse(finished.out, nullptr, false);
  REQUIRE_FALSE(out.is_discarded());
  return out;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

const std::string kWorldLibrary = std::string(SLUICE_TEST_PLUGINS) + "/world.so";

}  // namespace

TEST_CASE("plugins list: a line for each component under a heading", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const auto finished = sluice_in(pipeline, {"plugins", "list"});
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  CHECK(finished.out.starts_with("KIND "));
  CHECK(matches(finished.out, "\nsource +world +1\\.0\\.0 +A world in a file +/.*/world\\.so\n"));
  CHECK(matches(finished.out, "\nsink +sqlite +[0-9.]+ +SQLite +/.*/sqlite\\.so\n"));
  CHECK(finished.err.empty());
}

TEST_CASE("plugins list: JSON names components and folders and problems", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const json out = parsed(sluice_in(pipeline, {"plugins", "list", "--format", "json"}));
  CHECK(out.at("problems").empty());
  CHECK(out.at("folders").at(0) == SLUICE_TEST_PLUGINS);
  bool seen = false;
  for (const json& component : out.at("components")) {
    seen = seen || (component.at("kind") == "source" && component.at("id") == "world" &&
                    component.at("version") == "1.0.0" && component.at("file") == kWorldLibrary);
  }
  CHECK(seen);
}

TEST_CASE("plugins list: a broken library is told and the others are listed", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  sluice::test::write_file(pipeline.folder / "broken.so",
                           "\x7f"
                           "ELF and then nothing");
  const auto finished =
      sluice_in(pipeline, {"plugins", "list", "--plugin-dir", pipeline.folder.path().string()});
  CHECK(finished.exit_code == 0);
  CHECK(has(finished.err, "broken.so"));
  CHECK(has(finished.out, "sqlite"));
}

TEST_CASE("plugins inspect: everything that shows without running code", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const auto finished = sluice_in(pipeline, {"plugins", "inspect", kWorldLibrary});
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  CHECK(matches(finished.out, "file +" + kWorldLibrary));
  CHECK(matches(finished.out, "sha256 +[0-9a-f]{64}\n"));
  CHECK(matches(finished.out, "size +[0-9]+ bytes\n"));
  CHECK(matches(finished.out,
                "plugin ABI +built with 1\\.\\d+, needs a host of 1\\.\\d+ or newer\n"));
  CHECK(matches(finished.out, "exports +sluice_entry_v1\n"));
  CHECK(matches(finished.out, "\nsource +world +1\\.0\\.0 +A world in a file"));
}

TEST_CASE("plugins inspect: the same as JSON", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const json out =
      parsed(sluice_in(pipeline, {"plugins", "inspect", kWorldLibrary, "--format", "json"}));
  CHECK(out.at("file") == kWorldLibrary);
  CHECK(out.at("sha256").get<std::string>().size() == 64);
  CHECK(out.at("size_bytes") == std::filesystem::file_size(kWorldLibrary));
  CHECK(out.at("exported") == json({"sluice_entry_v1"}));
  CHECK(out.at("abi").at(0) == 1);
  REQUIRE(out.at("components").size() == 1);
  CHECK(out.at("components").at(0).at("id") == "world");
  CHECK(out.at("components").at(0).at("config_schema").at("required") ==
        json({"world", "journal"}));
}

TEST_CASE("plugins inspect: a file that is no plugin is an error", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  for (const std::string& file : {pipeline.folder / "none.so", pipeline.config()}) {
    const auto finished = sluice_in(pipeline, {"plugins", "inspect", file});
    CHECK(finished.exit_code == 1);
    CHECK(has(finished.err, file));
    CHECK(finished.out.empty());
  }
}

TEST_CASE("plugins describe: a component and its configuration keys", "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const auto finished = sluice_in(pipeline, {"plugins", "describe", "world"});
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  CHECK(finished.out.starts_with("source   world\n"));
  CHECK(matches(finished.out, "\nKEY +TYPE +DEFAULT +RANGE +WHAT IT IS\n"));
  CHECK(matches(finished.out, "\njournal +string +required +-"));
  CHECK(matches(finished.out, "\nspan_minutes +integer +10 +>= 1"));
  const json out =
      parsed(sluice_in(pipeline, {"plugins", "describe", "world", "--format", "json"}));
  REQUIRE(out.size() == 1);
  CHECK(out.at(0).at("kind") == "source");
  CHECK(out.at(0).at("keys").size() == 3);
  CHECK(out.at(0).at("config_schema").at("type") == "object");
}

TEST_CASE("plugins describe: a wrong name is met with the one that was meant",
          "[pipeline][verbs]") {
  const WorldPipeline pipeline;
  const auto finished = sluice_in(pipeline, {"plugins", "describe", "sqlit"});
  CHECK(finished.exit_code == 1);
  CHECK(has(finished.err, "did you mean \"sqlite\"?"));
}

TEST_CASE("state show: rows in quarantine with rule and reason and record", "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\", \"events\"]");
  pipeline.world(R"({"docs": {"a": {"validator": "1", "rows": 3, "rejects": 2}, "b": {"rows": 1}},
                     "events": {"e": {"rows": 1, "rejects": 1}}})");
  const auto none = sluice_in(pipeline, {"state", "show", "--rejected"});
  CHECK(none.exit_code != 0);
  const json report = pipeline.run_report("docs", 1);  // not complete: rows are missing
  CHECK(report.at("rows") == 4);
  CHECK(report.at("rejected_rows") == 2);

  const auto text = sluice_in(pipeline, {"state", "show", "world", "--rejected"});
  INFO(text.out << text.err);
  REQUIRE(text.exit_code == 0);
  CHECK(matches(text.out, "docs a shape: The record has no row\\.\n +a record 0\n"));
  CHECK(has(text.out, "a record 1"));
  CHECK(has(text.out, "events e shape"));

  const json all =
      parsed(sluice_in(pipeline, {"state", "show", "world", "--rejected", "--format", "json"}));
  REQUIRE(all.size() == 3);
  const json one = parsed(
      sluice_in(pipeline, {"state", "show", "world", "events", "--rejected", "--format", "json"}));
  REQUIRE(one.size() == 1);
  CHECK(one.at(0).at("slice") == "e");
  CHECK(one.at(0).at("rule") == "shape");
  CHECK(one.at(0).at("payload") == "e record 0");
  CHECK(one.at(0).at("time_us") > 0);
}

TEST_CASE("plan: says what a run would read and changes nothing", "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]",
                     "[limits.requests_per_second]\n\"*\" = 4\n\"slow.example.org\" = 0.5\n");
  pipeline.world(R"({"docs": {"a": {"validator": "1", "rows": 3}, "b": {"validator": "1"}}})");
  const auto text = pipeline.sluice("plan");
  INFO(text.out << text.err);
  REQUIRE(text.exit_code == 0);
  CHECK(matches(text.out,
                "^world:\n  docs +2 slices to read of 2 \\(2 new, 0 changed, 0 landed, "
                "0 vanished\\)\n +about 2 requests, at least 4\\.00 s if all count in the "
                "limit of 0\\.5 a second for 'slow\\.example\\.org'\n"));
  CHECK(has(text.out, "CREATE TABLE"));
  CHECK(pipeline.asked().empty());
  CHECK_FALSE(std::filesystem::exists(pipeline.state() + "/ledger.mdb"));
  CHECK_FALSE(std::filesystem::exists(pipeline.database()));

  pipeline.run_report("docs");
  pipeline.world(R"({"docs": {"a": {"validator": "2", "rows": 3}, "b": {"validator": "1"}}})");
  const json plan = parsed(pipeline.sluice("plan", {"--format", "json"}));
  CHECK(plan.at("pipeline") == "world");
  CHECK(plan.at("target_differs") == false);
  const json& stream = plan.at("streams").at(0);
  CHECK(stream.at("stream") == "docs");
  CHECK(stream.at("listed") == 2);
  CHECK(stream.at("work") == 1);
  CHECK(stream.at("changed") == 1);
  CHECK(stream.at("same") == 1);
  CHECK(stream.at("estimated_requests") == 1);
  CHECK(stream.at("estimated_seconds") == 2.0);
  CHECK(stream.at("estimated_by_limit") == "slow.example.org");
  CHECK(stream.at("target_changes").empty());
}

TEST_CASE("plan: names the slices that it would read where that is asked for",
          "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\", \"ticks\"]");
  pipeline.world(R"({"docs": {"a": {"rows": 3}, "b": {}, "c": {}},
                     "ticks": {"P": {"from": 1500000000000000, "to": 1500001200000000}}})");
  const auto text = pipeline.sluice("plan", {"--slices", "2"});
  INFO(text.out << text.err);
  CHECK(has(text.out, "\n    a\n    b\n    … and 1 more\n"));
  CHECK(has(text.out,
            "\n    P 2017-07-14T02:40:00Z … 2017-07-14T02:50:00Z\n"
            "    P 2017-07-14T02:50:00Z … 2017-07-14T03:00:00Z\n"));
  const json plan = parsed(pipeline.sluice("plan", {"--slices", "9", "--format", "json"}));
  CHECK(plan.at("streams").at(0).at("slices").size() == 3);
  const json& tick = plan.at("streams").at(1).at("slices").at(0);
  CHECK(tick.at("partition") == "P");
  CHECK(tick.at("to") == "2017-07-14T02:50:00Z");
  CHECK_FALSE(
      parsed(pipeline.sluice("plan", {"--format", "json"})).at("streams").at(0).contains("slices"));
}

TEST_CASE("plan: keys cost a request each at most, and as few as the source takes together",
          "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"items\"]");
  pipeline.world(R"({"items": {"k1": "found", "k2": "found", "k3": "found", "k4": "found"}})");
  CHECK(has(pipeline.sluice("plan").out, " 2 to 4 requests\n"));
}

TEST_CASE("plan: several files are one list", "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]");
  const std::string second = pipeline.folder / "second.toml";
  std::string text = sluice::test::read_file(pipeline.config());
  text.replace(text.find("name = \"world\""), 14, "name = \"other\"");
  sluice::test::write_file(second, text);
  const json plans =
      parsed(sluice_in(pipeline, {"plan", pipeline.config(), second, "--format", "json"}));
  REQUIRE(plans.size() == 2);
  CHECK(plans.at(1).at("pipeline") == "other");
}

TEST_CASE("gaps: what is missing is named and ends with its own exit code", "[pipeline][verbs]") {
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\", \"ticks\"]");
  pipeline.world(R"({"docs": {"a": {"validator": "1", "rows": 3},
                              "b": {"validator": "1", "fail": "bad_data"}},
                     "ticks": {"P": {"from": 1500000000000000, "to": 1500001200000000,
                                     "fail_from": 1500000600000000, "fail_to": 1500001200000000}}})");
  const auto before = pipeline.sluice("gaps");
  INFO(before.out << before.err);
  CHECK(before.exit_code == 1);
  CHECK(matches(before.out, "^world:\n  docs +2 slices missing \\(0 failed, 0 quarantined\\)\n"));
  CHECK(matches(before.out, "  ticks +P 100\\.00 % missing in 1 gaps\n"));

  pipeline.run_report("docs", 1);
  const auto after = pipeline.sluice("gaps");
  INFO(after.out << after.err);
  CHECK(after.exit_code == 1);
  CHECK(matches(after.out, "  docs +1 slices missing \\(0 failed, 1 quarantined\\)\n"));
  CHECK(has(after.out, "quarantined b: "));
  CHECK(has(after.out,
            "P 50.00 % missing in 1 gaps\n    2017-07-14T02:50:00Z … "
            "2017-07-14T03:00:00Z\n"));

  const json out = parsed(pipeline.sluice("gaps", {"--format", "json"}));
  const json& docs = out.at("streams").at(0);
  CHECK(docs.at("complete") == false);
  CHECK(docs.at("missing_slices") == 1);
  CHECK(docs.at("examples").at(0).at("slice") == "b");
  CHECK(docs.at("examples").at(0).at("class") == "bad_data");
  const json& ticks = out.at("streams").at(1).at("partitions").at(0);
  CHECK(ticks.at("partition") == "P");
  CHECK(ticks.at("wanted_seconds") == 1200);
  CHECK(ticks.at("missing_seconds") == 600);
  CHECK(ticks.at("missing").at(0).at("from") == "2017-07-14T02:50:00Z");

  pipeline.configure("streams = [\"docs\"]");
  pipeline.world(R"({"docs": {"a": {"validator": "1", "rows": 3}, "b": {"validator": "2"}}})");
  pipeline.run_report("docs");
  const auto whole = pipeline.sluice("gaps");
  INFO(whole.out << whole.err);
  CHECK(whole.exit_code == 0);
  CHECK(matches(whole.out, "  docs +complete\n"));
}

TEST_CASE("run: an exception in a plugin's reader is an error of its slice", "[pipeline][verbs]") {
  const std::string how = GENERATE("exception", "oddity");
  CAPTURE(how);
  WorldPipeline pipeline;
  pipeline.configure("streams = [\"docs\"]\nworkers = 4");
  pipeline.world(R"({"docs": {"a": {"rows": 3}, "b": {"fail": ")" + how +
                 R"("}, "c": {"rows": 4}, "d": {"fail": ")" + how + R"("}}})");
  const json report = pipeline.run_report("docs", 1);
  CHECK(report.at("landed") == 2);
  CHECK(report.at("failed") == 2);
  CHECK(pipeline.rows("docs") == 7);  // the others landed
  const auto shown = sluice_in(pipeline, {"state", "show", "world", "--state", "failed"});
  INFO(shown.out);
  CHECK(has(shown.out, "internal: "));
  CHECK((how == "oddity" || has(shown.out, "a reader looked behind the end")));
  pipeline.world(
      R"({"docs": {"a": {"rows": 3}, "b": {"rows": 1}, "c": {"rows": 4}, "d": {"rows": 1}}})");
  pipeline.run_report("docs");
  CHECK(pipeline.rows("docs") == 9);
}
