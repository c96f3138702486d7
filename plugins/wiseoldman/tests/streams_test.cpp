// SPDX-License-Identifier: Apache-2.0
//
// What is listed, and the streams other than snapshots.
#include <catch2/catch.hpp>

#include "plugins/wiseoldman/tests/support.hpp"

using namespace wiseoldman::test;
using sluice::json;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;

namespace {

struct Clan : Source {
  Clan() {
    on("/groups/139",
       group({player(7, "lynx titan"),
              player(9, "b0aty", R"({"lastImportedAt":"2021-01-01T00:00:00.000Z"})")}),
       "W/\"1\"");
  }
};

}  // namespace

TEST_CASE("wiseoldman: snapshots are wanted up to the last look at a player",
          "[unit][wiseoldman]") {
  Clan clan;
  const int64_t updated = kJune + kDay / 2;
  SECTION("for thirty days") {
    const auto all = clan.open().partitions("snapshots");
    REQUIRE(all.size() == 2);
    CHECK(all[0].key == "7");
    CHECK(all[0].from_us == kJune + kDay - 30 * kDay);
    CHECK(all[0].to_us == updated + 1000);
  }
  SECTION("from the beginning if it is asked for") {
    clan.settings["deep"] = true;
    const auto all = clan.open().partitions("snapshots");
    CHECK(all[0].from_us == kJune - 100 * kDay);
    CHECK(all[1].from_us == 1'361'491'200 * kSecond);  // imported history may be older
  }
  SECTION("from where the pipeline says") {
    const auto all = clan.open().partitions("snapshots", kJune - 300 * kDay);
    CHECK(all[0].from_us == kJune - 100 * kDay);
  }
  SECTION("but never up to the very present") {
    clan.host.set_time(sluice::Micros(std::chrono::microseconds(updated + kSecond)));
    CHECK(clan.open().partitions("snapshots")[0].to_us == updated + kSecond - 120 * kSecond);
  }
}

TEST_CASE("wiseoldman: limits are declared by whether there is a key", "[unit][wiseoldman]") {
  Clan clan;
  (void)clan.open();
  CHECK(json::parse(clan.host.http.declaration())["limits"][0]["amount"] == 20);
  clan.settings["credential"] = "wom";
  (void)clan.open().partitions("snapshots");
  const json limit = json::parse(clan.host.http.declaration())["limits"][0];
  CHECK(limit["amount"] == 100);
  CHECK(limit["per_ms"] == 60'000);
  CHECK(limit["scope"] == "wom.test");
  CHECK(clan.host.http.requests().back().credential == "wom");
}

TEST_CASE("wiseoldman: a configured name is followed by its number", "[unit][wiseoldman]") {
  Source source;
  source.settings = config(R"({"groups": [], "players": ["Lynx_Titan"], "player_ids": [9]})");
  source.on("/players/lynx%20titan", player(7, "lynx titan"));
  source.on("/players/id/9", player(9, "b0aty"));
  CHECK(source.open().partitions("snapshots").size() == 2);
  CHECK(json::parse(source.host.states().at("players")) == json{{"lynx titan", 7}});

  source.host.http.clear();
  source.on("/players/id/7", player(7, "brand new"));
  source.on("/players/id/9", player(9, "b0aty"));
  const auto again = source.open().partitions("snapshots");
  REQUIRE(again.size() == 2);
  CHECK(again[0].key == "7");

  source.host.http.on_prefix(kBase, answer(R"({"message":"Player not found."})", 404));
  source.settings["players"] = {"lynx titan", "nobody"};
  CHECK(sluice::testing::code_of([&] { (void)source.open().partitions("snapshots"); }) ==
        sluice::Code::kInvalidConfig);
  source.settings = config(R"({"groups": [140]})");
  CHECK(sluice::testing::code_of([&] { (void)source.open().partitions("snapshots"); }) ==
        sluice::Code::kInvalidConfig);
}

TEST_CASE("wiseoldman: group, members and players are read or confirmed", "[unit][wiseoldman]") {
  Clan clan;
  for (const std::string stream : {"group", "members", "players"}) {
    CAPTURE(stream);
    const SourceRun run = clan.read({.stream = stream, .partition = "139"});
    REQUIRE(run.end == SLUICE_END);
    CHECK(run.rows.size() == (stream == "group" ? 1 : 2));
    CHECK(run.rejects.empty());
    CHECK(run.validator == "W/\"1\"");
    const SourceRun again =
        clan.read({.stream = stream, .partition = "139", .validator = run.validator});
    CHECK(again.end == SLUICE_UNCHANGED);
  }
  const SourceRun group_run = clan.read({.stream = "group", .partition = "139"});
  CHECK(group_run.rows[0]["name"] == "A Clan");
  CHECK(group_run.rows[0]["member_count"] == 2);
  const SourceRun players = clan.read({.stream = "players", .partition = "139"});
  CHECK(players.rows[0]["exp"] == 4'800'000'000);
  CHECK(players.rows[0]["ehp"] == 13.25797);
  CHECK(players.rows[0]["tt200m"] == 20532.41443);
  CHECK(players.rows[0]["combat_level"].is_null());
}

TEST_CASE("wiseoldman: details are a slice for each player", "[unit][wiseoldman]") {
  Clan clan;
  clan.settings["details"] = true;
  const auto all = clan.open().partitions("players");
  REQUIRE(all.size() == 2);
  CHECK(all[0].key == "player/7");
  json details = player(7, "lynx titan");
  details["combatLevel"] = 126;
  details["archive"] = nullptr;
  details["annotations"] = json::array({{{"playerId", 7}, {"type", "opt_out"}}});
  details["latestSnapshot"] = snapshot(7, kJune, 1);
  clan.on("/players/id/7", details, "W/\"2\"");
  const SourceRun run = clan.read({.stream = "players", .partition = "player/7"});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["combat_level"] == 126);
  CHECK(run.notes.empty());
  CHECK(clan.read({.stream = "players", .partition = "player/7", .validator = "W/\"2\""}).end ==
        SLUICE_UNCHANGED);
}

TEST_CASE("wiseoldman: who is configured as well as a member has one slice", "[unit][wiseoldman]") {
  Clan clan;
  clan.settings["player_ids"] = {9};
  clan.on("/players/id/9", player(9, "b0aty"));
  const auto all = clan.open().partitions("players");
  REQUIRE(all.size() == 2);
  CHECK(all[0].key == "139");
  CHECK(all[1].key == "player/9");
  const SourceRun run = clan.read({.stream = "players", .partition = "139"});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["id"] == 7);
}

TEST_CASE("wiseoldman: achievements are asked for of who has changed", "[unit][wiseoldman]") {
  Clan clan;
  const auto slices = clan.open().slices("achievements");
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].key == "player/7");
  CHECK(slices[0].validator == iso(kJune));
  const json list = json::parse(R"([
    {"playerId":7,"name":"99 Firemaking","metric":"firemaking","threshold":13034431,"createdAt":"2018-08-16T23:23:10.000Z","accuracy":938687,"measure":"experience"},
    {"playerId":7,"name":"500 Zulrah kills","metric":"zulrah","threshold":500,"createdAt":"1970-01-01T00:00:00.000Z","accuracy":-1,"measure":"kills"}])");
  clan.on("/players/lynx%20titan/achievements", list, "W/\"3\"");
  const SourceRun run = clan.read({.stream = "achievements", .slice = "player/7"});
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["threshold"] == 13'034'431);
  CHECK(run.rows[0]["accuracy"] == 938'687);
  CHECK(run.rows[1]["created_at"].is_null());
  CHECK(run.rows[1]["accuracy"].is_null());
  CHECK(clan.read({.stream = "achievements", .slice = "player/7", .validator = "W/\"3\""}).end ==
        SLUICE_UNCHANGED);
}

