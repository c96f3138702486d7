// SPDX-License-Identifier: Apache-2.0
//
// What the tests of bungie share: a service of a few answers, and the recorded files.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bungie::test {

constexpr const char* kBase = "http://bungie.test";

// The manifest's answer: paths by language and table. Every language has a database, too.
struct Paths {
  std::string build = "1";
  std::vector<std::string> languages{"en"};
  std::vector<std::string> tables{"DestinyPlaceDefinition"};
};
std::string table_path(const std::string& table, const std::string& language,
                       const std::string& build = "1");
std::string database_path(const std::string& language, const std::string& build = "1");
std::string manifest(const Paths& paths);
std::string manifest_url();

// A platform's answer that is no success.
std::string failure(int code, int throttle_seconds = 0);

sluice::testing::SourceSession open(sluice::testing::FakeHost& host, sluice::json config = {});

// Serves `body` as a table and reads its stream.
struct Served {
  std::string stream = "places";
  std::string table = "DestinyPlaceDefinition";
  sluice::json config{};
  sluice::testing::ReadSpec spec{};
};
sluice::testing::SourceRun read_table(const std::string& body, const Served& served = {});

// A zip archive of these members, as libarchive writes it.
std::string zip(const std::vector<std::pair<std::string, std::string>>& members);
// A database of these tables: rows of id or key, and JSON.
struct DumpTable {
  std::vector<std::pair<std::string, std::string>> rows;
  bool text_keys = false;
};
std::string database(const std::map<std::string, DumpTable>& tables);

std::optional<std::filesystem::path> fixtures();  // …/bungie; nothing if they are not there
std::string read_file(const std::filesystem::path& path);
std::vector<std::string> split(const std::string& text, char at);

}  // namespace bungie::test
