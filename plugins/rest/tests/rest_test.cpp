// SPDX-License-Identifier: Apache-2.0
//
// The built library through a fake host: what is asked, what becomes of the answers.
#include <catch2/catch.hpp>

#include "plugins/rest/tests/support.hpp"

using namespace rest::test;  // NOLINT: a test of this namespace
using sluice::Code;
using sluice::json;
using sluice::Outcome;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;

namespace {

std::string url(const std::string& path) {
  return kBase + path;
}

// Reads the one slice whole, then again cut after every batch and resumed: the rows must agree.
SourceRun read(FakeHost& host, const json& config, ReadSpec spec = {}) {
  if (spec.stream.empty()) {
    spec.stream = "s";
  }
  SourceSession session(plugin(), host, config);
  return session.read(spec);
}

std::vector<json> read_in_pieces(FakeHost& host, const json& config, ReadSpec spec) {
  spec.stream = "s";
  spec.target_batch_bytes = 1;  // each row fills a batch
  spec.most_batches = 1;
  SourceSession session(plugin(), host, config);
  std::vector<json> rows;
  for (int i = 0; i < 1000; ++i) {
    const SourceRun piece = session.read(spec);
    rows.insert(rows.end(), piece.rows.begin(), piece.rows.end());
    if (piece.end != SLUICE_OK || piece.states.empty() || !piece.states.back()) {
      CHECK(piece.end == SLUICE_END);
      break;
    }
    spec.state = piece.states.back();
  }
  return rows;
}

json paged(const json& pages, const json& more = json::object()) {
  json out = stream(more);
  out["pages"] = pages;
  return source({out});
}

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kStart = 1'704'067'200'000'000;  // 2024-01-01

json series(json more = json::object()) {
  json out = {{"name", "s"},
              {"kind", "series"},
              {"path", "/events"},
              {"key", {"id"}},
              {"time", "at"},
              {"query", {{"from", "{from:s}"}, {"to", "{to-1us:s}"}}},
              {"fields",
               {{{"name", "id"}, {"type", "int64"}},
                {{"name", "at"}, {"type", "timestamp"}, {"epoch", "s"}}}}};
  out.update(more);
  return out;
}

std::string events(const std::vector<std::pair<int, int>>& id_and_minute) {
  std::string out = "[";
  for (const auto& [id, minute] : id_and_minute) {
    out += (out.size() > 1 ? "," : "") + std::string("{\"id\":") + std::to_string(id) +
           ",\"at\":" + std::to_string(kStart / 1'000'000 + minute * 60) + "}";
  }
  return out + "]";
}

ReadSpec minutes(int from, int to) {
  return {.stream = "s", .from_us = kStart + from * kMinute, .to_us = kStart + to * kMinute};
}

}  // namespace

TEST_CASE("rest: a list in one answer becomes rows", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items?lang=en&q=a%20b"),
               {.body = R"({"data":{"list":[{"id":"1","t":"x","u":1},{"id":2},{"t":"no id"}]}})",
                .validator = "v1"});
  const json config = source(
      {stream({{"records", "/data/list"}, {"query", {{"q", "{word}"}, {"none", "{partition}"}}}})},
      {{"query", {{"lang", "en"}}},
       {"values", {{"word", "a b"}}},
       {"headers", {{"X-Word", "{word}"}}},
       {"credential", "main"},
       {"limits", {{{"amount", 20}, {"per", "60s"}, {"used_header", "X-Used"}}}}});
  const SourceRun run = read(host, config);
  INFO((run.error ? run.error->message() : ""));
  REQUIRE(ids(run) == numbers(1, 2));
  CHECK(run.rows[0]["t"] == "x");
  CHECK(run.rows[1]["t"].is_null());
  REQUIRE(run.rejects.size() == 1);
  CHECK(run.rejects[0].reason == "/id: is missing.");
  CHECK(run.validator == "v1");
  const auto request = host.http.requests().at(0);
  CHECK(request.headers == "X-Word: a b\n");
  CHECK(request.credential == "main");
  CHECK(request.scope == "api.test");
  const json declared = json::parse(host.http.declaration());
  CHECK(declared["limits"][0] == json({{"scope", "api.test"},
                                       {"name", ""},
                                       {"window", "sliding"},
                                       {"amount", 20.0},
                                       {"per_ms", 60000},
                                       {"used_header", "X-Used"}}));
  // Asked again with the validator: unchanged.
  CHECK(read(host, config, {.validator = "v1"}).end == SLUICE_UNCHANGED);
}

