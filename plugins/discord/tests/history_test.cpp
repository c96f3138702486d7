// SPDX-License-Identifier: Apache-2.0
//
// A channel's messages from the API, through the plugin as it ships.
#include <catch2/catch.hpp>

#include "plugins/discord/tests/support.hpp"
#include "snowflake.hpp"

using namespace discord::test;  // NOLINT: helpers of this test
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;

namespace {

std::vector<int64_t> ids(const sluice::testing::SourceRun& run) {
  std::vector<int64_t> out;
  for (const json& row : run.rows) {
    out.push_back(row.at("id").get<int64_t>());
  }
  return out;
}

// Minutes 10, 20 … 50 with a message each, in pages of two; then nothing.
Played five() {
  return Played(json{{"page_size", 2}});
}
void script(Played& played) {
  played.channels({{kChannel, id_at(50)}});
  const int64_t first = id_at(0) - 1;
  const auto m = [](int64_t minute) { return message(id_at(minute)); };
  played.answer(kChannel, first, page({m(10), m(20)}));
  played.answer(kChannel, id_at(20), page({m(30)}));  // short: one was deleted
  played.answer(kChannel, id_at(30), page({m(40), m(50)}));
  played.answer(kChannel, id_at(50), "[]");
}

}  // namespace

TEST_CASE("discord: pages come newest first and rows oldest first", "[unit][discord]") {
  Played played = five();
  script(played);
  const auto run = played.read("messages", kChannel, 0, 100);
  CHECK(text(run) == "");
  CHECK(run.end == SLUICE_END);
  CHECK(ids(run) == std::vector{id_at(10), id_at(20), id_at(30), id_at(40), id_at(50)});
  CHECK(run.rejects.empty());
  CHECK(run.notes.empty());
  CHECK(played.asked() == 3);  // the channel's last message was reached
  const json& row = run.rows.front();
  CHECK(row.at("channel_id") == kChannel);
  CHECK(row.at("guild_id") == 1);
  CHECK(row.at("author_id") == 70);
  CHECK(row.at("version") == time_at(10));
  CHECK(row.at("reference_state").is_null());
}

TEST_CASE("discord: a short page is not the end and an empty one is", "[unit][discord]") {
  Played again = five();
  // The channel's last message was deleted, so that only an empty page shows the end.
  again.channels({{kChannel, id_at(60)}});
  again.answer(kChannel, id_at(0) - 1, page({message(id_at(10))}));
  again.answer(kChannel, id_at(10), page({message(id_at(20))}));
  again.answer(kChannel, id_at(20), "[]");
  again.answer(kChannel, -1, page({message(id_at(20))}));
  const auto run = again.read("messages", kChannel, 0, 100);
  CHECK(ids(run) == std::vector{id_at(10), id_at(20)});
  CHECK(again.asked() == 4);  // the last one asks whether the history is shown
}

TEST_CASE("discord: bounds are half-open and exact to the id", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}});
  const int64_t last_before = id_at(10) - 1, last_within = id_at(20) - 1;
  played.answer(kChannel, last_before,
                page({message(id_at(10)), message(id_at(15)), message(last_within),
                      message(id_at(20)), message(id_at(30))}));
  const auto run = played.read("messages", kChannel, 10, 20);
  CHECK(ids(run) == std::vector{id_at(10), id_at(15), last_within});
  CHECK(played.asked() == 1);  // the upper bound was passed
}

TEST_CASE("discord: reading goes on where it was cut", "[unit][discord]") {
  Played whole = five();
  script(whole);
  const auto all = ids(whole.read("messages", kChannel, 0, 100));
  Played played(json{{"page_size", 2}});
  script(played);
  // Batches hold ten pages, so a state is given where more follow: play one that is resumed.
  const std::string state = json{{"after", std::to_string(id_at(30))}}.dump();
  const auto rest = played.read("messages", kChannel, 0, 100, state);
  CHECK(ids(rest) == std::vector{id_at(40), id_at(50)});
  CHECK(all.size() == 5);
  const auto bad = played.read("messages", kChannel, 10, 100, R"({"after":"7"})");
  REQUIRE(bad.error);
  CHECK(bad.error->code() == Code::kBadState);
}

