// SPDX-License-Identifier: Apache-2.0
//
// The parts: configuration, digests, the choice between manifests, envelopes.
#include <simdjson.h>
#include <catch2/catch.hpp>
#include <fstream>

#include "client.hpp"
#include "config.hpp"
#include "fingerprint.hpp"
#include "memory.hpp"
#include "plugins/bungie/tests/support.hpp"
#include "workspace.hpp"

using namespace bungie;                // NOLINT: a test of this namespace
using namespace std::chrono_literals;  // NOLINT
using sluice::Code;
using sluice::json;
using sluice::testing::FakeHost;

namespace {

std::string digest(const std::string& text) {
  Entry entry;
  entry.parse(text);
  return entry.digest().text();
}

Config with(const std::function<void(Config&)>& change) {
  Config config;
  change(config);
  return config;
}

}  // namespace

TEST_CASE("bungie: a digest knows content and not its order", "[unit][bungie]") {
  const std::string same = digest(R"({"a":1,"b":[1,2,{"c":null,"d":"x"}],"e":{"f":true}})");
  CHECK(same.size() == 32);
  CHECK(same == digest(R"( { "e" : {"f":true}, "b":[1,2,{"d":"\u0078","c":null}] , "a":1.0 } )"));
  for (const auto* other : {R"({"a":2,"b":[1,2,{"c":null,"d":"x"}],"e":{"f":true}})",
                            R"({"a":1,"b":[2,1,{"c":null,"d":"x"}],"e":{"f":true}})",
                            R"({"a":"1","b":[1,2,{"c":null,"d":"x"}],"e":{"f":true}})",
                            R"({"a":1,"b":[1,2,{"c":null,"d":"x"}],"e":{"f":false}})",
                            R"({"a":1,"b":[1,2,{"c":null,"d":"x"}],"e":{"g":true}})",
                            R"({"a":1,"b":[1,2,{"c":null,"d":"x"}],"e":{"f":true},"h":0})",
                            R"({"a":1,"b":[1,2,{"c":null}],"d":"x","e":{"f":true}})"}) {
    CAPTURE(other);
    CHECK(digest(other) != same);
  }
  CHECK(digest(R"({"a":{"x":1},"b":{"y":1}})") != digest(R"({"a":{"y":1},"b":{"x":1}})"));
  CHECK(digest("[0.5]") != digest("[0.25]"));
  CHECK(digest("[18446744073709551615]") != digest("[-1]"));
  CHECK(digest("[123456789012345678901234567890]") == digest("[123456789012345678901234567890]"));
  CHECK(digest("[123456789012345678901234567890]") != digest("[123456789012345678901234567891]"));
  CHECK(digest("\"\xff\"") != digest("\"\xfe\""));
  CHECK(digest(R"("")") != digest("null"));
}

TEST_CASE("bungie: no two of many digests agree", "[unit][bungie]") {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    seen.insert(
        digest("{\"hash\":" + std::to_string(i) + ",\"n\":{\"v\":" + std::to_string(i % 7) + "}}"));
  }
  CHECK(seen.size() == 20'000);
}

TEST_CASE("bungie: an entry is read leniently", "[unit][bungie]") {
  Entry entry;
  REQUIRE(entry.parse(R"({"a":"5","b":7,"c":[18,2],"d":{"e":"x"},"f":1.5})"));
  CHECK(entry.number("/a") == 5);
  CHECK(entry.number("/b") == 7);
  CHECK(entry.number("/f") == 0);
  CHECK(entry.number("/none") == 0);
  CHECK(entry.holds("/c", 18));
  CHECK_FALSE(entry.holds("/c", 3));
  CHECK_FALSE(entry.holds("/b", 7));
  CHECK(entry.text("/d/e") == "x");
  CHECK_FALSE(entry.has_text("/d"));
  CHECK_FALSE(entry.parse("{\"a\":"));
  CHECK(entry.number("/a") == 0);
}

