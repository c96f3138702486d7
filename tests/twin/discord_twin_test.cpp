// SPDX-License-Identifier: Apache-2.0
// The twin's Discord, walked by a plain client.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

const std::string kApi = "/discord/api/v10";
const Headers kBot = {{"Authorization", "Bot twin-token"},
                      {"User-Agent", "DiscordBot (https://example.org, 1)"}};

Options guild_options(std::uint64_t messages = 3000) {
  Options options;
  options.seed = 11;
  options.discord.messages = messages;
  return options;
}

json get(const Twin& twin, const std::string& path, int status = 200) {
  const Answer answer = fetch(twin, kApi + path, kBot);
  INFO(path << "\n" << answer.body.substr(0, 300));
  REQUIRE(answer.status == status);
  return json::parse(answer.body);
}

json control(Twin& twin, const std::string& verb, const json& body) {
  return json::parse(twin.control("POST", "/_twin/discord/" + verb, body.dump()));
}

json expect(Twin& twin, const std::string& query = "") {
  return json::parse(twin.control("GET", "/_twin/discord/expect" + query));
}

json guild(Twin& twin) {
  return json::parse(twin.control("GET", "/_twin/discord/guild"));
}

std::uint64_t id_of(const json& object) {
  return std::stoull(object.at("id").get<std::string>());
}

}  // namespace

TEST_CASE("twin discord: pages hold every message once and newest first", "[twin][discord]") {
  Twin twin(guild_options());
  std::uint64_t messages = 0, check = 0, reactions = 0, files = 0, short_pages = 0;
  std::set<std::string> authors;
  const json model = guild(twin);
  for (const json& channel : model.at("channels")) {
    if (channel.at("type") == 4 || channel.at("type") == 15) {
      CHECK(get(twin, "/channels/" + channel.at("id").get<std::string>() + "/messages", 400)
                .at("code") == 50024);
      continue;
    }
    std::string after = "0";
    for (;;) {
      const json page = get(twin, "/channels/" + channel.at("id").get<std::string>() +
                                      "/messages?limit=100&after=" + after);
      if (page.empty()) {
        break;
      }
      short_pages += page.size() < 100 ? 1 : 0;
      for (std::size_t i = 0; i < page.size(); ++i) {
        CHECK((i == 0 || id_of(page[i - 1]) > id_of(page[i])));
        CHECK(id_of(page[i]) > std::stoull(after));
        ++messages;
        check += id_of(page[i]) % 1'000'003;
        reactions += page[i].value("reactions", json::array()).size();
        files += page[i].at("attachments").size();
        authors.insert(page[i].at("author").at("id").get<std::string>());
      }
      after = page.front().at("id").get<std::string>();
    }
  }
  const json truth = expect(twin);
  CHECK(messages == truth.at("messages"));
  CHECK(check == truth.at("id_check"));
  CHECK(reactions == truth.at("reactions"));
  CHECK(files == truth.at("attachments"));
  CHECK(authors.size() == truth.at("authors"));
  CHECK(short_pages > 20);
  CHECK(messages < 3000);
}

TEST_CASE("twin discord: bounds exclude each other and limits are checked", "[twin][discord]") {
  Twin twin(guild_options());
  const std::string channel = guild(twin).at("channels").at(2).at("id");
  const std::string list = "/channels/" + channel + "/messages";
  CHECK(get(twin, list).size() > 40);
  CHECK(get(twin, list + "?limit=1").size() == 1);
  CHECK(get(twin, list + "?limit=101", 400).at("code") == 50035);
  CHECK(get(twin, list + "?after=1&before=2", 400).at("code") == 50035);
  CHECK(get(twin, list + "?after=x", 400).at("errors").contains("after"));
  const json newest = get(twin, list + "?limit=3");
  const std::string last = newest.at(0).at("id");
  CHECK(get(twin, list + "?after=" + last).empty());
  CHECK(get(twin, list + "?limit=2&before=" + last).at(0) == newest.at(1));
  CHECK(get(twin, list + "?limit=3&around=" + newest.at(1).at("id").get<std::string>()).size() >=
        2);
  CHECK(get(twin, "/channels/5", 404).at("code") == 10003);
  CHECK(get(twin, "/guilds/5", 404).at("code") == 10004);
}

TEST_CASE("twin discord: who asks matters", "[twin][discord]") {
  Twin twin(guild_options());
  Headers headers = kBot;
  CHECK(json::parse(fetch(twin, kApi + "/users/@me", headers).body).at("bot") == true);
  headers["Authorization"] = "twin-token";
  CHECK_FALSE(json::parse(fetch(twin, kApi + "/users/@me", headers).body).contains("bot"));
  headers["Authorization"] = "Bot wrong";
  CHECK(fetch(twin, kApi + "/users/@me", headers).status == 401);
  headers = kBot;
  headers["User-Agent"] = "curl";
  CHECK(fetch(twin, kApi + "/users/@me", headers).status == 403);
}

