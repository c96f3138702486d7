// SPDX-License-Identifier: Apache-2.0
//
// Declared sources against the shop of the twin: what lands is what the twin holds, however it is
// paged, and a second run asks for what may have changed only.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql_number;

namespace {

const std::string kItemFields = R"(
  key    = ["id"]
  fields = [
    { name = "id",       type = "int64" },
    { name = "name",     from = "displayName" },
    { name = "price",    type = "decimal", scale = 2 },
    { name = "shelf",    type = "int64", from = "/shelf/id" },
    { name = "revision", type = "int32" },
    { name = "stock",    type = "int32", null = [-1] },
    { name = "added_at", type = "timestamp", from = "addedAt" },
  ]
)";

struct Shop {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;

  explicit Shop(const sluice::twin::RestOptions& rest) : twin(options(rest)) {}

  static sluice::twin::Options options(const sluice::twin::RestOptions& rest) {
    sluice::twin::Options options;
    options.rest = rest;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "shop.db"; }

  // Writes a pipeline with these streams.
  std::string pipeline(const std::string& streams, const std::string& more = "") const {
    const std::string file = folder / "shop.toml";
    std::ofstream(file)
        << "[pipeline]\nname = \"shop\"\nretry_base = \"1ms\"\nretry_cap = \"20ms\"\n"
           "attempts = 20\n[want]\nto = 2024-02-01\n[http]\nretries = 0\n"
           "breaker_failures = 0\nbreaker_share = 1\n"
        << "[[source]]\nplugin = \"rest\"\nbase_url = \"" << twin.base_url() << "/rest\"\n"
        << more << streams << "\n[sink]\nplugin = \"sqlite\"\npath = \"" << database() << "\"\n";
    return file;
  }
  Finished run(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {SLUICE_BINARY,
                                        "--state-dir",
                                        folder / "state",
                                        "--plugin-dir",
                                        SLUICE_PLUGINS,
                                        "--trust-plugins",
                                        "run",
                                        file,
                                        "--report",
                                        folder / "report.json"};
    command.insert(command.end(), more.begin(), more.end());
    return sluice::test::run(
        command, {{"REST_BASE_URL", twin.base_url() + "/rest/rates"}, {"REST_DB", database()}});
  }
  // Runs until all is landed; gives the requests by kind.
  json fetch(const std::string& file, int exit_code = 0) {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run(file);
    INFO(finished.out << finished.err);
    CHECK(finished.exit_code == exit_code);
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind");
  }
  json report() const { return json::parse(sluice::test::read_file(folder / "report.json")); }
  json expect(const std::string& query) {
    return json::parse(twin.control("GET", "/_twin/rest/expect?" + query));
  }
  void check_items(const std::string& table) {
    CAPTURE(table);
    const json truth = expect("what=items");
    CHECK(sql_number(database(), "SELECT count(*) FROM " + table) ==
          truth.at("rows").get<int64_t>());
    CHECK(sql_number(database(), "SELECT sum(id) FROM " + table) == truth.at("ids").get<int64_t>());
    CHECK(sql_number(database(), "SELECT CAST(round(sum(price * 100)) AS INTEGER) FROM " + table) ==
          truth.at("cents").get<int64_t>());
    CHECK(sql_number(database(), "SELECT count(*) FROM " + table + " WHERE stock IS NULL") ==
          sql_number(database(), "SELECT count(*) FROM " + table + " WHERE id % 7 = 0"));
  }
  void check_events(const std::string& table) {
    CAPTURE(table);
    const json truth = expect("what=events");
    CHECK(sql_number(database(), "SELECT count(*) FROM " + table) ==
          truth.at("rows").get<int64_t>());
    CHECK(sql_number(database(), "SELECT sum(value) FROM " + table) ==
          truth.at("values").get<int64_t>());
  }
};

std::string stream(const std::string& name, const std::string& keys, const std::string& fields) {
  return "\n[[source.streams]]\nname = \"" + name + "\"\n" + keys + fields;
}