TEST_CASE("rest: fields come from anywhere in a record", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"({"a":{"price":0.10,"n":-1,"at":1706702400,"deep":{"x":[1,2]}},
                                  "b":{"price":"12.5","n":"n/a","at":null}})");
  const json config = source({{{"name", "s"},
                               {"path", "/items"},
                               {"key", {"name"}},
                               {"ignore", {"/deep"}},
                               {"fields",
                                {{{"name", "name"}, {"from", "$name"}},
                                 {{"name", "price"}, {"type", "decimal"}, {"scale", 2}},
                                 {{"name", "n"}, {"type", "int32"}, {"null", {-1, "n/a"}}},
                                 {{"name", "at"}, {"type", "date"}, {"epoch", "s"}},
                                 {{"name", "second"}, {"from", "/deep/x/1"}, {"type", "int64"}},
                                 {{"name", "raw"}, {"from", "$record"}, {"type", "json"}},
                                 {{"name", "shop"}, {"value", "{shop}"}},
                                 {{"name", "year"}, {"type", "int32"}, {"value", "{now:%Y}"}},
                                 {{"name", "part"}, {"value", "{partition}"}}}}}},
                             {{"values", {{"shop", "eu"}}}});
  const SourceRun run = read(host, config);
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["name"] == "a");
  CHECK(run.rows[0]["price"] == "0.10");
  CHECK(run.rows[0]["n"].is_null());
  CHECK(run.rows[0]["at"] == "2024-01-31");
  CHECK(run.rows[0]["second"] == 2);
  CHECK(run.rows[0]["raw"]["deep"]["x"] == json({1, 2}));
  CHECK(run.rows[0]["shop"] == "eu");
  CHECK(run.rows[0]["year"].is_number());
  CHECK(run.rows[0]["part"].is_null());
  CHECK(run.rows[1]["price"] == "12.50");
  CHECK(run.rows[1]["n"].is_null());
}

TEST_CASE("rest: one record alone is a row", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"({"id":7,"t":"x"})");
  host.http.on(url("/deep"), R"({"data":{"other":[1],"it":{"id":8}}})");
  host.http.on(url("/none"), R"({"data":{}})");
  CHECK(ids(read(host, source({stream({{"single", true}})}))) == numbers(7, 7));
  CHECK(
      ids(read(host,
               source({stream({{"single", true}, {"path", "/deep"}, {"records", "/data/it"}})}))) ==
      numbers(8, 8));
  const auto none = [&](json more) {
    more.update({{"single", true}, {"path", "/none"}, {"records", "/data/it"}});
    return read(host, source({stream(more)}));
  };
  CHECK(none({}).end == SLUICE_BAD_DATA);
  CHECK(none({{"optional_records", true}}).end == SLUICE_END);
}

TEST_CASE("rest: records may be plain values or named by their time", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), "[3,\"4\",null,5]");
  json plain = stream();
  plain["fields"] = {{{"name", "id"}, {"type", "int64"}, {"from", "$value"}}};
  const SourceRun run = read(host, source({plain}));
  CHECK(ids(run) == numbers(3, 5));
  CHECK(run.rejects.size() == 1);
  json child = {{"name", "c"}, {"path", "/c/{key}"}, {"kind", "keys"}, {"key", {"id"}}};
  child["fields"] = stream()["fields"];
  child["single"] = true;
  child["over"] = {{"stream", "s"}};
  SourceSession session(plugin(), host, source({plain, child}));
  CHECK(session.slices("c").size() == 3);
  host.http.on(url("/c/4"), "null");
  const SourceRun none = session.read({.stream = "c", .keys = {"4"}});
  CHECK(none.end == SLUICE_END);
  CHECK(none.outcomes.size() == 1);

  host.http.on(url("/rates"), R"({"rates":{"2023-12-31":{"x":1},"2024-01-01":{"x":2},
                                           "2024-01-02":{"x":3}}})");
  const json rates = {{"name", "s"},
                      {"kind", "series"},
                      {"path", "/rates"},
                      {"records", "/rates"},
                      {"key", {"day"}},
                      {"time", "day"},
                      {"fields",
                       {{{"name", "day"}, {"type", "date"}, {"from", "$name"}},
                        {{"name", "x"}, {"type", "float64"}}}}};
  const SourceRun day = read(host, source({rates}), minutes(0, 1440));
  REQUIRE(day.rows.size() == 1);
  CHECK(day.rows[0] == json({{"day", "2024-01-01"}, {"x", 2.0}}));
}

