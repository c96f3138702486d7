// SPDX-License-Identifier: Apache-2.0
//
// Snapshots: windows, pages, names, decoding.
#include <catch2/catch.hpp>

#include "plugins/wiseoldman/tests/support.hpp"

using namespace wiseoldman::test;
using sluice::json;
using sluice::testing::ReadSpec;
using sluice::testing::SourceRun;

namespace {

constexpr int64_t kMilli = 1000;

ReadSpec june() {
  return {.stream = "snapshots", .partition = "7", .from_us = kJune, .to_us = kJune + kDay};
}

// The first page of that day.
std::string first_page(int limit = 200) {
  return page_url("lynx%20titan", kJune, kJune + kDay - kMilli, limit);
}

struct OneMember : Source {
  OneMember() { on("/groups/139", group({player(7, "lynx titan")})); }
  void page(const std::string& url, const json& body) { host.http.on(url, answer(body.dump())); }
};

uint64_t notes(const SourceRun& run, const std::string& code) {
  uint64_t sum = 0;
  for (const auto& note : run.notes) {
    sum += note.code == code ? note.count : 0;
  }
  return sum;
}

const json& row_of(const SourceRun& run, const std::string& metric) {
  for (const json& row : run.rows) {
    if (row.at("metric") == metric) {
      return row;
    }
  }
  throw std::runtime_error("no row of " + metric);
}

}  // namespace

