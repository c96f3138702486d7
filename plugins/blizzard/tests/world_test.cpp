// SPDX-License-Identifier: Apache-2.0
//
// Classes, realms and the token's price: an index and the documents that it leads to.
#include <catch2/catch.hpp>

#include "plugins/blizzard/tests/support.hpp"

using namespace blizzard::test;  // NOLINT
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

std::string links(const std::vector<int>& ids) {
  json out = {{"connected_realms", json::array()}};
  for (const int id : ids) {
    out["connected_realms"].push_back(
        {{"href", "https://eu.api.blizzard.com/data/wow/connected-realm/" + std::to_string(id) +
                      "?namespace=dynamic-eu"}});
  }
  return out.dump();
}

std::string connected(int id, int realms) {
  json out = {{"id", id},
              {"has_queue", false},
              {"status", {{"type", "UP"}, {"name", "Up"}}},
              {"population", {{"type", "FULL"}, {"name", "Full"}}},
              {"realms", json::array()}};
  for (int i = 0; i < realms; ++i) {
    out["realms"].push_back({{"id", id + i},
                             {"name", "Realm"},
                             {"slug", "realm-" + std::to_string(id + i)},
                             {"category", "X"},
                             {"locale", "enUS"},
                             {"timezone", "UTC"},
                             {"type", {{"type", "NORMAL"}, {"name", "Normal"}}},
                             {"is_tournament", false},
                             {"region", {{"id", 3}, {"name", "Europe"}}}});
  }
  return out.dump();
}

std::string realm_url(const std::string& id) {
  return url("connected-realm/" + id, "dynamic-eu", id == "index" ? "" : "&locale=en_US");
}

const std::string kToken = R"({"last_updated_timestamp":1699999200000,"price":3012345678})";

}  // namespace

TEST_CASE("blizzard realms: each connected realm is read once whatever the index repeats",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(realm_url("index"), json_answer(links({509, 510, 509})))
      .on(realm_url("509"), json_answer(connected(509, 3)))
      .on(realm_url("510"), json_answer(connected(510, 1)));
  const auto run =
      read(host, json::object(), {.stream = "connected_realms", .partition = "eu/retail"});
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["id"] == 509);
  CHECK(run.rows[0]["realm_count"] == 3);
  CHECK(run.rows[0]["population"] == "FULL");
  CHECK(run.rows[0]["removed_at"].is_null());
  CHECK(run.notes.empty());
  const auto realms = read(host, json::object(), {.stream = "realms", .partition = "eu/retail"});
  REQUIRE(realms.rows.size() == 4);
  CHECK(realms.rows[2]["connected_realm_id"] == 509);
  CHECK(realms.rows[2]["slug"] == "realm-511");
  CHECK(realms.rows[3]["region_id"] == 3);
  CHECK(realms.notes.empty());
}

TEST_CASE("blizzard realms: reading goes on behind the last connected realm", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(realm_url("index"), json_answer(links({509, 510, 511})));
  for (const int id : {509, 510, 511}) {
    host.http.on(realm_url(std::to_string(id)), json_answer(connected(id, 2)));
  }
  const sluice::testing::ReadSpec whole = {
      .stream = "realms", .partition = "eu/retail", .target_batch_bytes = 1};
  const auto run = read(host, json::object(), whole);
  REQUIRE(run.batch_rows == std::vector<std::size_t>{2, 2, 2});
  auto rest = whole;
  rest.state = run.states.at(1);
  const auto resumed = read(host, json::object(), rest);
  REQUIRE(resumed.rows.size() == 2);
  CHECK(resumed.rows[0] == run.rows[4]);
}

