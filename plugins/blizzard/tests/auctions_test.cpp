// SPDX-License-Identifier: Apache-2.0
//
// Lists of auctions: which there are, the same list again, long ones, broken ones.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "plugins/blizzard/tests/support.hpp"

using namespace blizzard::test;  // NOLINT
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

constexpr const char* kModified = "Tue, 7 Jan 2025 12:00:00 GMT";

std::string auction(int64_t id, const std::string& more = "") {
  return "{\"id\":" + std::to_string(id) + R"(,"item":{"id":5)" +
         R"(,"bonus_lists":[1,2]},"buyout":9000000000000,"quantity":1,"time_left":"LONG")" + more +
         "}";
}

Answer list(int64_t count, const std::string& modified = kModified) {
  std::string body = R"({"_links":{},"connected_realm":{"href":"x"},"auctions":[)";
  for (int64_t id = 1; id <= count; ++id) {
    body += (id == 1 ? "" : ",") + auction(id);
  }
  Answer out = json_answer(body + "]}");
  out.headers.emplace_back("Last-Modified", modified);
  out.validator = modified;
  return out;
}

const std::string kList = url("connected-realm/509/auctions", "dynamic-eu");
const sluice::testing::ReadSpec kRealm = {.stream = "auctions", .partition = "eu/retail/509"};