std::string items(const std::string& name, const std::string& keys) {
  const bool files = keys.find("\"files\"") != std::string::npos;
  return stream(name, keys + (files ? "" : "\n  refresh = \"1d\""), kItemFields);
}

const std::string kShelves = stream("shelves", R"(
  path    = "/shelves"
  records = "/data/shelves"
  refresh = "1s"
  cache   = "1m"
)",
                                    R"(
  key    = ["id"]
  fields = [{ name = "id", type = "int64" }, { name = "code" }, { name = "version" },
            { name = "opened_at", type = "timestamp", from = "openedAt" }]
)");

std::string events(const std::string& name, const std::string& keys) {
  return stream(name, R"(
  kind    = "series"
  over    = { stream = "shelves" }
  path    = "/events"
  records = "/events"
  time    = "at"
  from    = 2024-01-01
)" + keys,
                R"(
  key    = ["shelf", "id"]
  fields = [{ name = "shelf", type = "int32", value = "{parent.id}" }, { name = "id", type = "int64" },
            { name = "at", type = "timestamp" }, { name = "value", type = "int64" }]
)");
}

// A pipeline of this source, beside the shop's database.
std::string folder_file(const Shop& shop, const std::string& source) {
  const std::string file = shop.folder / "sample.toml";
  std::ofstream(file) << "[pipeline]\nname = \"sample\"\nattempts = 1\n"
                      << source << "\n[sink]\nplugin = \"sqlite\"\npath = \"" << shop.database()
                      << "\"\n";
  return file;
}

const std::string kInterval = R"(shelf = "{parent.id}", from = "{from:s}", to = "{to-1us:s}")";

}  // namespace

