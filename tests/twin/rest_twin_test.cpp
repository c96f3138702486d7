// SPDX-License-Identifier: Apache-2.0
//
// The shop of the twin: every style of paging gives the same items, as often as they are asked for.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/twin/twin_test_support.hpp"

using nlohmann::json;
using sluice::twin::Options;
using sluice::twin::Twin;
using sluice::twin::test::Answer;
using sluice::twin::test::fetch;

namespace {

Options small() {
  Options options;
  options.rest.items = 47;
  options.rest.shelves = 3;
  options.rest.events = 100;
  return options;
}

json body_of(const Twin& twin, const std::string& path) {
  const Answer answer = fetch(twin, path);
  INFO(path << ": " << answer.body);
  REQUIRE(answer.status == 200);
  return json::parse(answer.body);
}

void add(const json& items, std::vector<std::uint64_t>& ids) {
  for (const json& item : items) {
    ids.push_back(item.at("id").get<std::uint64_t>());
  }
}

}  // namespace

TEST_CASE("twin rest: all styles of paging give the same items", "[unit][twin]") {
  const Twin twin(small());
  std::vector<std::uint64_t> all(47);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = i + 1;
  }
  std::vector<std::uint64_t> ids;
  for (int page = 1; page <= 5; ++page) {
    const json body = body_of(twin, "/rest/page?limit=10&page=" + std::to_string(page));
    CHECK(body.at("pageCount") == 5);
    add(body.at("results"), ids);
  }
  CHECK(ids == all);
  ids.clear();
  for (int offset = 0; offset < 60; offset += 10) {
    add(body_of(twin, "/rest/offset?limit=10&offset=" + std::to_string(offset)), ids);
  }
  CHECK(ids == all);
  ids.clear();
  for (json cursor = ""; !cursor.is_null();) {
    const json body = body_of(twin, "/rest/cursor?limit=10&cursor=" + cursor.get<std::string>());
    add(body.at("items"), ids);
    cursor = body.at("paging").at("next");
  }
  CHECK(ids == all);
  ids.clear();
  for (std::string next = "/rest/next?limit=10"; !next.empty();) {
    const json body = body_of(twin, next);
    add(body.at("items"), ids);
    const json& link = body.at("links").at("next");
    next = link.is_null() ? "" : link.get<std::string>();
  }
  CHECK(ids == all);
  ids.clear();
  for (std::uint64_t after = 0; ids.empty() || after != 47; after = ids.back()) {
    add(body_of(twin, "/rest/after?limit=10&after=" + std::to_string(after)), ids);
  }
  CHECK(ids == all);
  CHECK(fetch(twin, "/rest/link?limit=10").headers.at("link").find("page=2>; rel=\"next\"") !=
        std::string::npos);
  CHECK(fetch(twin, "/rest/header-cursor?limit=10").headers.contains("x-next-cursor"));
  CHECK_FALSE(fetch(twin, "/rest/header-cursor?limit=50").headers.contains("x-next-cursor"));
}

TEST_CASE("twin rest: refuses what it should", "[unit][twin]") {
  Options options = small();
  options.rest.key = "secret";
  const Twin locked(options);
  CHECK(fetch(locked, "/rest/page").status == 401);
  CHECK(fetch(locked, "/rest/page", {{"x-key", "secret"}}).status == 200);
  const Twin twin(small());
  CHECK(fetch(twin, "/rest/page?limit=101").status == 400);
  CHECK(fetch(twin, "/rest/page?limit=x").status == 400);
  CHECK(fetch(twin, "/rest/cursor?cursor=c10-0").status == 400);
  CHECK(fetch(twin, "/rest/items/48").status == 404);
  CHECK(fetch(twin, "/rest/files/S%2F4").status == 404);
  CHECK(fetch(twin, "/rest/nothing").status == 404);
  CHECK(fetch(twin, "/rest/search").status == 422);
}

TEST_CASE("twin rest: the ground truth agrees with what is served and with changes",
          "[unit][twin]") {
  Twin twin(small());
  const auto expect = [&](const std::string& query) {
    return json::parse(twin.control("GET", "/_twin/rest/expect?" + query));
  };
  CHECK(expect("what=items").at("rows") == 47);
  std::uint64_t rows = 0;
  for (int shelf = 1; shelf <= 3; ++shelf) {
    rows += expect("what=items&shelf=" + std::to_string(shelf)).at("rows").get<std::uint64_t>();
  }
  CHECK(rows == 47);
  CHECK(expect("what=events&shelf=2").at("rows") == 100);
  // 2024-01-01T00:10 to 00:20, both inclusive when served: 11 minutes with two events each.
  CHECK(body_of(twin, "/rest/events?shelf=2&from=1704067800&to=1704068400&limit=100")
            .at("events")
            .size() == 22);
  CHECK(expect("what=events&shelf=2&from=1704067800&to=1704068400").at("rows") == 20);
  const auto tag = fetch(twin, "/rest/shelves").headers.at("etag");
  CHECK(fetch(twin, "/rest/shelves", {{"if-none-match", tag}}).status == 304);
  const auto before = expect("what=items").at("cents");
  twin.control("POST", "/_twin/rest/edit-item", R"({"id": 5})");
  CHECK(expect("what=items").at("cents") != before);
  twin.control("POST", "/_twin/rest/add-items", R"({"count": 3})");
  CHECK(expect("what=items").at("rows") == 50);
  twin.control("POST", "/_twin/rest/add-events", R"({"count": 10})");
  CHECK(expect("what=events&shelf=1").at("rows") == 110);
  CHECK(fetch(twin, "/rest/shelves", {{"if-none-match", tag}}).status == 200);
  twin.control("POST", "/_twin/rest/say",
               R"({"times": 1, "status": 200, "body": {"error": "busy"}, "path": "page"})");
  CHECK(fetch(twin, "/rest/offset").body.find("busy") == std::string::npos);
  CHECK(fetch(twin, "/rest/page").body == R"({"error":"busy"})");
  CHECK(fetch(twin, "/rest/page").body != R"({"error":"busy"})");
}
