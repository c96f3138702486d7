// SPDX-License-Identifier: Apache-2.0
//
// Which channels and threads there are, and which the bot is refused, through the plugin as it
// ships.
#include <catch2/catch.hpp>

#include "plugins/discord/tests/support.hpp"
#include "snowflake.hpp"

using namespace discord::test;  // NOLINT: helpers of this test
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;

TEST_CASE("discord: a channel that tells of nothing newer is not asked", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}, {6, nullptr}});
  CHECK(played.read("messages", kChannel, 31, 100).end == SLUICE_END);
  CHECK(played.read("messages", 6, 0, 100).end == SLUICE_END);
  CHECK(played.asked() == 0);
}

TEST_CASE("discord: a channel that the bot does not see fails alone", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}, {6, id_at(30)}});
  played.answer(kChannel, id_at(0) - 1, R"({"message": "Missing Access", "code": 50001})", 403);
  played.answer(6, id_at(0) - 1, page({message(id_at(30))}));
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kUnavailable);  // neither ends the run nor counts as empty
  CHECK(text(run).find("50001") != std::string::npos);
  CHECK(played.read("reactions", kChannel, 0, 100).error);
  CHECK(played.asked() == 1);
  CHECK(played.read("messages", 6, 0, 100).rows.size() == 1);
}

TEST_CASE("discord: a channel that is refused is asked once a run whatever the reason",
          "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}});
  const std::string body =
      GENERATE(R"({"message": "Missing Access", "code": 50001})",
               R"({"message": "Missing Permissions", "code": 50013})", "no JSON");
  played.answer(kChannel, id_at(0) - 1, body, 403);
  CHECK(played.open().partitions("messages").size() == 1);
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kUnavailable);
  CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) == 0);
  // Streams that come so late that the channels are listed anew know of it, too.
  for (const char* stream : {"authors", "reactions", "attachments"}) {
    played.host.advance(std::chrono::minutes(11));
    CHECK(played.open().partitions(stream).size() == 1);
    CHECK(text(played.read(stream, kChannel, 0, 100)) == text(run));
  }
  CHECK(played.asked() == 1);
  // The next run looks again.
  CHECK(played.open().partitions("messages").size() == 1);
  CHECK(played.read("messages", kChannel, 0, 100).error);
  CHECK(played.asked() == 2);
}

TEST_CASE("discord: refusals end the run long before Discord bans the address", "[unit][discord]") {
  Played played;
  std::vector<std::pair<int64_t, json>> channels;
  for (int64_t id = 1000; id < 4000; ++id) {
    channels.emplace_back(id, id_at(30));
  }
  played.channels(channels);
  played.host.http.on_prefix(kApi + "/channels/", answered(R"({"code": 50001})", 403));
  std::size_t failed = 0;
  for (const auto& [id, last] : channels) {
    const auto run = played.read("messages", id, 0, 100);
    REQUIRE(run.error);
    failed += 1;
    if (run.error->code() == Code::kUnsupported) {
      break;
    }
  }
  CHECK(failed == 2501);
  CHECK(played.asked() == 2500);
  played.host.advance(std::chrono::minutes(10));
  CHECK(played.read("messages", 3999, 0, 100).error->code() == Code::kUnavailable);
  CHECK(played.asked() == 2501);
}