TEST_CASE("discord: a long channel gives resume points", "[unit][discord]") {
  Played played(json{{"page_size", 1}});
  played.channels({{kChannel, id_at(39)}});
  for (int64_t minute = 0; minute < 40; ++minute) {
    played.answer(kChannel, minute == 0 ? id_at(0) - 1 : id_at(minute - 1),
                  page({message(id_at(minute))}));
  }
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.rows.size() == 40);
  REQUIRE(run.states.size() == 4);
  CHECK(run.states.at(0) == json{{"after", std::to_string(id_at(9))}}.dump());
  const auto rest = played.read("messages", kChannel, 0, 100, run.states.at(1));
  CHECK(rest.rows.size() == 20);
  CHECK(rest.rows.front() == run.rows.at(20));
}

TEST_CASE("discord: authors and files and reactions cost no request of their own",
          "[unit][discord]") {
  Played played(json{{"page_size", 2}});
  played.channels({{kChannel, id_at(30)}});
  const json file{{"id", "800"},
                  {"filename", "a.png"},
                  {"size", 12},
                  {"url", "https://cdn.test/a.png?ex=1&is=2&hm=3&"},
                  {"proxy_url", "https://media.test/a.png?ex=1"},
                  {"width", 4},
                  {"height", 3}};
  const json reactions = {{{"emoji", {{"id", nullptr}, {"name", "🔥"}}}, {"count", 2}},
                          {{"emoji", {{"id", "44"}, {"name", nullptr}}}, {"count", 1}},
                          {{"emoji", json::object()}, {"count", 1}}};
  const json bea{{"id", "71"}, {"username", "bea"}, {"bot", true}};
  played.answer(kChannel, id_at(0) - 1,
                page({message(id_at(10), {{"attachments", {file}}, {"reactions", reactions}}),
                      message(id_at(20), {{"author", bea}, {"webhook_id", "71"}})}));
  played.answer(kChannel, id_at(20), page({message(id_at(30))}));
  CHECK(played.read("messages", kChannel, 0, 100).rows.size() == 3);
  const auto asked = played.asked();
  CHECK(asked == 2);

  const auto authors = played.read("authors", kChannel, 0, 100);
  REQUIRE(authors.rows.size() == 3);  // by page
  CHECK(authors.rows.at(0).at("id") == 70);
  CHECK(authors.rows.at(0).at("last_message_id") == id_at(10));
  CHECK(authors.rows.at(1).at("webhook") == true);
  CHECK(authors.rows.at(2).at("last_message_id") == id_at(30));

  const auto reacted = played.read("reactions", kChannel, 0, 100);
  REQUIRE(reacted.rows.size() == 2);
  CHECK(reacted.rows.at(0).at("emoji") == "🔥");
  CHECK(reacted.rows.at(0).at("emoji_id").is_null());
  CHECK(reacted.rows.at(1).at("emoji") == "44");
  CHECK(reacted.rows.at(1).at("emoji_name").is_null());
  REQUIRE(reacted.rejects.size() == 1);
  CHECK(reacted.rejects.at(0).reason.find("/emoji") != std::string::npos);

  const auto files = played.read("attachments", kChannel, 0, 100);
  REQUIRE(files.rows.size() == 1);
  CHECK(files.rows.at(0).at("id") == 800);
  CHECK(files.rows.at(0).at("message_id") == id_at(10));
  CHECK(files.rows.at(0).at("url") == "https://cdn.test/a.png");
  CHECK(played.asked() == asked);
  // Later readings want it as it is then.
  CHECK(played.read("messages", kChannel, 0, 100).rows.size() == 3);
  CHECK(played.asked() == 2 * asked);
}

