// SPDX-License-Identifier: Apache-2.0
//
// Items: where their ids come from, what becomes of each, and rows in several languages.
#include <catch2/catch.hpp>

#include "plugins/blizzard/tests/support.hpp"

using namespace blizzard::test;  // NOLINT
using sluice::json;
using sluice::Outcome;
using sluice::testing::Answer;
using sluice::testing::code_of;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

const json kOne = {{"item_ids", "search"}};

std::string item(int64_t id, const std::string& more = "", const std::string& build = "1.2.3_4-") {
  return R"({"_links":{"self":{"href":"https://eu.api.blizzard.com/data/wow/item/)" +
         std::to_string(id) + "?namespace=static-" + build + R"(eu"}},"id":)" + std::to_string(id) +
         R"(,"name":"Thing","level":5,"sell_price":5000000001,)" +
         R"("required_level":0,"purchase_price":9,"max_count":0,"is_equippable":false,)" +
         R"("is_stackable":true,"quality":{"type":"RARE","name":"Rare"},)" +
         R"("item_class":{"name":"Gem","id":3},"item_subclass":{"name":"Red","id":1},)" +
         R"("inventory_type":{"type":"NON_EQUIP","name":"-"})" + more + "}";
}

std::string item_url(int64_t id, const std::string& more = "&locale=en_US",
                     const std::string& name_space = "static-eu") {
  return url("item/" + std::to_string(id), name_space, more);
}

sluice::testing::SourceRun read_keys(FakeHost& host, const std::vector<std::string>& keys,
                                     const json& changes = kOne) {
  return read(host, changes, {.stream = "items", .keys = keys});
}

std::string search_url(const std::string& range) {
  return url("search/item", "static-eu",
             "&orderby=id&_pageSize=1000&_page=1&id=%5B" + range + "%5D");
}

Answer hits(const std::vector<int64_t>& ids) {
  json out = {{"page", 1}, {"results", json::array()}};
  for (const int64_t id : ids) {
    out["results"].push_back({{"key", {{"href", "x"}}}, {"data", {{"id", id}}}});
  }
  return json_answer(out.dump());
}

std::vector<std::string> listed(FakeHost& host, const json& changes = kOne) {
  std::vector<std::string> out;
  SourceSession session(plugin(), host, config(changes));
  for (const auto& slice : session.slices("items")) {
    out.push_back(slice.key);
  }
  return out;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("blizzard items: fields land with their types and prices beyond 32 bits",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7)));
  const auto run = read_keys(host, {"eu/retail/7"});
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 1);
  const json& row = run.rows[0];
  CHECK(row["region"] == "eu");
  CHECK(row["game"] == "retail");
  CHECK(row["locale"] == "en_US");
  CHECK(row["id"] == 7);
  CHECK(row["sell_price"] == 5'000'000'001);
  CHECK(row["quality"] == "RARE");
  CHECK(row["item_class_id"] == 3);
  CHECK(row["description"].is_null());
  CHECK(row["is_stackable"] == true);
  CHECK(run.outcomes.empty());
  CHECK(run.notes.empty());
  const auto request = host.http.requests().at(0);
  CHECK(request.credential == "blizzard");
  CHECK(request.scope == "api.blizzard.com/blizzard");
  CHECK(request.expect == "application/json");
}

TEST_CASE("blizzard items: a new build is no change and a new price is one", "[unit][blizzard]") {
  const auto hash = [](const std::string& body) {
    FakeHost host;
    host.http.on(item_url(7), json_answer(body));
    return read_keys(host, {"eu/retail/7"}).rows.at(0).at("content_hash").get<std::string>();
  };
  CHECK(hash(item(7)) == hash(item(7, "", "12.0.7_67808-")));
  CHECK(hash(item(7)) != hash(item(7, R"(,"purchase_quantity":5)")));
}

TEST_CASE("blizzard items: rows that gain a column are no longer the same", "[unit][blizzard]") {
  const auto hash = [](bool documents) {
    FakeHost host;
    host.http.on(item_url(7), json_answer(item(7)));
    const auto run = read_keys(host, {"eu/retail/7"}, {{"documents", documents}});
    return run.rows.at(0).at("content_hash").get<std::string>();
  };
  CHECK(hash(true) == hash(true));
  CHECK(hash(true) != hash(false));
}

TEST_CASE("blizzard items: what is not there is empty and does not stop the rest",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7)))
      .on(item_url(8), not_found())
      .on(item_url(9), json_answer(item(9)));
  const auto run = read_keys(host, {"eu/retail/7", "eu/retail/8", "eu/retail/9"});
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 2);
  CHECK(outcome(run, "eu/retail/8") == Outcome::kEmpty);
  CHECK(run.outcomes.size() == 1);
  CHECK(noted(run, "item_not_found") == 1);
}

TEST_CASE("blizzard items: a 404 that is not in the words of the service confirms nothing",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(8), Answer{.body = "<html>404</html>", .status = 404});
  const auto run = read_keys(host, {"eu/retail/8"});
  CHECK(outcome(run, "eu/retail/8") == Outcome::kFailed);
}

