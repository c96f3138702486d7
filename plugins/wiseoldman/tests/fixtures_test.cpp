// SPDX-License-Identifier: Apache-2.0
//
// Recorded and documented answers of the service, read in place, against sums that Python's
// standard library worked out; answers that are no JSON are refused.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "plugins/wiseoldman/tests/support.hpp"

using namespace wiseoldman::test;
using sluice::json;
using sluice::testing::SourceRun;

namespace {

std::optional<std::string> fixtures() {
  const char* told = std::getenv("SLUICE_FIXTURES");
  const std::string root = (told != nullptr ? std::string(told) : "../shared/fixtures") + "/wom/";
  if (!std::filesystem::is_directory(root)) {
    WARN("The recorded answers are not here; set SLUICE_FIXTURES to their folder.");
    return std::nullopt;
  }
  return root;
}

// A source whose group has this one player.
struct Recorded : Source {
  std::string root;
  explicit Recorded(std::string folder, int64_t id = 0) : root(std::move(folder)) {
    if (id != 0) {
      on("/groups/139", group({player(id, "x")}));
    }
  }
  void serve(const std::string& path, const std::string& file) {
    host.http.on(kBase + path, answer(read_file(root + file)));
  }
  SourceRun snapshots(int64_t id, const std::string& body) {
    host.http.on_prefix(std::string(kBase) + "/players/x/snapshots", answer(body));
    return read(
        {.stream = "snapshots", .partition = std::to_string(id), .from_us = 0, .to_us = kJune});
  }
};

}  // namespace

