// SPDX-License-Identifier: Apache-2.0
//
// config/items.toml against the twin: the rows and sums that the twin worked out from its model,
// and nothing asked that need not be.
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

const std::vector<std::string> kEverything = {
    R"(pipeline.streams=["item_classes", "item_subclasses", "connected_realms", "realms",)"
    R"( "token_price", "commodities", "auctions", "items"])"};

struct Game {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set;
  std::string secret = "twin-client-secret";

  explicit Game(uint32_t items = 100) : twin(options(items)) {}

  static sluice::twin::Options options(uint32_t items) {
    sluice::twin::Options options;
    options.blizzard.items = items;
    options.blizzard.search_page = 100;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "items.db"; }

  std::vector<std::string> command(const std::vector<std::string>& verb) {
    std::vector<std::string> out = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                    "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
    out.insert(out.end(), verb.begin(), verb.end());
    for (const std::string& one : set) {
      out.insert(out.end(), {"--set", one});
    }
    return out;
  }
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    return {{"BLIZZARD_BASE_URL", twin.base_url() + "/blizzard"},
            {"BLIZZARD_TOKEN_URL", twin.base_url() + "/blizzard/token"},
            {"BLIZZARD_CLIENT_ID", "twin-client"},
            {"BLIZZARD_CLIENT_SECRET", secret},
            {"ITEMS_DB", database()}};
  }
  Finished run() {
    return sluice::test::run(command({"run", SLUICE_ITEMS, "--report", folder / "report.json"}),
                             environment());
  }
  // Runs the pipeline; gives what the service was asked for.
  json fetch(int exit_code = 0) {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run();
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == exit_code);
    return json::parse(twin.control("GET", "/_twin/stats"));
  }
  json expect(const std::string& region = "eu", const std::string& game = "retail") {
    return json::parse(
        twin.control("GET", "/_twin/blizzard/expect?region=" + region + "&game=" + game));
  }
  int64_t count(const std::string& query) { return sql_number(database(), "SELECT " + query); }

  void check_items() {
    const json truth = expect().at("items");
    CHECK(count("count(*) FROM items") == truth.at("found"));
    CHECK(count("sum(id) FROM items") == truth.at("sum_id"));
    CHECK(count("sum(level) FROM items") == truth.at("sum_level"));
    CHECK(count("sum(purchase_price) FROM items") == truth.at("sum_purchase_price"));
    CHECK(count("sum(sell_price) FROM items") == truth.at("sum_sell_price"));
    CHECK(count("count(description) FROM items") == truth.at("descriptions"));
  }
  void check_auctions(const std::string& table) {
    const json truth = expect().at(table);
    const std::string from = " FROM " + table + " WHERE removed_at IS NULL";
    CHECK(count("count(*)" + from) == truth.at("rows"));
    CHECK(count("sum(id)" + from) == truth.at("sum_id"));
    CHECK(count("sum(item_id)" + from) == truth.at("sum_item"));
    CHECK(count("sum(quantity)" + from) == truth.at("sum_quantity"));
    if (table == "auctions") {
      CHECK(count("count(bid)" + from) == truth.at("bids"));
      CHECK(count("sum(bid)" + from) == truth.at("sum_bid"));
      CHECK(count("sum(buyout)" + from) == truth.at("sum_buyout"));
      CHECK(count("count(pet_species_id)" + from) == truth.at("pets"));
    } else {
      CHECK(count("sum(unit_price)" + from) == truth.at("sum_unit_price"));
    }
  }
};

// Ages are counted in seconds.
void let_a_second_pass() {
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
}

}  // namespace

TEST_CASE("items: what the search knows lands and then nothing is asked", "[pipeline][blizzard]") {
  Game game(230);
  const json first = game.fetch();
  CHECK(first.at("by_kind").at("item") == game.expect().at("items").at("found"));
  CHECK(first.at("by_kind").at("search") == 4);  // the last one is empty
  CHECK(first.at("by_kind").at("oauth") == 1);
  game.check_items();
  CHECK(game.count("count(*) FROM item_classes") == game.expect().at("item_classes"));
  CHECK(game.count("count(*) FROM item_subclasses") == game.expect().at("item_subclasses"));
  CHECK(game.count("count(*) FROM items JOIN item_subclasses s ON s.class_id = item_class_id AND "
                   "s.subclass_id = item_subclass_id") == game.expect().at("items").at("found"));
  CHECK(game.fetch().at("requests") == 0);
}