TEST_CASE("blizzard items: answers that break are asked for again and then fail alone",
          "[unit][blizzard]") {
  FakeHost host;
  Answer cut = json_answer(item(7).substr(0, 60));
  Answer lost = json_answer(item(8));
  lost.breaks_after = 30;
  host.http.on(item_url(7), cut).on(item_url(7), lost).on(item_url(7), json_answer(item(7)));
  host.http.on(item_url(8), lost);
  host.http.on(item_url(9), json_answer(item(9)));
  const auto run = read_keys(host, {"eu/retail/7", "eu/retail/8", "eu/retail/9"});
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == 2);
  CHECK(outcome(run, "eu/retail/8") == Outcome::kFailed);
  CHECK(host.http.requests().size() == 7);
}

TEST_CASE("blizzard items: a service out of order ends the batch after three items",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on_prefix(kBase, Answer{.body = "", .status = 503});
  Keys keys;
  for (int i = 1; i < 50; ++i) {
    keys.push_back("eu/retail/" + std::to_string(i));
  }
  const auto run = read_keys(host, keys);
  CHECK(run.error.value().code() == sluice::Code::kUnavailable);
  CHECK(host.http.requests().size() == 3);
}

TEST_CASE("blizzard items: refused credentials end it at once", "[unit][blizzard]") {
  FakeHost host;
  host.http.on_prefix(
      kBase, json_answer(R"({"code":403, "type":"Forbidden", "detail":"Account Inactive"})", 403));
  const auto run = read_keys(host, {"eu/retail/1", "eu/retail/2"});
  CHECK(run.error.value().code() == sluice::Code::kAuth);
  CHECK(host.http.requests().size() == 1);
}

TEST_CASE("blizzard items: bare ids are asked for everywhere, and again where they are missing",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7)))
      .on(item_url(7, "&locale=en_US", "static-us"), not_found())
      .on(item_url(8), not_found())
      .on(item_url(8, "&locale=en_US", "static-us"), not_found());
  const auto run = read_keys(host, {"7", "8", "soon", "-3", "0"}, {{"regions", {"eu", "us"}}});
  CHECK(run.rows.size() == 1);
  CHECK(outcome(run, "7") == Outcome::kEmpty);  // its row lands, and it is asked for again
  CHECK(outcome(run, "8") == Outcome::kEmpty);
  CHECK(outcome(run, "soon") == Outcome::kEmpty);
  CHECK(noted(run, "item_skipped") == 3);
  CHECK(noted(run, "item_not_found") == 3);
}

TEST_CASE("blizzard items: a bare id that all worlds know is done", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7)))
      .on(item_url(7, "&locale=en_US", "static-us"), json_answer(item(7)));
  const auto run = read_keys(host, {"7"}, {{"regions", {"eu", "us"}}});
  CHECK(run.rows.size() == 2);
  CHECK(run.outcomes.empty());
}

TEST_CASE("blizzard items: ids to skip are not asked for", "[unit][blizzard]") {
  FakeHost host;
  const auto run = read_keys(host, {"eu/retail/7", "us/retail/9"}, {{"skip_items", {"5-8"}}});
  CHECK(host.http.requests().empty());
  CHECK(outcome(run, "eu/retail/7") == Outcome::kEmpty);
  CHECK(outcome(run, "us/retail/9") == Outcome::kEmpty);
  CHECK(noted(run, "item_skipped") == 2);
}

TEST_CASE("blizzard items: several languages come in one answer as rows", "[unit][blizzard]") {
  const std::string names = R"(,"description":{"en_US":"Red","de_DE":"Rot","fr_FR":"Rouge"})";
  FakeHost host;
  host.http.on(item_url(7, ""), json_answer(item(7, names)));
  const auto some = read_keys(host, {"eu/retail/7"}, {{"locales", {"de_DE", "ko_KR"}}});
  REQUIRE(some.rows.size() == 2);
  CHECK(some.rows[0]["description"] == "Rot");
  CHECK(some.rows[1]["locale"] == "ko_KR");
  CHECK(some.rows[1]["description"].is_null());
  CHECK(some.rows[1]["name"] == "Thing");  // a text that came plain holds for all
  const auto all = read_keys(host, {"eu/retail/7"}, {{"locales", {"all"}}});
  REQUIRE(all.rows.size() == 3);
  CHECK(all.rows[2]["locale"] == "fr_FR");
  CHECK(all.rows[2]["description"] == "Rouge");
  CHECK(host.http.requests().size() == 2);
}

TEST_CASE("blizzard items: one language is taken from an object of all", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7),
               json_answer(item(7, R"(,"description":{"en_US":"Red","de_DE":"Rot"})")));
  CHECK(read_keys(host, {"eu/retail/7"}).rows.at(0).at("description") == "Red");
}