TEST_CASE("twin discord: permissions and intents empty what is answered", "[twin][discord]") {
  Twin twin(guild_options());
  const std::string channel = guild(twin).at("channels").at(2).at("id");
  const std::string list = "/channels/" + channel + "/messages";
  control(twin, "intent", {{"content", false}});
  CHECK(get(twin, "/applications/@me").at("flags") == 0);
  for (const json& message : get(twin, list + "?limit=100")) {
    const bool own = message.at("author").at("username") == "member0";
    CHECK((message.at("content") == "" || own || !message.at("mentions").empty()));
    CHECK((!message.contains("poll") || own || !message.at("mentions").empty()));
  }
  control(twin, "channel", {{"id", channel}, {"history", false}});
  CHECK(get(twin, list).empty());
  CHECK(get(twin, "/channels/" + channel).at("last_message_id").is_string());
  CHECK_FALSE(expect(twin).at("by_channel").contains(channel));
  control(twin, "channel", {{"id", channel}, {"visible", false}});
  CHECK(get(twin, list, 403).at("code") == 50001);
}

TEST_CASE("twin discord: threads are listed as active or archived or both", "[twin][discord]") {
  auto options = guild_options();
  options.discord.threads = 12;
  Twin twin(options);
  const json model = guild(twin);
  const std::string id = model.at("id");
  const json active = get(twin, "/guilds/" + id + "/threads/active").at("threads");
  CHECK(active.size() == 6);
  std::set<std::string> archived;
  for (const json& channel : model.at("channels")) {
    if (channel.at("type") > 5 && channel.at("type") < 15) {
      continue;
    }
    for (const char* which : {"public", "private"}) {
      std::string before;
      for (bool more = true; more;) {
        const json page = get(twin, "/channels/" + channel.at("id").get<std::string>() +
                                        "/threads/archived/" + which + "?limit=2" + before);
        for (const json& thread : page.at("threads")) {
          CHECK(archived.insert(thread.at("id")).second);
          before = "&before=" +
                   thread.at("thread_metadata")
                       .at("archive_timestamp")
                       .get<std::string>()
                       .substr(0, 26) +
                   "Z";
        }
        more = page.at("has_more");
      }
    }
  }
  CHECK(archived.size() == 7);  // six, and the one that is moving
  for (const json& channel : get(twin, "/guilds/" + id + "/channels")) {
    CHECK(channel.at("type") != 11);
  }
}

TEST_CASE("twin discord: verbs change what is read and what is expected", "[twin][discord]") {
  Twin twin(guild_options());
  const std::string channel = guild(twin).at("channels").at(2).at("id");
  const std::string list = "/channels/" + channel + "/messages?limit=1";
  const json before = expect(twin);
  const json posted = control(twin, "post", {{"channel", channel}, {"count", 3}}).at("posted");
  CHECK(get(twin, list).at(0).at("id") == posted.at(2));
  CHECK(expect(twin).at("messages") == before.at("messages").get<int>() + 3);
  control(twin, "edit", {{"message", posted.at(2)}});
  CHECK(get(twin, list).at(0).at("edited_timestamp").is_string());
  control(twin, "react",
          {{"message", posted.at(2)}, {"emoji", "wave"}, {"emoji_id", "77"}, {"times", 5}});
  CHECK(get(twin, list).at(0).at("reactions").back().at("count") == 5);
  control(twin, "react", {{"message", posted.at(2)}, {"emoji", "wave"}, {"times", 0}});
  control(twin, "pin", {{"message", posted.at(2)}});
  CHECK(get(twin, list).at(0).at("pinned") == true);
  control(twin, "delete", {{"channel", channel}});
  CHECK(get(twin, list).at(0).at("id") == posted.at(1));
  CHECK(expect(twin, "?channels=" + channel + "&from_ms=1775000000000").at("messages") == 2);
  // The signature of a file's address is another one each time.
  const std::string all = "/channels/" + channel + "/messages?limit=100&after=0";
  const json one = get(twin, all), two = get(twin, all);
  CHECK(one != two);
  CHECK(one.size() == two.size());
}

TEST_CASE("twin discord: the limiter stands before it once it is closed", "[twin][discord]") {
  Twin twin(guild_options());
  const std::string channel = guild(twin).at("channels").at(2).at("id");
  control(twin, "limits", {{"scale", 1}});
  int refused = 0;
  for (int i = 0; i < 8; ++i) {
    const Answer answer = fetch(twin, kApi + "/channels/" + channel + "/messages", kBot);
    refused += answer.status == 429 ? 1 : 0;
    CHECK(answer.headers.count("x-ratelimit-bucket") == 1);
  }
  CHECK(refused == 3);
}

}  // namespace sluice::twin::test