TEST_CASE("bungie: the configuration is checked", "[unit][bungie]") {
  const auto refused = [](const std::function<void(Config&)>& change) {
    return sluice::testing::code_of([&] { Selection{with(change)}; }) == Code::kInvalidConfig;
  };
  CHECK(refused([](Config& c) { c.languages = {"en", "xx"}; }));
  CHECK(refused([](Config& c) { c.languages = {"en", "en"}; }));
  CHECK(refused([](Config& c) { c.languages = {"all", "en"}; }));
  CHECK(refused([](Config& c) { c.tables = {"TalentGrid"}; }));
  CHECK(refused([](Config& c) { c.tables = {"Destiny\"; DROPDefinition"}; }));
  CHECK(refused([](Config& c) { c.tables = {"DestinyInventoryItemDefinition"}; }));
  CHECK(refused([](Config& c) { c.tables = {"DestinyStatDefinition", "DestinyStatDefinition"}; }));
  const Selection all(with([](Config& c) {
    c.languages = {"all"};
    c.tables = {"DestinyTalentGridDefinition", "DestinyHistoricalStatsDefinition"};
    c.base_url = "http://127.0.0.1:99/bungie/";
  }));
  CHECK(all.languages.size() == 13);
  CHECK(all.host == "127.0.0.1");
  CHECK(all.base_url == "http://127.0.0.1:99/bungie");
  CHECK(all.find("talent_grid")->table == "DestinyTalentGridDefinition");
  CHECK(all.find("historical_stats")->text_keys);
  CHECK(all.find("items") != nullptr);
}

TEST_CASE("bungie: streams declare their references in both layouts", "[unit][bungie]") {
  for (const std::string layout : {"rows", "columns"}) {
    CAPTURE(layout);
    const Selection selection(with([&](Config& c) {
      c.layout = layout;
      c.languages = {"en", "pt-br"};
    }));
    std::map<std::string, std::set<std::string>> found;
    for (const Table& table : selection.tables) {
      const auto stream = make_stream(table, selection);
      CHECK_NOTHROW(stream.check());
      for (const auto& reference : stream.references()) {
        found[stream.name()].insert(reference.stream);
        const auto* target = selection.find(reference.stream);
        REQUIRE(target != nullptr);
        CHECK(make_stream(*target, selection).key_columns() == reference.to);
      }
      const bool texts = table.rows != Rows::kSales;
      CHECK((stream.find("name_pt_br") >= 0) == (texts && layout == "columns"));
      CHECK((stream.find("name") >= 0) == (texts && layout == "rows"));
      CHECK((stream.find("language") >= 0) == (layout == "rows"));
    }
    CHECK(found["items"] == std::set<std::string>{"collectibles"});
    CHECK(found["vendor_items"] == std::set<std::string>{"items", "vendors"});
    CHECK(found["activities"] == std::set<std::string>{"destinations", "places"});
    CHECK(found["destinations"] == std::set<std::string>{"places"});
    CHECK(found["currencies"] == std::set<std::string>{"items"});
  }
}

TEST_CASE("bungie: an older manifest is held back for a while", "[unit][bungie]") {
  FakeHost fake;
  const sluice::Host host(fake.c());
  const int64_t settle = std::chrono::microseconds(6h).count();
  const auto choose = [&](const std::string& offered) {
    Memory memory(host, "T", settle);
    const auto choice = memory.choose("en", offered);
    memory.save();
    return choice.path;
  };
  CHECK(choose("/1") == "/1");
  CHECK(choose("/2") == "/2");
  for (int i = 0; i < 20; ++i) {  // servers disagree
    fake.advance(10min);
    CHECK(choose(i % 2 == 0 ? "/1" : "/2") == "/2");
  }
  CHECK(choose("/3") == "/3");
  CHECK(choose("/1") == "/3");
  CHECK(choose("/2") == "/3");
  fake.advance(5h);
  CHECK(choose("/2") == "/3");
  fake.advance(2h);
  CHECK(choose("/2") == "/2");  // taken back for good
  CHECK(choose("/3") == "/2");
  CHECK(json::parse(fake.states().at("paths/T")).at("en").at("left").size() <= 8);

  Memory other(host, "T", settle);
  CHECK(other.choose("de", "/1").path == "/1");  // languages stand alone

  for (const auto* damaged : {"", "[]", "7", R"({"en":5})", R"({"en":{"path":1,"left":{"a":2}}})",
                              R"({"en":{"path":"/9","left":[7,{"path":"/1"},{"at":"x"}]}})"}) {
    CAPTURE(damaged);
    fake.set_state("paths/T", damaged);
    CHECK(choose("/4") == "/4");
  }
}

