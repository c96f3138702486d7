// SPDX-License-Identifier: Apache-2.0
//
// config/messages.toml against the twin: what it computed from its model, and nothing asked that
// need not be.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

struct Guild {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set = {"source.0.private_threads=true", "pipeline.retry_base=\"1ms\"",
                                  "pipeline.retry_cap=\"20ms\""};
  std::string token = "twin-token";

  explicit Guild(uint64_t messages = 3000) : twin(options(messages)) { unlimit(); }

  static sluice::twin::Options options(uint64_t messages) {
    sluice::twin::Options options;
    options.seed = 5;
    options.discord.messages = messages;
    return options;
  }
  // The limits that the plugin declares would make every test wait.
  void unlimit() {
    std::string text = sluice::test::read_file(SLUICE_MESSAGES);
    for (const char* scope :
         {"127.0.0.1\"\nname = \"global", "127.0.0.1/messages/*\"\nname = \"route"}) {
      text +=
          std::string("\n[[limit]]\nscope = \"") + scope + "\"\namount = 1000000\nper = \"1s\"\n";
    }
    sluice::test::write_file(folder / "messages.toml", text);
  }
  [[nodiscard]] std::string database() const { return folder / "messages.db"; }
  json model() { return json::parse(twin.control("GET", "/_twin/discord/guild")); }
  std::string channel(std::size_t number) {  // 0 is a category, 1 a forum
    return model().at("channels").at(number).at("id");
  }
  json control(const std::string& verb, const json& body) {
    return json::parse(twin.control("POST", "/_twin/discord/" + verb, body.dump()));
  }

  std::map<std::string, std::string> environment() {
    return {{"DISCORD_BASE_URL", twin.base_url() + "/discord/api/v10"},
            {"DISCORD_GUILD", model().at("id")},
            {"DISCORD_TOKEN", token},
            {"MESSAGES_DB", database()}};
  }
  std::vector<std::string> command(const std::string& config) {
    std::vector<std::string> out = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                    "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins",
                                    "run",          config};
    for (const std::string& one : set) {
      out.insert(out.end(), {"--set", one});
    }
    return out;
  }
  Finished run() {
    twin.control("POST", "/_twin/reset-stats");
    return sluice::test::run(command(folder / "messages.toml"), environment());
  }
  // Runs the pipeline; gives the requests for messages.
  int64_t fetch(int exit_code = 0) {
    const Finished finished = run();
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == exit_code);
    return asked("messages");
  }
  int64_t asked(const std::string& kind) {
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind").value(kind, 0);
  }
  int64_t number(const std::string& query) { return sql_number(database(), query); }

  void check_rows() {
    const json truth = json::parse(twin.control("GET", "/_twin/discord/expect"));
    const auto is = [&](const char* name, const std::string& query) {
      CAPTURE(name);
      CHECK(number("SELECT " + query) == truth.at(name).get<int64_t>());
    };
    is("messages", "count(*) FROM messages");
    is("id_check", "sum(id % 1000003) FROM messages");
    is("characters", "sum(length(content)) FROM messages");
    is("edited", "count(edited_time) FROM messages");
    is("pinned", "sum(pinned) FROM messages");
    is("replies", "count(*) FROM messages WHERE type = 19");
    is("deleted_references", "count(*) FROM messages WHERE reference_state = 'deleted'");
    is("unknown_references", "count(*) FROM messages WHERE reference_state = 'unknown'");
    is("forwards", "count(*) FROM messages WHERE snapshots IS NOT NULL");
    is("webhook_messages", "count(webhook_id) FROM messages");
    is("attachments", "count(*) FROM attachments");
    is("attachments", "sum(attachment_count) FROM messages");
    is("attachment_bytes", "sum(size) FROM attachments");
    is("attachment_check", "sum(id % 1000003) FROM attachments");
    is("reactions", "count(*) FROM reactions");
    is("reaction_count", "sum(count) FROM reactions");
    is("reaction_count", "sum(reaction_count) FROM messages");
    is("authors", "count(*) FROM authors");
    for (const auto& [id, count] : truth.at("by_channel").items()) {
      CHECK(number("SELECT count(*) FROM messages WHERE channel_id = " + id) ==
            count.get<int64_t>());
    }
  }
};

}  // namespace

