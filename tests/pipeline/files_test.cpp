// SPDX-License-Identifier: Apache-2.0
//
// The files plugin in the real binary: the sample pipeline as it stands, archives, standard output.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/dwd/zip_writer.hpp"

namespace fs = std::filesystem;
using sluice::test::run;
using sluice::test::sql;
using sluice::test::TempDir;
using sluice::test::write_file;

namespace {

std::vector<std::string> command(const TempDir& folder, const std::vector<std::string>& more) {
  std::vector<std::string> all = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                  "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string quoted(const std::string& path) {
  return nlohmann::json(path).dump();
}

// The source over all files of the folder's "in", into the sink that `sink` says.
std::string configure(const TempDir& folder, const std::string& sink) {
  fs::create_directories(folder / "in");
  const std::string file = folder / "files.toml";
  write_file(file,
             "[pipeline]\nname = \"files\"\n[[source]]\nplugin = \"files\"\npaths = [" +
                 quoted(folder / "in/*") +
                 "]\nstream = \"things\"\nformat = \"ndjson\"\nkey = [\"id\"]\ncolumns = [{ name = "
                 "\"id\", type = \"int64\", nullable = false }, { name = \"name\" }]\n[sink]\n" +
                 sink + "\n");
  return file;
}

}  // namespace

TEST_CASE("files: the sample pipeline of candles lands in SQLite and stays", "[pipeline][files]") {
  const TempDir folder;
  const std::string target = folder / "candles.db";
  const std::string config = fs::path(SLUICE_ROOT) / "config/candles_files.toml";
  const std::string cases = fs::path(SLUICE_ROOT) / "plugins/files/tests/cases/candles/*.ndjson";
  const std::vector<std::string> set = {"--set", "source.0.paths=[" + quoted(cases) + "]", "--set",
                                        "sink.path=" + quoted(target)};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), set.begin(), set.end());
    return run(command(folder, arguments));
  };
  const auto first = with({"run", config, "--format", "json"});
  INFO(first.out << first.err);
  REQUIRE(first.exit_code == 0);
  const auto stream = nlohmann::json::parse(first.out).at("streams").at(0);
  CHECK(stream.at("stream") == "candles");
  CHECK(stream.at("landed") > 0);
  const std::string count = sql(target, "SELECT count(*) FROM candles");
  CHECK(std::stoll(count) > 0);
  CHECK(sql(target, "SELECT count(DISTINCT symbol || time) FROM candles") == count);
  CHECK(sql(target, "SELECT count(*) FROM candles WHERE NOT (low <= open AND open <= high)") ==
        "0");
  CHECK(with({"gaps", config}).exit_code == 0);

  const auto second = with({"run", config, "--format", "json"});
  REQUIRE(second.exit_code == 0);
  CHECK(nlohmann::json::parse(second.out).at("streams").at(0).at("planned") == 0);
  CHECK(sql(target, "SELECT count(*) FROM candles") == count);
}

TEST_CASE("files: every member of a zip archive is read", "[pipeline][files]") {
  const TempDir folder;
  const std::string config =
      configure(folder, "plugin = \"sqlite\"\npath = " + quoted(folder / "target.db"));
  sluice::twin::dwd::ZipWriter zip(1'700'000'000);
  zip.add("one.ndjson", "{\"id\":1,\"name\":\"one\"}\n{\"id\":2,\"name\":\"two\"}\n", false);
  zip.add("deeper/two.ndjson", "{\"id\":3,\"name\":\"ü\"}\n", true);
  const std::string whole = zip.finish();
  write_file(folder / "in/things.zip", whole);
  const auto finished = run(command(folder, {"run", config}));
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  CHECK(sql(folder / "target.db", "SELECT group_concat(id || name, ' ') FROM things ORDER BY id") ==
        "1one 2two 3ü");

  write_file(folder / "in/things.zip", whole.substr(0, whole.size() / 2));  // cut short
  const auto damaged = run(command(folder, {"run", config}));
  INFO(damaged.out << damaged.err);
  CHECK(damaged.exit_code == 1);
  CHECK(damaged.out.find("things.zip") != std::string::npos);
  CHECK(sql(folder / "target.db", "SELECT count(*) FROM things") == "3");
}

TEST_CASE("files: rows go to the standard output and nothing else does", "[pipeline][files]") {
  const TempDir folder;
  const std::string config = configure(folder, "plugin = \"files\"\npath = \"-\"");
  write_file(folder / "in/a.ndjson", "{\"id\":1,\"name\":\"one\"}\n{\"id\":2}\n");
  const auto finished = run(command(folder, {"run", config, "--quiet"}));
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  std::istringstream lines(finished.out);
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(lines, line);) {
    rows.push_back(nlohmann::json::parse(line));
  }
  REQUIRE(rows.size() == 2);
  CHECK(rows.at(0).at("id") == 1);
  CHECK(rows.at(0).at("name") == "one");
  CHECK(rows.at(1).at("name").is_null());
}
