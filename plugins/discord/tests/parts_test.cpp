// SPDX-License-Identifier: Apache-2.0
//
// Ids and times, messages as they are scanned, pages that are kept, what refusals mean.
#include <catch2/catch.hpp>

#include "client.hpp"
#include "config.hpp"
#include "exports.hpp"
#include "message.hpp"
#include "pages.hpp"
#include "plugins/discord/tests/support.hpp"
#include "snowflake.hpp"

using namespace discord;  // NOLINT: a test of this namespace
using sluice::Code;
using sluice::json;

TEST_CASE("discord: intervals of time tile into intervals of ids", "[unit][discord]") {
  // The documentation's example, and its time by Python.
  CHECK(time_us(175928847299117063) == 1'462'015'105'796'000);
  CHECK(first_id(1'462'015'105'796'000) == (175928847299117063 >> 22) << 22);
  CHECK(first_id(1'462'015'105'796'001) == ((175928847299117063 >> 22) + 1) << 22);
  CHECK(first_id(kEpochMs * 1000) == 0);
  CHECK(first_id(0) == 0);
  CHECK(first_id(std::numeric_limits<int64_t>::min()) == 0);
  CHECK(first_id(std::numeric_limits<int64_t>::max()) == std::numeric_limits<int64_t>::max());
  for (const int64_t us : {kEpochMs * 1000 + 1, int64_t{1'700'000'000'123'456}}) {
    // Every id is on the side of the bound that its time is on.
    CHECK(time_us(first_id(us)) >= us);
    CHECK(time_us(first_id(us) - 1) < us);
  }
  CHECK(parse_id("9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK_FALSE(parse_id("9223372036854775808"));
  CHECK_FALSE(parse_id("-1"));
  CHECK_FALSE(parse_id("12a"));
  CHECK_FALSE(parse_id(""));
}

TEST_CASE("discord: a configuration that contradicts itself is told", "[unit][discord]") {
  const auto code = [](const Config& config) {
    return sluice::testing::code_of([&] { Selection{config}; });
  };
  Config config;
  CHECK(code(config) == Code::kInvalidConfig);  // nothing selected
  config.guilds = {"1"};
  CHECK(code(config) == Code::kInvalidConfig);  // no credential
  config.credential = "bot";
  CHECK(Selection(config).scope == "discord.com");
  config.guilds = {"99999999999999999999"};
  CHECK(code(config) == Code::kInvalidConfig);
  config.guilds = {"1"};
  config.exports = {"*.json"};
  CHECK(code(config) == Code::kInvalidConfig);
}

TEST_CASE("discord: messages are scanned for what decides", "[unit][discord]") {
  MessageScanner scanner;
  const auto scan = [&](const json& changes) {
    return scanner.scan(test::message(test::id_at(3, 7), changes).dump());
  };
  const auto plain = scan(json::object());
  CHECK(plain->id == test::id_at(3, 7));
  CHECK(plain->time_us() == test::time_at(3));
  CHECK(plain->author_id == 70);
  CHECK(plain->shows);
  CHECK(plain->referenced == Reference::kNone);
  // A name that looks like a field's, and objects in objects before the id.
  const json tricky{{"author",
                     {{"avatar_decoration_data", {{"id", "1"}}},
                      {"username", "id"},
                      {"id", "71"},
                      {"discriminator", "\"id\":\"5\""}}}};
  CHECK(scan(tricky)->author_id == 71);
  CHECK(scan({{"type", 19}})->referenced == Reference::kUnknown);
  CHECK(scan({{"type", 19}, {"referenced_message", nullptr}})->referenced == Reference::kDeleted);
  CHECK(scan({{"type", 19}, {"referenced_message", {{"id", "1"}}}})->referenced ==
        Reference::kPresent);
  CHECK_FALSE(scan({{"content", ""}})->shows);
  CHECK_FALSE(scan({{"content", nullptr}})->shows);
  CHECK(scan({{"content", ""}, {"poll", json::object()}})->shows);
  CHECK(scan({{"content", ""}, {"sticker_items", {json::object()}}})->shows);
  const json reactions{{"reactions", {{{"count", 3}}, {{"count", "4"}}, 5, {{"count", -9}}}}};
  CHECK(scan(reactions)->reaction_count == 7);
  CHECK(scan(reactions)->reactions.size() == 3);
  // Half a number is none, and no sum is beyond what a column holds.
  CHECK_FALSE(scan({{"author", {{"id", "12abc"}}}})->author_id);
  CHECK_FALSE(scan({{"thread", {{"id", "12abc"}}}})->thread_id);
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  CHECK(scan({{"reactions", {{{"count", kMost}}, {{"count", kMost}}}}})->reaction_count == kMost);
  for (const json& odd : {json(5), json("x"), json(nullptr), json(json::object())}) {
    const auto m = scan({{"attachments", odd},
                         {"reactions", odd},
                         {"author", odd},
                         {"thread", odd},
                         {"timestamp", odd},
                         {"embeds", odd}});
    CHECK(m->id);
    CHECK(m->attachments.empty());
  }
  CHECK_FALSE(scanner.scan("[]")->id);
  CHECK_FALSE(scanner.scan("{}")->id);
  CHECK_FALSE(scan({{"id", "x"}})->id);
  CHECK_FALSE(scan({{"id", "99999999999999999999"}})->id);
  CHECK(scan({{"id", 12}})->id == 12);
  CHECK_THROWS_AS(scanner.scan("{\"id\":\"1\""), sluice::Error);
  CHECK_THROWS_AS(scanner.scan("{\"id\" 1}"), sluice::Error);
  CHECK(type_of_name("Reply") == 19);
  CHECK(type_of_name("46") == 46);
  CHECK_FALSE(type_of_name("Novelty"));
  CHECK(channel_type_of_name("GuildPublicThread") == 11);
}

TEST_CASE("discord: what is kept of a page is the same page for other streams", "[unit][discord]") {
  MessageScanner scanner;
  const auto whole =
      scanner.scan(test::message(5, {{"attachments", {{{"id", "8"}, {"url", "u"}}}},
                                     {"reactions", {{{"count", 2}, {"emoji", {{"name", "x"}}}}}},
                                     {"webhook_id", "70"}})
                       .dump());
  std::string reduced;
  put_reduced(reduced, *whole);
  const auto again = scanner.scan(reduced);
  CHECK(again->id == whole->id);
  CHECK(again->told_us == whole->told_us);
  CHECK(again->author == whole->author);
  CHECK(again->webhook);
  CHECK(again->attachments == whole->attachments);
  CHECK(again->reactions == whole->reactions);
}

TEST_CASE("discord: a page is kept until each stream had it once", "[unit][discord]") {
  KeptPages pages(100'000);
  const KeptPages::Key key{5, 100};
  CHECK_FALSE(pages.take(key, 1, 0));
  pages.keep(key, 0, "[1]", 0);
  CHECK(pages.take(key, 1, 10) == "[1]");
  CHECK(pages.take(key, 2, 10) == "[1]");
  CHECK(pages.bytes() > 0);
  CHECK(pages.take(key, 3, 10) == "[1]");
  CHECK(pages.bytes() == 0);
  CHECK_FALSE(pages.take(key, 1, 10));
  // Who comes again wants it as it is now.
  pages.keep(key, 0, "[2]", 0);
  CHECK_FALSE(pages.take(key, 0, 10));
  CHECK_FALSE(pages.take(key, 1, 10));
  // Old ones are not given out, new ones replace them, and the bound holds.
  pages.keep(key, 0, "[3]", 0);
  pages.keep(key, 0, "[4]", 5);
  CHECK(pages.take(key, 1, 10) == "[4]");
  CHECK_FALSE(pages.take(key, 2, 7 * test::kHour));
  KeptPages small(1000);
  for (int64_t i = 0; i < 100; ++i) {
    small.keep({5, i}, 0, std::string(300, static_cast<char>('a' + i % 20)), 0);
    CHECK(small.bytes() <= 1000);
  }
  CHECK(small.take({5, 0}, 1, 0) == std::string(300, 'a'));
  KeptPages none(0);
  none.keep(key, 0, "[1]", 0);
  CHECK_FALSE(none.take(key, 1, 0));
}

TEST_CASE("discord: refusals say what is next", "[unit][discord]") {
  const auto denied = refusal(403, "u", R"({"message":"Missing Access","code":50001})");
  CHECK(denied.code() == Code::kUnavailable);
  CHECK(denied.vendor_code() == kMissingAccess);
  CHECK(denied.message().find("VIEW_CHANNEL") != std::string::npos);
  CHECK(refusal(404, "u", "{}").code() == Code::kNotFound);
  const auto form = refusal(400, "u", R"({"code":50035,"message":"Invalid Form Body","errors":
      {"limit":{"_errors":[{"code":"NUMBER_TYPE_MAX","message":"int value should be less"}]}}})");
  CHECK(form.code() == Code::kBadData);
  CHECK(form.message().find("limit: int value should be less") != std::string::npos);
  const auto page = refusal(400, "u", "<html><body>Bad Request</body></html>");
  CHECK(page.code() == Code::kUnavailable);
  CHECK(page.flags() == SLUICE_ERROR_RETRYABLE);
  CHECK(refusal(502, "u", "").code() == Code::kUnavailable);
  CHECK(refusal(429, "u", R"({"retry_after":64.57})").code() == Code::kRateLimited);
  for (const char* odd : {"", "[", "[]", "5", "{\"code\":\"x\",\"errors\":5}",
                          "{\"errors\":{\"_errors\":5}}", "{\"message\":{}}"}) {
    CHECK(refusal(403, "u", odd).code() == Code::kUnavailable);
  }
}
