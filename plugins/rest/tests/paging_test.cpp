// SPDX-License-Identifier: Apache-2.0
//
// How pages follow each other, and the ends of the interval of a series, through the built library.
#include <catch2/catch.hpp>

#include "plugins/rest/tests/support.hpp"

using namespace rest::test;  // NOLINT: a test of this namespace
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;

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