TEST_CASE("rest: every style of paging gives all records once", "[unit][rest]") {
  FakeHost host;
  const auto all_of = [&](const json& config, const std::vector<std::string>& requests) {
    FakeHost& h = host;
    const SourceRun run = read(h, config);
    INFO((run.error ? run.error->message() : ""));
    CHECK(run.end == SLUICE_END);
    CHECK(ids(run) == numbers(1, 5));
    CHECK(asked(h) == requests);
    const auto rows = read_in_pieces(h, config, {});
    CHECK(rows == run.rows);
  };
  const auto on = [&](const std::string& path, const std::string& body,
                      std::vector<std::pair<std::string, std::string>> headers = {}) {
    host.http.on(url(path), Answer{.body = body, .headers = std::move(headers)});
  };
  SECTION("page") {
    const json config = paged({{"style", "page"}, {"size", 2}});
    for (int i = 1; i <= 3; ++i) {
      const std::string page = std::to_string(i);
      on("/items?page=" + page + "&limit=2", i == 1   ? records(1, 2)
                                             : i == 2 ? records(3, 4)
                                                      : records(5, 5));
    }
    all_of(config, {"/items?page=1&limit=2", "/items?page=2&limit=2", "/items?page=3&limit=2"});
  }
  SECTION("page with the number of the last") {
    on("/items?p=0", R"({"last":"1","r":[{"id":1},{"id":2},{"id":3}]})");
    on("/items?p=1", R"({"last":"1","r":[{"id":4},{"id":5}]})");
    all_of(paged({{"style", "page"}, {"param", "p"}, {"first", 0}, {"last_page", "/last"}},
                 {{"records", "/r"}}),
           {"/items?p=0", "/items?p=1"});
  }
  SECTION("offset until an empty page") {
    on("/items?offset=0", records(1, 3));
    on("/items?offset=3", records(4, 5));
    on("/items?offset=5", "[]");
    all_of(paged({{"style", "offset"}}), {"/items?offset=0", "/items?offset=3", "/items?offset=5"});
  }
  SECTION("offset with the total") {
    on("/items?from=0&n=3", R"({"total":5,"r":[{"id":1},{"id":2},{"id":3}]})");
    on("/items?from=3&n=3", R"({"total":5,"r":[{"id":4},{"id":5}]})");
    all_of(paged({{"style", "offset"},
                  {"param", "from"},
                  {"size", 3},
                  {"size_param", "n"},
                  {"short_ends", false},
                  {"total", "/total"}},
                 {{"records", "/r"}}),
           {"/items?from=0&n=3", "/items?from=3&n=3"});
  }
  SECTION("cursor in the body") {
    on("/items", R"({"c":"a+b","r":[{"id":1},{"id":2}]})");
    on("/items?cursor=a%2Bb", R"({"c":17,"r":[{"id":3},{"id":4}]})");
    on("/items?cursor=17", R"({"c":null,"r":[{"id":5}]})");
    all_of(paged({{"style", "cursor"}, {"cursor", "/c"}}, {{"records", "/r"}}),
           {"/items", "/items?cursor=a%2Bb", "/items?cursor=17"});
  }
  SECTION("cursor in the path and a flag for more") {
    on("/items/", R"({"c":"x","more":true,"r":[{"id":1},{"id":2}]})");
    on("/items/x", R"({"c":"x","more":false,"r":[{"id":3},{"id":4},{"id":5}]})");
    all_of(paged({{"style", "cursor"}, {"cursor", "/c"}, {"more", "/more"}},
                 {{"records", "/r"}, {"path", "/items/{cursor}"}}),
           {"/items/", "/items/x"});
  }
  SECTION("cursor in a header") {
    on("/items", records(1, 4), {{"X-Next", "n2"}});
    on("/items?cursor=n2", records(5, 5));
    all_of(paged({{"style", "cursor"}, {"cursor_header", "x-next"}}),
           {"/items", "/items?cursor=n2"});
  }
  SECTION("cursor in the last record") {
    on("/items?limit=3", records(1, 3));
    on("/items?after=3&limit=3", records(4, 5));
    all_of(paged({{"style", "cursor"}, {"param", "after"}, {"cursor_record", "/id"}, {"size", 3}}),
           {"/items?limit=3", "/items?after=3&limit=3"});
  }
  SECTION("link header") {
    on("/items", records(1, 3), {{"Link", "<?p=2>; rel=\"next\", <?p=9>; rel=last"}});
    on("/items?p=2", records(4, 5), {{"Link", "<?p=1>; rel=prev"}});
    all_of(paged({{"style", "link"}}), {"/items", "/items?p=2"});
  }
  SECTION("next address") {
    on("/items", R"({"next":"http://api.test/v1/more?x=1","r":[{"id":1}]})");
    on("/more?x=1", R"({"next":"","r":[{"id":2},{"id":3},{"id":4},{"id":5}]})");
    all_of(paged({{"style", "next"}, {"next", "/next"}}, {{"records", "/r"}}),
           {"/items", "/more?x=1"});
  }
  SECTION("body of a POST") {
    const auto body_of = [&](int page, const std::string& answer) {
      (void)page;
      host.http.on(url("/items"), Answer{.body = answer}, "POST");
    };
    body_of(1, records(1, 5));
    const json config = paged({{"style", "page"}, {"size", 50}},
                              {{"method", "POST"},
                               {"body",
                                {{"page", "{page:number}"},
                                 {"size", "{size:number}"},
                                 {"filter", {{"shop", "{partition}"}, {"deep", {1, "{page}"}}}}}}});
    all_of(config, {"/items"});
    const auto request = host.http.requests().at(0);
    CHECK(json::parse(request.body) ==
          json::parse(R"({"page":1,"size":50,"filter":{"shop":"","deep":[1,"1"]}})"));
    CHECK(request.headers == "Content-Type: application/json\n");
    CHECK(request.method == "POST");
  }
}

TEST_CASE("rest: paging that goes nowhere is an error and not a loop", "[unit][rest]") {
  const auto failure = [](const json& config, const std::string& body,
                          std::vector<std::pair<std::string, std::string>> headers = {}) {
    FakeHost host;
    host.http.on_prefix(url("/items"), Answer{.body = body, .headers = std::move(headers)});
    const SourceRun run = read(host, config);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadData);
    CHECK(host.http.requests().size() < 4);
    return run.error->message();
  };
  using Catch::Contains;
  CHECK_THAT(failure(paged({{"style", "page"}, {"size", 2}}), records(1, 2)),
             Contains("does not heed the page"));
  CHECK_THAT(failure(paged({{"style", "offset"}}), records(1, 2)), Contains("does not heed"));
  CHECK_THAT(failure(paged({{"style", "cursor"}, {"cursor", "/c"}}, {{"records", "/r"}}),
                     R"({"c":"x","r":[{"id":1}]})"),
             Contains("read before"));
  CHECK_THAT(failure(paged({{"style", "link"}}), records(1, 2), {{"Link", "<?a>; rel=next"}}),
             Contains("read before"));
  CHECK_THAT(failure(paged({{"style", "next"}, {"next", "/n"}}, {{"records", "/r"}}),
                     R"({"n":"https://evil.test/","r":[{"id":1}]})"),
             Contains("another origin"));
  CHECK_THAT(failure(paged({{"style", "page"}, {"max", 1}, {"param", "p"}}), records(1, 2)),
             Contains("pages.max"));
}

TEST_CASE("rest: a series keeps to its interval and ends early", "[unit][rest]") {
  FakeHost host;
  const std::string interval = "from=1704067800&to=1704068399";
  SECTION("what is outside is left out") {
    host.http.on(url("/events?" + interval),
                 {.body = events({{1, 9}, {2, 10}, {3, 15}, {4, 19}, {5, 20}})});
    CHECK(ids(read(host, source({series()}), minutes(10, 20))) == numbers(2, 4));
  }
  SECTION("ascending pages end behind the interval") {
    const json config =
        source({series({{"order", "ascending"}, {"pages", {{"style", "page"}, {"size", 2}}}})});
    host.http.on(url("/events?" + interval + "&page=1&limit=2"),
                 {.body = events({{1, 9}, {2, 10}})});
    host.http.on(url("/events?" + interval + "&page=2&limit=2"),
                 {.body = events({{3, 19}, {4, 20}})});
    CHECK(ids(read(host, config, minutes(10, 20))) == numbers(2, 3));
    CHECK(host.http.requests().size() == 2);
  }
  SECTION("descending pages end before the interval") {
    const json config =
        source({series({{"order", "descending"}, {"pages", {{"style", "offset"}, {"size", 2}}}})});
    host.http.on(url("/events?" + interval + "&offset=0&limit=2"),
                 {.body = events({{4, 20}, {3, 19}})});
    host.http.on(url("/events?" + interval + "&offset=2&limit=2"),
                 {.body = events({{2, 10}, {1, 9}})});
    CHECK(read(host, config, minutes(10, 20)).rows.size() == 2);
    CHECK(host.http.requests().size() == 2);
  }
  SECTION("unbounded times are left out of the request") {
    host.http.on(url("/events"), {.body = events({{1, 1}})});
    CHECK(read(host, source({series()}), {}).rows.size() == 1);
  }
}

TEST_CASE("rest: pages by time go on where they ended and give edges once", "[unit][rest]") {
  FakeHost host;
  const json ascending =
      source({series({{"order", "ascending"}, {"pages", {{"style", "time"}, {"size", 3}}}})});
  const auto on = [&](int from, int to, const std::vector<std::pair<int, int>>& list) {
    host.http.on(url("/events?from=" + std::to_string(kStart / 1'000'000 + from * 60) +
                     "&to=" + std::to_string(kStart / 1'000'000 + to * 60 - 1) + "&limit=3"),
                 {.body = events(list)});
  };
  SECTION("ascending") {
    on(0, 10, {{1, 0}, {2, 1}, {3, 1}});
    on(1, 10, {{2, 1}, {3, 1}, {4, 1}});  // a third of the same minute
    on(1, 10, {{2, 1}, {3, 1}, {4, 1}});
    FakeHost again;
    const SourceRun run = read(host, ascending, minutes(0, 10));
    REQUIRE(run.error);  // a full page of one time: no way on
    CHECK_THAT(run.error->message(), Catch::Contains("one time"));
  }
  SECTION("ascending with a way on") {
    on(0, 10, {{1, 0}, {2, 1}, {3, 1}});
    on(1, 10, {{2, 1}, {3, 1}, {4, 2}});
    on(2, 10, {{4, 2}, {5, 9}});
    const SourceRun run = read(host, ascending, minutes(0, 10));
    INFO((run.error ? run.error->message() : ""));
    CHECK(ids(run) == numbers(1, 5));
    CHECK(read_in_pieces(host, ascending, minutes(0, 10)) == run.rows);
  }
  SECTION("descending") {
    const json descending = source({series({{"order", "descending"},
                                            {"query", {{"from", "{from:s}"}, {"to", "{to:s}"}}},
                                            {"pages", {{"style", "time"}, {"size", 3}}}})});
    const auto at = [](int minute) { return std::to_string(kStart / 1'000'000 + minute * 60); };
    host.http.on(url("/events?from=" + at(0) + "&to=" + at(10) + "&limit=3"),
                 {.body = events({{5, 9}, {4, 2}, {3, 1}})});
    const auto behind = [](int minute) {
      return std::to_string(kStart / 1'000'000 + minute * 60 + 1);
    };
    host.http.on(url("/events?from=" + at(0) + "&to=" + behind(1) + "&limit=3"),
                 {.body = events({{3, 1}, {2, 1}, {1, 0}})});
    host.http.on(url("/events?from=" + at(0) + "&to=" + behind(0) + "&limit=3"),
                 {.body = events({{1, 0}})});
    const SourceRun run = read(host, descending, minutes(0, 10));
    INFO((run.error ? run.error->message() : ""));
    CHECK(ids(run) == std::vector<int64_t>{5, 4, 3, 2, 1});
  }
}

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

TEST_CASE("rest: rules say what answers mean", "[unit][rest]") {
  const auto run_of = [](json rule, const Answer& answer, FakeHost& host) {
    host.http.on(url("/items"), answer);
    return read(host, source({stream({{"records", "/r"}})}, {{"errors", {std::move(rule)}}}));
  };
  const auto end_of = [&](json rule, const Answer& answer) {
    FakeHost host;
    return run_of(std::move(rule), answer, host);
  };
  const Answer throttled{.body =
                             R"({"status":{"code":"429","wait":2.5,"text":"slow down"},"r":[]})"};
  const json throttle = {{"at", "/status/code"},
                         {"equals", 429},
                         {"action", "throttle"},
                         {"wait_at", "/status/wait"},
                         {"message", "/status/text"}};
  FakeHost host;
  const SourceRun slow = run_of(throttle, throttled, host);
  CHECK(slow.end == SLUICE_RATE_LIMITED);
  CHECK(slow.error->retry_after_ms() == 2500);
  CHECK_THAT(slow.error->message(), Catch::Contains("slow down"));
  CHECK(host.http.throttles().at(0) == std::pair<std::string, uint64_t>("api.test", 2500));

  const Answer broken{.body = R"({"error":"maintenance"})"};
  CHECK(end_of({{"at", "/error"}, {"action", "retry"}}, broken).end == SLUICE_UNAVAILABLE);
  CHECK(end_of({{"at", "/error"}, {"action", "fail"}}, broken).end == SLUICE_BAD_DATA);
  CHECK(end_of({{"at", "/error"}, {"action", "stop"}}, broken).end == SLUICE_UNSUPPORTED);
  CHECK(end_of({{"at", "/error"}, {"action", "empty"}}, broken).end == SLUICE_END);
  CHECK(end_of({{"at", "/r"}, {"missing", true}, {"action", "empty"}}, broken).end == SLUICE_END);
  const SourceRun aside = end_of({{"at", "/error"}, {"action", "reject"}}, broken);
  CHECK(aside.end == SLUICE_END);
  REQUIRE(aside.rejects.size() == 1);
  CHECK(aside.rejects[0].record == broken.body);

  const Answer refused{.body = R"({"error":{"code":10012}})", .status = 401};
  const SourceRun wall = end_of(
      {{"status", {401}}, {"at", "/error/code"}, {"equals", 10012}, {"action", "empty"}}, refused);
  CHECK(wall.end == SLUICE_END);
  REQUIRE(wall.notes.size() == 1);
  CHECK(wall.notes[0].code == "empty_answer");
  // Without a rule: by the status, with what the service says.
  const SourceRun plain = end_of({{"status", {500}}, {"action", "fail"}}, refused);
  CHECK(plain.end == SLUICE_AUTH);
  CHECK_THAT(plain.error->message(), Catch::Contains("10012"));
  CHECK(end_of({{"status", {500}}, {"action", "fail"}}, {.body = "<html>", .status = 502}).end ==
        SLUICE_UNAVAILABLE);
  const SourceRun later = end_of({{"status", {500}}, {"action", "fail"}},
                                 {.status = 429, .headers = {{"Retry-After", "7"}}});
  CHECK(later.end == SLUICE_RATE_LIMITED);
  CHECK(later.error->retry_after_ms() == 7000);
  // No records where they should be.
  const SourceRun missing = end_of({{"status", {500}}, {"action", "fail"}}, {.body = "{}"});
  CHECK(missing.end == SLUICE_BAD_DATA);
  CHECK((missing.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  CHECK(end_of({{"status", {500}}, {"action", "fail"}}, {.body = R"({"r":null})"}).end ==
        SLUICE_END);
  CHECK(end_of({{"status", {500}}, {"action", "fail"}}, {.status = 204}).end == SLUICE_END);
  CHECK(end_of({{"status", {500}}, {"action", "fail"}}, {.body = "<html></html>"}).end ==
        SLUICE_BAD_DATA);
}

TEST_CASE("rest: rules take out single records", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"),
               R"([{"id":1},{"id":2,"deleted":true},{"id":3,"error":"gone"},{"id":4}])");
  const SourceRun run = read(
      host, source({stream({{"ignore", {"/deleted", "/error"}},
                            {"errors",
                             {{{"in", "record"}, {"at", "/deleted"}, {"action", "skip"}},
                              {{"in", "record"}, {"at", "/error"}, {"action", "reject"}}}}})}));
  CHECK(ids(run) == std::vector<int64_t>{1, 4});
  CHECK(run.rejects.size() == 1);
}

TEST_CASE("rest: a cut answer may be tried again and hostile ones do no harm", "[unit][rest]") {
  const std::string body = R"({"r":[{"id":1,"t":"x"},{"id":2}],"n":{"c":"1"}})";
  const json config =
      paged({{"style", "cursor"}, {"cursor", "/n/c"}, {"max", 3}}, {{"records", "/r"}});
  for (std::size_t size = 0; size < body.size(); ++size) {
    FakeHost host;
    host.http.on_prefix(url("/items"), {.body = body.substr(0, size)});
    const SourceRun run = read(host, config);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadData);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(host.open_bodies() == 0);
  }
  for (const char* hostile :
       {"[]", "{}", "null", "1", "\"\"", "{\"r\":{}}", "{\"r\":[null,1,[],{}]}", "{\"r\":7}",
        "{\"r\":[],\"n\":{\"c\":{}}}", "{\"r\":[{\"id\":1}],\"n\":[1]}"}) {
    FakeHost host;
    host.http.on_prefix(url("/items"), {.body = hostile});
    CAPTURE(hostile);
    const SourceRun run = read(host, config);
    CHECK((run.end == SLUICE_END || run.end == SLUICE_BAD_DATA));
    CHECK(host.open_bodies() == 0);
  }
}

TEST_CASE("rest: columns are taken from the first page once and then kept", "[unit][rest]") {
  FakeHost host;
  const json config = source({{{"name", "s"}, {"path", "/items"}, {"key", {"id"}}}});
  host.http.on(url("/items"), R"([{"id":1,"displayName":"x","at":"2024-01-31T12:00:00Z"}])");
  host.http.on(url("/items"), R"([{"id":2,"displayName":5,"at":"soon","new":true}])");
  {
    SourceSession session(plugin(), host, config);
    const auto stream = session.streams().at(0);
    REQUIRE(stream.columns().size() == 3);
    CHECK(stream.columns()[1].name == "display_name");
    CHECK(stream.columns()[2].type == sluice::Type::kTimestamp);
    CHECK_FALSE(stream.nullable(stream.columns()[0]));
  }
  const auto asked_before = host.http.requests().size();
  SourceSession session(plugin(), host, config);
  CHECK(session.streams().at(0).columns().size() == 3);
  CHECK(host.http.requests().size() == asked_before);
  const SourceRun run = session.read({.stream = "s"});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0] == json({{"id", 2}, {"display_name", "5"}, {"at", nullptr}}));
  CHECK(run.notes.size() == 2);  // a mistyped time, a field that is new

  FakeHost empty;
  empty.http.on(url("/items"), "[]");
  SourceSession nothing(plugin(), empty, config);
  CHECK_THROWS_WITH(nothing.streams(), Catch::Contains("no records"));
  // Offline nothing is asked.
  SourceSession offline(plugin(), empty, config, {}, SLUICE_OPEN_OFFLINE);
  CHECK(offline.streams().at(0).columns().at(0).name == "id");
}