TEST_CASE("wiseoldman: changes of name are read by pages that overlap", "[unit][wiseoldman]") {
  Clan clan;
  const auto slices = clan.open().slices("name_changes");
  REQUIRE(slices.size() == 1);
  const auto change = [](int64_t id) {
    return json{{"id", id},
                {"playerId", 7},
                {"oldName", "a"},
                {"newName", "b"},
                {"status", "approved"},
                {"reviewContext", nullptr},
                {"resolvedAt", iso(kJune)},
                {"updatedAt", iso(kJune)},
                {"createdAt", iso(kJune)}};
  };
  const auto page = [&](int64_t from, int64_t count) {
    json out = json::array();
    for (int64_t i = 0; i < count; ++i) {
      out.push_back(change(from - i));
    }
    return out;
  };
  const std::string path = "/groups/139/name-changes?limit=50&offset=";
  clan.on(path + "0", page(1000, 50));
  SECTION("without loss") {
    clan.on(path + "49", page(951, 50));
    clan.on(path + "98", page(902, 10));
    const SourceRun run = clan.read({.stream = "name_changes", .slice = "group/139"});
    CHECK(run.end == SLUICE_END);
    std::set<int64_t> ids;
    for (const json& row : run.rows) {
      ids.insert(row["id"].get<int64_t>());
    }
    CHECK(ids.size() == 108);
    CHECK(*ids.begin() == 893);
  }
  SECTION("and anew when rows have moved") {
    clan.on(path + "49", page(950, 10));  // a member left: one row less before it
    clan.on(path + "49", page(951, 10));
    const SourceRun run = clan.read({.stream = "name_changes", .slice = "group/139"});
    CHECK(run.end == SLUICE_END);
    CHECK(clan.urls().size() == 5);
  }
  SECTION("but not without end") {
    clan.on(path + "49", page(950, 10));
    const SourceRun run = clan.read({.stream = "name_changes", .slice = "group/139"});
    REQUIRE(run.error);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  }
}

