// SPDX-License-Identifier: Apache-2.0
//
// What there is to read: partitions, keys and files, from lists and from parents.
#include <catch2/catch.hpp>

#include "plugins/rest/tests/support.hpp"

using namespace rest::test;  // NOLINT: a test of this namespace
using sluice::Code;
using sluice::json;
using sluice::Outcome;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;

TEST_CASE("rest: partitions come from lists ranges and parents", "[unit][rest]") {
  FakeHost host;
  const auto keys = [&](const json& config) {
    std::vector<std::string> out;
    SourceSession session(plugin(), host, config);
    for (const auto& partition : session.partitions("s")) {
      out.push_back(partition.key);
    }
    return out;
  };
  using Keys = std::vector<std::string>;
  CHECK(keys(source({stream()})) == Keys{""});
  CHECK(keys(source({stream({{"over", {{"list", {"a", "b", "a"}}}}})})) == Keys{"a", "b"});
  CHECK(keys(source({stream({{"over", {{"range", {-1, 1}}}}})})) == Keys{"-1", "0", "1"});

  json parent = {{"name", "shelves"},
                 {"path", "/shelves"},
                 {"key", {"id"}},
                 {"cache", "10m"},
                 {"pages", {{"style", "page"}}},
                 {"fields",
                  {{{"name", "id"}, {"from", "/meta/id"}, {"type", "int64"}},
                   {{"name", "since"}, {"type", "timestamp"}}}}};
  host.http.on(url("/shelves?page=1"),
               R"([{"meta":{"id":7},"since":"2024-01-01T00:00:00Z"},{"meta":{"id":"x/y"}}])");
  host.http.on(url("/shelves?page=2"), R"([{"meta":{"id":7}},{"meta":{}}])");
  host.http.on(url("/shelves?page=3"), "[]");
  CHECK(keys(source({parent, stream({{"over", {{"stream", "shelves"}}}})})) == Keys{"7", "x/y"});
  CHECK(host.http.requests().at(0).cache_seconds == 600);

  const json config = source({parent, series({{"over", {{"stream", "shelves"}, {"from", "since"}}},
                                              {"from", "2023-01-01T00:00:00Z"},
                                              {"path", "/shelves/{parent.id}/events"},
                                              {"query", {{"p", "{partition}"}}}})});
  SourceSession session(plugin(), host, config);
  const auto partitions = session.partitions("s");
  REQUIRE(partitions.size() == 2);
  CHECK(partitions[0].from_us == kStart);
  CHECK(partitions[1].from_us == 1'672'531'200'000'000);
  host.http.on(url("/shelves/x%2Fy/events?p=x/y"), {.body = events({{1, 1}})});
  auto spec = minutes(0, 10);
  spec.partition = "x/y";
  CHECK(session.read(spec).rows.size() == 1);
}

TEST_CASE("rest: parents of parents make keys of several parts", "[unit][rest]") {
  FakeHost host;
  const auto level = [](const char* name, const char* path, const char* over) {
    json out = {{"name", name},
                {"path", path},
                {"key", {"id"}},
                {"fields", {{{"name", "id"}, {"type", "text"}}}}};
    if (*over != '\0') {
      out["over"] = {{"stream", over}};
    }
    return out;
  };
  json leaf = level("s", "/a/{parent.partition}/b/{parent.id}/c", "rooms");
  leaf["over"]["by"] = {"$partition", "id"};
  host.http.on(url("/houses"), R"([{"id":"h/1"},{"id":"h2"}])");
  host.http.on(url("/houses/h%2F1/rooms"), R"([{"id":"r"}])");
  host.http.on(url("/houses/h2/rooms"), R"([{"id":"r"},{"id":"q"}])");
  host.http.on(url("/a/h%2F1/b/r/c"), R"([{"id":"x"}])");
  SourceSession session(plugin(), host,
                        source({level("houses", "/houses", ""),
                                level("rooms", "/houses/{parent.id}/rooms", "houses"), leaf}));
  const auto partitions = session.partitions("s");
  REQUIRE(partitions.size() == 3);
  CHECK(partitions[0].key == "h%2F1/r");
  CHECK(partitions[2].key == "h2/q");
  CHECK(session.read({.stream = "s", .partition = "h%2F1/r"}).rows.size() == 1);
}

TEST_CASE("rest: keys are asked in batches and what is missing is told", "[unit][rest]") {
  FakeHost host;
  const json batch = source({stream({{"kind", "keys"},
                                     {"over", {{"range", {1, 5}}}},
                                     {"max_keys", 3},
                                     {"records", "/items"},
                                     {"query", {{"ids", "{keys}"}}}})});
  SourceSession session(plugin(), host, batch);
  CHECK(session.slices("s").size() == 5);
  CHECK(session.streams()[0].max_keys() == 3);
  host.http.on(url("/items?ids=1,2,3"), R"({"items":[{"id":1},{"id":"3"}]})");
  const SourceRun run = session.read({.stream = "s", .keys = {"1", "2", "3"}});
  CHECK(run.rows.size() == 2);
  REQUIRE(run.outcomes.size() == 1);
  CHECK(run.outcomes[0].key == "2");
  CHECK(run.outcomes[0].outcome == Outcome::kEmpty);

  // Cut in the middle, it still knows what came before.
  ReadSpec cut{.stream = "s", .keys = {"1", "2", "3"}, .target_batch_bytes = 1, .most_batches = 1};
  const SourceRun first = session.read(cut);
  REQUIRE(first.states.size() == 1);
  cut.state = first.states[0];
  cut.most_batches = 10;
  const SourceRun second = session.read(cut);
  CHECK(second.rows.size() == 1);
  REQUIRE(second.outcomes.size() == 1);
  CHECK(second.outcomes[0].key == "2");

  const json single = source({stream(
      {{"kind", "keys"},
       {"over", {{"list", {"a", "b"}}}},
       {"path", "/items/{key}"},
       {"single", true},
       {"errors",
        {{{"status", {404}}, {"at", "/code"}, {"equals", "NOT_FOUND"}, {"action", "empty"}}}}})});
  host.http.on(url("/items/a"), R"({"id":1})");
  host.http.on(url("/items/b"), {.body = R"({"code":"NOT_FOUND"})", .status = 404});
  host.http.on(url("/items/c"), {.body = R"({"code":"OTHER"})", .status = 404});
  const auto one = [&](const std::string& key) { return read(host, single, {.keys = {key}}); };
  CHECK(one("a").rows.size() == 1);
  CHECK(one("a").outcomes.empty());
  const SourceRun empty = one("b");
  CHECK(empty.end == SLUICE_END);
  REQUIRE(empty.outcomes.size() == 1);
  CHECK_THAT(empty.outcomes[0].text, Catch::Contains("NOT_FOUND"));
  CHECK(one("c").end == SLUICE_NOT_FOUND);
}

TEST_CASE("rest: files are listed by their parent and read when they change", "[unit][rest]") {
  FakeHost host;
  const json index = {{"name", "index"},
                      {"path", "/index"},
                      {"key", {"name"}},
                      {"fields", {{{"name", "name"}}, {{"name", "etag"}}, {{"name", "href"}}}}};
  const json config = source({index, stream({{"kind", "files"},
                                             {"path", "{parent.href:raw}"},
                                             {"over",
                                              {{"stream", "index"},
                                               {"carry", {"href"}},
                                               {"title", "href"},
                                               {"validator", "etag"}}}})});
  host.http.on(url("/index"), R"([{"name":"one","etag":"e1","href":"/files/1.json"},
                                  {"name":"two","etag":"e2","href":"https://api.test/v1/files/2"},
                                  {"name":"bad","etag":"e3","href":"https://evil.test/3"}])");
  host.http.on(url("/files/1.json"), {.body = records(1, 2)});
  host.http.on(url("/files/2"), {.body = records(3, 3)});
  SourceSession session(plugin(), host, config);
  const auto slices = session.slices("s");
  REQUIRE(slices.size() == 3);
  CHECK(slices[0].key == "one");
  CHECK(slices[0].validator == "e1");
  CHECK(slices[0].title == "/files/1.json");
  const auto read_slice = [&](std::size_t i) {
    return session.read({.stream = "s", .slice = slices[i].key, .token = slices[i].token});
  };
  CHECK(read_slice(0).rows.size() == 2);
  CHECK(read_slice(0).validator == "e1");
  CHECK(read_slice(1).rows.size() == 1);
  CHECK(read_slice(2).end == SLUICE_BAD_DATA);
  CHECK(session.read({.stream = "s", .slice = "x", .token = "nonsense"}).end == SLUICE_BAD_STATE);
}