TEST_CASE("rest: declared columns stand beside inferred ones", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"([{"id":1,"price":1.5,"more":true}])");
  json own = stream({{"infer", true}});
  own["fields"] = {{{"name", "cost"}, {"from", "price"}, {"type", "decimal"}, {"scale", 2}}};
  SourceSession session(plugin(), host, source({own}));
  const auto stream = session.streams().at(0);
  REQUIRE(stream.columns().size() == 3);
  CHECK(stream.columns()[0].name == "cost");
  CHECK(session.read({.stream = "s"}).rows.at(0) ==
        json({{"cost", "1.50"}, {"id", 1}, {"more", true}}));
}

TEST_CASE("rest: check asks the probe", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/ping"), {.body = "{}", .status = 403});
  const json config = source({stream()}, {{"probe", "/ping"}});
  CHECK(sluice::testing::code_of([&] {
          SourceSession session(plugin(), host, config, {}, SLUICE_OPEN_CHECK);
        }) == Code::kAuth);
}

TEST_CASE("rest: paging goes on behind a last record that is not clean", "[unit][rest]") {
  const json config =
      paged({{"style", "cursor"}, {"param", "after"}, {"cursor_record", "/id"}, {"size", 2}});
  for (const std::string text : {R"("cut \ud83d")", "\"\xff\"", "1e400"}) {
    CAPTURE(text);
    FakeHost host;
    host.http.on(url("/items?limit=2"), {.body = R"([{"id":1},{"id":2,"t":)" + text + "}]"});
    host.http.on(url("/items?after=2&limit=2"), {.body = records(3, 3)});
    CHECK(ids(read(host, config)) == numbers(1, 3));
  }
  FakeHost host;
  host.http.on(url("/items?limit=2"), R"([{"id":1},{"t":"no id"}])");
  const SourceRun run = read(host, config);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
  CHECK_THAT(run.error->message(), Catch::Contains("'/id'"));
}

