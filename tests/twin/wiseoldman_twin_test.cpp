// SPDX-License-Identifier: Apache-2.0
// The twin's clan over real HTTP: documents, parameters, changes, ground truth.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

struct Clan {
  explicit Clan(std::uint32_t players = 4, std::int64_t days = 30) : twin(options(players, days)) {}
  static Options options(std::uint32_t players, std::int64_t days) {
    Options out = small_options();
    out.wiseoldman.players = players;
    out.wiseoldman.days = days;
    out.wiseoldman.now = "2026-08-01T00:00:00Z";
    return out;
  }
  Answer ask(const std::string& path, const Headers& headers = {}) const {
    return fetch(twin, "/wiseoldman/v2" + path, headers);
  }
  json get(const std::string& path) const {
    const Answer answer = ask(path);
    INFO(path << ": " << answer.body);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body);
  }
  json change(const std::string& verb, const std::string& body = "{}") {
    return json::parse(twin.control("POST", "/_twin/wiseoldman/" + verb, body));
  }
  json expect(const std::string& query = "") {
    return json::parse(twin.control("GET", "/_twin/wiseoldman/expect" + query));
  }
  std::string name(std::size_t i) const {
    return get("/groups/139")["memberships"][i]["player"]["username"];
  }
  // The path of a name, as a client must encode it.
  static std::string encoded(std::string name) {
    for (std::size_t at = 0; (at = name.find(' ', at)) != std::string::npos;) {
      name.replace(at, 1, "%20");
    }
    return name;
  }
  mutable Twin twin;
};

const char* const kAll = "startDate=2000-01-01T00:00:00.000Z&endDate=2030-01-01T00:00:00.000Z";

TEST_CASE("wise old man twin: pages add up to the ground truth", "[twin][wiseoldman]") {
  Clan clan;
  const json truth = clan.expect();
  std::int64_t rows = 0, overall = 0, zulrah = 0, unranked = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string base = "/players/" + Clan::encoded(clan.name(i)) + "/snapshots?" + kAll;
    std::string before = "9999";
    for (std::size_t offset = 0;; offset += 25) {
      const json page = clan.get(base + "&limit=25&offset=" + std::to_string(offset));
      for (const json& one : page) {
        CHECK(one["id"] == -1);
        CHECK(one["createdAt"].get<std::string>() < before);
        before = one["createdAt"];
        ++rows;
        overall += one["data"]["skills"]["overall"]["experience"].get<std::int64_t>();
        const auto kills = one["data"]["bosses"]["zulrah"]["kills"].get<std::int64_t>();
        zulrah += std::max<std::int64_t>(0, kills);
        unranked += kills < 0 ? 1 : 0;
      }
      if (page.size() < 25) {
        break;
      }
    }
  }
  CHECK(rows == truth["snapshots"]);
  CHECK(overall == truth["overall_sum"]);
  CHECK(zulrah == truth["zulrah_sum"]);
  CHECK(unranked == truth["zulrah_unranked"]);
  CHECK(clan.get("/groups/139")["memberships"].size() == 4);
  CHECK(truth["members"] == 4);
  CHECK(truth["players"] == 4);
  CHECK(clan.expect("?strangers=1")["players"] == 6);
}