TEST_CASE("wiseoldman: hours that are no finite number are null", "[unit][wiseoldman]") {
  const json odd = GENERATE(json("inf"), json("-inf"), json("nan"), json("1e305"), json(1e305));
  CAPTURE(odd.dump());
  Source clan;
  json one = player(7, "lynx titan");
  one["ehp"] = odd;
  clan.on("/groups/139", group({one}), "W/\"1\"");
  const SourceRun players = clan.read({.stream = "players", .partition = "139"});
  REQUIRE(players.rows.size() == 1);
  CHECK((players.rows[0]["ehp"].is_null() || players.rows[0]["ehp"] == 1e305));

  clan.settings["gained_metrics"] = {"ehp"};
  clan.on(
      "/groups/139/"
      "gained?metric=ehp&startDate=2026-06-01T00:00:00.000Z&endDate=2026-06-01T23:59:59.999Z&"
      "limit=100000",
      json::array({{{"player", {{"id", 7}}},
                    {"data", {{"gained", odd}, {"start", 1}, {"end", 2}}},
                    {"startDate", iso(kJune)},
                    {"endDate", iso(kJune)}}}));
  const SourceRun gained = clan.read(
      {.stream = "gained", .partition = "group/139/ehp", .from_us = kJune, .to_us = kJune + kDay});
  REQUIRE(gained.rows.size() == 1);
  CHECK((gained.rows[0]["gained_hours"].is_null() || gained.rows[0]["gained_hours"] == 1e305));
}

TEST_CASE("wiseoldman: gains of a group are rows of their window", "[unit][wiseoldman]") {
  Clan clan;
  const auto all = clan.open().partitions("gained");
  REQUIRE(all.size() == 1);
  CHECK(all[0].key == "group/139/overall");
  const auto row = [](int64_t id, int64_t start, int64_t end, int64_t first, int64_t last) {
    return json{{"player", player(id, "x")},
                {"data", {{"gained", end - start}, {"start", start}, {"end", end}}},
                {"startDate", iso(first)},
                {"endDate", iso(last)}};
  };
  json nobody = row(8, 1, 2, kJune, kJune);
  nobody["player"].erase("id");
  clan.on(
      "/groups/139/"
      "gained?metric=overall&startDate=2026-06-01T00:00:00.000Z&endDate=2026-06-01T23:59:59.999Z&"
      "limit=100000",
      json::array({row(7, 4'800'000'000, 4'800'000'100, kJune + kSecond, kJune + 2 * kSecond),
                   row(9, -1, -1, kJune + 5 * kDay, kJune - kDay), nobody}));
  const SourceRun run = clan.read({.stream = "gained",
                                   .partition = "group/139/overall",
                                   .from_us = kJune,
                                   .to_us = kJune + kDay});
  REQUIRE(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["gained"] == 100);
  CHECK(run.rows[0]["start_value"] == 4'800'000'000);
  CHECK(run.rows[0]["window_start"] == "2026-06-01T00:00:00Z");
  CHECK(run.rows[0]["window_end"] == "2026-06-02T00:00:00Z");
  CHECK(run.rejects.size() == 1);
  REQUIRE(run.notes.size() == 1);
  CHECK(run.notes[0].code == "not_seen");
}

TEST_CASE("wiseoldman: gains of a player are rows of the wanted metrics", "[unit][wiseoldman]") {
  Source source;
  source.settings = config(
      R"({"groups": [], "player_ids": [7], "gained_metrics": ["overall", "ehp", "zulrah", "nothing"]})");
  source.on("/players/id/7", player(7, "lynx titan"));
  source.on(
      "/players/lynx%20titan/"
      "gained?startDate=2026-06-01T00:00:00.000Z&endDate=2026-06-01T23:59:59.999Z",
      json::parse(
          R"({"startsAt":"2026-06-01T01:00:00.000Z","endsAt":"2026-06-01T02:00:00.000Z","data":{
              "skills":{"overall":{"metric":"overall","experience":{"gained":90867,"start":131790911,"end":131881778},"ehp":{"gained":0.0478700001,"start":251.14464000000044,"end":251.19251000000077}}},
              "bosses":{"zulrah":{"metric":"zulrah","kills":{"gained":0,"start":-1,"end":-1},"ehb":{"gained":0,"start":0,"end":0}}},
              "computed":{"ehp":{"metric":"ehp","value":{"gained":0.04787,"start":1,"end":2}}}}})"));
  const SourceRun run = source.read(
      {.stream = "gained", .partition = "player/7", .from_us = kJune, .to_us = kJune + kDay});
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows[0]["gained"] == 90'867);
  CHECK(run.rows[0]["gained_hours"] == 0.04787);
  CHECK(run.rows[1]["gained"].is_null());
  CHECK(run.rows[1]["gained_hours"] == 0.04787);
  CHECK(run.rows[2]["start_value"].is_null());
  CHECK(run.notes.size() == 1);
}