TEST_CASE("rest: rules and children see records that are not clean", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"),
               "[{\"id\":1,\"ok\":1,\"t\":\"cut \\ud83d\"},"
               "{\"id\":2,\"ok\":1,\"draft\":true,\"t\":\"\xff\"},"
               "{\"id\":3,\"ok\":1,\"t\":1e400},{\"id\":4}]");
  const json parent =
      stream({{"ignore", {"/ok", "/draft"}},
              {"errors",
               {{{"in", "record"}, {"at", "/ok"}, {"missing", true}, {"action", "skip"}},
                {{"in", "record"}, {"at", "/draft"}, {"action", "skip"}}}}});
  CHECK(ids(read(host, source({parent}))) == std::vector<int64_t>{1, 3});
  json plain = stream();
  json child = stream({{"name", "c"}, {"over", {{"stream", "s"}}}});
  SourceSession session(plugin(), host, source({plain, child}));
  CHECK(session.partitions("c").size() == 4);
}

TEST_CASE("rest: rows of the last part of a second are asked for", "[unit][rest]") {
  FakeHost host;
  // The service's end is exclusive, as that of the interval.
  json exclusive = series({{"query", {{"from", "{from:s}"}, {"to", "{to:s}"}}}});
  exclusive["fields"][1]["epoch"] = "ms";
  const std::string start = std::to_string(kStart / 1'000'000);
  const std::string end = std::to_string(kStart / 1'000'000 + 11);
  host.http.on(url("/events?from=" + start + "&to=" + end),
               {.body = R"([{"id":1,"at":)" + std::to_string(kStart / 1'000 + 10'650) +
                        R"(},{"id":2,"at":)" + std::to_string(kStart / 1'000 + 10'700) + "}]"});
  const SourceRun run =
      read(host, source({exclusive}), {.from_us = kStart, .to_us = kStart + 10'700'000});
  INFO((run.error ? run.error->message() : ""));
  CHECK(ids(run) == numbers(1, 1));
}