TEST_CASE("items: a patch rewrites only what it changed", "[pipeline][blizzard]") {
  Game game;
  game.fetch();
  const auto before = game.count("max(_sluice_commit) FROM items");
  const json changed =
      json::parse(game.twin.control("POST", "/_twin/blizzard/patch", R"({"edit": 3, "add": 2})"));
  game.set = {"stream.items.refresh=\"1s\"", "source.0.search_every=\"1s\""};
  let_a_second_pass();
  const json second = game.fetch();
  CHECK(second.at("by_kind").at("item") == game.expect().at("items").at("found"));
  game.check_items();
  CHECK(game.count("count(*) FROM items WHERE _sluice_commit > " + std::to_string(before)) == 5);
  for (const json& id : changed.at("changed")) {
    CHECK(game.count("_sluice_commit FROM items WHERE id = " + id.dump()) > before);
  }
}

TEST_CASE("items: what was not found is asked for again after a while", "[pipeline][blizzard]") {
  Game game;
  const json first = game.fetch();
  const auto missing = game.expect().at("items").at("missing").get<int64_t>();
  REQUIRE(missing == 2);
  CHECK(first.at("by_kind").at("missing") == missing);
  game.twin.control("POST", "/_twin/blizzard/heal");
  CHECK(game.fetch().at("requests") == 0);
  game.set = {"source.0.ask_again_after=\"1s\""};
  let_a_second_pass();
  CHECK(game.fetch().at("by_kind").at("item") == missing);
  game.check_items();
}

TEST_CASE("items: several languages cost no further requests", "[pipeline][blizzard]") {
  Game game(60);
  game.set = {R"(source.0.locales=["de_DE", "ko_KR", "ru_RU"])", "source.0.batch_size=\"auto\""};
  const json stats = game.fetch();
  const auto found = game.expect().at("items").at("found").get<int64_t>();
  CHECK(stats.at("by_kind").at("item") == found);
  CHECK(game.count("count(*) FROM items") == 3 * found);
  CHECK(game.count("count(DISTINCT name) FROM items") == 3 * found);
  CHECK(game.count("count(*) FROM items WHERE locale = 'de_DE' AND name LIKE 'Klinge %'") == found);
}

TEST_CASE("items: all streams of a region land and are then confirmed", "[pipeline][blizzard]") {
  Game game;
  game.set = kEverything;
  game.fetch();
  const json truth = game.expect();
  game.check_items();
  CHECK(game.count("count(*) FROM connected_realms") == truth.at("connected_realms"));
  CHECK(game.count("count(*) FROM realms") == truth.at("realms"));
  CHECK(game.count("count(*) FROM realms r JOIN connected_realms c ON c.id = "
                   "r.connected_realm_id") == truth.at("realms"));
  CHECK(game.count("price FROM token_price") == truth.at("token").at("price"));
  game.check_auctions("auctions");
  game.check_auctions("commodities");

  game.set.emplace_back("stream.auctions.refresh=\"1s\"");
  game.set.emplace_back("stream.commodities.refresh=\"1s\"");
  SECTION("a second run asks only whether anything is new") {
    let_a_second_pass();
    const json second = game.fetch();
    const json kinds = second.at("by_kind");
    CHECK(kinds.at("auctions") == truth.at("connected_realms"));
    CHECK(kinds.at("commodities") == 1);
    CHECK_FALSE(kinds.contains("item"));
    CHECK(second.at("conditional_hits").get<int64_t>() ==
          second.at("requests").get<int64_t>() - kinds.at("oauth").get<int64_t>());
  }
  SECTION("an hour later sold auctions are marked and new ones land") {
    game.twin.control("POST", "/_twin/blizzard/advance", R"({"hours": 1})");
    let_a_second_pass();
    game.fetch();
    game.check_auctions("auctions");
    game.check_auctions("commodities");
    CHECK(game.count("count(*) FROM auctions WHERE removed_at IS NOT NULL") > 0);
    CHECK(game.count("count(*) FROM token_price") == 2);
  }
  SECTION("lists that come back empty during maintenance sell nothing") {
    game.twin.control("POST", "/_twin/blizzard/close-auctions");
    game.twin.control("POST", "/_twin/blizzard/advance", R"({"hours": 1})");
    game.set.emplace_back("pipeline.attempts=1");
    let_a_second_pass();
    game.fetch(1);  // it says that they look incomplete
    CHECK(game.count("count(*) FROM auctions WHERE removed_at IS NOT NULL") == 0);
  }
  SECTION("a merged realm is marked and its realms move") {
    game.twin.control("POST", "/_twin/blizzard/merge-realms");
    game.twin.control("POST", "/_twin/blizzard/patch");
    game.set.emplace_back("stream.connected_realms.refresh=\"1s\"");
    game.set.emplace_back("stream.realms.refresh=\"1s\"");
    let_a_second_pass();
    game.fetch();
    CHECK(game.count("count(*) FROM connected_realms WHERE removed_at IS NOT NULL") == 1);
    CHECK(game.count("count(*) FROM realms WHERE removed_at IS NULL") == truth.at("realms"));
    CHECK(game.count("count(*) FROM realms r JOIN connected_realms c ON c.id = "
                     "r.connected_realm_id WHERE c.removed_at IS NULL") == truth.at("realms"));
  }
}

