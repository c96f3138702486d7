// SPDX-License-Identifier: Apache-2.0
//
// The SQLite form: good archives, bad ones, and tables that are not in them.
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <thread>

#include "plugins/bungie/tests/support.hpp"
#include "sluice/cpp/error.hpp"

using namespace bungie::test;  // NOLINT: what the tests of bungie share
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;

namespace {

const std::string kUrl = kBase + database_path("en");

json config() {
  return {{"form", "sqlite"}, {"tables", {"DestinyHistoricalStatsDefinition"}}};
}

std::map<std::string, DumpTable> tables() {
  return {{"DestinyPlaceDefinition",
           {{{"-1702615599", R"({"displayProperties":{"name":"a"},"hash":2592351697})"},
             {"7", R"({"hash":7})"}}}},
          {"DestinyHistoricalStatsDefinition",
           {.rows = {{"kills", R"({"statId":"kills","statName":"Kills"})"}}, .text_keys = true}}};
}

sluice::testing::SourceRun read(sluice::testing::SourceSession& session,
                                const std::string& stream = "places",
                                sluice::testing::ReadSpec spec = {}) {
  spec.stream = stream;
  spec.slice = "en";
  spec.token = json::array({json::array({"en", database_path("en")})}).dump();
  return session.read(spec);
}

sluice::testing::SourceRun read_archive(const std::string& bytes) {
  FakeHost host;
  host.http.on(kUrl, Answer{.body = bytes});
  auto session = open(host, config());
  return read(session);
}

}  // namespace

TEST_CASE("bungie: a database is unpacked once and read by all tables", "[unit][bungie]") {
  FakeHost host;
  host.http.on(manifest_url(), Answer{.body = manifest({})});
  host.http.on(kUrl, Answer{.body = zip({{"world.content", database(tables())}})});
  auto session = open(host, config());
  const auto slices = session.slices("places");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].validator == database_path("en"));
  const auto places = read(session);
  REQUIRE(places.end == SLUICE_END);
  REQUIRE(places.rows.size() == 2);
  CHECK(places.rows[0]["hash"] == 2592351697U);
  CHECK(places.rows[0]["hash_signed"] == -1702615599);
  CHECK(places.rows[0]["name"] == "a");
  const auto stats = read(session, "historical_stats");
  REQUIRE(stats.rows.size() == 1);
  CHECK(stats.rows[0]["key"] == "kills");
  CHECK(host.http.requests().size() == 2);  // manifest and archive
  CHECK(
      read(session, "places", {.state = json{{"path", database_path("en")}, {"entries", 1}}.dump()})
          .rows.size() == 1);

  // A table that is not in it is remembered, so that it is not fetched again to look.
  const auto missing = read(session, "vendors");
  REQUIRE(missing.error);
  CHECK(missing.error->code() == Code::kNotFound);
  CHECK(session.slices("vendors").empty());
  CHECK(session.slices("places").size() == 1);
}

TEST_CASE("bungie: several readers share one archive", "[unit][bungie]") {
  FakeHost host;
  host.http.on(kUrl, Answer{.body = zip({{"world.content", database(tables())}})});
  auto session = open(host, config());
  std::vector<std::thread> threads;
  std::atomic<int> rows{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { rows += static_cast<int>(read(session).rows.size()); });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(rows == 8);
  CHECK(host.http.requests().size() == 1);
}

TEST_CASE("bungie: cut and damaged archives fail in order", "[unit][bungie]") {
  const std::string good = zip({{"world.content", database(tables())}});
  for (std::size_t cut = 0; cut < good.size(); cut += cut < 200 ? 1 : 37) {
    CAPTURE(cut);
    const auto run = read_archive(good.substr(0, cut));
    if (run.error) {
      CHECK((run.error->code() == Code::kUnavailable || run.error->code() == Code::kBadData));
    } else {
      CHECK(run.rows.size() == 2);  // only the directory at the end is missing
    }
  }
  std::mt19937 random(3);  // NOLINT: the same each time
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    const auto run = read_archive(bad);
    CHECK((run.end == SLUICE_END || run.error.has_value()));
  }
}

TEST_CASE("bungie: damaged databases fail in order", "[unit][bungie]") {
  const std::string good = database(tables());
  std::mt19937 random(5);  // NOLINT: the same each time
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    for (int flips = 0; flips < 8; ++flips) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    const auto run = read_archive(zip({{"world.content", bad}}));
    CHECK((run.end == SLUICE_END || run.error.has_value()));
  }
}

TEST_CASE("bungie: a text of a database that is no JSON costs itself", "[unit][bungie]") {
  auto held = tables();
  held["DestinyPlaceDefinition"].rows = {{"1", R"({"hash":1})"},
                                         {"2", R"({"hash":2,"x":tru})"},
                                         {"3", ""},
                                         {"4", R"({"hash":4,"x":123456789012345678901234567890})"},
                                         {"text", R"({"hash":5})"}};
  held["DestinyVendorDefinition"].rows = {{"1", R"({"itemList":[{"vendorItemIndex":0},)"},
                                          {"2", R"({"itemList":[{"vendorItemIndex":0}]})"}};
  FakeHost host;
  host.http.on(kUrl, Answer{.body = zip({{"world.content", database(held)}})});
  auto session = open(host, config());
  const auto run = read(session);
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 2);
  CHECK(run.rejects.size() == 3);
  const auto sales = read(session, "vendor_items");
  CHECK(sales.rows.size() == 1);
  CHECK(sales.rejects.size() == 1);
}

TEST_CASE("bungie: an archive holds one database and nothing else", "[unit][bungie]") {
  const std::string good = database(tables());
  const auto code = [](const std::string& bytes) {
    const auto run = read_archive(bytes);
    REQUIRE(run.error);
    return run.error->code();
  };
  CHECK(code(zip({{"a", good}, {"b", good}})) == Code::kBadData);
  CHECK(code(zip({{"a", "no database"}})) == Code::kBadData);
  CHECK(code(zip({{"a", ""}})) == Code::kBadData);
  CHECK(code(zip({})) == Code::kUnavailable);
  CHECK(code("no archive") == Code::kUnavailable);
  CHECK(code("") == Code::kUnavailable);
}

TEST_CASE("bungie: languages of databases become columns too", "[unit][bungie]") {
  FakeHost host;
  host.http.on(kUrl, Answer{.body = zip({{"w", database(tables())}})});
  auto german = tables();
  german["DestinyPlaceDefinition"].rows = {
      {"7", R"({"displayProperties":{"name":"sieben"},"hash":7})"}};
  host.http.on(kBase + database_path("de"), Answer{.body = zip({{"w", database(german)}})});
  json made = config();
  made["languages"] = {"en", "de"};
  made["layout"] = "columns";
  const auto run = open(host, made)
                       .read({.stream = "places",
                              .slice = "all",
                              .token = json::array({json::array({"en", database_path("en")}),
                                                    json::array({"de", database_path("de")})})
                                           .dump()});
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[1]["name_de"] == "sieben");
  CHECK(run.rows[1]["name_en"].is_null());
}