TEST_CASE("bungie: the error code decides whatever the status", "[unit][bungie]") {
  const auto code = [](int error, uint32_t status) {
    return platform_error(read_envelope(json::parse(test::failure(error))), status, "u");
  };
  for (const uint32_t status : {200U, 400U, 401U, 503U}) {
    CHECK(code(5, status).code() == Code::kUnavailable);
    CHECK((code(5, status).flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(code(36, status).code() == Code::kRateLimited);
    CHECK(code(2101, status).code() == Code::kAuth);
    CHECK(code(2102, status).code() == Code::kAuth);
    CHECK(code(1651, status).code() == Code::kUnavailable);
  }
  for (const int throttle : {31, 35, 36, 37, 51, 54, 55, 56, 57, 1672}) {
    CHECK(is_throttle(throttle));
  }
  CHECK_FALSE(is_throttle(5));
  CHECK(read_envelope(json::parse("[]")).code == 0);
  CHECK(read_envelope(json::parse(R"({"ErrorCode":"1"})")).code == 1);
  CHECK(code(2102, 200).message().find("X-API-Key") != std::string::npos);
}

TEST_CASE("bungie: a manifest names paths below the service only", "[unit][bungie]") {
  const Manifest manifest(json::parse(R"({"version":5,"jsonWorldComponentContentPaths":{"en":{
      "A":"/ok.json","B":"//evil.test/x","C":"@evil.test/x","D":"/../x","E":7,"F":"/a b","G":""},
      "de":null}})"));
  CHECK(manifest.table_path("en", "A") == "/ok.json");
  for (const auto* name : {"B", "C", "D", "E", "F", "G", "H"}) {
    CHECK_FALSE(manifest.table_path("en", name));
  }
  CHECK_FALSE(manifest.table_path("de", "A"));
  CHECK_FALSE(manifest.database_path("en"));
  for (const auto* empty : {"null", "{}", "[]", R"({"jsonWorldComponentContentPaths":[1]})",
                            R"({"jsonWorldComponentContentPaths":{"en":{}}})"}) {
    CHECK(sluice::testing::code_of([&] { Manifest{json::parse(empty)}; }) == Code::kBadData);
  }
}

TEST_CASE("bungie: temporary files are private and leave with their folder", "[unit][bungie]") {
  std::filesystem::path path;
  {
    Workspace workspace;
    path = workspace.fresh_path();
    const auto folder = path.parent_path();
    CHECK(std::filesystem::status(folder).permissions() == std::filesystem::perms::owner_all);
    std::ofstream(path) << "x";
    CHECK(workspace.fresh_path() != path);
    Workspace other;  // looks for folders left behind, and must not take this one for one
    CHECK(other.fresh_path().parent_path() != folder);
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path.parent_path()));

  char name[] = "/tmp/sluice-bungie-XXXXXX";  // as a killed process leaves it
  const std::filesystem::path dead = mkdtemp(name);
  std::ofstream(dead / "lock") << "";
  std::ofstream(dead / "0") << "x";
  std::filesystem::last_write_time(dead, std::filesystem::file_time_type::clock::now() - 1h);
  if (std::filesystem::temp_directory_path() == "/tmp") {
    Workspace next;
    (void)next.fresh_path();
    CHECK_FALSE(std::filesystem::exists(dead));
  }
  std::filesystem::remove_all(dead);
}
