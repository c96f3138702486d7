// SPDX-License-Identifier: Apache-2.0
//
// The built library through a fake host: records, rules and columns.
#include <catch2/catch.hpp>

#include "plugins/rest/tests/support.hpp"

using namespace rest::test;  // NOLINT: a test of this namespace
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceRun;
using sluice::testing::SourceSession;

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
