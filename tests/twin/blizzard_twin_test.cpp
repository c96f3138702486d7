// SPDX-License-Identifier: Apache-2.0
// The game data service over real HTTP: tokens, namespaces, locales, holes, links, conditions.
#include <httplib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

// A twin with a token to ask it with.
struct Game {
  Options options;
  Twin twin;
  std::string token;

  explicit Game(const Options& o) : options(o), twin(o) { log_in(); }
  Game() : Game(Options{}) {}

  void log_in() {
    httplib::Client client("127.0.0.1", twin.port());
    client.set_basic_auth(options.blizzard.client_id, options.blizzard.client_secret);
    const auto given = client.Post("/blizzard/token", "grant_type=client_credentials",
                                   "application/x-www-form-urlencoded");
    REQUIRE(given);
    token = json::parse(given->body).value("access_token", "");
  }
  Answer get(const std::string& path, const std::string& ns, const std::string& more = "",
             Headers headers = {}) const {
    headers.emplace("Authorization", "Bearer " + token);
    return fetch(twin, "/blizzard/data/wow/" + path + "?namespace=" + ns + more, headers);
  }
  json document(const std::string& path, const std::string& ns,
                const std::string& more = "") const {
    const Answer answer = get(path, ns, more);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body);
  }
  // All ids that the search tells, walked by ranges.
  std::vector<std::int64_t> walk(const std::string& ns) const {
    std::vector<std::int64_t> ids;
    for (std::int64_t from = 0;;) {
      const json page = document(
          "search/item", ns, "&orderby=id&_pageSize=1000&id=%5B" + std::to_string(from) + ",%5D");
      if (page.at("results").empty()) {
        return ids;
      }
      for (const json& hit : page.at("results")) {
        ids.push_back(hit.at("data").at("id"));
      }
      from = ids.back() + 1;
    }
  }
  json expect() {
    return json::parse(twin.control("GET", "/_twin/blizzard/expect?region=eu&game=retail"));
  }
};

}  // namespace

TEST_CASE("twin blizzard: tokens are given by POST to the right client only", "[unit][twin]") {
  const Game game;
  CHECK(game.token.size() == 34);
  CHECK(fetch(game.twin, "/blizzard/token").status == 405);
  CHECK(fetch(game.twin, "/blizzard/oauth/token", {{"Authorization", "Basic bm9ib2R5"}}, "POST")
            .status == 401);
  CHECK(fetch(game.twin, "/blizzard/data/wow/token/index?namespace=dynamic-eu").status == 401);
  CHECK(fetch(game.twin,
              "/blizzard/data/wow/token/index?namespace=dynamic-eu&access_token=" + game.token)
            .status == 401);
  CHECK(game.get("token/index", "dynamic-eu").status == 200);
}

TEST_CASE("twin blizzard: a token that ended is refused until another is fetched", "[unit][twin]") {
  Game game;
  game.twin.control("POST", "/_twin/blizzard/expire-tokens");
  CHECK(game.get("token/index", "dynamic-eu").status == 401);
  game.log_in();
  CHECK(game.get("token/index", "dynamic-eu").status == 200);
}

TEST_CASE("twin blizzard: links and header carry the build of static namespaces", "[unit][twin]") {
  Game game;
  const auto ids = game.walk("static-eu");
  const std::string path = "item/" + std::to_string(ids.front());
  const Answer before = game.get(path, "static-eu", "&locale=en_US");
  CHECK(before.headers.at("battlenet-namespace") == "static-12.0.7_67808-eu");
  CHECK(before.headers.at("battlenet-schema") == "item");
  CHECK(before.headers.at("cache-control") == "public, max-age=86400");
  CHECK(before.body.find("namespace=static-12.0.7_67808-eu") != std::string::npos);
  game.twin.control("POST", "/_twin/blizzard/patch");
  const Answer after = game.get(path, "static-eu", "&locale=en_US");
  CHECK(after.headers.at("last-modified") != before.headers.at("last-modified"));
  std::string same = after.body;
  for (std::size_t at = 0; (at = same.find("67909", at)) != std::string::npos;) {
    same.replace(at, 5, "67808");
  }
  CHECK(after.body != before.body);
  CHECK(same == before.body);
  CHECK(game.get("token/index", "dynamic-eu").headers.at("battlenet-namespace") == "dynamic-eu");
  CHECK(game.get(path, "static-classic-eu").headers.at("battlenet-namespace") ==
        "static-1.15.8_67909-classic-eu");
  CHECK(game.get(path, "static-xx").status == 404);
  CHECK(game.get(path, "dynamic-eu").status == 404);
}

