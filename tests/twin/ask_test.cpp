// SPDX-License-Identifier: Apache-2.0
// Answers in process, and faults that change JSON on its way.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

constexpr const char* kPages = "/svc/coingecko/a%20b?slice=a+b%2F1&page=2&rows=3";

void rule(Twin& twin, const std::string& text) {
  twin.control("DELETE", "/_twin/faults");
  twin.control("POST", "/_twin/faults", text);
}

std::string header(const Answered& answer, const std::string& name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("an answer in process is the one on the wire") {
  Twin twin(small_options());
  for (const std::string& path :
       {std::string(kPages), kRoot + std::string("daily/kl/recent/"), std::string("/none")}) {
    CAPTURE(path);
    const Answer wire = fetch(twin, path);
    const Answered asked = twin.ask("GET", path);
    CHECK(asked.status == wire.status);
    CHECK(asked.body == wire.body);
    CHECK_FALSE(asked.breaks_after.has_value());
  }
  const auto stats = json::parse(twin.control("GET", "/_twin/stats"));
  CHECK(stats.at("requests") == 6);
  CHECK(stats.at("in_flight") == 0);
  CHECK(stats.at("by_status").at("404") == 2);

  const std::string file = kRoot + std::string("10_minutes/air_temperature/now/") +
                           parse_listing(twin.ask("GET", kRoot + std::string("10_minutes/"
                                                                             "air_temperature/"
                                                                             "now/"))
                                             .body)
                               .front()
                               .href;
  const Answered whole = twin.ask("GET", file);
  REQUIRE(whole.status == 200);
  CHECK(twin.ask("HEAD", file).body.empty());
  const Answered same = twin.ask("GET", file, {{"if-none-match", header(whole, "ETag")}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  const Answered part = twin.ask("GET", file, {{"range", "bytes=5-9"}});
  CHECK(part.status == 206);
  CHECK(part.body == whole.body.substr(5, 5));
  CHECK(json::parse(twin.ask("GET", "/_twin/services").body).is_array());
}

TEST_CASE("an answer in process breaks where the wire would break it") {
  Twin twin(small_options());
  const std::size_t size = twin.ask("GET", kPages).body.size();
  rule(twin, R"({"action": "reset", "after_bytes": 7})");
  CHECK(twin.ask("GET", kPages).breaks_after == 7U);
  rule(twin, R"({"action": "truncate", "after_bytes": 100000})");
  CHECK(twin.ask("GET", kPages).breaks_after == size - 1);
  for (const char* lost : {R"({"action": "reset"})", R"({"action": "hang"})"}) {
    rule(twin, lost);
    CHECK(twin.ask("GET", kPages).status == 0);
  }
  rule(twin, R"({"action": "status", "status": 503, "retry_after": 2})");
  const Answered busy = twin.ask("GET", kPages);
  CHECK(busy.status == 503);
  CHECK(header(busy, "Retry-After") == "2");
  CHECK(json::parse(twin.control("GET", "/_twin/stats")).at("in_flight") == 0);
}

TEST_CASE("faults change JSON on its way and nothing else") {
  Twin twin(small_options());
  const json plain = json::parse(twin.ask("GET", kPages).body);
  REQUIRE(plain.at("rows").size() == 3);
  const auto changed = [&](const std::string& text) {
    rule(twin, text);
    const Answer wire = fetch(twin, kPages);
    CHECK(wire.body == twin.ask("GET", kPages).body);
    CHECK(wire.headers.at("content-length") == std::to_string(wire.body.size()));
    return json::parse(wire.body);
  };
  const json added = changed(R"({"action": "add_fields"})");
  CHECK(added.size() == plain.size() + 2);
  CHECK(added.at("rows").at(0).size() == plain.at("rows").at(0).size() + 2);
  CHECK(added.at("rows").at(0).at("value") == plain.at("rows").at(0).at("value"));
  const json deep = changed(R"({"action": "add_fields", "depth": 1})");
  CHECK(deep.size() == plain.size());
  CHECK(deep.at("rows").at(0) == added.at("rows").at(0));
  const json texts = changed(R"({"action": "numbers_as_text"})");
  CHECK(texts.at("rows").at(2).at("value") == plain.at("rows").at(2).at("value").dump());
  CHECK(changed(R"({"action": "text_as_numbers"})") == plain);
  CHECK(changed(R"({"action": "empty"})").at("rows").empty());
  CHECK(changed(R"({"action": "empty", "depth": 0})") == json::object());

  rule(twin, R"({"action": "empty"})");
  const std::string folder = kRoot + std::string("10_minutes/air_temperature/now/");
  CHECK_FALSE(parse_listing(fetch(twin, folder).body).empty());  // HTML
  CHECK(json::parse(twin.control("GET", "/_twin/faults")).at(0).at("action") == "empty");
  CHECK_THROWS_WITH(twin.control("POST", "/_twin/faults", R"({"action": "empty", "depth": -1})"),
                    Catch::Contains("depth"));
}

}  // namespace sluice::twin::test
