// SPDX-License-Identifier: Apache-2.0
#include "pipeline/world.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/database.hpp"

namespace sluice::test {

WorldPipeline::WorldPipeline() {
  world("{}");
  configure("");
}

void WorldPipeline::world(const std::string& json) const {
  // Renamed into place, so that a run that goes on never sees half a world.
  write_file(folder / "world.json.new", json);
  std::filesystem::rename(folder / "world.json.new", folder / "world.json");
}

void WorldPipeline::configure(const std::string& pipeline_lines, const std::string& tables) const {
  write_file(
      config(),
      "[pipeline]\nname = \"world\"\nretry_base = \"1ms\"\nretry_cap = \"5ms\"\nattempts = 3\n" +
          pipeline_lines + "\n" + tables + "\n[[source]]\nplugin = \"world\"\nworld = \"" +
          (folder / "world.json") + "\"\njournal = \"" + (folder / "journal") +
          "\"\n[sink]\nplugin = \"sqlite\"\npath = \"" + database() + "\"\n");
}

std::vector<std::string> WorldPipeline::command(const std::vector<std::string>& arguments,
                                                const std::string& binary) const {
  std::vector<std::string> all = {binary.empty() ? SLUICE_BINARY : binary,
                                  "--state-dir",
                                  state(),
                                  "--plugin-dir",
                                  SLUICE_TEST_PLUGINS,
                                  "--plugin-dir",
                                  SLUICE_PLUGINS,
                                  "--trust-plugins"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Finished WorldPipeline::sluice(const std::string& verb,
                               const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {verb, config()};
  if (verb == "run") {
    arguments.insert(arguments.end(), {"--report", folder / "report.json"});
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(command(arguments));
}

nlohmann::json WorldPipeline::run_report(const std::string& stream, int expected_exit) const {
  const Finished finished = sluice("run");
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == expected_exit);
  const auto report = nlohmann::json::parse(read_file(folder / "report.json"));
  for (const auto& one : report.at("streams")) {
    if (one.at("stream") == stream) {
      return one;
    }
  }
  FAIL("the report has no stream " << stream);
  return {};
}

std::vector<std::string> WorldPipeline::asked() {
  std::istringstream in(read_file(folder / "journal"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  std::vector<std::string> fresh(
      lines.begin() + static_cast<std::ptrdiff_t>(std::min(seen_, lines.size())), lines.end());
  seen_ = lines.size();
  std::sort(fresh.begin(), fresh.end());
  return fresh;
}

int64_t WorldPipeline::rows(const std::string& table) const {
  return sql_number(database(), "SELECT count(*) FROM \"" + table + "\"");
}

}  // namespace sluice::test
