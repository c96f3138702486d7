// SPDX-License-Identifier: Apache-2.0
//
// Documents do not drift: each sample configuration and each TOML snippet passes `sluice check`,
// each verb that is mentioned exists, and each has a --help.
#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace fs = std::filesystem;
using sluice::test::read_file;
using sluice::test::run;

namespace {

const fs::path kRoot = SLUICE_ROOT;

sluice::test::Finished check(const std::string& file) {
  return run({SLUICE_BINARY, "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins", "check", file});
}

std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> out;
  const std::string open = "```" + language + "\n";
  for (size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    const size_t begin = at + open.size();
    const size_t end = text.find("\n```", begin);
    out.push_back(text.substr(begin, end - begin + 1));
    at = end;
  }
  return out;
}

}  // namespace

TEST_CASE("docs: every sample configuration is accepted", "[pipeline][docs]") {
  size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(kRoot / "config")) {
    if (entry.path().extension() == ".toml") {
      const auto finished = check(entry.path().string());
      INFO(finished.err);
      CHECK(finished.exit_code == 0);
      ++seen;
    }
  }
  CHECK(seen > 0);
}

TEST_CASE("docs: every whole TOML snippet of the README is accepted", "[pipeline][docs]") {
  const sluice::test::TempDir folder;
  size_t seen = 0;
  for (const std::string& block : blocks(read_file(kRoot / "README.md"), "toml")) {
    sluice::test::write_file(folder / "snippet.toml", block);
    const auto finished = check(folder / "snippet.toml");
    INFO(block << finished.err);
    CHECK(finished.exit_code == 0);
    ++seen;
  }
  CHECK(seen > 0);
}

TEST_CASE("docs: every verb of the README exists and explains itself", "[pipeline][docs]") {
  const std::string text = read_file(kRoot / "README.md");
  std::set<std::string> verbs;
  const std::regex command(
      "(?:^|`|\n)sluice ([a-z]+(?: "
      "(?:show|export|import|rebuild|forget|list|inspect|describe|new|set|rm))?)");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), command);
       it != std::sregex_iterator(); ++it) {
    verbs.insert((*it)[1]);
  }
  CHECK(verbs.size() >= 8);
  for (const std::string& verb : verbs) {
    CAPTURE(verb);
    std::vector<std::string> arguments = {SLUICE_BINARY};
    const size_t blank = verb.find(' ');
    arguments.push_back(verb.substr(0, blank));
    if (blank != std::string::npos) {
      arguments.push_back(verb.substr(blank + 1));
    }
    arguments.emplace_back("--help");
    const auto finished = run(arguments);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find("Usage:") != std::string::npos);
  }
}