TEST_CASE("messages: lands what the guild holds and then asks for lists only",
          "[pipeline][discord]") {
  Guild guild;
  const int64_t first = guild.fetch();
  guild.check_rows();
  CHECK(guild.number("SELECT count(*) FROM channels") == 12);
  CHECK(guild.number("SELECT count(*) FROM attachments WHERE url LIKE '%?%'") == 0);
  // Each message was asked for once, for four streams together.
  const int64_t least = 3000 / 100;
  CHECK(first >= least);
  CHECK(first <= least + 3 * 10);
  CHECK(guild.fetch() == 0);
  CHECK(guild.asked("me") == 1);
  CHECK(guild.asked("channels") == 1);
  guild.check_rows();

  SECTION("what is new or changed is found and the rest is not asked for") {
    const std::string channel = guild.channel(2);
    const json posted = guild.control("post", {{"channel", channel}, {"count", 5}}).at("posted");
    const int64_t asked = guild.fetch();
    CHECK(asked == 1);
    guild.check_rows();
    guild.control("edit", {{"message", posted.at(1)}});
    guild.control("pin", {{"message", posted.at(2)}});
    guild.control("react", {{"message", posted.at(3)}, {"emoji", "wave"}, {"times", 4}});
    CHECK(guild.fetch() == 1);
    guild.check_rows();
    guild.control("rename", {{"author", 1}, {"name", "somebody else"}});
    guild.control("delete", {{"message", posted.at(0)}});
    guild.fetch();
    CHECK(guild.number("SELECT count(*) FROM messages WHERE id = " +
                       posted.at(0).get<std::string>()) == 1);
  }
  SECTION("a channel that is deleted is marked and its messages stay") {
    const int64_t before = guild.number("SELECT count(*) FROM messages");
    const std::string channel = guild.channel(2);
    guild.control("channel", {{"id", channel}, {"gone", true}});
    CHECK(guild.fetch() == 0);
    CHECK(guild.number("SELECT count(*) FROM messages") == before);
    CHECK(guild.number("SELECT id FROM channels WHERE removed_at IS NOT NULL") ==
          std::stoll(channel));
    guild.control("channel", {{"id", channel}, {"gone", false}});
    guild.fetch();
    CHECK(guild.number("SELECT count(*) FROM channels WHERE removed_at IS NOT NULL") == 0);
  }
  SECTION("an interval that was left out is all that is asked for later") {
    Guild late;
    late.set.emplace_back("want.from=2023-06-01");
    late.fetch();
    const int64_t before = late.number("SELECT count(*) FROM messages");
    CHECK(before ==
          json::parse(late.twin.control("GET", "/_twin/discord/expect?from_ms=1685577600000"))
              .at("messages")
              .get<int64_t>());
    late.set.pop_back();
    late.fetch();
    late.check_rows();
  }
}

TEST_CASE("messages: channels without permission fail alone and land once they may be read",
          "[pipeline][discord]") {
  Guild guild;
  const std::string silent = guild.channel(2), hidden = guild.channel(3);
  guild.control("channel", {{"id", silent}, {"history", false}});
  guild.control("channel", {{"id", hidden}, {"visible", false}});
  const Finished finished = guild.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.find("READ_MESSAGE_HISTORY") != std::string::npos);
  CHECK(finished.out.find("50001") != std::string::npos);
  guild.check_rows();  // the twin expects what may be read
  // Two refusals and two looks for the newest message, whatever the number of streams and tries.
  const json statuses = json::parse(guild.twin.control("GET", "/_twin/stats")).at("by_status");
  CHECK(statuses.value("403", 0) <= 3);

  guild.control("channel", {{"id", silent}, {"history", true}});
  guild.control("channel", {{"id", hidden}, {"visible", true}});
  guild.fetch();
  guild.check_rows();
}