TEST_CASE("blizzard realms: one that is denied at first leaves the reading incomplete",
          "[unit][blizzard]") {
  const auto denial =
      GENERATE(not_found(), json_answer(R"({"id":509})"), json_answer(connected(509, 0)));
  const std::string stream = GENERATE("connected_realms", "realms");
  FakeHost host;
  host.http.on(realm_url("index"), json_answer(links({509, 510})))
      .on(realm_url("509"), denial)
      .on(realm_url("510"), json_answer(connected(510, 1)));
  const auto run = read(host, json::object(), {.stream = stream, .partition = "eu/retail"});
  CHECK(run.rows.size() == 1);
  CHECK(noted(run, "connected_realm_not_found") == 1);
  REQUIRE(run.error);  // an end would take the rows of 509 for removed
  CHECK(run.error->code() == sluice::Code::kUnavailable);
  const auto rest = read(host, json::object(),
                         {.stream = stream, .partition = "eu/retail", .state = run.states.at(0)});
  CHECK(rest.rows.empty());
  CHECK(rest.error);
}

TEST_CASE("blizzard realms: one that is denied later is told as it was", "[unit][blizzard]") {
  const auto denial =
      GENERATE(not_found(), json_answer(R"({"id":509})"), json_answer(connected(509, 0)));
  const std::string stream = GENERATE("connected_realms", "realms");
  FakeHost host;
  const auto answer = [&](const Answer& of_509) {
    host.http.clear();
    host.http.on(realm_url("index"), json_answer(links({509, 510})))
        .on(realm_url("509"), of_509)
        .on(realm_url("510"), json_answer(connected(510, 1)));
    return read(host, json::object(), {.stream = stream, .partition = "eu/retail"});
  };
  const auto before = answer(json_answer(connected(509, 3)));
  CHECK(before.notes.empty());
  const auto denied = answer(denial);
  CHECK(denied.end == SLUICE_END);
  CHECK(denied.rows == before.rows);
  CHECK(noted(denied, "connected_realm_not_found") == 1);
}

