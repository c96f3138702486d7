// SPDX-License-Identifier: Apache-2.0
// The game's service over real HTTP, read as a client would and held against what it says of
// itself.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

Options game(std::uint32_t tables = 14) {
  Options options;
  options.seed = 5;
  options.bungie.tables = tables;
  return options;
}

json manifest(const Twin& twin, const Headers& headers = {}) {
  const Answer answer = fetch(twin, "/bungie/Platform/Destiny2/Manifest/", headers);
  return json::parse(answer.body);
}

std::string path_of(const json& manifest, const std::string& table,
                    const std::string& language = "en") {
  return "/bungie" + manifest.at("Response")
                         .at("jsonWorldComponentContentPaths")
                         .at(language)
                         .at(table)
                         .get<std::string>();
}

json expect(Twin& twin, const std::string& table, const std::string& language = "en") {
  return json::parse(
      twin.control("GET", "/_twin/bungie/expect?table=" + table + "&language=" + language));
}

json table(const Twin& twin, const std::string& name, const std::string& language = "en") {
  return json::parse(fetch(twin, path_of(manifest(twin), name, language)).body);
}

}  // namespace

TEST_CASE("bungie twin: tables hold what the model says", "[twin][bungie]") {
  Twin twin(game());
  const json all = manifest(twin);
  CHECK(all.at("ErrorCode") == 1);
  CHECK(all.at("Response").at("jsonWorldComponentContentPaths").size() == 13);
  for (const std::string language : {"en", "ja", "zh-chs"}) {
    for (const std::string name : {"DestinyInventoryItemDefinition", "DestinyVendorDefinition"}) {
      const json truth = expect(twin, name, language);
      const json got = table(twin, name, language);
      CHECK(got.size() == truth.at("entries"));
      std::uint64_t hashes = 0;
      std::uint64_t redacted = 0;
      std::uint64_t names = 0;
      std::uint64_t descriptions = 0;
      std::uint64_t currencies = 0;
      std::uint64_t sales = 0;
      for (const auto& [key, entry] : got.items()) {
        CHECK(std::to_string(entry.at("hash").get<std::uint32_t>()) == key);
        hashes += entry.at("hash").get<std::uint32_t>();
        redacted += entry.at("redacted").get<bool>() ? 1 : 0;
        names += entry.at("displayProperties").at("name").get<std::string>().size();
        descriptions += entry.at("displayProperties").at("description").get<std::string>().size();
        currencies += entry.value("itemType", 0) == 1 ? 1 : 0;
        sales += entry.value("itemList", json::array()).size();
      }
      CHECK(hashes == truth.at("hashes"));
      CHECK(redacted == truth.at("redacted"));
      CHECK(redacted > 0);
      CHECK(names == truth.at("name_bytes"));
      CHECK(descriptions == truth.at("description_bytes"));
      const bool items = name == "DestinyInventoryItemDefinition";
      CHECK(currencies == (items ? truth.at("currencies").get<std::uint64_t>() : 0));
      CHECK(sales == (items ? 0 : truth.at("sales").get<std::uint64_t>()));
    }
  }
  CHECK(table(twin, "DestinyHistoricalStatsDefinition").contains("stat_3"));
}

TEST_CASE("bungie twin: the database holds the entries with signed ids", "[twin][bungie]") {
  Twin twin(game());
  const std::string path =
      "/bungie" +
      manifest(twin).at("Response").at("mobileWorldContentPaths").at("de").get<std::string>();
  const auto members = unzip(fetch(twin, path).body);
  REQUIRE(members.size() == 1);
  const auto file = std::filesystem::temp_directory_path() / "bungie_twin_test.db";
  std::ofstream(file, std::ios::binary) << members[0].second;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  const auto number = [&](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK);
    sqlite3_step(statement);
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  };
  const json truth = expect(twin, "DestinyInventoryItemDefinition", "de");
  CHECK(number("SELECT count(*) FROM DestinyInventoryItemDefinition") == truth.at("entries"));
  CHECK(number("SELECT sum(id) FROM DestinyInventoryItemDefinition") == truth.at("signed_hashes"));
  CHECK(number("SELECT count(*) FROM DestinyInventoryItemDefinition WHERE "
               "id + 4294967296 * (id < 0) = json_extract(json, '$.hash')") == truth.at("entries"));
  CHECK(number("SELECT count(*) FROM DestinyHistoricalStatsDefinition WHERE key LIKE 'stat_%'") ==
        40);
  sqlite3_close(db);
  std::filesystem::remove(file);
}