TEST_CASE("wise old man twin: parameters are checked as the service does", "[twin][wiseoldman]") {
  Clan clan;
  const std::string base = "/players/" + Clan::encoded(clan.name(0)) + "/snapshots";
  const auto refused = [&](const std::string& path) {
    const Answer answer = clan.ask(path);
    return std::to_string(answer.status) + " " + json::parse(answer.body).value("code", "");
  };
  CHECK(refused(base + "?limit=201") == "400 VALIDATION_ERROR");
  CHECK(refused(base + "?limit=0") == "400 VALIDATION_ERROR");
  CHECK(refused(base + "?limit=x") == "400 VALIDATION_ERROR");
  CHECK(refused(base + "?startDate=yesterday") == "400 VALIDATION_ERROR");
  CHECK(refused(base + "?startDate=2026-07-01&endDate=2026-07-01") == "400 VALIDATION_ERROR");
  CHECK(refused("/groups/139/name-changes?limit=51") == "400 VALIDATION_ERROR");
  CHECK(refused("/groups/139/gained?metric=zulrah&startDate=2026-07-01") == "400 VALIDATION_ERROR");
  CHECK(refused("/groups/139/gained?startDate=2026-07-01&endDate=2026-07-02") ==
        "400 VALIDATION_ERROR");
  CHECK(refused("/groups/140") == "404 GROUP_NOT_FOUND");
  CHECK(refused("/players/nobody") == "404 PLAYER_NOT_FOUND");
  CHECK(refused("/players/nobody/snapshots") == "404 UNEXPECTED_ERROR");
  CHECK(refused("/nothing") == "404 ENDPOINT_NOT_FOUND");

  // One date alone is silently ignored; both are inclusive.
  const json all = clan.get(base + "?limit=200");
  CHECK(clan.get(base + "?limit=200&startDate=2026-07-31T23:59:59.000Z") == all);
  const std::string first = all.back()["createdAt"], last = all.front()["createdAt"];
  CHECK(clan.get(base + "?limit=200&startDate=" + first + "&endDate=" + last) == all);
  CHECK(clan.get(base).size() == 20);
}

TEST_CASE("wise old man twin: equal bodies have equal weak tags", "[twin][wiseoldman]") {
  Clan clan;
  const Answer first = clan.ask("/groups/139");
  const std::string tag = first.headers.at("etag");
  CHECK(tag.substr(0, 3) == "W/\"");
  const Answer again = clan.ask("/groups/139", {{"If-None-Match", tag}});
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  clan.change("add-member");
  CHECK(clan.ask("/groups/139", {{"If-None-Match", tag}}).status == 200);
}

TEST_CASE("wise old man twin: the world changes on demand", "[twin][wiseoldman]") {
  Clan clan;
  const std::string name = clan.name(0);
  const std::string path = "/players/" + Clan::encoded(name);
  const json before = clan.get(path);

  clan.change("while-paging", R"({"add": 2})");
  for (int page = 0; page < 3; ++page) {
    (void)clan.get(path + "/snapshots");
  }
  CHECK(clan.expect()["snapshots"].get<int>() > 0);
  CHECK(clan.get(path)["updatedAt"] > before["updatedAt"]);

  clan.change("rename", R"({"player": ")" + name + R"(", "to": "Brand New", "taken": true})");
  CHECK(clan.get("/players/brand_new")["id"] == before["id"]);
  CHECK(clan.get(path)["id"] != before["id"]);
  CHECK(clan.get("/players/id/" + before["id"].dump())["displayName"] == "Brand New");
  CHECK(clan.get("/players/brand-new/names")[0]["oldName"] == before["displayName"]);

  clan.change("add-metric", R"({"metric": "sky_whale", "section": "bosses"})");
  const json old = clan.get("/players/brand%20new/snapshots").back()["data"]["bosses"]["sky_whale"];
  CHECK(old["kills"] == -1);
  clan.change("remove-member", R"({"player": "Brand New"})");
  CHECK(clan.expect()["members"] == 3);
  clan.change("archive", R"({"player": "Brand New"})");
  CHECK(clan.get("/players/id/" + before["id"].dump())["status"] == "archived");
  CHECK_THROWS_AS(clan.change("rename", R"({"player": "nobody"})"), std::invalid_argument);
}

TEST_CASE("wise old man twin: gains are edges that each find their own snapshot",
          "[twin][wiseoldman]") {
  Clan clan;
  const std::string week = "startDate=2026-07-20T00:00:00.000Z&endDate=2026-07-26T23:59:59.999Z";
  const json rows = clan.get("/groups/139/gained?metric=overall&" + week);
  REQUIRE(rows.size() == 4);
  for (const json& row : rows) {
    CHECK(row["data"]["gained"].get<std::int64_t>() ==
          row["data"]["end"].get<std::int64_t>() - row["data"]["start"].get<std::int64_t>());
    const json own =
        clan.get("/players/" + Clan::encoded(row["player"]["username"]) + "/gained?" + week);
    CHECK(own["data"]["skills"]["overall"]["experience"]["gained"] == row["data"]["gained"]);
    CHECK(own["startsAt"] == row["startDate"]);
  }
}

}  // namespace
}  // namespace sluice::twin::test