TEST_CASE("blizzard realms: an index with a link that has no id is refused", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(realm_url("index"),
               json_answer(R"({"connected_realms":[{"href":"https://x/realms/all"}]})"));
  const auto run = read(host, json::object(), {.stream = "realms", .partition = "eu/retail"});
  CHECK(run.error.value().code() == sluice::Code::kBadData);
}

TEST_CASE("blizzard realms: a realm that moves to another connected realm is no longer the same",
          "[unit][blizzard]") {
  const auto hash = [](int connected_id) {
    json document = json::parse(connected(509, 1));  // whose realm does not say where it is
    document["id"] = connected_id;
    FakeHost host;
    host.http.on(realm_url("index"), json_answer(links({connected_id})))
        .on(realm_url(std::to_string(connected_id)), json_answer(document.dump()));
    const auto run = read(host, json::object(), {.stream = "realms", .partition = "eu/retail"});
    return run.rows.at(0).at("content_hash").get<std::string>();
  };
  CHECK(hash(509) == hash(509));
  CHECK(hash(509) != hash(510));
}

TEST_CASE("blizzard classes: the index is walked and subclasses are rows", "[unit][blizzard]") {
  FakeHost host;
  host.http
      .on(url("item-class/index", "static-classic-eu", "&locale=en_US"),
          json_answer(
              R"({"item_classes":[{"id":0,"name":"Food"},{"id":9,"name":"Book"},{"x":1}]})"))
      .on(url("item-class/0", "static-classic-eu", "&locale=en_US"),
          json_answer(R"({"class_id":0,"name":"Food","item_subclasses":[{"id":0,"name":"Bread"},)"
                      R"({"id":4,"name":"Cheese"}]})"))
      .on(url("item-class/9", "static-classic-eu", "&locale=en_US"), not_found());
  const json classic = {{"games", {"classic"}}};
  const auto classes = read(host, classic, {.stream = "item_classes", .partition = "eu/classic"});
  REQUIRE(classes.rows.size() == 2);
  CHECK(classes.rows[0]["subclass_count"] == 2);
  CHECK(classes.rejects.size() == 1);
  const auto subclasses =
      read(host, classic, {.stream = "item_subclasses", .partition = "eu/classic"});
  REQUIRE(subclasses.rows.size() == 2);
  CHECK(subclasses.rows[1]["class_id"] == 0);
  CHECK(subclasses.rows[1]["subclass_id"] == 4);
  CHECK(subclasses.rows[1]["name"] == "Cheese");
}

TEST_CASE("blizzard classes: one that is denied is a row and its subclasses are not removed",
          "[unit][blizzard]") {
  FakeHost host;
  const auto class_url = [](const std::string& id) {
    return url("item-class/" + id, "static-eu", "&locale=en_US");
  };
  const std::string index =
      R"({"item_classes":[{"key":{"href":"x"},"id":9,"name":"Book"},{"id":0,"name":"Food"}]})";
  const auto answer = [&](const Answer& of_9) {
    host.http.clear();
    host.http.on(class_url("index"), json_answer(index))
        .on(class_url("9"), of_9)
        .on(class_url("0"), json_answer(R"({"class_id":0,"name":"Food","item_subclasses":[]})"));
  };
  const auto read_stream = [&](const std::string& stream) {
    return read(host, json::object(), {.stream = stream, .partition = "eu/retail"});
  };
  answer(not_found());
  const auto classes = read_stream("item_classes");
  CHECK(classes.end == SLUICE_END);
  REQUIRE(classes.rows.size() == 2);
  CHECK(classes.rows[1]["class_id"] == 9);
  CHECK(classes.rows[1]["name"] == "Book");
  CHECK(classes.rows[1]["subclass_count"].is_null());
  REQUIRE(classes.notes.size() == 1);
  CHECK(noted(classes, "item_class_not_found") == 1);
  CHECK(read_stream("item_subclasses").error.value().code() == sluice::Code::kUnavailable);

  answer(json_answer(R"({"class_id":9,"name":"Book","item_subclasses":[{"id":1,"name":"B"}]})"));
  const auto whole = read_stream("item_subclasses");
  CHECK(whole.rows.size() == 1);
  answer(not_found());
  const auto denied = read_stream("item_subclasses");
  CHECK(denied.end == SLUICE_END);
  CHECK(denied.rows == whole.rows);
  CHECK(read_stream("item_classes").rows.at(1).at("subclass_count") == 1);
}

TEST_CASE("blizzard token: the series begins with the newest price and a 304 repeats it",
          "[unit][blizzard]") {
  FakeHost host;
  Answer answer = json_answer(kToken);
  answer.validator = "Last-Modified: today";
  host.http.on(url("token/index", "dynamic-eu"), answer);
  const auto once = [&] {
    SourceSession session(plugin(), host, config());
    const auto partitions = session.partitions("token_price");
    REQUIRE(partitions.size() == 1);
    CHECK(partitions[0].key == "eu/retail");
    CHECK(partitions[0].from_us == 1'699'999'200'000'000);
    return session.read({.stream = "token_price",
                         .partition = "eu/retail",
                         .from_us = partitions[0].from_us,
                         .to_us = 1'700'000'000'000'000});
  };
  const auto first = once();
  REQUIRE(first.rows.size() == 1);
  CHECK(first.rows[0]["price"] == 3'012'345'678);
  CHECK(first.rows[0]["time"] == "2023-11-14T22:00:00Z");
  CHECK(first.notes.empty());
  CHECK(host.http.requests().size() == 1);  // listing and reading share it
  const auto second = once();
  CHECK(second.rows == first.rows);
  CHECK(host.http.requests().back().status == 304);
}

TEST_CASE("blizzard token: a game without one has no series", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(url("token/index", "dynamic-eu"), json_answer(kToken))
      .on(url("token/index", "dynamic-classic1x-eu"), not_found());
  SourceSession session(plugin(), host, config({{"games", {"retail", "classic1x"}}}));
  CHECK(session.partitions("token_price").size() == 1);
}