TEST_CASE("discord: odd text in a reaction or a file costs its character and no row",
          "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(10)}});
  const std::string odd = GENERATE(R"("cut \ud83d")", "\"cut \xff\"", "1e400");
  const json reaction{{"emoji", {{"id", nullptr}, {"name", "🔥"}}}, {"odd", "(odd)"}, {"count", 2}};
  const json file{{"id", "800"}, {"description", "(odd)"}, {"url", "https://cdn.test/a.png?ex=1"}};
  std::string body =
      page({message(id_at(10), {{"attachments", {file}}, {"reactions", {reaction}}})});
  for (std::size_t at = 0; (at = body.find("\"(odd)\"")) != std::string::npos;) {
    body.replace(at, 7, odd);
  }
  played.answer(kChannel, id_at(0) - 1, body);
  const auto messages = played.read("messages", kChannel, 0, 100);
  CHECK(text(messages) == "");
  CHECK(messages.rows.size() == 1);
  const auto reacted = played.read("reactions", kChannel, 0, 100);
  CHECK(reacted.rejects.empty());
  REQUIRE(reacted.rows.size() == 1);
  CHECK(reacted.rows.at(0).at("emoji") == "🔥");
  const auto files = played.read("attachments", kChannel, 0, 100);
  REQUIRE(files.rows.size() == 1);
  CHECK(files.rows.at(0).at("url") == "https://cdn.test/a.png");
}

TEST_CASE("discord: an emoji's name with half a surrogate pair is a key still", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(10)}});
  std::string body = page({message(
      id_at(10),
      {{"reactions", {{{"emoji", {{"id", nullptr}, {"name", "(odd)"}}}, {"count", 2}}}}})});
  body.replace(body.find("(odd)"), 5, R"(a\ud83d)");
  played.answer(kChannel, id_at(0) - 1, body);
  const auto run = played.read("reactions", kChannel, 0, 100);
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows.at(0).at("emoji") == "a\uFFFD");
  CHECK(run.rows.at(0).at("emoji_name") == "a\uFFFD");
}

TEST_CASE("discord: without room for pages each stream asks for itself", "[unit][discord]") {
  Played played(json{{"page_size", 2}, {"share", "0B"}});
  script(played);
  CHECK(played.read("messages", kChannel, 0, 100).rows.size() == 5);
  CHECK(played.read("authors", kChannel, 0, 100).rows.size() == 3);
  CHECK(played.asked() == 6);
}

TEST_CASE("discord: what a message answers is present or deleted or unknown", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(4)}});
  const json reference{{"type", 0}, {"message_id", "3"}, {"channel_id", "5"}, {"guild_id", "1"}};
  const auto reply = [&](int64_t minute, const json& more) {
    json changes{{"type", 19}, {"message_reference", reference}};
    changes.update(more);
    return message(id_at(minute), changes);
  };
  played.answer(kChannel, id_at(0) - 1,
                page({reply(1, json::object()), reply(2, {{"referenced_message", nullptr}}),
                      reply(3, {{"referenced_message", message(3)}}),
                      message(id_at(4), {{"type", 12345}, {"novelty", {{"deep", 1}}}})}));
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.rows.size() == 4);
  CHECK(run.rows.at(0).at("reference_state") == "unknown");
  CHECK(run.rows.at(1).at("reference_state") == "deleted");
  CHECK(run.rows.at(2).at("reference_state") == "present");
  CHECK(run.rows.at(2).at("reference_message_id") == 3);
  CHECK(run.rows.at(3).at("type") == 12345);
  CHECK(noted(run, "unknown_field") == 1);
}

TEST_CASE("discord: an empty history that should not be is no empty slice", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}});
  played.answer(kChannel, id_at(0) - 1, "[]");
  SECTION("the whole channel shows nothing") {
    played.answer(kChannel, -1, "[]");
    const auto run = played.read("messages", kChannel, 0, 100);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);
    CHECK(text(run).find("READ_MESSAGE_HISTORY") != std::string::npos);
    // Other streams are told so without a request.
    const auto asked = played.asked();
    CHECK(text(played.read("authors", kChannel, 0, 100)) == text(run));
    CHECK(played.asked() == asked);
  }
  SECTION("it is landed where that is wanted") {
    played.config["empty_history"] = "land";
    played.answer(kChannel, -1, "[]");
    const auto run = played.read("messages", kChannel, 0, 100);
    CHECK(run.end == SLUICE_END);
    CHECK(noted(run, "empty_history") == 1);
  }
  SECTION("older messages are shown so this stretch was deleted") {
    played.answer(kChannel, -1, page({message(id_at(-30))}));
    const auto run = played.read("messages", kChannel, 0, 100);
    CHECK(run.end == SLUICE_END);
    CHECK(run.rows.empty());
  }
}