TEST_CASE("rest: keys that landed are not told as empty beside other columns", "[unit][rest]") {
  FakeHost host;
  const auto missing = [&](const json& more) {
    json own = stream({{"kind", "keys"}, {"over", {{"range", {1, 3}}}}, {"max_keys", 3}});
    own["query"] = {{"ids", "{keys}"}};
    own.update(more);
    SourceSession session(plugin(), host, source({own}, {{"values", {{"eu", "eu"}}}}));
    const SourceRun run = session.read({.stream = "s", .keys = {"1", "2", "3"}});
    CHECK(run.rows.size() == 3);  // one was not asked for
    std::vector<std::string> out;
    for (const auto& outcome : run.outcomes) {
      out.push_back(outcome.key);
    }
    return out;
  };
  const json id = {{"name", "id"}, {"type", "int64"}};
  using Keys = std::vector<std::string>;
  host.http.on(url("/items?ids=1,2,3"),
               R"([{"id":1,"shard":"a"},{"id":2,"shard":"b"},{"id":9,"shard":"b"}])");
  CHECK(missing({{"key", {"region", "id"}},
                 {"fields", {{{"name", "region"}, {"value", "{eu}"}}, id}}}) == Keys{"3"});
  CHECK(missing({{"key", {"shard", "id"}}, {"fields", {{{"name", "shard"}}, id}}}) == Keys{"3"});
  host.http.clear();
  host.http.on(url("/items?ids=1,2,3"), R"({"a":{"id":1},"b":{"id":2},"c":{"id":9}})");
  const json name = {{"name", "name"}, {"from", "$name"}};
  CHECK(missing({{"fields", {id, name}}}) == Keys{"3"});
  host.http.clear();
  host.http.on(url("/items?ids=1,2,3"), R"({"1":{"id":"a"},"2":{"id":"b"},"9":{"id":"c"}})");
  CHECK(missing({{"key", {"name"}}, {"fields", {name, {{"name", "id"}}}}}) == Keys{"3"});
}