TEST_CASE("rest: every style of paging lands the same items", "[pipeline][rest]") {
  Shop shop({.items = 237, .shelves = 4});
  const std::string file = shop.pipeline(items("by_page", R"(path = "/page"
  records = "/results"
  pages = { style = "page", size = 50, last_page = "/pageCount" })") +
                                         items("by_offset", R"(path = "/offset"
  pages = { style = "offset", size = 40 })") +
                                         items("by_cursor", R"(path = "/cursor"
  records = "/items"
  pages = { style = "cursor", cursor = "/paging/next", size = 30, short_ends = false })") +
                                         items("by_header", R"(path = "/header-cursor"
  pages = { style = "cursor", cursor_header = "X-Next-Cursor", size = 60 })") +
                                         items("by_last", R"(path = "/after"
  pages = { style = "cursor", param = "after", cursor_record = "/id", size = 50 })") +
                                         items("by_link", R"(path = "/link"
  query = { limit = "50" }
  pages = { style = "link" })") + items("by_next", R"(path = "/next"
  query = { limit = "50" }
  records = "/items"
  pages = { style = "next", next = "/links/next" })") +
                                         items("by_post", R"(path = "/search"
  method = "POST"
  body = { page = "{page:number}", size = "{size:number}", filter = {} }
  records = "/results"
  pages = { style = "page", size = 80 })"));
  const json asked = shop.fetch(file);
  for (const char* table : {"by_page", "by_offset", "by_cursor", "by_header", "by_last", "by_link",
                            "by_next", "by_post"}) {
    shop.check_items(table);
  }
  CHECK(asked.at("page") == 5);  // the last page is told
  CHECK(asked.at("search") == 3);
  CHECK(shop.fetch(file).empty());  // nothing is old enough to be asked for again
}

TEST_CASE("rest: series of shelves are paged in any order and completed later",
          "[pipeline][rest]") {
  Shop shop({.items = 1, .shelves = 3, .events = 500});
  const std::string file = shop.pipeline(
      kShelves +
      events("by_offset", "query = { " + kInterval +
                              ", order = \"desc\" }\norder = \"descending\"\n"
                              "max_span = \"1h\"\npages = { style = \"offset\", size = 100 }\n") +
      events("by_time", "query = { " + kInterval +
                            " }\norder = \"ascending\"\n"
                            "pages = { style = \"time\", size = 40 }\n") +
      events("by_time_down",
             "query = { shelf = \"{parent.id}\", from = \"{from:s}\", to = \"{to:s}\", order = "
             "\"desc\" }\norder = \"descending\"\npages = { style = \"time\", size = 33 }\n"));
  const json first = shop.fetch(file);
  for (const char* table : {"by_offset", "by_time", "by_time_down"}) {
    shop.check_events(table);
  }
  CHECK(first.at("shelves") == 1);  // one answer for the stream and three lists of partitions
  const json second = shop.fetch(file);
  CHECK(second.value("events", 0) == 0);
}

TEST_CASE("rest: keys are asked once and files when they change", "[pipeline][rest]") {
  Shop shop({.items = 120, .shelves = 3});
  const std::string file = shop.pipeline(kShelves + items("some", R"(kind = "keys"
  path = "/items"
  query = { ids = "{keys}" }
  records = "/items"
  over = { range = [1, 130] }
  max_keys = 25)") + items("single", R"(kind = "keys"
  path = "/items/{key}"
  single = true
  over = { list = ["1", "2", "999"] }
  retry_empty = "1d"
  errors = [{ status = [404], at = "/code", equals = "NOT_FOUND", action = "empty" }])") +
                                         items("per_shelf", R"(kind = "files"
  path = "/files/{parent.code}"
  over = { stream = "shelves", by = ["id"], carry = ["code"], validator = "version" }
  removed = "removed_at")"));
  const json first = shop.fetch(file);
  CHECK(first.at("items") == 6);
  CHECK(first.at("item") == 2);
  CHECK(first.at("file") == 3);
  shop.check_items("some");
  shop.check_items("per_shelf");
  CHECK(sql_number(shop.database(), "SELECT count(*) FROM single") == 2);
  const json second = shop.fetch(file);
  CHECK(second.value("items", 0) + second.value("item", 0) + second.value("file", 0) == 0);
  shop.twin.control("POST", "/_twin/rest/edit-item", R"({"id": 5})");
  CHECK(shop.fetch(file).value("file", 0) == 3);  // a new version is one of all files here
  shop.check_items("per_shelf");
}

TEST_CASE("rest: a failing service costs retries and no rows", "[pipeline][rest]") {
  Shop shop({.items = 400, .shelves = 2, .events = 300});
  const std::string file = shop.pipeline(
      kShelves + items("by_page", R"(path = "/page"
  records = "/results"
  pages = { style = "page", size = 20 })") +
          events("by_time",
                 "query = { " + kInterval +
                     " }\norder = \"ascending\"\npages = { style = \"time\", size = 20 }\n"),
      "errors = [{ at = \"/error\", equals = \"busy\", action = \"retry\", wait = \"1ms\" }]\n");
  shop.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "/rest/**", "probability": 0.05, "action": "reset", "after_bytes": 200},
      {"path": "/rest/**", "probability": 0.05, "action": "truncate", "after_bytes": 300},
      {"path": "/rest/**", "probability": 0.05, "action": "html"},
      {"path": "/rest/**", "probability": 0.05, "action": "garbage"},
      {"path": "/rest/**", "probability": 0.05, "action": "status", "status": 503}]})");
  shop.twin.control("POST", "/_twin/rest/say",
                    R"({"times": 3, "status": 200, "body": {"error": "busy"}, "path": "page"})");
  (void)shop.fetch(file);
  shop.check_items("by_page");
  shop.check_events("by_time");
}