TEST_CASE("discord: a history that falls silent midway does not land as whole", "[unit][discord]") {
  Played played = five();
  played.channels({{kChannel, id_at(50)}});
  played.answer(kChannel, id_at(0) - 1, page({message(id_at(10)), message(id_at(30))}));
  played.answer(kChannel, id_at(30), "[]");
  const std::string state = json{{"after", std::to_string(id_at(30))}}.dump();
  SECTION("in the run that began it") {
    played.answer(kChannel, -1, "[]");
    const auto run = played.read("messages", kChannel, 0, 100);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);
    CHECK(text(run).find("READ_MESSAGE_HISTORY") != std::string::npos);
  }
  SECTION("in one that resumes it") {
    played.answer(kChannel, -1, "[]");
    const auto run = played.read("messages", kChannel, 0, 100, state);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);
  }
  SECTION("unless the history is shown and the rest was deleted") {
    played.answer(kChannel, -1, page({message(id_at(30))}));
    const auto run = played.read("messages", kChannel, 0, 100, state);
    CHECK(text(run) == "");
    CHECK(run.end == SLUICE_END);
  }
}

TEST_CASE("discord: texts that do not come are told", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(30)}});
  const json blank{{"content", ""}};
  const json own{{"author", {{"id", "9"}, {"username", "me"}}}};
  played.answer(kChannel, id_at(0) - 1,
                page({message(id_at(1), {{"type", 7}, {"content", ""}}), message(id_at(2), blank),
                      message(id_at(3), own), message(id_at(30), blank)}));
  const std::string application = kApi + "/applications/@me";
  SECTION("the application lacks the intent") {
    played.host.http.on(application, answered(R"({"flags": 0})"));
    const auto run = played.read("messages", kChannel, 0, 100);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnsupported);  // ends the run: all channels are so
    CHECK(text(run).find("MESSAGE_CONTENT") != std::string::npos);
  }
  SECTION("the application has the intent") {
    played.host.http.on(application, answered(R"({"flags": 524288})"));
    const auto run = played.read("messages", kChannel, 0, 100);
    CHECK(run.rows.size() == 4);
    CHECK(noted(run, "blank_messages") == 2);
  }
  SECTION("the application does not tell") {
    played.host.http.on(application, answered("{}", 404));
    const auto run = played.read("messages", kChannel, 0, 100);
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);
  }
  SECTION("they are not wanted") {
    played.config["content"] = "optional";
    const auto run = played.read("messages", kChannel, 0, 100);
    REQUIRE(run.rows.size() == 4);
    CHECK(run.rows.at(0).at("content") == "");  // nobody said anything
    CHECK(run.rows.at(1).at("content").is_null());
    CHECK(noted(run, "hidden_text") == 2);
  }
}

TEST_CASE("discord: wrong tokens end at once", "[unit][discord]") {
  Played played;
  played.host.http.clear();
  SECTION("one that is not known") {
    played.host.http.on(kApi + "/users/@me", answered("{}", 401));
    CHECK(sluice::testing::code_of([&] { played.open().partitions("messages"); }) == Code::kAuth);
  }
  SECTION("one of a person") {
    played.host.http.on(kApi + "/users/@me", answered(R"({"id": "9"})"));
    CHECK(sluice::testing::code_of([&] { played.open().partitions("messages"); }) ==
          Code::kInvalidConfig);
  }
  CHECK(played.host.http.requests().size() == 1);
}

TEST_CASE("discord: requests say who asks and what they count for", "[unit][discord]") {
  Played played = five();
  script(played);
  played.read("messages", kChannel, 0, 100);
  for (const auto& request : played.host.http.requests()) {
    CHECK(request.headers.find("User-Agent: DiscordBot (https://sluice.example, 0.1.0)") !=
          std::string::npos);
    CHECK(request.credential == "bot");
    CHECK((request.flags & SLUICE_HTTP_FORBIDDEN_IS_ANSWER) != 0);
    CHECK(request.expect == "application/json");
  }
  CHECK(played.host.http.requests().back().scope == "discord.test/messages/5");
  const json declared = json::parse(played.host.http.declaration());
  CHECK(declared.at("limits").at(0).at("amount") == 50);
  CHECK(declared.at("limits").at(1).at("scope") == "discord.test/messages/*");
}