TEST_CASE("rest: descending pages by time keep records that share the time of an edge",
          "[unit][rest]") {
  FakeHost host;
  json config = series({{"order", "descending"},
                        {"query", {{"from", "{from:ms}"}, {"to", "{to:s}"}}},
                        {"pages", {{"style", "time"}, {"size", 3}}}});
  config["fields"][1]["epoch"] = "ms";
  // Times in milliseconds of the interval; the service's end is exclusive.
  const auto on = [&](int64_t to_s, const std::vector<std::pair<int, int64_t>>& list) {
    std::string body;
    for (const auto& [id, ms] : list) {
      body += (body.empty() ? "[" : ",") + std::string("{\"id\":") + std::to_string(id) +
              ",\"at\":" + std::to_string(kStart / 1'000 + ms) + "}";
    }
    host.http.on(url("/events?from=" + std::to_string(kStart / 1'000) +
                     "&to=" + std::to_string(kStart / 1'000'000 + to_s) + "&limit=3"),
                 {.body = body + "]"});
  };
  SECTION("whole seconds") {
    on(60, {{5, 50'000}, {4, 40'000}, {3, 30'000}});
    on(31, {{3, 30'000}, {2, 30'000}, {1, 0}});
    on(1, {{1, 0}});
  }
  SECTION("parts of seconds") {
    on(60, {{5, 50'000}, {4, 40'000}, {3, 30'700}});
    on(31, {{3, 30'700}, {2, 30'300}, {1, 0}});
    on(1, {{1, 0}});
  }
  const SourceRun run = read(host, source({config}), minutes(0, 1));
  INFO((run.error ? run.error->message() : ""));
  CHECK(ids(run) == std::vector<int64_t>{5, 4, 3, 2, 1});
  CHECK(read_in_pieces(host, source({config}), minutes(0, 1)) == run.rows);
}

TEST_CASE("rest: a cursor or address is followed from a short or empty page", "[unit][rest]") {
  FakeHost host;
  const json records_at = {{"records", "/r"}};
  SECTION("cursor") {
    host.http.on(url("/items?limit=3"), R"({"c":"a","r":[{"id":1},{"id":2}]})");
    host.http.on(url("/items?cursor=a&limit=3"), R"({"c":"b","r":[]})");
    host.http.on(url("/items?cursor=b&limit=3"), R"({"c":null,"r":[{"id":3}]})");
    const json pages = {{"style", "cursor"}, {"cursor", "/c"}, {"size", 3}};
    CHECK(ids(read(host, paged(pages, records_at))) == numbers(1, 3));
    json ends = pages;
    ends["short_ends"] = true;
    CHECK(ids(read(host, paged(ends, records_at))) == numbers(1, 2));
  }
  SECTION("cursor in a header") {
    host.http.on(url("/items?limit=3"),
                 Answer{.body = records(1, 2), .headers = {{"X-Next", "a"}}});
    host.http.on(url("/items?cursor=a&limit=3"), Answer{.body = records(3, 3)});
    CHECK(ids(read(host, paged({{"style", "cursor"}, {"cursor_header", "x-next"}, {"size", 3}}))) ==
          numbers(1, 3));
  }
  SECTION("link header") {
    host.http.on(url("/items?limit=3"),
                 Answer{.body = records(1, 2), .headers = {{"Link", "<?p=2>; rel=next"}}});
    host.http.on(url("/items?p=2"),
                 Answer{.body = "[]", .headers = {{"Link", "<?p=3>; rel=next"}}});
    host.http.on(url("/items?p=3"), Answer{.body = records(3, 3)});
    CHECK(ids(read(host, paged({{"style", "link"}, {"size", 3}}))) == numbers(1, 3));
  }
  SECTION("next address") {
    host.http.on(url("/items?limit=3"), R"({"n":"?p=2","r":[{"id":1},{"id":2}]})");
    host.http.on(url("/items?p=2"), R"({"n":null,"r":[{"id":3}]})");
    CHECK(ids(read(host, paged({{"style", "next"}, {"next", "/n"}, {"size", 3}}, records_at))) ==
          numbers(1, 3));
  }
  SECTION("cursor in the last record") {
    host.http.on(url("/items?limit=3"), {.body = records(1, 2)});
    const json pages = {{"style", "cursor"}, {"cursor_record", "/id"}, {"size", 3}};
    CHECK(ids(read(host, paged(pages))) == numbers(1, 2));
    CHECK(asked(host).size() == 1);
  }
}

TEST_CASE("rest: empty pages that always name another one end with an error", "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"({"c":"a","r":[]})");
  host.http.on(url("/items?cursor=a"), R"({"c":"b","r":[]})");
  host.http.on(url("/items?cursor=b"), R"({"c":"c","r":[]})");
  const SourceRun run =
      read(host, paged({{"style", "cursor"}, {"cursor", "/c"}, {"max", 3}}, {{"records", "/r"}}));
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
  CHECK_THAT(run.error->message(), Catch::Contains("pages.max"));
  // One that names itself is the end of a list to some services.
  FakeHost again;
  again.http.on(url("/items"), R"({"c":"a","r":[{"id":1}]})");
  again.http.on(url("/items?cursor=a"), R"({"c":"a","r":[]})");
  json pages = {{"style", "cursor"}, {"cursor", "/c"}};
  const SourceRun circle = read(again, paged(pages, {{"records", "/r"}}));
  REQUIRE(circle.error);
  CHECK_THAT(circle.error->message(), Catch::Contains("pages.empty_ends"));
  pages["empty_ends"] = true;
  CHECK(ids(read(again, paged(pages, {{"records", "/r"}}))) == numbers(1, 1));
}

TEST_CASE("rest: columns from names heed epoch and null and reject one record alone",
          "[unit][rest]") {
  FakeHost host;
  host.http.on(url("/items"), R"({"1704067200":{"x":1},"_meta":{"x":2},"1704067260":{"x":3}})");
  const auto config = [](bool required) {
    return source(
        {{{"name", "s"},
          {"path", "/items"},
          {"fields",
           {{{"name", "at"},
             {"type", "timestamp"},
             {"epoch", "s"},
             {"from", "$name"},
             {"required", required}},
            {{"name", "name"}, {"from", "$name"}, {"null", {"_meta"}}},
            {{"name", "x"}, {"type", "int64"}},
            {{"name", "day"}, {"type", "date"}, {"epoch", "s"}, {"value", "{now:s}"}}}}}});
  };
  const SourceRun run = read(host, config(true));
  INFO((run.error ? run.error->message() : ""));
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["at"] == "2024-01-01T00:00:00Z");
  CHECK(run.rows[0]["name"] == "1704067200");
  CHECK(run.rows[0]["day"].is_string());
  CHECK(run.rows[1]["at"] == "2024-01-01T00:01:00Z");
  CHECK(run.rows[1]["x"] == 3);
  REQUIRE(run.rejects.size() == 1);
  CHECK_THAT(run.rejects[0].reason, Catch::Contains("_meta"));
  const SourceRun lenient = read(host, config(false));
  REQUIRE(lenient.rows.size() == 3);
  CHECK(lenient.rows[1] ==
        json({{"at", nullptr}, {"name", nullptr}, {"x", 2}, {"day", run.rows[0]["day"]}}));
  REQUIRE(lenient.notes.size() == 1);
  CHECK(lenient.notes[0].code == "mistyped_field");
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

TEST_CASE("rest: a slice too large to be resumed is read all the same", "[unit][rest]") {
  FakeHost host;
  std::vector<std::string> keys;
  std::string body;
  for (int i = 0; i < 990; ++i) {
    keys.push_back(std::string(70, 'k') + std::to_string(i));
    body += (i == 0 ? "[" : ",") + json({{"id", keys.back()}}).dump();
  }
  json own = stream({{"kind", "keys"}, {"over", {{"list", keys}}}, {"max_keys", 1000}});
  own["body"] = "{keys}";
  own["method"] = "POST";
  own["fields"] = {{{"name", "id"}}};
  host.http.on(url("/items"), Answer{.body = body + "]"}, "POST");
  ReadSpec spec{.stream = "s", .keys = keys, .target_batch_bytes = 4096};
  const SourceRun run = read(host, source({own}), spec);
  INFO((run.error ? run.error->message() : ""));
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() == keys.size());
  CHECK(run.outcomes.empty());
  REQUIRE(run.states.size() > 2);
  CHECK(run.states.front());
  CHECK_FALSE(run.states.back());
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

TEST_CASE("rest: one record alone may begin with a byte order mark and is bounded",
          "[unit][rest]") {
  FakeHost host;
  const json config = source({stream({{"single", true}})});
  host.http.on(url("/items"), "\xEF\xBB\xBF{\"id\":7}");
  CHECK(ids(read(host, config)) == numbers(7, 7));
  FakeHost large;
  large.http.on(url("/items"),
                {.body = R"({"id":7,"t":")" + std::string(std::size_t{16} << 20U, 'x') + "\"}"});
  const SourceRun run = read(large, config);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
  CHECK_THAT(run.error->message(), Catch::Contains("16777216 bytes"));
}
