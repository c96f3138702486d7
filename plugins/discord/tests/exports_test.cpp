// SPDX-License-Identifier: Apache-2.0
//
// Files of DiscordChatExporter, written here after its format.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "plugins/discord/tests/support.hpp"

using namespace discord::test;  // NOLINT: helpers of this test
using sluice::Code;
using sluice::json;
using sluice::testing::SourceSession;

namespace {

json exported(int64_t id, const json& changes = json::object()) {
  json out{{"id", std::to_string(id)},
           {"type", "Default"},
           {"timestamp", "2023-01-06T14:27:11.85+00:00"},
           {"timestampEdited", nullptr},
           {"callEndedTimestamp", nullptr},
           {"isPinned", false},
           {"content", "words of " + std::to_string(id)},
           {"author",
            {{"id", "70"},
             {"name", "ann"},
             {"nickname", "Ann"},
             {"discriminator", "0"},
             {"color", nullptr},
             {"isBot", false},
             {"avatarUrl", "x.png"},
             {"roles", json::array()}}},
           {"attachments", json::array()},
           {"embeds", json::array()},
           {"stickers", json::array()},
           {"reactions", json::array()},
           {"mentions", json::array()},
           {"inlineEmojis", json::array()}};
  out.update(changes);
  return out;
}

std::string document(const std::vector<json>& messages, int64_t count = -1) {
  const json whole{{"guild", {{"id", "1"}, {"name", "The Guild"}, {"iconUrl", "i.png"}}},
                   {"channel",
                    {{"id", "5"},
                     {"type", "GuildPublicThread"},
                     {"categoryId", "4"},
                     {"category", "above"},
                     {"name", "talk"},
                     {"topic", nullptr}}},
                   {"dateRange", {{"after", nullptr}, {"before", nullptr}}},
                   {"exportedAt", "2024-01-01T00:00:00+00:00"},
                   {"messages", messages},
                   {"messageCount", count < 0 ? static_cast<int64_t>(messages.size()) : count}};
  return "\xEF\xBB\xBF" + whole.dump(2);
}

struct Files {
  explicit Files(const std::string& text) : path(folder.write("one.json", text)) {
    session.emplace(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE), host,
                    json{{"exports", {folder.path() + "/*.json"}}});
  }
  sluice::testing::SourceRun read(const std::string& stream,
                                  const std::optional<std::string>& state = std::nullopt,
                                  uint64_t batch_bytes = uint64_t{1} << 20U) {
    return session->read({.stream = stream,
                          .slice = path,
                          .token = path,
                          .state = state,
                          .target_batch_bytes = batch_bytes});
  }
  Folder folder;
  std::string path;
  sluice::testing::FakeHost host;
  std::optional<SourceSession> session;
};

}  // namespace

TEST_CASE("discord: an export becomes rows of the same streams", "[unit][discord]") {
  const json file{{"id", "800"},
                  {"url", "one.json_Files\\a?b.png"},
                  {"fileName", "a.png"},
                  {"fileSizeBytes", 12}};
  const json reactions = {
      {{"emoji", {{"id", ""}, {"name", "👀"}, {"code", "eyes"}, {"isAnimated", false}}},
       {"count", 2}},
      {{"emoji", {{"id", "44"}, {"name", "kekw"}, {"isAnimated", true}}}, {"count", 3}}};
  Files files(document(
      {exported(100, {{"attachments", {file}}, {"reactions", reactions}}),
       exported(101, {{"type", "Reply"},
                      {"timestampEdited", "2023-01-07T00:00:00+00:00"},
                      {"reference", {{"messageId", "100"}, {"channelId", "5"}, {"guildId", "1"}}}}),
       exported(102, {{"type", "46"}}), exported(103, {{"type", "Novelty"}, {"newField", 1}})}));
  const auto run = files.read("messages");
  CHECK(text(run) == "");
  REQUIRE(run.rows.size() == 4);
  CHECK(run.rows.at(0).at("channel_id") == 5);
  CHECK(run.rows.at(0).at("guild_id") == 1);
  CHECK(run.rows.at(0).at("time") == "2023-01-06T14:27:11.850000Z");
  CHECK(run.rows.at(0).at("attachment_count") == 1);
  CHECK(run.rows.at(0).at("reaction_count") == 5);
  CHECK(run.rows.at(1).at("type") == 19);
  CHECK(run.rows.at(1).at("edited_time") == "2023-01-07T00:00:00Z");
  CHECK(run.rows.at(1).at("version") > run.rows.at(0).at("version"));
  CHECK(run.rows.at(1).at("reference_message_id") == 100);
  CHECK(run.rows.at(2).at("type") == 46);
  CHECK(run.rows.at(3).at("type").is_null());
  CHECK(noted(run, "unknown_type") == 1);
  CHECK(noted(run, "unknown_field") == 1);
  CHECK(noted(run, "missing_field") == 0);
  CHECK_FALSE(run.validator.empty());

  const auto authors = files.read("authors");
  REQUIRE(authors.rows.size() == 1);
  CHECK(authors.rows.at(0).at("nickname") == "Ann");
  CHECK(authors.rows.at(0).at("last_message_id") == 103);
  CHECK(authors.notes.empty());
  const auto reacted = files.read("reactions");
  REQUIRE(reacted.rows.size() == 2);
  CHECK(reacted.rows.at(0).at("emoji") == "👀");
  CHECK(reacted.rows.at(1).at("emoji_id") == 44);
  CHECK(reacted.rows.at(1).at("animated") == true);
  CHECK(reacted.notes.empty());
  const auto attached = files.read("attachments");
  REQUIRE(attached.rows.size() == 1);
  CHECK(attached.rows.at(0).at("url") == "one.json_Files\\a?b.png");
  CHECK(attached.notes.empty());
  const auto channels = files.read("channels");
  REQUIRE(channels.rows.size() == 1);
  CHECK(channels.rows.at(0).at("type") == 11);
  CHECK(channels.rows.at(0).at("guild_name") == "The Guild");
  CHECK(channels.rows.at(0).at("parent_id") == 4);
}