std::vector<std::string> partitions(FakeHost& host, const std::string& stream,
                                    const json& changes = json::object()) {
  std::vector<std::string> out;
  SourceSession session(plugin(), host, config(changes));
  for (const auto& one : session.partitions(stream)) {
    out.push_back(one.key);
  }
  return out;
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("blizzard auctions: a list becomes rows under the time of its making",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(kList, list(3));
  const auto run = read(host, json::object(), kRealm);
  REQUIRE(run.rows.size() == 3);
  const json& row = run.rows[2];
  CHECK(row["connected_realm_id"] == 509);
  CHECK(row["auction_house_id"] == 0);
  CHECK(row["id"] == 3);
  CHECK(row["item_id"] == 5);
  CHECK(row["buyout"] == 9'000'000'000'000);
  CHECK(row["bid"].is_null());
  CHECK(row["snapshot_at"] == "2025-01-07T12:00:00Z");
  CHECK(row["content_hash"].get<std::string>().size() == 32);
  CHECK(run.validator == kModified);
  CHECK(run.notes.empty());
}

TEST_CASE("blizzard auctions: the same list again is unchanged", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(kList, list(3));
  auto spec = kRealm;
  spec.validator = kModified;
  const auto run = read(host, json::object(), spec);
  CHECK(run.end == SLUICE_UNCHANGED);
  CHECK(run.rows.empty());
}

TEST_CASE("blizzard auctions: a history has the time in its key and no hash", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(kList, list(1));
  const auto run = read(host, {{"auction_history", true}}, kRealm);
  REQUIRE(run.rows.size() == 1);
  CHECK_FALSE(run.rows[0].contains("content_hash"));
  CHECK(run.stream.in_key("snapshot_at"));
}

TEST_CASE("blizzard auctions: reading goes on in the middle of the same list only",
          "[unit][blizzard]") {
  FakeHost host;
  host.http.on(kList, list(500));
  auto spec = kRealm;
  spec.target_batch_bytes = 4096;
  const auto whole = read(host, json::object(), spec);
  REQUIRE(whole.rows.size() == 500);
  REQUIRE(whole.states.size() > 3);
  for (std::size_t cut = 0; cut + 1 < whole.states.size(); ++cut) {
    auto rest = spec;
    rest.state = whole.states[cut];
    rest.validator = kModified;  // would be unchanged, but half of it is missing
    const auto resumed = read(host, json::object(), rest);
    std::size_t before = 0;
    for (std::size_t i = 0; i <= cut; ++i) {
      before += whole.batch_rows[i];
    }
    REQUIRE(resumed.rows.size() == 500 - before);
    CHECK(resumed.rows.front() == whole.rows[before]);
  }
  host.http.clear();
  host.http.on(kList, list(500, "Tue, 7 Jan 2025 13:00:00 GMT"));
  auto late = spec;
  late.state = whole.states[0];
  CHECK(read(host, json::object(), late).error.value().code() == sluice::Code::kBadState);
}

TEST_CASE("blizzard auctions: lists of any length take the memory of a batch", "[unit][blizzard]") {
  FakeHost host;
  host.set_chunk(uint64_t{1} << 16U);
  host.http.on(kList, list(200'000));  // 20 MB
  SourceSession session(plugin(), host, config());
  auto spec = kRealm;
  spec.most_batches = 2;
  (void)session.read(spec);
  [[maybe_unused]] const long before = peak_kib();
  for (int i = 0; i < 3; ++i) {
    (void)session.read(spec);
  }
#if !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)  // whose own memory grows with what is touched
  CHECK(peak_kib() - before < 32 * 1024);
#endif
}

TEST_CASE("blizzard auctions: broken lists fail in order", "[unit][blizzard]") {
  FakeHost host;
  const auto code = [&](Answer answer) {
    host.http.clear();
    host.http.on(kList, std::move(answer));
    const auto run = read(host, json::object(), kRealm);
    return std::pair(run.error.value().code(), (run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  };
  Answer cut = list(10);
  cut.body.resize(cut.body.size() / 2);
  CHECK(code(cut) == std::pair(sluice::Code::kBadData, true));
  CHECK(code(json_answer("{}")) == std::pair(sluice::Code::kBadData, true));
  CHECK(code(json_answer(R"({"auctions":"soon"})")) == std::pair(sluice::Code::kBadData, true));
  CHECK(code(not_found()).first == sluice::Code::kNotFound);
  CHECK(code(Answer{.body = "<html>", .headers = {{"Content-Type", "text/html"}}}).first ==
        sluice::Code::kUnavailable);
}

TEST_CASE("blizzard auctions: entries without what they need are quarantined", "[unit][blizzard]") {
  FakeHost host;
  host.http.on(kList, json_answer("{\"auctions\":[" + auction(1) +
                                  R"(,{"href":"x"},{"id":"7","item":{"id":5.0},"bid":null},)" +
                                  R"({"id":8,"item":5},7,)" + auction(9, R"(,"glow":1)") + "]}"));
  const auto run = read(host, json::object(), kRealm);
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows[1]["id"] == 7);
  CHECK(run.rows[1]["item_id"] == 5);
  CHECK(run.rejects.size() == 3);
  CHECK(run.rejects[0].reason.starts_with("/id"));
  CHECK(run.rejects[1].reason.starts_with("/item/id"));
  CHECK(noted(run, "list_without_time") == 1);
  CHECK(noted(run, "unknown_field") >= 1);
  CHECK(run.rows[0]["snapshot_at"] == "2023-11-14T22:13:20Z");  // when it was read
}

TEST_CASE("blizzard auctions: realms of one connected realm have one list", "[unit][blizzard]") {
  FakeHost host;
  const auto realm = [](int id) {
    return json_answer(R"({"id":1,"connected_realm":{"href":"https://x/data/wow/connected-realm/)" +
                       std::to_string(id) + R"(?namespace=dynamic-eu"}})");
  };
  host.http.on(url("realm/garona", "dynamic-eu"), realm(509))
      .on(url("realm/sargeras", "dynamic-eu"), realm(509))
      .on(url("realm/nowhere", "dynamic-eu"), not_found());
  CHECK(partitions(host, "auctions", {{"realms", {"garona", "sargeras", "nowhere", "510"}}}) ==
        Keys{"eu/retail/509", "eu/retail/510"});
}

TEST_CASE("blizzard auctions: a realm that is denied later is read where it was",
          "[unit][blizzard]") {
  FakeHost host;
  const json garona = {{"realms", {"garona"}}};
  host.http.on(url("realm/garona", "dynamic-eu"),
               json_answer(R"({"connected_realm":{"href":"https://x/connected-realm/509?n=y"}})"));
  CHECK(partitions(host, "auctions", garona) == Keys{"eu/retail/509"});
  host.http.clear();
  host.http.on(url("realm/garona", "dynamic-eu"), not_found());
  CHECK(partitions(host, "auctions", garona) == Keys{"eu/retail/509"});
  CHECK(host.log().size() == 1);
}

TEST_CASE("blizzard auctions: the index of realms is asked for again with its validator",
          "[unit][blizzard]") {
  FakeHost host;
  Answer index = json_answer(
      R"({"connected_realms":[{"href":"https://x/data/wow/connected-realm/509?namespace=y"}]})");
  index.validator = "v1";
  host.http.on(url("connected-realm/index", "dynamic-eu"), index);
  CHECK(partitions(host, "auctions") == Keys{"eu/retail/509"});
  CHECK(partitions(host, "auctions") == Keys{"eu/retail/509"});
  REQUIRE(host.http.requests().size() == 2);
  CHECK(host.http.requests()[1].status == 304);
}

TEST_CASE("blizzard auctions: classic realms have a list for each house", "[unit][blizzard]") {
  FakeHost host;
  const json classic = {{"games", {"classic"}}, {"realms", {"4400"}}, {"auction_houses", {2, 6}}};
  CHECK(partitions(host, "auctions", classic) == Keys{"eu/classic/4400/2", "eu/classic/4400/6"});
  host.http.on(url("connected-realm/4400/auctions/6", "dynamic-classic-eu"), list(2));
  const auto run = read(host, classic, {.stream = "auctions", .partition = "eu/classic/4400/6"});
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[0]["game"] == "classic");
  CHECK(run.rows[0]["auction_house_id"] == 6);
}

TEST_CASE("blizzard commodities: a region has one list and classic games none",
          "[unit][blizzard]") {
  FakeHost host;
  const json both = {{"games", {"retail", "classic"}}};
  CHECK(partitions(host, "commodities", both) == Keys{"eu/retail"});
  host.http.on(url("auctions/commodities", "dynamic-eu"),
               json_answer(R"({"auctions":[{"id":1,"item":{"id":2},"quantity":45,)"
                           R"("unit_price":900000,"time_left":"SHORT"}]})"));
  const auto run = read(host, both, {.stream = "commodities", .partition = "eu/retail"});
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows[0]["unit_price"] == 900'000);
}
