// SPDX-License-Identifier: Apache-2.0
//
// The built plugin against scripted answers: what it asks, what it makes of good and bad ones.
#include <catch2/catch.hpp>

#include "plugins/bungie/tests/support.hpp"
#include "sluice/cpp/error.hpp"

using namespace bungie::test;          // NOLINT: what the tests of bungie share
using namespace std::chrono_literals;  // NOLINT
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::code_of;
using sluice::testing::FakeHost;

namespace {

const Answer kPage{.body = "<!doctype html><html></html>",
                   .headers = {{"Content-Type", "text/html; charset=utf-8"}}};

std::string place(uint32_t hash, const std::string& name, const std::string& more = "") {
  return "\"" + std::to_string(hash) + R"(":{"displayProperties":{"name":")" + name +
         R"(","description":"d"},"hash":)" + std::to_string(hash) +
         R"(,"index":1,"redacted":false,"blacklisted":false)" + more + "}";
}

std::string token(const std::vector<std::string>& languages, const std::string& table) {
  json out = json::array();
  for (const auto& language : languages) {
    out.push_back({language, table_path(table, language)});
  }
  return out.dump();
}

uint64_t noted(const sluice::testing::SourceRun& run, const std::string& code) {
  uint64_t count = 0;
  for (const auto& note : run.notes) {
    count += note.code == code ? note.count : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("bungie: a table becomes rows with both forms of its hashes", "[unit][bungie]") {
  const auto run = read_table("{" + place(2592351697U, "a\\u00e4\\n") + "," + place(7, "b") + "}");
  REQUIRE(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 2);
  const json& row = run.rows[0];
  CHECK(row["hash"] == 2592351697U);
  CHECK(row["hash_signed"] == -1702615599);
  CHECK(row["language"] == "en");
  CHECK(row["name"] == "aä\n");
  CHECK(row["description"] == "d");
  CHECK(row["icon"].is_null());
  CHECK(row["index"] == 1);
  CHECK(row["redacted"] == false);
  CHECK(row["removed_at"].is_null());
  CHECK(row["definition"]["hash"] == 2592351697U);
  CHECK(row["content_hash"].get<std::string>().size() == 32);
  CHECK(run.rows[1]["hash_signed"] == 7);
  CHECK(run.notes.empty());
  CHECK(run.rejects.empty());
}

TEST_CASE("bungie: odd entries cost a value or themselves", "[unit][bungie]") {
  const auto run = read_table(
      R"({"1":{"displayProperties":null,"hash":1},
          "2":{"displayProperties":{"name":5,"description":["x"]},"hash":"2","index":"9","redacted":"true"},
          "x":{"hash":3}, "-4":{"hash":4}, "4294967296":{"hash":1},
          "5":[], "6":{"hash":7}, "7":{}})");
  REQUIRE(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 4);
  CHECK(run.rows[0]["name"].is_null());
  CHECK(run.rows[1]["name"] == "5");
  CHECK(run.rows[1]["description"].is_null());
  CHECK(run.rows[1]["index"] == 9);
  CHECK(run.rows[1]["redacted"] == true);
  CHECK(run.rows[2]["hash"] == 6);
  CHECK(noted(run, "other_hash") == 1);
  CHECK(noted(run, "mistyped_field") == 1);
  REQUIRE(run.rejects.size() == 4);
  CHECK(run.rejects[0].rule == "entry_hash");
  CHECK(run.rejects[3].rule == "record_shape");

  const auto slim = read_table("{" + place(1, "a", R"(,"x":{"y":1})") + "}",
                               {.config = {{"definitions", false}}});
  CHECK(slim.rows.at(0).contains("definition") == false);
  CHECK(slim.notes.empty());
}

TEST_CASE("bungie: rows that gain a column are no longer the same", "[unit][bungie]") {
  const auto hash = [](const json& config) {
    const auto run = read_table("{" + place(1, "a") + "}", {.config = config});
    return run.rows.at(0).at("content_hash").get<std::string>();
  };
  CHECK(hash(json::object()) == hash({{"definitions", true}}));
  CHECK(hash(json::object()) != hash({{"definitions", false}}));
}

TEST_CASE("bungie: an item that cannot be looked into is no silent loss among currencies",
          "[unit][bungie]") {
  const auto run = read_table(
      R"({"1":{"hash":1,"itemType":1,"x":123456789012345678901234567890},"2":{"itemType":2}})",
      {.stream = "currencies", .table = "DestinyInventoryItemDefinition"});
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.size() + run.rejects.size() == 1);
}

TEST_CASE("bungie: cut and malformed tables are tried again and named by their byte",
          "[unit][bungie]") {
  const std::string whole = "{" + place(1, "a") + "," + place(2, "b") + "}";
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const auto run = read_table(whole.substr(0, cut));
    CAPTURE(cut);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadData);
    CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(run.error->message().find("byte " + std::to_string(cut)) != std::string::npos);
  }
  for (const std::string body :
       {"", "[]", "[{}]", "7", "null", "{\"1\":{}} x", "{1:2}", "<html>"}) {
    CAPTURE(body);
    const auto run = read_table(body);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadData);
  }
  CHECK(read_table("{}").end == SLUICE_END);
}