TEST_CASE("twin blizzard: texts are plain with a locale and objects without", "[unit][twin]") {
  const Game game;
  const std::string path = "item/" + std::to_string(game.walk("static-eu").front());
  const json all = game.document(path, "static-eu").at("name");
  REQUIRE(all.size() == 12);
  for (const auto& [locale, name] : all.items()) {
    CHECK(game.document(path, "static-eu", "&locale=" + locale).at("name") == name);
  }
  CHECK(game.document(path, "static-eu", "&locale=de_de").at("name") == all.at("de_DE"));
}

TEST_CASE("twin blizzard: the search finds all ids and a few of them are not there",
          "[unit][twin]") {
  Options options;
  options.blizzard.items = 2500;
  Game game(options);
  const auto ids = game.walk("static-eu");
  const std::set<std::int64_t> distinct(ids.begin(), ids.end());
  CHECK(distinct.size() == 2500);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  const json told = game.expect().at("items");
  CHECK(told.at("known") == 2500);
  CHECK(told.at("missing") == 50);
  const Answer missing = game.get("item/" + std::to_string(ids[49]), "static-eu");
  CHECK(missing.status == 404);
  CHECK(missing.body == R"({"code":404,"detail":"Not Found","type":"BLZWEBAPI00000404"})");
  const json page = game.document("search/item", "static-eu", "&orderby=id&_page=11");
  CHECK(page.at("pageCount") == 10);  // of a hundred each: never more than a thousand matches
  CHECK(page.at("results").empty());
  game.twin.control("POST", "/_twin/blizzard/heal");
  CHECK(game.get("item/" + std::to_string(ids[49]), "static-eu").status == 200);
}

TEST_CASE("twin blizzard: auctions are confirmed until the next hour", "[unit][twin]") {
  Game game;
  const json index = game.document("connected-realm/index", "dynamic-eu");
  const std::string href = index.at("connected_realms").at(0).at("href");
  CHECK(href == "https://eu.api.blizzard.com/data/wow/connected-realm/500?namespace=dynamic-eu");
  const Answer first = game.get("connected-realm/500/auctions", "dynamic-eu");
  const Headers since = {{"If-Modified-Since", first.headers.at("last-modified")}};
  CHECK(game.get("connected-realm/500/auctions", "dynamic-eu", "", since).status == 304);
  game.twin.control("POST", "/_twin/blizzard/advance", R"({"hours": 1})");
  const Answer second = game.get("connected-realm/500/auctions", "dynamic-eu", "", since);
  CHECK(second.status == 200);
  CHECK(second.body != first.body);
  const Headers far = {{"If-Modified-Since", "Fri, 1 Jan 2100 00:00:00 GMT"}};
  CHECK(game.get("auctions/commodities", "dynamic-eu", "", far).status == 304);
  std::int64_t quantity = 0;
  const json list = game.document("auctions/commodities", "dynamic-eu");
  for (const json& one : list.at("auctions")) {
    quantity += one.at("quantity").get<std::int64_t>();
  }
  CHECK(quantity == game.expect().at("commodities").at("sum_quantity").get<std::int64_t>());
}

TEST_CASE("twin blizzard: classic realms have auction houses", "[unit][twin]") {
  const Game game;
  CHECK(game.get("connected-realm/4400/auctions/2", "dynamic-classic-eu").status == 200);
  CHECK(game.get("connected-realm/4400/auctions/7", "dynamic-classic-eu").status == 404);
  CHECK(game.get("connected-realm/4400/auctions", "dynamic-classic-eu").status == 404);
  CHECK(game.get("auctions/commodities", "dynamic-classic-eu").status == 404);
}

TEST_CASE("twin blizzard: merged realms leave the index and keep their realms", "[unit][twin]") {
  Game game;
  const auto before = game.expect();
  game.twin.control("POST", "/_twin/blizzard/merge-realms");
  const auto after = game.expect();
  CHECK(after.at("connected_realms") == before.at("connected_realms").get<int>() - 1);
  CHECK(after.at("realms") == before.at("realms"));
}

TEST_CASE("twin blizzard: its limiter is open until it is set", "[unit][twin]") {
  Game game;
  game.twin.control("POST", "/_twin/blizzard/limits",
                    R"({"limits": {"second": {"amount": 2, "per_ms": 60000}}})");
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    refused += game.get("token/index", "dynamic-eu").status == 429 ? 1 : 0;
  }
  CHECK(refused >= 1);
}

}  // namespace sluice::twin::test