TEST_CASE("discord: answers that are broken are tried again and never land", "[unit][discord]") {
  const std::string good = page({message(id_at(10)), message(id_at(20))});
  const auto bad = GENERATE_COPY(good.substr(0, good.size() / 2), std::string(), std::string("{}"),
                                 std::string("null"), std::string("[{\"id\":\"1\"]"), good + "x",
                                 std::string(R"({"message":"odd"})"));
  Played played;
  played.channels({{kChannel, id_at(50)}});
  played.answer(kChannel, id_at(0) - 1, bad);
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
  CHECK((run.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
  CHECK(run.rows.empty());
}

TEST_CASE("discord: odd records cost themselves at most", "[unit][discord]") {
  Played played;
  played.channels({{kChannel, id_at(50)}});
  const auto with = [](int64_t minute, const json& changes) {
    return message(id_at(minute), changes);
  };
  played.answer(kChannel, id_at(0) - 1,
                page({with(1, {{"id", "x"}}), json(5), with(2, {{"pinned", "maybe"}}),
                      with(3, {{"channel_id", "(absent)"}}), with(4, {{"flags", "17"}}),
                      with(5, {{"author", nullptr}, {"content", 5}}), with(50, json::object())}));
  const auto run = played.read("messages", kChannel, 0, 100);
  CHECK(text(run) == "");
  CHECK(ids(run) == std::vector{id_at(2), id_at(4), id_at(5), id_at(50)});
  CHECK(run.rejects.size() == 3);
  CHECK(run.rows.at(0).at("pinned").is_null());
  CHECK(run.rows.at(1).at("flags") == 17);
  CHECK(run.rows.at(2).at("author_id").is_null());
  CHECK(run.rows.at(2).at("content") == "5");
  CHECK(noted(run, "mistyped_field") >= 1);
}

TEST_CASE("discord: a service that does not heed the bound is no endless run", "[unit][discord]") {
  Played played(json{{"page_size", 2}});
  played.channels({{kChannel, id_at(50)}});
  const std::string same = page({message(id_at(10)), message(id_at(20))});
  played.answer(kChannel, id_at(0) - 1, same);
  played.answer(kChannel, id_at(20), same);
  const auto run = played.read("messages", kChannel, 0, 100);
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kBadData);
}

TEST_CASE("discord: numbers may be texts and texts numbers", "[unit][discord]") {
  Played played;
  played.host.http.on(kApi + "/guilds/1/channels",
                      answered(R"([{"id":5,"type":"0","guild_id":1,"last_message_id":)" +
                               std::to_string(id_at(1)) + "}]"));
  const json reaction{{"emoji", {{"id", 44}, {"name", "x"}}}, {"count", "3"}};
  played.answer(kChannel, id_at(0) - 1,
                page({message(id_at(1), {{"id", id_at(1)},
                                         {"type", "0"},
                                         {"flags", "4"},
                                         {"channel_id", 5},
                                         {"reactions", {reaction}}})}));
  const auto run = played.read("messages", kChannel, 0, 10);
  REQUIRE(run.rows.size() == 1);
  CHECK(run.rows.at(0).at("id") == id_at(1));
  CHECK(run.rows.at(0).at("type") == 0);
  CHECK(run.rows.at(0).at("reaction_count") == 3);
  CHECK(played.read("reactions", kChannel, 0, 10).rows.at(0).at("emoji") == "44");
  CHECK(played.asked() == 1);
}

TEST_CASE("discord: streams are declared without asking anybody", "[unit][discord]") {
  Played played(json{{"reread", "6h"}});
  sluice::testing::SourceSession offline(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE),
                                         played.host, played.config, {}, SLUICE_OPEN_OFFLINE);
  const auto streams = offline.streams();
  REQUIRE(streams.size() == 5);
  CHECK(streams.at(0).kind() == sluice::Kind::kSnapshot);
  for (std::size_t i = 1; i < streams.size(); ++i) {
    CHECK(streams.at(i).kind() == sluice::Kind::kSeries);
    CHECK(streams.at(i).lag() == std::chrono::hours(6));
  }
  CHECK(played.host.http.requests().empty());
}