TEST_CASE("discord: a count that disagrees is told", "[unit][discord]") {
  Files files(document({exported(1), exported(2)}, 7));
  const auto run = files.read("messages");
  CHECK(run.rows.size() == 2);
  CHECK(noted(run, "message_count") == 1);
  CHECK(noted(files.read("authors"), "message_count") == 0);  // once is enough
}

TEST_CASE("discord: files that are cut or of another kind land nothing", "[unit][discord]") {
  const std::string good = document({exported(1), exported(2)});
  const auto bad = GENERATE_COPY(
      good.substr(0, good.size() - 20), good.substr(0, 300), std::string(), std::string("[]"),
      std::string("{}"), std::string(R"({"messages":[],"channel":{}})"),
      std::string(R"({"messages":{},"channel":{"id":"5"}})"), std::string("<html></html>"));
  Files files(bad);
  const auto run = files.read("messages");
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
  CHECK(run.rows.empty());
}

TEST_CASE("discord: a byte that is no UTF-8 costs its character and not the export",
          "[unit][discord]") {
  std::string whole = document({exported(1), exported(2, {{"content", "a(odd)b"}}), exported(3)});
  whole.replace(whole.find("(odd)"), 5, "\xff");
  Files files(whole);
  const auto run = files.read("messages");
  CHECK(text(run) == "");
  REQUIRE(run.rows.size() == 3);
  CHECK(run.rows.at(1).at("content") == "a\uFFFDb");
  CHECK(noted(run, "invalid_utf8") == 1);
  CHECK(text(files.read("authors")) == "");
}

TEST_CASE("discord: authors of an export from the newest back are as the newest shows them",
          "[unit][discord]") {
  const auto named = [](int64_t id, const char* name) {
    return exported(id, {{"author", {{"id", "70"}, {"name", name}}}});
  };
  Files files(document({named(103, "new"), named(102, "mid"), named(101, "old")}));
  const auto run = files.read("authors");
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows.at(0).at("last_message_id") == 103);
  CHECK(run.rows.at(0).at("username") == "new");
}

TEST_CASE("discord: an export is read on where it was cut off unless it changed",
          "[unit][discord]") {
  std::vector<json> messages;
  for (int64_t i = 1; i <= 2050; ++i) {
    messages.push_back(exported(i));
  }
  Files files(document(messages));
  const auto whole = files.read("messages", std::nullopt, 64 << 10);
  REQUIRE(whole.rows.size() == 2050);
  REQUIRE(whole.states.size() > 3);
  for (std::size_t i = 0; i + 1 < whole.states.size(); ++i) {
    const auto rest = files.read("messages", whole.states.at(i), 64 << 10);
    std::size_t before = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      before += whole.batch_rows.at(j);
    }
    REQUIRE(rest.rows.size() == 2050 - before);
    CHECK(rest.rows.front() == whole.rows.at(before));
  }
  files.folder.write("one.json", document({exported(1)}));
  const auto changed = files.read("messages", whole.states.at(0));
  REQUIRE(changed.error);
  CHECK(changed.error->code() == Code::kBadState);
}

TEST_CASE("discord: exports are slices by path with their version", "[unit][discord]") {
  Files files(document({exported(1)}));
  files.folder.write("two.json", document({exported(2)}));
  files.folder.write("other.txt", "not asked for");
  for (const char* stream : {"messages", "channels"}) {
    const auto slices = files.session->slices(stream);
    REQUIRE(slices.size() == 2);
    CHECK(slices.at(0).key == files.path);
    CHECK(slices.at(0).title == "one.json");
    CHECK(slices.at(0).validator == files.read(stream).validator);
  }
  CHECK(files.session->streams().at(1).kind() == sluice::Kind::kFiles);
  SourceSession none(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE), files.host,
                     json{{"exports", {files.folder.path() + "/*.nothing"}}});
  CHECK(sluice::testing::code_of([&] { none.slices("messages"); }) == Code::kInvalidConfig);
}

TEST_CASE("discord: a large export is read in little memory", "[unit][discord]") {
  const auto peak_kib = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  std::string text =
      R"({"guild":{"id":"1"},"channel":{"id":"5","type":"GuildTextChat"},"messages":[)";
  const std::string one = exported(1234567).dump();
  const std::size_t count = 60'000;
  Files files(document({exported(1)}));
  {
    std::string whole = text;
    for (std::size_t i = 0; i < count; ++i) {
      std::string next = one;
      next.replace(next.find("1234567"), 7, std::to_string(1'000'000 + i));
      whole += (i > 0 ? "," : "") + next;
    }
    files.folder.write("one.json", whole + "],\"messageCount\":60000}");
  }
  [[maybe_unused]] const long before = peak_kib();
  auto& session = *files.session;
  // Batches are dropped as they come, as a sink would.
  std::optional<std::string> state;
  std::size_t rows = 0;
  for (bool more = true; more;) {
    const auto run = session.read({.stream = "messages",
                                   .slice = files.path,
                                   .token = files.path,
                                   .state = state,
                                   .most_batches = 8});
    rows += run.rows.size();
    more = run.end == SLUICE_OK;
    state = run.states.empty() ? state : run.states.back();
    REQUIRE_FALSE(run.error);
  }
  CHECK(rows == count);
#if !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)         // whose own memory grows with what is touched
  CHECK(peak_kib() - before < 96 * 1024);  // most of it are the rows as JSON
#endif
}