TEST_CASE("items: a realm that the index lists and the service denies stays",
          "[pipeline][blizzard]") {
  Game game;
  game.set = {R"(pipeline.streams=["connected_realms", "realms"])",
              "stream.connected_realms.refresh=\"1s\"", "stream.realms.refresh=\"1s\""};
  const auto truth = game.expect();
  const auto deny = [&] {
    game.twin.control("POST", "/_twin/faults", R"({"path": "/blizzard/data/wow/connected-realm/500",
        "action": "status", "status": 404, "content_type": "application/json",
        "body": "{\"code\":404,\"type\":\"BLZWEBAPI00000404\",\"detail\":\"Not Found\"}"})");
  };
  const auto check_all = [&] {
    for (const char* table : {"connected_realms", "realms"}) {
      CHECK(game.count("count(*) FROM " + std::string(table)) == truth.at(table));
      CHECK(game.count("count(removed_at) FROM " + std::string(table)) == 0);
    }
  };
  SECTION("as it was read last") {
    game.fetch();
    deny();
    let_a_second_pass();
    CHECK(game.fetch().at("by_status").at("404").get<int>() > 0);
    check_all();
  }
  SECTION("missing until it was read once") {
    deny();
    game.fetch(1);
    CHECK(game.count("count(*) FROM connected_realms") ==
          truth.at("connected_realms").get<int64_t>() - 1);
    CHECK(game.count("count(*) FROM realms") > 0);
    game.twin.control("DELETE", "/_twin/faults");
    game.fetch();
    check_all();
  }
}

TEST_CASE("items: a history keeps every list", "[pipeline][blizzard]") {
  Game game;
  game.set = {R"(pipeline.streams=["commodities"])", "source.0.auction_history=true",
              "stream.commodities.refresh=\"1s\""};
  game.fetch();
  const auto rows = game.expect().at("commodities").at("rows").get<int64_t>();
  game.twin.control("POST", "/_twin/blizzard/advance", R"({"hours": 1})");
  let_a_second_pass();
  game.fetch();
  CHECK(game.count("count(*) FROM commodities") == 2 * rows);
  CHECK(game.count("count(DISTINCT snapshot_at) FROM commodities") == 2);
}

TEST_CASE("items: a query on the target says which are wanted", "[pipeline][blizzard]") {
  Game game(200);
  game.set = {R"(pipeline.streams=["commodities", "items"])",
              "stream.items.keys_query=\"SELECT DISTINCT region || '/' || game || '/' || item_id "
              "FROM commodities\""};
  const json stats = game.fetch();
  CHECK_FALSE(stats.at("by_kind").contains("search"));
  const auto wanted = game.count("count(DISTINCT item_id) FROM commodities");
  const auto missing = stats.at("by_kind").value("missing", int64_t{0});
  CHECK(game.count("count(*) FROM items") == wanted - missing);
  CHECK(game.fetch().at("by_kind").value("item", int64_t{0}) == 0);
}