TEST_CASE("bungie twin: a new build has new paths and the changes that were asked for",
          "[twin][bungie]") {
  Twin twin(game());
  const std::string name = "DestinySandboxPerkDefinition";
  const json old_manifest = manifest(twin);
  const json before = table(twin, name);
  const json done = json::parse(twin.control(
      "POST", "/_twin/bungie/publish",
      R"({"tables": ["DestinySandboxPerkDefinition"], "changed": 3, "added": 2, "vanished": 1,
          "revealed": 1, "reorder": true, "drop": ["DestinyTalentGridDefinition"]})"));
  CHECK(done.at("changed") == 3);
  const json next = manifest(twin);
  CHECK(path_of(next, name) != path_of(old_manifest, name));
  CHECK_FALSE(next.at("Response")
                  .at("jsonWorldComponentContentPaths")
                  .at("en")
                  .contains("DestinyTalentGridDefinition"));
  const json after = table(twin, name);
  std::size_t changed = 0;
  std::size_t added = 0;
  for (const auto& [key, entry] : after.items()) {
    added += before.contains(key) ? 0 : 1;
    changed += before.contains(key) && before.at(key) != entry ? 1 : 0;
  }
  CHECK(added == 2);
  CHECK(changed == 3 + done.at("revealed").get<std::size_t>());
  CHECK(after.size() == before.size() + 2 - 1);
  CHECK(table(twin, "DestinyStatDefinition") ==
        json::parse(fetch(twin, path_of(old_manifest, "DestinyStatDefinition")).body));
  CHECK(fetch(twin, path_of(next, "DestinyStatDefinition")).body !=
        fetch(twin, path_of(old_manifest, "DestinyStatDefinition")).body);

  SECTION("the old manifest comes again between") {
    twin.control("POST", "/_twin/bungie/alternate");
    CHECK(manifest(twin) == next);
    CHECK(manifest(twin) == old_manifest);
    CHECK(manifest(twin) == next);
  }
  SECTION("a rollback brings the old manifest back for good") {
    twin.control("POST", "/_twin/bungie/rollback");
    CHECK(manifest(twin) == old_manifest);
  }
  SECTION("files that are not there yet are 404 and stay so in caches") {
    const std::string path = path_of(next, name);
    twin.control("POST", "/_twin/bungie/absent", R"({"tables": ["DestinySandboxPerkDefinition"]})");
    const Answer missing = fetch(twin, path);
    CHECK(missing.status == 404);
    CHECK(missing.headers.at("cache-control") == "public, max-age=86400");
    twin.control("POST", "/_twin/bungie/arrive");
    CHECK(fetch(twin, path).status == 404);
    CHECK(fetch(twin, path + "?2").status == 200);
    twin.control("POST", "/_twin/bungie/purge");
    CHECK(fetch(twin, path).status == 200);
  }
  SECTION("forgotten files are a page with status 200") {
    twin.control("POST", "/_twin/bungie/forget");
    const Answer answer = fetch(twin, path_of(old_manifest, name));
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("content-type").rfind("text/html", 0) == 0);
  }
}

TEST_CASE("bungie twin: keys belong to the platform only and errors come in any status",
          "[twin][bungie]") {
  Options options = game();
  options.bungie.api_key = "k";
  Twin twin(options);
  CHECK(manifest(twin).at("ErrorCode") == 2102);
  CHECK(manifest(twin, {{"X-API-Key", "x"}}).at("ErrorCode") == 2101);
  const json all = manifest(twin, {{"X-API-Key", "k"}});
  REQUIRE(all.at("ErrorCode") == 1);
  const std::string path = path_of(all, "DestinyPlaceDefinition");
  CHECK(fetch(twin, path).status == 200);
  CHECK(fetch(twin, path, {{"X-API-Key", "k"}}).status == 403);
  twin.control("POST", "/_twin/bungie/fail",
               R"({"error_code": 51, "times": 1, "throttle_seconds": 3})");
  const json throttled = manifest(twin, {{"X-API-Key", "k"}});
  CHECK(throttled.at("ErrorCode") == 51);
  CHECK(throttled.at("ThrottleSeconds") == 3);
  CHECK_FALSE(throttled.contains("Response"));
  CHECK(manifest(twin, {{"X-API-Key", "k"}}).at("ErrorCode") == 1);
}

TEST_CASE("bungie twin: a table of many megabytes is built quickly", "[twin][bungie]") {
  Options options = game(98);
  options.bungie.items = 3'100;
  options.bungie.item_bytes = 3'200;
  Twin twin(options);
  const json all = manifest(twin);
  CHECK(all.at("Response").at("jsonWorldComponentContentPaths").at("ko").size() == 98);
  const Answer answer = fetch(twin, path_of(all, "DestinyInventoryItemDefinition"));
  CHECK(answer.body.size() > 9'000'000);
  CHECK(answer.body.size() < 11'000'000);
}

}  // namespace sluice::twin::test