TEST_CASE("messages: threads whose list is refused are not taken for removed",
          "[pipeline][discord]") {
  Guild guild(600);
  guild.fetch();
  const int64_t channels = guild.number("SELECT count(*) FROM channels");
  const int64_t private_threads =
      guild.number("SELECT count(*) FROM channels WHERE type = 12 AND archived");
  REQUIRE(private_threads > 0);
  const std::string marked = "SELECT count(*) FROM channels WHERE removed_at IS NOT NULL";
  guild.control("permissions", {{"manage_threads", false}});
  const Finished finished = guild.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.find("MANAGE_THREADS") != std::string::npos);
  CHECK(guild.number(marked) == 0);
  guild.check_rows();

  SECTION("nor later when it is shown again") {
    guild.control("permissions", {{"manage_threads", true}});
    guild.fetch();
    CHECK(guild.number(marked) == 0);
    CHECK(guild.number("SELECT count(*) FROM channels") == channels);
  }
  SECTION("but who does without ends complete") {
    guild.set.emplace_back("source.0.private_threads=false");
    guild.fetch();
    CHECK(guild.number(marked) == private_threads);
  }
}

TEST_CASE("messages: without the intent for texts nothing lands", "[pipeline][discord]") {
  Guild guild(600);
  guild.control("intent", {{"content", false}});
  const Finished finished = guild.run();
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code != 0);
  CHECK((finished.out + finished.err).find("MESSAGE_CONTENT") != std::string::npos);
  CHECK(guild.asked("messages") <= 8);
  guild.control("intent", {{"content", true}});
  guild.fetch();
  guild.check_rows();
}

TEST_CASE("messages: a wrong token is sent once", "[pipeline][discord]") {
  Guild guild(600);
  SECTION("of nobody") {
    guild.token = "another";
    CHECK(guild.run().exit_code != 0);
  }
  SECTION("of a person") {
    std::string text = sluice::test::read_file(guild.folder / "messages.toml");
    text.replace(text.find("\"Bot \""), 6, "\"\"");
    sluice::test::write_file(guild.folder / "messages.toml", text);
    const Finished finished = guild.run();
    CHECK(finished.exit_code != 0);
    CHECK((finished.out + finished.err).find("person") != std::string::npos);
  }
  CHECK(json::parse(guild.twin.control("GET", "/_twin/stats")).at("requests") == 1);
}

TEST_CASE("messages: the service's limits are kept even where it lies", "[pipeline][discord]") {
  Guild guild(2000);
  // As the plugin declares them, but ten times as fast, like the twin's.
  std::string text = sluice::test::read_file(SLUICE_MESSAGES);
  text +=
      "\n[[limit]]\nscope = \"127.0.0.1\"\nname = \"global\"\namount = 50\nper = \"100ms\"\n"
      "[[limit]]\nscope = \"127.0.0.1/messages/*\"\nname = \"route\"\namount = 5\nper = "
      "\"500ms\"\n";
  sluice::test::write_file(guild.folder / "messages.toml", text);
  guild.control("limits", {{"scale", 10}, {"lie", GENERATE(false, true)}});
  guild.fetch();
  guild.check_rows();
  const json told = json::parse(guild.twin.control("GET", "/_twin/discord/limits"));
  CHECK(told.at("violations") == 0);
  CHECK(told.at("bans") == 0);
}

TEST_CASE("messages: a failing service costs retries and no rows", "[pipeline][discord]") {
  Guild guild(2500);
  guild.set.emplace_back("pipeline.attempts=40");
  guild.set.emplace_back("http.breaker_failures=0");
  guild.set.emplace_back("http.breaker_share=1.0");
  guild.set.emplace_back("http.retry_budget=1.0");
  guild.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/messages", "probability": 0.08, "action": "reset", "after_bytes": 500},
      {"path": "**/messages", "probability": 0.08, "action": "truncate", "after_bytes": 3000},
      {"path": "**/messages", "probability": 0.05, "action": "html"},
      {"path": "**/messages", "probability": 0.05, "action": "status", "status": 400,
       "body": "<html><body>Bad Request</body></html>", "content_type": "text/html"},
      {"path": "**/messages", "probability": 0.05, "action": "status", "status": 500},
      {"path": "**/messages", "probability": 0.05, "action": "garbage"}]})");
  guild.fetch();
  guild.check_rows();
}