TEST_CASE("rest: pages that go nowhere fail their slice alone", "[pipeline][rest]") {
  Shop shop({.items = 50, .shelves = 2});
  const std::string file = shop.pipeline(items("good", R"(path = "/offset"
  pages = { style = "offset", size = 20 })") +
                                         items("stuck", R"(path = "/ignores-page"
  pages = { style = "page", size = 20 })") +
                                         items("circle", R"(path = "/circle"
  records = "/items"
  pages = { style = "cursor", cursor = "/paging/next" })") +
                                         items("elsewhere", R"(path = "/elsewhere"
  records = "/items"
  pages = { style = "next", next = "/links/next" })"));
  const json asked = shop.fetch(file, 1);
  shop.check_items("good");
  CHECK(asked.at("fault").get<int>() < 10);
}

TEST_CASE("rest: a wrong key ends the run at once with the reason", "[pipeline][rest]") {
  Shop shop({.items = 50, .shelves = 2, .key = "right"});
  const std::string file = shop.pipeline(items("good", R"(path = "/offset"
  pages = { style = "offset", size = 20 })"),
                                         "headers = { X-Key = \"wrong\" }\n");
  shop.twin.control("POST", "/_twin/reset-stats");
  const Finished finished = shop.run(file);
  CHECK(finished.exit_code == 1);
  CHECK((finished.out + finished.err).find("check the credentials") != std::string::npos);
  CHECK(json::parse(shop.twin.control("GET", "/_twin/stats")).at("by_kind").value("refusal", 0) ==
        1);
}

TEST_CASE("rest: inferred columns land and stay as they were", "[pipeline][rest]") {
  Shop shop({.items = 30, .shelves = 2});
  const std::string file = shop.pipeline(R"(
[[source.streams]]
  name = "things"
  path = "/offset"
  key = ["id"]
  refresh = "1s"
  pages = { style = "offset", size = 20 }
)");
  (void)shop.fetch(file);
  CHECK(sql_number(shop.database(),
                   "SELECT count(*) FROM things WHERE display_name = 'Item ' || id "
                   "AND json_extract(shelf, '$.id') > 0") == 30);
}

TEST_CASE("rest: the sample is a good configuration and a bad one is told with its place",
          "[pipeline][rest]") {
  Shop shop({.items = 1, .shelves = 1});
  const std::string file = folder_file(shop, sluice::test::read_file(SLUICE_REST_SAMPLE));
  const auto plan = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = {SLUICE_BINARY,
                                        "--state-dir",
                                        shop.folder / "state",
                                        "--plugin-dir",
                                        SLUICE_PLUGINS,
                                        "--trust-plugins",
                                        "plan",
                                        file,
                                        "--set",
                                        "source.0.base_url=" + shop.twin.base_url() + "/rest"};
    command.insert(command.end(), more.begin(), more.end());
    return sluice::test::run(command);
  };
  const Finished good = plan({});
  INFO(good.out << good.err);
  CHECK(good.exit_code != 78);
  CHECK((good.out + good.err).find("404") != std::string::npos);  // the twin has no /shops
  const Finished bad = plan({"--set", "source.0.streams.1.over.stream=nothing"});
  INFO(bad.out << bad.err);
  CHECK(bad.exit_code == 78);
  CHECK((bad.out + bad.err).find("streams[1].over.stream") != std::string::npos);
}

TEST_CASE("rest: config/rest.toml lands all rates and then asks for the last days",
          "[pipeline][rest]") {
  Shop shop({.items = 1, .shelves = 1, .rate_days = 2000});
  const json first = shop.fetch(SLUICE_REST);
  CHECK(first.at("rates").get<int>() >= 2000 / 365);
  const json truth = shop.expect("what=rates");
  CHECK(sql_number(shop.database(), "SELECT count(*) FROM rates") ==
        truth.at("rows").get<int64_t>());
  CHECK(sql_number(shop.database(), "SELECT CAST(round(sum(usd * 10000)) AS INTEGER) FROM rates") ==
        truth.at("usd").get<int64_t>());
  CHECK(shop.fetch(SLUICE_REST).at("rates") == 1);  // the lag
}
