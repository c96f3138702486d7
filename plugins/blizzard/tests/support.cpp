// SPDX-License-Identifier: Apache-2.0
#include "plugins/blizzard/tests/support.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace blizzard::test {

using sluice::json;
using sluice::testing::Answer;

std::string url(const std::string& path, const std::string& name_space, const std::string& more) {
  return std::string(kBase) + "/data/wow/" + path + "?namespace=" + name_space + more;
}

Answer json_answer(std::string body, uint32_t status) {
  return {.body = std::move(body),
          .status = status,
          .headers = {{"Content-Type", "application/json;charset=UTF-8"}}};
}

Answer not_found() {
  return json_answer(R"({"code":404,"type":"BLZWEBAPI00000404","detail":"Not Found"})", 404);
}

json config(const json& changes) {
  json out = {{"base_url", kBase}};
  out.update(changes);
  return out;
}

sluice::testing::Plugin plugin() {
  return sluice::testing::Plugin::load(BLIZZARD_PLUGIN_FILE);
}

sluice::testing::SourceRun read(sluice::testing::FakeHost& host, const json& changes,
                                const sluice::testing::ReadSpec& spec) {
  return sluice::testing::SourceSession(plugin(), host, config(changes)).read(spec);
}

uint64_t noted(const sluice::testing::SourceRun& run, const std::string& code) {
  uint64_t count = 0;
  for (const auto& note : run.notes) {
    count += note.code == code ? note.count : 0;
  }
  return count;
}

std::optional<sluice::Outcome> outcome(const sluice::testing::SourceRun& run,
                                       const std::string& key) {
  for (const auto& one : run.outcomes) {
    if (one.key == key) {
      return one.outcome;
    }
  }
  return std::nullopt;
}

std::optional<std::filesystem::path> fixtures() {
  const char* given = std::getenv("SLUICE_FIXTURES");
  const std::filesystem::path root =
      given != nullptr && *given != '\0' ? given : "../shared/fixtures";
  if (!std::filesystem::is_directory(root / "blizzard")) {
    WARN("The recorded answers of Blizzard are not here; set SLUICE_FIXTURES to their folder.");
    return std::nullopt;
  }
  return root / "blizzard";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace blizzard::test