TEST_CASE("messages: killed again and again it holds every message once", "[pipeline][discord]") {
  Guild guild(6000);
  guild.twin.control("POST", "/_twin/faults",
                     R"([{"path": "**/messages", "action": "delay", "delay_ms": 12}])");
  guild.set.emplace_back("commit.every=\"20ms\"");
  int killed = 0;
  for (int i = 0; i < 8; ++i) {
    sluice::test::Process process(guild.command(guild.folder / "messages.toml"),
                                  guild.environment());
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 35 * i));
    killed += process.ended() ? 0 : 1;
    process.signal(SIGKILL);
    process.wait();
  }
  CHECK(killed > 3);
  guild.fetch();
  guild.check_rows();
}

TEST_CASE("messages: without shared pages each stream asks for itself", "[pipeline][discord]") {
  Guild guild(1500);
  const int64_t shared = guild.fetch();
  Guild alone(1500);
  alone.set.emplace_back("source.0.share=\"0B\"");
  CHECK(alone.fetch() == 4 * shared);
  alone.check_rows();
}

TEST_CASE("messages: exports land in the same tables", "[pipeline][discord]") {
  Guild guild(10);
  const json author{{"id", "70"},     {"name", "ann"},        {"nickname", "Ann"},
                    {"isBot", false}, {"discriminator", "0"}, {"avatarUrl", "a.png"}};
  const auto document = [&](int64_t from, const std::string& edited) {
    json messages = json::array();
    for (int64_t id = from; id < from + 300; ++id) {
      messages.push_back({{"id", std::to_string(id)},
                          {"type", "Default"},
                          {"timestamp", "2023-01-06T14:27:11.85+00:00"},
                          {"timestampEdited", edited.empty() ? json() : json(edited)},
                          {"isPinned", false},
                          {"content", edited.empty() ? "first" : "second"},
                          {"author", author},
                          {"attachments", json::array()},
                          {"embeds", json::array()},
                          {"reactions", json::array()},
                          {"mentions", json::array()}});
    }
    return json{{"guild", {{"id", "1"}, {"name", "G"}}},
                {"channel", {{"id", "5"}, {"type", "GuildTextChat"}, {"name", "talk"}}},
                {"messages", messages},
                {"messageCount", 300}}
        .dump();
  };
  // Both hold the ids from 200 to 299; the edited state wins whatever is read first.
  sluice::test::write_file(guild.folder / "a.json", document(0, "2023-02-01T00:00:00+00:00"));
  sluice::test::write_file(guild.folder / "b.json", document(200, ""));
  const std::string config = guild.folder / "exports.toml";
  sluice::test::write_file(config, R"([pipeline]
name = "exports"
[[source]]
plugin = "discord"
exports = [")" + std::string(guild.folder / "a.json") +
                                       "\", \"" + std::string(guild.folder / "b.js*") +
                                       "\"]\n[sink]\nplugin = \"sqlite\"\npath = \"" +
                                       guild.database() + "\"\n");
  guild.set.clear();
  const auto run = [&] {
    const Finished finished = sluice::test::run(guild.command(config), guild.environment());
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
  };
  run();
  CHECK(guild.number("SELECT count(*) FROM messages") == 500);
  CHECK(guild.number("SELECT count(*) FROM messages WHERE content = 'second'") == 300);
  CHECK(guild.number("SELECT count(*) FROM channels") == 1);
  CHECK(guild.number("SELECT last_message_id FROM authors") == 499);
  const auto commits = guild.number("SELECT count(*) FROM _sluice_commits");
  run();
  CHECK(guild.number("SELECT count(*) FROM _sluice_commits") == commits);
  sluice::test::write_file(guild.folder / "b.json", document(200, "2023-03-01T00:00:00+00:00"));
  run();
  CHECK(guild.number("SELECT count(*) FROM messages WHERE content = 'second'") == 500);
}