TEST_CASE("blizzard items: bad fields cost themselves, or their record and are asked for again",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7, R"(,"description":["x"],"new_field":1)")))
      .on(item_url(8), json_answer(item(9)))
      .on(item_url(10), json_answer(R"({"name":"No id"})"));
  const auto run =
      read_keys(host, {"eu/retail/7", "eu/retail/8", "eu/retail/10"}, {{"documents", false}});
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["description"].is_null());
  CHECK(noted(run, "mistyped_field") == 1);
  CHECK(noted(run, "unknown_field") == 1);
  REQUIRE(run.rejects.size() == 2);
  CHECK(run.rejects[0].rule == "wrong_id");
  CHECK(run.rejects[1].reason.starts_with("/id: is missing"));
  CHECK_FALSE(outcome(run, "eu/retail/7"));
  CHECK(outcome(run, "eu/retail/8") == Outcome::kFailed);
  CHECK(outcome(run, "eu/retail/10") == Outcome::kFailed);
}

TEST_CASE("blizzard items: documents are kept whole and canonical", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7, R"(,"preview_item":{"zz":1,"aa":[]})")));
  const auto run = read_keys(host, {"eu/retail/7"});
  const json& given = run.rows.at(0).at("document");
  const std::string text = given.is_string() ? given.get<std::string>() : given.dump();
  CHECK(text.find(R"("preview_item":{"aa":[],"zz":1})") != std::string::npos);
  CHECK(text.find("namespace=static-eu") != std::string::npos);
  CHECK(noted(run, "unknown_field") == 0);
}

TEST_CASE("blizzard items: a batch is followed by its pause", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(item_url(7), json_answer(item(7)));
  read_keys(host, {"eu/retail/7"}, {{"batch_pause", "1500ms"}});
  CHECK(host.slept() == std::chrono::milliseconds(1500));
}

TEST_CASE("blizzard items: the search is walked by ranges of ids to an empty page",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(search_url("0,"), hits({25, 27, 31}))
      .on(search_url("32,"), hits({90}))
      .on(search_url("91,"), hits({}));
  const Keys all = {"eu/retail/25", "eu/retail/27", "eu/retail/31", "eu/retail/90"};
  CHECK(listed(host) == all);
  CHECK(host.http.requests().size() == 3);
  SECTION("what it found is kept for a day") {
    host.advance(std::chrono::hours(23));
    CHECK(listed(host) == all);
    CHECK(host.http.requests().size() == 3);
    host.advance(std::chrono::hours(2));
    CHECK(listed(host) == all);
    CHECK(host.http.requests().size() == 6);
  }
  SECTION("ids to skip are not listed") {
    CHECK(listed(host, {{"skip_items", {"26-31"}}}) == Keys{"eu/retail/25", "eu/retail/90"});
  }
  SECTION("a search that has lost most ids is not believed") {
    host.advance(std::chrono::hours(25));
    host.http.clear();
    host.http.on_prefix(kBase, hits({}));
    CHECK(code_of([&] { listed(host); }) == sluice::Code::kUnavailable);
  }
}

TEST_CASE("blizzard items: the search keeps to the ranges of the configuration",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(search_url("10,20"), hits({11, 20})).on(search_url("50,"), hits({}));
  CHECK(listed(host, {{"item_ranges", {"10-20", "50-"}}}) == Keys{"eu/retail/11", "eu/retail/20"});
}

TEST_CASE("blizzard items: a search that does not heed its range is refused", "[unit][blizzard]") {
  FakeHost host;
  host.http.on_prefix(kBase, hits({25, 27}));
  CHECK(code_of([&] { listed(host); }) == sluice::Code::kBadData);
  CHECK(host.http.requests().size() == 2);
}

TEST_CASE("blizzard items: a search without results or cut short is tried again",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(search_url("0,"), json_answer("{}"));
  CHECK(code_of([&] { listed(host); }) == sluice::Code::kBadData);
  CHECK(host.http.requests().size() == 3);
  host.http.clear();
  host.http.on(search_url("0,"), json_answer(R"({"results":[{"data":{"id":5)"))
      .on(search_url("0,"), hits({5}))
      .on(search_url("6,"), hits({}));
  CHECK(listed(host) == Keys{"eu/retail/5"});
}

TEST_CASE("blizzard items: a game without a search is warned of and keeps what is known",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(search_url("0,"), hits({25})).on(search_url("26,"), hits({}));
  CHECK(listed(host) == Keys{"eu/retail/25"});
  host.http.clear();
  host.http.on_prefix(kBase, not_found());
  host.advance(std::chrono::hours(25));
  CHECK(listed(host, {{"games", {"retail", "classic7x"}}}) == Keys{"eu/retail/25"});
  CHECK(host.log().size() == 2);
}

TEST_CASE("blizzard items: ranges are asked for id by id without any request", "[unit][blizzard]") {
  FakeHost host;
  const json ranges = {{"item_ids", "ranges"},
                       {"item_ranges", {"3-4", "9"}},
                       {"regions", {"us", "eu"}},
                       {"skip_items", {"4"}}};
  CHECK(listed(host, ranges) == Keys{"us/retail/3", "us/retail/9", "eu/retail/3", "eu/retail/9"});
  CHECK(host.http.requests().empty());
}