TEST_CASE("bungie: reading goes on behind any batch", "[unit][bungie]") {
  std::string body = "{";
  for (uint32_t i = 1; i <= 600; ++i) {
    body += (i == 1 ? "" : ",") + place(i, std::string(40, 'n'));
  }
  body += "}";
  const auto whole = read_table(body, {.spec = {.target_batch_bytes = 20'000}});
  REQUIRE(whole.rows.size() == 600);
  REQUIRE(whole.states.size() > 5);
  std::size_t before = 0;
  for (std::size_t i = 0; i < whole.states.size(); ++i) {
    before += whole.batch_rows[i];
    if (!whole.states[i]) {
      continue;
    }
    const auto rest = read_table(body, {.spec = {.state = whole.states[i]}});
    REQUIRE(rest.end == SLUICE_END);
    CHECK(rest.rows.size() == 600 - before);
    CHECK((rest.rows.empty() || rest.rows.front() == whole.rows[before]));
  }
  for (
      const std::string state :
      {R"({"path":"/other","entries":3})", R"({"entries":-1})", R"({"path":7,"entries":3})",
       R"({"path":"/common/destiny2_content/json/en/DestinyPlaceDefinition-1.json","entries":999})"}) {
    CAPTURE(state);
    const auto rest = read_table(body, {.spec = {.state = state}});
    REQUIRE(rest.error);
    CHECK(rest.error->code() == Code::kBadState);
  }
}

TEST_CASE("bungie: the API key goes with the manifest and never with a file", "[unit][bungie]") {
  FakeHost host;
  host.http.on(manifest_url(), Answer{.body = manifest({})});
  const std::string url = kBase + table_path("DestinyPlaceDefinition", "en");
  host.http.on(url, Answer{.body = "{" + place(1, "a") + "}"});
  auto session = open(host, {{"credential", "bungie"}});
  const auto slices = session.slices("places");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].key == "en");
  CHECK(slices[0].validator == table_path("DestinyPlaceDefinition", "en"));
  CHECK(slices[0].title == "DestinyPlaceDefinition-1.json");
  CHECK(session.slices("items").empty());
  CHECK(session.read({.stream = "places", .slice = "en", .token = slices[0].token}).rows.size() ==
        1);
  const auto requests = host.http.requests();
  REQUIRE(requests.size() == 2);  // one manifest for all streams
  CHECK(requests[0].credential == "bungie");
  CHECK(requests[0].scope == "bungie.test/Platform");
  CHECK(requests[1].credential.empty());
  CHECK(requests[1].headers.empty());
  CHECK(host.http.declaration().find("bungie.test/Platform") != std::string::npos);
}

TEST_CASE("bungie: a table that is missing in the manifest is told and not listed",
          "[unit][bungie]") {
  FakeHost host;
  host.http.on(manifest_url(), Answer{.body = manifest({})});
  auto session = open(host, {{"tables", {"DestinyTalentGridDefinition"}}});
  CHECK(session.slices("talent_grid").empty());
  const auto log = host.log();
  REQUIRE_FALSE(log.empty());
  CHECK(log.back().level == sluice::Level::kWarn);
  CHECK(log.back().fields.find("DestinyTalentGridDefinition") != std::string::npos);
}

TEST_CASE("bungie: maintenance and throttles in any status", "[unit][bungie]") {
  FakeHost host;
  const auto list = [&] { return open(host).slices("places").size(); };
  SECTION("maintenance is worth a further try") {
    for (const uint32_t status : {200U, 400U, 503U}) {
      host.http.clear();
      host.http.on(manifest_url(), Answer{.body = failure(5), .status = status});
      CHECK(code_of(list) == Code::kUnavailable);
    }
  }
  SECTION("a throttle holds back all who share the limit for the time told") {
    host.http.on(manifest_url(), Answer{.body = failure(36, 3)});
    host.http.on(manifest_url(), Answer{.body = failure(51, 0)});
    host.http.on(manifest_url(), Answer{.body = manifest({})});
    CHECK(list() == 1);
    const auto waits = host.http.throttles();
    REQUIRE(waits.size() == 2);
    CHECK(waits[0] == std::pair<std::string, uint64_t>("bungie.test/Platform", 3'000));
    CHECK(waits[1].second == 10'000);
  }
  SECTION("throttled without end it gives up") {
    host.http.on(manifest_url(), Answer{.body = failure(37, 1)});
    CHECK(code_of(list) == Code::kRateLimited);
    CHECK(host.http.requests().size() == 6);
  }
  SECTION("a wrong key ends it at once") {
    host.http.on(manifest_url(), Answer{.body = failure(2101), .status = 401});
    CHECK(code_of(list) == Code::kAuth);
    CHECK(host.http.requests().size() == 1);
  }
  SECTION("pages and other answers are no manifest") {
    for (const Answer& answer :
         {kPage, Answer{.body = "{}"}, Answer{.body = "[1,2"}, Answer{.body = ""},
          Answer{.body = R"({"ErrorCode":"1","Response":{}})"},
          Answer{.body = R"({"ErrorCode":1})"},
          Answer{.body = R"({"ErrorCode":1,"Response":5})"}}) {
      host.http.clear();
      host.http.on(manifest_url(), answer);
      const Code code = code_of(list);
      CHECK((code == Code::kUnavailable || code == Code::kBadData));
    }
  }
}

TEST_CASE("bungie: a file that is not there yet fails its slice and is never gone",
          "[unit][bungie]") {
  FakeHost host;
  const std::string url = kBase + table_path("DestinyPlaceDefinition", "en");
  const auto read = [&] {
    return open(host).read(
        {.stream = "places", .slice = "en", .token = token({"en"}, "DestinyPlaceDefinition")});
  };
  for (const Answer& answer : {Answer{.body = "x", .status = 404}, kPage}) {
    host.http.clear();
    host.http.on(url, answer);
    host.http.on_prefix(url + "?", answer);
    const auto run = read();
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);

    // A cache remembers that it was not there.
    host.http.clear();
    host.http.on(url, answer);
    host.http.on_prefix(url + "?", Answer{.body = "{" + place(1, "a") + "}"});
    CHECK(read().rows.size() == 1);
  }
  host.http.clear();
  host.http.on(url, Answer{.status = 403});
  const auto refused = read();
  REQUIRE(refused.error);
  CHECK(refused.error->code() == Code::kUnavailable);  // nothing that ends the run
}

TEST_CASE("bungie: alternating manifests do not flip what is listed", "[unit][bungie]") {
  FakeHost host;
  const auto listed = [&](const std::string& build) {
    host.http.clear();
    host.http.on(manifest_url(), Answer{.body = manifest({.build = build})});
    host.advance(5min);
    return open(host).slices("places").at(0).validator;
  };
  const auto path = [](const std::string& build) {
    return table_path("DestinyPlaceDefinition", "en", build);
  };
  CHECK(listed("1") == path("1"));
  CHECK(listed("2") == path("2"));
  CHECK(listed("1") == path("2"));
  CHECK(listed("2") == path("2"));
  CHECK(listed("1") == path("2"));
  host.advance(6h);
  CHECK(listed("1") == path("1"));
}

TEST_CASE("bungie: languages are rows or columns", "[unit][bungie]") {
  FakeHost host;
  const std::string table = "DestinyPlaceDefinition";
  const Paths paths{.languages = {"en", "de", "ja"}};
  host.http.on(manifest_url(), Answer{.body = manifest(paths)});
  const auto serve = [&](const std::string& language, const std::string& body) {
    host.http.on(kBase + table_path(table, language), Answer{.body = body});
  };
  serve("en", "{" + place(1, "one") + "," + place(2, "two") + "," + place(3, "three") + "}");
  serve("de", "{" + place(3, "drei") + "," + place(1, "eins") + "," + place(9, "neun") + "}");
  serve("ja", "{" + place(2, "\xe4\xba\x8c") + "," + place(1, "\xe4\xb8\x80") + "}");
  const json languages{"en", "de", "ja"};

  SECTION("rows") {
    auto session = open(host, {{"languages", languages}});
    const auto slices = session.slices("places");
    REQUIRE(slices.size() == 3);
    CHECK(slices[1].key == "de");
    const auto run = session.read({.stream = "places", .slice = "de", .token = slices[1].token});
    REQUIRE(run.rows.size() == 3);
    CHECK(run.rows[0]["language"] == "de");
    CHECK(run.rows[0]["name"] == "drei");
    CHECK(run.stream.key_columns() == std::vector<std::string>{"hash", "language"});
  }
  SECTION("columns") {
    auto session = open(host, {{"languages", languages}, {"layout", "columns"}});
    const auto slices = session.slices("places");
    REQUIRE(slices.size() == 1);
    CHECK(slices[0].validator.size() < 1024);
    const auto run = session.read({.stream = "places", .slice = "all", .token = slices[0].token});
    REQUIRE(run.end == SLUICE_END);
    REQUIRE(run.rows.size() == 3);
    CHECK(run.rows[0]["name_en"] == "one");
    CHECK(run.rows[0]["name_de"] == "eins");
    CHECK(run.rows[0]["name_ja"] == "\xe4\xb8\x80");
    CHECK(run.rows[1]["name_de"].is_null());
    CHECK(run.rows[1]["name_ja"] == "\xe4\xba\x8c");
    CHECK(run.rows[2]["description_de"] == "d");
    CHECK(noted(run, "only_in_further_language") == 1);
    CHECK(run.stream.key_columns() == std::vector<std::string>{"hash"});

    // Another text of another language is another content.
    host.http.clear();
    serve("en", "{" + place(1, "one") + "," + place(2, "two") + "," + place(3, "three") + "}");
    serve("de", "{" + place(1, "EINS") + "," + place(3, "drei") + "}");
    serve("ja", "{" + place(2, "\xe4\xba\x8c") + "," + place(1, "\xe4\xb8\x80") + "}");
    const auto again = session.read({.stream = "places", .slice = "all", .token = slices[0].token});
    CHECK(again.rows.at(0)["content_hash"] != run.rows[0]["content_hash"]);
    CHECK(again.rows.at(1)["content_hash"] == run.rows[1]["content_hash"]);
    CHECK(again.rows.at(2)["content_hash"] == run.rows[2]["content_hash"]);
  }
  SECTION("columns wait until all languages are there") {
    auto session = open(host, {{"languages", {"en", "de", "ko"}}, {"layout", "columns"}});
    CHECK(session.slices("places").empty());
    CHECK(session.slices("vendor_items").empty());
  }
}

TEST_CASE("bungie: items have collectibles and currencies are some of them", "[unit][bungie]") {
  const std::string body =
      R"({"1":{"hash":1,"itemType":1,"displayProperties":{"name":"Glimmer"},"inventory":{"maxStackSize":250000,"tierType":2}},
          "2":{"hash":2,"itemType":3,"collectibleHash":77,"seasonHash":0,"equippable":true,"itemTypeDisplayName":"Bow"},
          "3":{"hash":3,"itemType":0,"itemCategoryHashes":[40,18],"collectibleHash":0},
          "4":{"hash":4,"itemType":"1"}})";
  const Served items{.stream = "items", .table = "DestinyInventoryItemDefinition"};
  const auto all = read_table(body, items);
  REQUIRE(all.rows.size() == 4);
  CHECK(all.rows[0]["max_stack_size"] == 250'000);
  CHECK(all.rows[0]["collectible_hash"].is_null());
  CHECK(all.rows[1]["collectible_hash"] == 77);
  CHECK(all.rows[1]["season_hash"].is_null());
  CHECK(all.rows[1]["type_name"] == "Bow");
  CHECK(all.rows[2]["collectible_hash"].is_null());
  CHECK(all.notes.empty());
  const auto some =
      read_table(body, {.stream = "currencies", .table = "DestinyInventoryItemDefinition"});
  REQUIRE(some.rows.size() == 3);
  CHECK(some.rows[0]["name"] == "Glimmer");
  CHECK(some.rows[1]["hash"] == 3);
}

TEST_CASE("bungie: the lines of a vendor's list are rows", "[unit][bungie]") {
  const std::string body =
      R"({"9":{"hash":9,"itemList":[
            {"vendorItemIndex":0,"itemHash":5,"quantity":1,"currencies":[{"itemHash":1,"quantity":3}]},
            {"vendorItemIndex":1,"itemHash":0},{"itemHash":6},7]},
          "10":{"hash":10}, "11":{"hash":11,"itemList":null}, "12":{"hash":12,"itemList":{}}})";
  const Served served{.stream = "vendor_items", .table = "DestinyVendorDefinition"};
  const auto run = read_table(body, served);
  REQUIRE(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["vendor_hash"] == 9);
  CHECK(run.rows[0]["vendor_item_index"] == 0);
  CHECK(run.rows[0]["item_hash"] == 5);
  CHECK(run.rows[0]["currencies"][0]["quantity"] == 3);
  CHECK(run.rows[1]["item_hash"].is_null());
  CHECK(run.rejects.size() == 2);
}

TEST_CASE("bungie: text keys name the entries of some tables", "[unit][bungie]") {
  const std::string table = "DestinyHistoricalStatsDefinition";
  const auto run =
      read_table(R"({"kills":{"statId":"kills","statName":"Kills","statDescription":"x"}})",
                 {.stream = "historical_stats", .table = table, .config = {{"tables", {table}}}});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["key"] == "kills");
  CHECK(run.rows[0]["name"] == "Kills");
  CHECK(run.stream.find("hash") < 0);
}