TEST_CASE("wiseoldman: a snapshot becomes a row for each metric", "[unit][wiseoldman]") {
  OneMember source;
  source.page(first_page(), json::array({snapshot(7, kJune + 5 * kMilli, 4'800'000'000)}));
  const SourceRun run = source.read(june());
  REQUIRE(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 4);
  CHECK(row_of(run, "overall") == json{{"player_id", 7},
                                       {"created_at", "2026-06-01T00:00:00.005000Z"},
                                       {"metric", "overall"},
                                       {"kind", "skill"},
                                       {"value", 4'800'000'000},
                                       {"rank", 948'821},
                                       {"level", 1422},
                                       {"hours", 13.25797},
                                       {"imported_at", nullptr}});
  CHECK(row_of(run, "zulrah")["value"].is_null());
  CHECK(row_of(run, "zulrah")["rank"].is_null());
  CHECK(row_of(run, "soul_wars_zeal")["value"] == 7);
  CHECK(row_of(run, "soul_wars_zeal")["hours"].is_null());
  CHECK(row_of(run, "ehp")["hours"] == 13.25797);
  CHECK(row_of(run, "ehp")["value"].is_null());
  CHECK(notes(run, "unknown_field") == 0);

  const auto requests = source.host.http.requests();
  CHECK(requests.back().headers.find("User-Agent: sluice-wiseoldman/0.1.0 (me@example.org)") !=
        std::string::npos);
  CHECK(requests.back().expect == "application/json");

  SECTION("without those that are not ranked if they are not wanted") {
    source.settings["unranked"] = false;
    CHECK(source.read(june()).rows.size() == 3);
  }
  SECTION("only of the metrics that are wanted") {
    source.settings["metrics"] = {"zulrah", "overall"};
    CHECK(source.read(june()).rows.size() == 2);
  }
}

TEST_CASE("wiseoldman: layout wide has columns for metrics and keeps new ones",
          "[unit][wiseoldman]") {
  OneMember source;
  source.settings["layout"] = "wide";
  json one = snapshot(7, kJune, 1000);
  one["data"]["bosses"]["sky_whale"] = {{"metric", "sky_whale"}, {"kills", 3}, {"rank", -1}};
  one["data"]["pets"]["kitten"] = {{"metric", "kitten"}, {"score", 1}};
  source.page(first_page(), json::array({one}));
  const SourceRun run = source.read(june());
  REQUIRE(run.rows.size() == 1);
  const json& row = run.rows[0];
  CHECK(row["overall_experience"] == 1000);
  CHECK(row["overall_rank"] == 948'821);
  CHECK(row["overall_level"] == 1422);
  CHECK(row["overall_ehp"] == 13.25797);
  CHECK(row["zulrah_kills"].is_null());
  CHECK(row["zulrah_ehb"] == 0);
  CHECK(row["soul_wars_zeal_score"] == 7);
  CHECK(row["ehp_value"] == 13.25797);
  CHECK(row["attack_experience"].is_null());
  const json other =
      row["other"].is_string() ? json::parse(row["other"].get<std::string>()) : row["other"];
  CHECK(other ==
        json{{"bosses", {{"sky_whale", {{"metric", "sky_whale"}, {"kills", 3}, {"rank", -1}}}}},
             {"pets", {{"kitten", {{"metric", "kitten"}, {"score", 1}}}}}});
  CHECK(notes(run, "unknown_metric") == 2);

  source.settings["layout"] = "long";
  const SourceRun rows = source.read(june());
  CHECK(row_of(rows, "sky_whale")["value"] == 3);
  CHECK(row_of(rows, "kitten")["kind"] == "pets");
  CHECK(row_of(rows, "kitten")["value"] == 1);
}

TEST_CASE("wiseoldman: only the wanted instants of an inclusive answer land",
          "[unit][wiseoldman]") {
  OneMember source;
  // A service whose bounds are wider than asked for, at both ends.
  source.page(first_page(),
              json::array({snapshot(7, kJune + kDay, 5), snapshot(7, kJune + kDay - kMilli, 4),
                           snapshot(7, kJune, 3), snapshot(7, kJune - kMilli, 2)}));
  source.settings["metrics"] = {"overall"};
  const SourceRun run = source.read(june());
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["value"] == 4);
  CHECK(run.rows[1]["value"] == 3);
}

TEST_CASE("wiseoldman: an interval of one millisecond is asked for with the one before",
          "[unit][wiseoldman]") {
  OneMember source;
  ReadSpec spec = june();
  spec.to_us = kJune + kMilli;
  source.page(page_url("lynx%20titan", kJune - kMilli, kJune, 200),
              json::array({snapshot(7, kJune, 3), snapshot(7, kJune - kMilli, 2)}));
  CHECK(source.read(spec).rows.size() == 4);
  spec.from_us = kJune + 1;
  spec.to_us = kJune + 999;
  CHECK(source.read(spec).end == SLUICE_END);
  CHECK(source.urls().size() == 2);  // the group and one page: nothing is asked for the second
}

TEST_CASE("wiseoldman: pages follow each other by time and can be resumed anywhere",
          "[unit][wiseoldman]") {
  OneMember source;
  source.settings["page_size"] = 3;
  source.settings["metrics"] = {"overall"};
  const auto at = [](int64_t n) { return kJune + n * kSecond; };
  const auto page = [&](int64_t to, const std::vector<int64_t>& stamps) {
    json body = json::array();
    for (const int64_t n : stamps) {
      body.push_back(snapshot(7, at(n), n));
    }
    source.page(page_url("lynx%20titan", kJune, to, 3), body);
  };
  page(kJune + kDay - kMilli, {9, 8, 7});
  page(at(7), {7, 6, 5});
  page(at(5), {5, 4, 3});
  page(at(3), {3, 2});
  const SourceRun whole = source.read(june());
  REQUIRE(whole.end == SLUICE_END);
  std::vector<int64_t> values;
  for (const json& row : whole.rows) {
    values.push_back(row["value"]);
  }
  CHECK(values == std::vector<int64_t>{9, 8, 7, 6, 5, 4, 3, 2});
  CHECK(source.urls().size() == 5);

  for (std::size_t cut = 0; cut < whole.states.size(); ++cut) {
    REQUIRE(whole.states[cut]);
    ReadSpec rest = june();
    rest.state = whole.states[cut];
    std::size_t landed = 0;
    for (std::size_t i = 0; i <= cut; ++i) {
      landed += whole.batch_rows[i];
    }
    const SourceRun run = source.read(rest);
    CHECK(run.end == SLUICE_END);
    CHECK(std::vector<json>(whole.rows.begin() + static_cast<std::ptrdiff_t>(landed),
                            whole.rows.end()) == run.rows);
  }
}

TEST_CASE("wiseoldman: a page that is full of one instant is no way on", "[unit][wiseoldman]") {
  OneMember source;
  source.settings["page_size"] = 2;
  const json same = json::array({snapshot(7, kJune + kSecond, 1), snapshot(7, kJune + kSecond, 1)});
  source.page(first_page(2), same);
  source.page(page_url("lynx%20titan", kJune, kJune + kSecond, 2), same);
  const SourceRun run = source.read(june());
  REQUIRE(run.error);
  CHECK(run.error->code() == sluice::Code::kBadData);
}

TEST_CASE("wiseoldman: a renamed player is found by number", "[unit][wiseoldman]") {
  OneMember source;
  source.on("/players/id/7", player(7, "brand new"));
  source.page(page_url("brand%20new", kJune, kJune + kDay - kMilli, 200),
              json::array({snapshot(7, kJune, 1)}));
  SECTION("when the old name is nobody's") {
    source.host.http.on(
        first_page(), answer(R"({"code":"UNEXPECTED_ERROR","message":"Player not found."})", 404));
    CHECK(source.read(june()).rows.size() == 4);
  }
  SECTION("when somebody else has it now") {
    source.page(first_page(), json::array({snapshot(8, kJune + 1000, 2), snapshot(8, kJune, 2)}));
    const SourceRun run = source.read(june());
    REQUIRE(run.rows.size() == 4);
    CHECK(run.rows[0]["player_id"] == 7);
  }
  SECTION("when somebody else has it now who was not there then") {
    source.page(first_page(), json::array());
    CHECK(source.read(june()).rows.size() == 4);
  }
  SECTION("or not renamed but without snapshots") {
    source.host.http.clear();
    source.on("/groups/139", group({player(7, "lynx titan")}));
    source.on("/players/id/7", player(7, "lynx titan"));
    source.page(first_page(), json::array());
    const SourceRun run = source.read(june());
    CHECK(run.end == SLUICE_END);
    CHECK(run.rows.empty());
  }
  SECTION("and gone if the number is nobody's either") {
    source.host.http.clear();
    source.on("/groups/139", group({player(7, "lynx titan")}));
    source.host.http.on_prefix(kBase, answer(R"({"message":"Player not found."})", 404));
    const SourceRun run = source.read(june());
    REQUIRE(run.error);
    CHECK(run.error->code() == sluice::Code::kNotFound);
  }
}

TEST_CASE("wiseoldman: odd snapshots cost a value or themselves", "[unit][wiseoldman]") {
  OneMember source;
  json text = snapshot(7, kJune + 9 * kMilli, 5);
  text["playerId"] = "7";
  text["data"]["skills"]["overall"] = {
      {"experience", "12"}, {"rank", 5.0}, {"level", nullptr}, {"ehp", "1.5"}, {"mood", 1}};
  json odd = snapshot(7, kJune + 8 * kMilli, 5);
  odd["data"]["skills"]["overall"] = {{"experience", json::array()}, {"rank", "high"}};
  odd["data"]["bosses"] = 5;
  odd["data"]["activities"]["soul_wars_zeal"] = "none";
  json lost = snapshot(7, kJune, 5);
  lost.erase("createdAt");
  json empty = snapshot(7, kJune + 7 * kMilli, 5);
  empty.erase("data");
  source.page(first_page(), json::array({text, odd, empty, lost, 5}));
  source.settings["metrics"] = {"overall", "soul_wars_zeal"};
  const SourceRun run = source.read(june());
  REQUIRE(run.end == SLUICE_END);
  CHECK(run.rejects.size() == 3);
  CHECK(run.rejects[0].reason.starts_with("/data"));
  CHECK(run.rejects[1].reason.starts_with("/createdAt"));
  REQUIRE(run.rows.size() == 3);
  CHECK(row_of(run, "overall")["value"] == 12);
  CHECK(row_of(run, "overall")["rank"] == 5);
  CHECK(row_of(run, "overall")["hours"] == 1.5);
  CHECK(run.rows[2]["value"].is_null());
  CHECK(notes(run, "unknown_field") == 1);
  CHECK(notes(run, "mistyped_field") == 4);
}

TEST_CASE("wiseoldman: a cut or wrong answer is tried again", "[unit][wiseoldman]") {
  OneMember source;
  const std::string whole = json::array({snapshot(7, kJune, 1)}).dump();
  for (const std::string& body : {whole.substr(0, whole.size() / 2), std::string("<html></html>"),
                                  std::string("{}"), std::string()}) {
    CAPTURE(body);
    Source one;
    one.on("/groups/139", group({player(7, "lynx titan")}));
    one.host.http.on(first_page(), answer(body));
    const SourceRun run = one.read(june());
    REQUIRE(run.error);
    const bool again = (run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0;
    CHECK((again || run.error->code() == sluice::Code::kUnavailable));
  }
}

TEST_CASE("wiseoldman: refusals say what is to be done", "[unit][wiseoldman]") {
  const auto refused = [](uint32_t status, const std::string& body) {
    OneMember source;
    source.host.http.on(first_page(), answer(body, status));
    const SourceRun run = source.read(june());
    REQUIRE(run.error);
    return *run.error;
  };
  using sluice::Code;
  const auto key = refused(403, R"({"message":"Invalid API Key."))");
  CHECK(key.code() == Code::kAuth);
  const auto blocked = refused(429, R"({"message":"You are blocked from making API requests."})");
  CHECK(blocked.code() == Code::kAuth);
  CHECK((blocked.flags() & SLUICE_ERROR_RETRYABLE) == 0);
  const auto busy = refused(429, R"({"message":"Too Many Requests."})");
  CHECK(busy.code() == Code::kRateLimited);
  CHECK((busy.flags() & SLUICE_ERROR_RETRYABLE) != 0);
  const auto limit =
      refused(400, R"({"code":"VALIDATION_ERROR","message":"The maximum results limit is 200."})");
  CHECK(limit.code() == Code::kBadData);
  CHECK_THAT(limit.message(), Catch::Contains("VALIDATION_ERROR"));
  CHECK(refused(500, R"({"code":"UNEXPECTED_DATABASE_ERROR","message":"x"})").code() ==
        Code::kUnavailable);
  CHECK(refused(502, "<html>Bad gateway</html>").code() == Code::kUnavailable);
}
