// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <catch2/catch.hpp>

#include "plugins/blizzard/tests/support.hpp"
#include "streams.hpp"

using namespace blizzard;        // NOLINT: a test of this namespace
using namespace blizzard::test;  // NOLINT
using sluice::json;
using sluice::testing::code_of;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

Selection select(const json& changes) {
  return Selection(sluice::parse_config<Config>(changes.dump()));
}

}  // namespace

TEST_CASE("blizzard config: namespaces follow region and game", "[unit][blizzard]") {
  const auto all = select({{"regions", {"eu", "kr"}}, {"games", {"retail", "classic1x"}}}).worlds;
  REQUIRE(all.size() == 4);
  CHECK(all[0].name_space("static") == "static-eu");
  CHECK(all[1].name_space("dynamic") == "dynamic-classic1x-eu");
  CHECK(all[3].key() == "kr/classic1x");
}

TEST_CASE("blizzard config: partitions and keys name a world that is selected",
          "[unit][blizzard]") {
  const Selection selection = select({{"games", {"classic", "classic1x"}}});
  std::string_view rest;
  REQUIRE(selection.find("eu/classic1x/19019", rest) == &selection.worlds[1]);
  CHECK(rest == "19019");
  REQUIRE(selection.find("eu/classic", rest) == &selection.worlds[0]);
  CHECK(rest.empty());
  for (const char* other : {"us/classic/1", "19019", "", "eu/classical/1", "eu"}) {
    CHECK(selection.find(other, rest) == nullptr);
  }
}

TEST_CASE("blizzard config: ranges are joined and wrong ones refused", "[unit][blizzard]") {
  const auto ranges = select({{"item_ranges", {"30-40", "5", "35-50", "100-"}}}).ranges;
  REQUIRE(ranges.size() == 3);
  CHECK((ranges[0].first == 5 && ranges[0].last == 5));
  CHECK((ranges[1].first == 30 && ranges[1].last == 50));
  CHECK(ranges[2].last == INT64_MAX);
  const auto refused = [](const json& changes) {
    return code_of([&] { select(changes); }) == sluice::Code::kInvalidConfig;
  };
  CHECK(refused({{"item_ranges", {"9-5"}}}));
  CHECK(refused({{"item_ranges", {"x"}}}));
  CHECK(refused({{"skip_items", {"99999999999999999999"}}}));
  CHECK(refused({{"item_ids", "ranges"}}));
  CHECK(refused({{"item_ids", "ranges"}, {"item_ranges", {"5-"}}}));
}

TEST_CASE("blizzard config: batches have a size or follow the quota", "[unit][blizzard]") {
  CHECK(select(json::object()).batch_items() == 50);
  CHECK(select({{"batch_size", 7}}).batch_items() == 7);
  CHECK(select({{"batch_size", "auto"}}).batch_items() == 100);
  CHECK(select({{"batch_size", "auto"}, {"locales", {"all"}}}).batch_items() == 50);
  for (const json& bad : {json(0), json(1001), json("50"), json(5.5), json(nullptr)}) {
    CHECK(code_of([&] { select({{"batch_size", bad}}); }) == sluice::Code::kInvalidConfig);
  }
}

TEST_CASE("blizzard config: streams follow it without asking the service", "[unit][blizzard]") {
  FakeHost host;
  const auto names = [&](const json& changes) {
    std::string out;
    for (const auto& stream :
         SourceSession(plugin(), host, config(changes), "", SLUICE_OPEN_OFFLINE).streams()) {
      out += stream.name() + " ";
    }
    return out;
  };
  CHECK(names(json::object()) ==
        "item_classes item_subclasses connected_realms realms token_price commodities auctions "
        "items ");
  CHECK(names({{"games", {"classic"}}}).find("commodities") == std::string::npos);
  CHECK(host.http.requests().empty());
  CHECK(item_stream(select({{"documents", false}})).find("document") < 0);
  CHECK(auction_stream(true).in_key("snapshot_at"));
  CHECK(auction_stream(true).find("removed_at") < 0);
  CHECK(auction_stream(false).find("removed_at") >= 0);
}

TEST_CASE("blizzard config: the limits are those of a client in all regions", "[unit][blizzard]") {
  FakeHost host;
  const SourceSession session(plugin(), host, config({{"credential", "mine"}}));
  const json limits = json::parse(host.http.declaration()).at("limits");
  REQUIRE(limits.size() == 2);
  CHECK(limits[0]["scope"] == "api.blizzard.com/mine");
  CHECK(limits[0]["amount"] == 100);
  CHECK(limits[0]["per_ms"] == 1000);
  CHECK(limits[1]["amount"] == 36'000);
  CHECK(limits[1]["per_ms"] == 3'600'000);
}