TEST_CASE("wiseoldman: recorded snapshots hold what python finds in them",
          "[pipeline][wiseoldman]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  struct Expected {
    const char* file;
    const char* created;
    int64_t values, ranks, hours_e5, levels, exp;
  };
  for (const Expected& want :
       {Expected{"recorded/player-details.2026-02-14T1022.json", "2026-02-14T10:22:07.320000Z",
                 1'847'902, 14'980'629, 3'977'391, 844, 922'693},
        Expected{"recorded/player-details.2026-02-14T1649.json", "2026-02-14T16:49:47.229000Z",
                 1'960'124, 14'890'507, 3'977'391, 852, 978'804}}) {
    CAPTURE(want.file);
    const json details = json::parse(read_file(*root + want.file));
    Recorded source(*root, 2965036);
    const SourceRun run =
        source.snapshots(2965036, json::array({details["latestSnapshot"]}).dump());
    REQUIRE(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    CHECK(run.notes.empty());
    REQUIRE(run.rows.size() == 111);
    int64_t values = 0, ranks = 0, hours = 0, levels = 0, count = 0;
    for (const json& row : run.rows) {
      const auto add = [&](int64_t& sum, const char* key, double scale = 1) {
        sum += row[key].is_null() ? 0 : std::llround(row[key].get<double>() * scale);
      };
      add(values, "value");
      add(ranks, "rank");
      add(hours, "hours", 1e5);
      add(levels, "level");
      count += row["value"].is_null() ? 0 : 1;
    }
    CHECK(run.rows[0]["created_at"] == want.created);
    CHECK(count == 109);
    CHECK(values == want.values);
    CHECK(ranks == want.ranks);
    CHECK(hours == want.hours_e5);
    CHECK(levels == want.levels);

    source.settings["layout"] = "wide";
    const SourceRun wide =
        source.snapshots(2965036, json::array({details["latestSnapshot"]}).dump());
    REQUIRE(wide.rows.size() == 1);
    CHECK(wide.rows[0]["overall_experience"] == want.exp);
    CHECK(wide.rows[0]["other"].is_null());

    source.serve("/players/id/2965036", want.file);
    const SourceRun players = source.read({.stream = "players", .partition = "player/2965036"});
    REQUIRE(players.rows.size() == 1);
    CHECK(players.rows[0]["display_name"] == "WoodFiveMan");
    CHECK(players.rows[0]["exp"] == want.exp);
    CHECK(players.rows[0]["tt200m"] == 20532.41443);
    CHECK(players.rows[0]["combat_level"] == 24);
    CHECK(players.notes.empty());
  }
}

TEST_CASE("wiseoldman: documented answers are digested", "[pipeline][wiseoldman]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  Recorded source(*root);
  source.serve("/groups/139", "docs-samples/get-group-details.json");
  const SourceRun members = source.read({.stream = "members", .partition = "139"});
  REQUIRE(members.rows.size() == 2);
  CHECK(members.rows[0]["player_id"] == 2);
  CHECK(members.rows[0]["role"] == "administrator");
  CHECK(members.rows[0]["client_sync_joined_at"] == "2021-05-26T00:00:00Z");
  CHECK(members.rows[1]["player_id"] == 1709);
  CHECK(members.rows[1]["client_sync_joined_at"].is_null());
  const SourceRun players = source.read({.stream = "players", .partition = "139"});
  REQUIRE(players.rows.size() == 2);
  CHECK(players.rows[0]["exp"] == 301'827'811);
  CHECK(players.rows[0]["ehb"] == 259.49927);
  CHECK(players.rows[0]["last_imported_at"] == "2022-11-04T21:59:42.472000Z");
  const SourceRun clan = source.read({.stream = "group", .partition = "139"});
  REQUIRE(clan.rows.size() == 1);
  CHECK(clan.rows[0]["name"] == "Exclusive Elite Club");
  CHECK(clan.rows[0]["score"] == 330);
  for (const auto& run : {members, players, clan}) {
    CHECK(run.rejects.empty());
    for (const auto& note : run.notes) {
      CHECK(note.code != "unknown_field");
    }
  }

  source.host.http.on_prefix(std::string(kBase) + "/groups/139/gained",
                             answer(read_file(*root + "docs-samples/get-group-gains.json")));
  const SourceRun gained = source.read({.stream = "gained",
                                        .partition = "group/139/zulrah",
                                        .from_us = kJune,
                                        .to_us = kJune + kDay});
  REQUIRE(gained.rows.size() == 2);
  CHECK(gained.rows[0]["player_id"] == 678'734);
  CHECK(gained.rows[0]["gained"] == 107'238);
  CHECK(gained.rows[1]["end_value"] == 8'150'038);
  CHECK(gained.rows[1]["last_at"] == "2022-10-28T12:42:50.640000Z");

  source.serve("/groups/139/name-changes?limit=50&offset=0",
               "docs-samples/get-group-name-changes.json");
  const SourceRun names = source.read({.stream = "name_changes", .slice = "group/139"});
  REQUIRE(names.rows.size() == 2);
  CHECK(names.rows[0]["id"] == 105'668);
  CHECK(names.rows[0]["old_name"] == "Tired Cookie");
  CHECK(names.rows[1]["player_id"] == 45'693);
}

TEST_CASE("wiseoldman: documented lists of a player are digested", "[pipeline][wiseoldman]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  Recorded zezima(*root, 1135);
  zezima.serve("/players/x/achievements", "docs-samples/get-player-achievements.json");
  const SourceRun achievements = zezima.read({.stream = "achievements", .slice = "player/1135"});
  REQUIRE(achievements.rows.size() == 2);
  CHECK(achievements.rows[1]["name"] == "99 Firemaking");
  CHECK(achievements.rows[1]["created_at"] == "2018-08-16T23:23:10Z");
  CHECK(achievements.rows[0]["accuracy"] == 195'764);

  Recorded chambou(*root, 300184);
  chambou.serve("/players/x/names", "docs-samples/get-player-name-changes.json");
  const SourceRun names = chambou.read({.stream = "name_changes", .slice = "player/300184"});
  REQUIRE(names.rows.size() == 2);
  CHECK(names.rows[0]["new_name"] == "chambou");
  CHECK(names.rows[1]["resolved_at"] == "2021-08-20T17:00:16.848000Z");

  // Progress instead of achievements: more fields, no dates. All land, what is not stored is told.
  Recorded wood(*root, 2965036);
  wood.serve("/players/x/achievements", "recorded/achievements.json");
  const SourceRun progress = wood.read({.stream = "achievements", .slice = "player/2965036"});
  REQUIRE(progress.rows.size() == 426);
  int64_t thresholds = 0;
  for (const json& row : progress.rows) {
    thresholds += row["threshold"].get<int64_t>();
    CHECK(row["created_at"].is_null());
  }
  CHECK(thresholds == 17'626'982'424);
  uint64_t unknown = 0;
  for (const auto& note : progress.notes) {
    unknown += note.code == "unknown_field" ? note.count : 0;
  }
  CHECK(unknown == 4 * 426);

  // The service's own expectation has no numbers of players: nothing can be stored.
  Recorded psikoi(*root, 2);
  psikoi.serve("/players/x/achievements", "server-fixtures/psikoi_achievements.json");
  const SourceRun nobody = psikoi.read({.stream = "achievements", .slice = "player/2"});
  CHECK(nobody.rows.empty());
  CHECK(nobody.rejects.size() == 37);
}

TEST_CASE("wiseoldman: abridged and foreign answers are refused", "[pipeline][wiseoldman]") {
  const auto root = fixtures();
  if (!root) {
    return;
  }
  const auto refused = [&](const SourceRun& run) {
    REQUIRE(run.error);
    CHECK(run.error->code() == sluice::Code::kBadData);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  };
  refused(
      Recorded(*root, 2).snapshots(2, read_file(*root + "docs-samples/get-player-snapshots.json")));
  refused(Recorded(*root, 2).snapshots(2, read_file(*root + "recorded/hiscores.json")));
  for (const char* file :
       {"docs-samples/get-player-details.json", "docs-samples/get-player-details-by-id.json",
        "docs-samples/update-a-player.json"}) {
    CAPTURE(file);
    Recorded source(*root, 1135);
    source.serve("/players/id/1135", file);
    refused(source.read({.stream = "players", .partition = "player/1135"}));
  }
  Recorded gains(*root, 5);
  gains.settings["player_ids"] = {5};
  gains.on("/players/id/5", player(5, "x"));
  gains.host.http.on_prefix(std::string(kBase) + "/players/x/gained",
                            answer(read_file(*root + "docs-samples/get-player-gains.json")));
  refused(gains.read(
      {.stream = "gained", .partition = "player/5", .from_us = kJune, .to_us = kJune + kDay}));
  Recorded names(*root, 534993);
  names.serve("/players/x/names", "docs-samples/search-name-changes.json");
  refused(names.read({.stream = "name_changes", .slice = "player/534993"}));
}