TEST_CASE("items: classic games and further regions stand side by side", "[pipeline][blizzard]") {
  Game game(40);
  game.set = kEverything;
  game.set.emplace_back(R"(source.0.games=["retail", "classic"])");
  game.set.emplace_back(R"(source.0.regions=["eu", "us"])");
  game.set.emplace_back("source.0.auction_houses=[2, 6]");
  game.fetch();
  for (const std::string region : {"eu", "us"}) {
    for (const std::string name : {"retail", "classic"}) {
      CAPTURE(region, name);
      const json truth = game.expect(region, name);
      const std::string where = " WHERE region = '" + region + "' AND game = '" + name + "'";
      CHECK(game.count("count(*) FROM items" + where) == truth.at("items").at("found"));
      CHECK(game.count("count(*) FROM auctions" + where) == truth.at("auctions").at("rows"));
      CHECK(game.count("sum(buyout) FROM auctions" + where) ==
            truth.at("auctions").at("sum_buyout"));
      CHECK(game.count("count(*) FROM realms" + where) == truth.at("realms"));
      CHECK(game.count("price FROM token_price" + where) == truth.at("token").at("price"));
    }
  }
}

TEST_CASE("items: a failing service costs requests and no rows", "[pipeline][blizzard]") {
  Game game;
  game.set = kEverything;
  game.set.insert(game.set.end(),
                  {"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"20ms\"",
                   "pipeline.attempts=30", "http.breaker_failures=0", "http.breaker_share=1"});
  game.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "/blizzard/data/**", "probability": 0.03, "action": "reset", "after_bytes": 50},
      {"path": "/blizzard/data/**", "probability": 0.03, "action": "truncate", "after_bytes": 40},
      {"path": "/blizzard/data/**", "probability": 0.03, "action": "garbage"},
      {"path": "/blizzard/data/**", "probability": 0.03, "action": "html"},
      {"path": "/blizzard/data/**", "probability": 0.03, "action": "status", "status": 502}]})");
  for (int i = 0; i < 4; ++i) {
    const Finished finished = game.run();
    INFO(finished.out << finished.err);
    CHECK((finished.exit_code == 0 || finished.exit_code == 1));
  }
  game.check_items();
  game.check_auctions("auctions");
  game.check_auctions("commodities");
}

TEST_CASE("items: wrong credentials end the run at once", "[pipeline][blizzard]") {
  Game game;
  game.secret = "not-the-secret";
  game.twin.control("POST", "/_twin/reset-stats");
  const Finished finished = game.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code != 0);
  CHECK((finished.out + finished.err).find("credential") != std::string::npos);
  CHECK((finished.out + finished.err).find("not-the-secret") == std::string::npos);
  const json stats = json::parse(game.twin.control("GET", "/_twin/stats"));
  CHECK(stats.at("requests").get<int>() <= 2);
}

TEST_CASE("items: a token that ends in the middle is replaced", "[pipeline][blizzard]") {
  Game game(150);
  game.twin.control("POST", "/_twin/faults", R"({"path": "/blizzard/data/wow/item/*",
      "action": "status", "status": 401, "content_type": "application/json", "nth": 50,
      "body": "{\"code\":401,\"type\":\"BLZWEBAPI00000401\",\"detail\":\"Unauthorized\"}"})");
  const json stats = game.fetch();
  CHECK(stats.at("by_kind").at("oauth") == 2);
  game.check_items();
}

TEST_CASE("items: runs that are killed leave no gap and no row twice", "[pipeline][blizzard]") {
  Game game(200);
  game.set = kEverything;
  game.set.insert(game.set.end(), {"commit.every=\"5ms\"", "source.0.batch_size=10"});
  for (int i = 1; i <= 6; ++i) {
    sluice::test::Process process(game.command({"run", SLUICE_ITEMS}), game.environment());
    std::this_thread::sleep_for(std::chrono::milliseconds(60 * i));
    process.signal(SIGKILL);
    process.wait();
  }
  game.fetch();
  game.check_items();
  game.check_auctions("auctions");
  game.check_auctions("commodities");
  CHECK(game.count("count(*) FROM items") == game.count("count(DISTINCT id) FROM items"));
}

TEST_CASE("items: the limits of the service are kept", "[pipeline][blizzard]") {
  Game game(250);
  game.twin.control("POST", "/_twin/blizzard/limits", "{}");
  game.set = {"pipeline.workers=16"};
  game.fetch();
  const json limits = json::parse(game.twin.control("GET", "/_twin/blizzard/limits"));
  CHECK(limits.at("violations") == 0);
  CHECK(limits.at("requests").get<int>() > 250);
  game.check_items();
}