TEST_CASE("discord: threads are partitions once whatever lists they stand in", "[unit][discord]") {
  Played played(json{{"threads", "all"}, {"exclude", {"8"}}});
  const auto list = [](const std::vector<json>& all) { return json(all).dump(); };
  const auto channel = [](int64_t id, int type, int64_t parent = 0) {
    json out{{"id", std::to_string(id)}, {"type", type}, {"guild_id", "1"}};
    if (parent != 0) {
      out["parent_id"] = std::to_string(parent);
      out["thread_metadata"] = {{"archive_timestamp", "2024-05-01T00:00:00.123456+00:00"}};
    }
    return out;
  };
  auto& http = played.host.http;
  http.on(
      kApi + "/guilds/1/channels",
      answered(list({channel(4, 4), channel(5, 0), channel(6, 15), channel(7, 2), channel(8, 0)})));
  http.on(
      kApi + "/guilds/1/threads/active",
      answered(
          json{{"threads", {channel(50, 11, 5), channel(60, 11, 6), channel(80, 11, 8)}}}.dump()));
  http.on(
      kApi + "/channels/5/threads/archived/public?limit=100",
      answered(
          json{{"threads", {channel(51, 11, 5), channel(50, 11, 5)}}, {"has_more", true}}.dump()));
  http.on(
      kApi + "/channels/5/threads/archived/public?limit=100&before=2024-05-01T00:00:00.123457Z",
      answered(
          json{{"threads", {channel(50, 11, 5), channel(52, 11, 5)}}, {"has_more", false}}.dump()));
  http.on(kApi + "/channels/6/threads/archived/public?limit=100",
          answered(R"({"message": "Missing Access", "code": 50001})", 403));
  std::vector<std::string> keys;
  for (const auto& partition : played.open().partitions("messages")) {
    keys.push_back(partition.key);
    CHECK(partition.from_us == discord::time_us(std::stoll(partition.key)));
    CHECK(partition.to_us == 1'700'000'000'000'000);
  }
  // No category and no forum, nothing excluded nor below it.
  CHECK(keys == std::vector<std::string>{"5", "7", "50", "51", "52", "60"});
  const auto requests = http.requests().size();
  CHECK(played.open().partitions("authors").size() == 6);
  CHECK(http.requests().size() == requests);  // one listing for all streams
  // What is known lands, but the list is not whole, so that nothing may be taken for removed.
  const auto rows = played.open().read({.stream = "channels"});
  CHECK(rows.rows.size() == 8);
  CHECK(noted(rows, "refused_list") == 1);
  REQUIRE(rows.error);
  CHECK(rows.error->code() == Code::kUnavailable);
  CHECK((rows.error->flags() & SLUICE_ERROR_RETRYABLE) == 0);
  CHECK(text(rows).find("channels/6/threads/archived/public") != std::string::npos);
  CHECK(text(rows).find("'exclude'") != std::string::npos);
  CHECK(text(played.open().read({.stream = "channels"})) == text(rows));  // the host's next try
  CHECK(http.requests().size() == requests);
}

TEST_CASE("discord: single channels are asked for one by one", "[unit][discord]") {
  Played played(json{{"guilds", json::array()}, {"channels", {"5", "6", "7"}}});
  auto& http = played.host.http;
  http.on(kApi + "/channels/5", answered(R"({"id":"5","type":0,"last_message_id":null})"));
  http.on(kApi + "/channels/6", answered(R"({"message":"Unknown Channel","code":10003})", 404));
  http.on(kApi + "/channels/7", answered(R"({"message":"Missing Access","code":50001})", 403));
  CHECK(played.open().partitions("messages").size() == 3);
  const auto rows = played.open().read({.stream = "channels"});
  CHECK(rows.rows.size() == 1);
  REQUIRE(rows.error);  // 7 is there, so its row must stay unmarked
  CHECK(rows.error->code() == Code::kUnavailable);
  CHECK(text(rows).find("channels/7") != std::string::npos);
  CHECK(text(rows).find("channels/6") == std::string::npos);
  CHECK(played.read("messages", 7, 0, 10).error->code() == Code::kUnavailable);
  CHECK(played.asked() == 0);  // that was told already
  played.answer(6, id_at(0) - 1, R"({"message":"Unknown Channel","code":10003})", 404);
  CHECK(played.read("messages", 6, 0, 10).error->code() == Code::kNotFound);
}

TEST_CASE("discord: a single channel that is gone has left the list", "[unit][discord]") {
  Played played(json{{"guilds", json::array()}, {"channels", {"5", "6"}}});
  auto& http = played.host.http;
  http.on(kApi + "/channels/5", answered(R"({"id":"5","type":0,"last_message_id":null})"));
  http.on(kApi + "/channels/6", answered(R"({"message":"Unknown Channel","code":10003})", 404));
  const auto rows = played.open().read({.stream = "channels"});
  CHECK(text(rows) == "");
  CHECK(rows.end == SLUICE_END);
  CHECK(rows.rows.size() == 1);
  CHECK(noted(rows, "gone_channel") == 1);
}

TEST_CASE("discord: a guild without channels has nothing", "[unit][discord]") {
  Played played;
  played.channels({});
  CHECK(played.open().partitions("messages").empty());
  CHECK(played.open().read({.stream = "channels"}).rows.empty());
}