TEST_CASE("rest: children are not listed for parents that are left out", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"([{"id":1},{"id":2,"deleted":true},{"id":3,"error":"gone"},
                                  {"id":-1},{"id":5}])");
  json parent = stream({{"ignore", {"/deleted", "/error"}},
                        {"errors",
                         {{{"in", "record"}, {"at", "/deleted"}, {"action", "skip"}},
                          {{"in", "record"}, {"at", "/error"}, {"action", "reject"}}}}});
  parent["fields"][0]["null"] = {-1};
  const json child = stream({{"name", "c"}, {"over", {{"stream", "s"}}}});
  const auto keys = [&](const json& config) {
    std::vector<std::string> out;
    SourceSession session(plugin(), host, config);
    for (const auto& partition : session.partitions("c")) {
      out.push_back(partition.key);
    }
    return out;
  };
  CHECK(keys(source({parent, child})) == std::vector<std::string>{"1", "5"});

  host.http.on(url("/plain"), "[7,8]");
  json plain =
      stream({{"path", "/plain"},
              {"errors", {{{"in", "record"}, {"at", "/0"}, {"equals", 7}, {"action", "skip"}}}}});
  plain["fields"] = {{{"name", "id"}, {"type", "int64"}, {"from", "$value"}}};
  CHECK(keys(source({plain, child})) == std::vector<std::string>{"8"});

  parent["errors"] = {{{"in", "record"}, {"at", "/error"}, {"action", "stop"}}};
  SourceSession session(plugin(), host, source({parent, child}));
  CHECK(sluice::testing::code_of([&] { (void)session.partitions("c"); }) == Code::kUnsupported);
}
