// SPDX-License-Identifier: Apache-2.0
//
// Recorded and documented data of Discord, read in place, against what Python finds in it.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "client.hpp"
#include "plugins/discord/tests/support.hpp"
#include "snowflake.hpp"

namespace fs = std::filesystem;
using namespace discord::test;  // NOLINT: helpers of this test
using sluice::Code;
using sluice::json;
using sluice::testing::SourceSession;

namespace {

std::optional<fs::path> here() {
  auto root = fixtures();
  if (!root) {
    WARN("The recorded files of Discord are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, ';');) {
    out.push_back(part);
  }
  return out;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A message as the only one of a channel, whatever its id is.
sluice::testing::SourceRun as_page(const std::string& stream, const std::string& object) {
  Played played;
  const auto id = std::stoll(json::parse(object).at("id").get<std::string>());
  played.channels({{5, id}});
  const int64_t minute = (discord::time_us(id) - time_at(0)) / 60'000'000;
  played.answer(5, std::max<int64_t>(0, id_at(minute - 2) - 1), "[" + object + "]");
  return played.read(stream, 5, minute - 2, minute + 2);
}

}  // namespace

TEST_CASE("discord: recorded exports hold what python finds in them", "[pipeline][discord]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::ifstream expected("plugins/discord/tests/cases/exports.csv");
  REQUIRE(expected);
  std::string line;
  std::getline(expected, line);
  std::size_t files = 0;
  for (; std::getline(expected, line); ++files) {
    const auto want = split(line);
    CAPTURE(want.at(0));
    sluice::testing::FakeHost host;
    const std::string path = (*root / "dce-exports" / want.at(0)).string();
    SourceSession session(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE), host,
                          json{{"exports", {path}}});
    const auto read = [&](const char* stream) {
      auto run = session.read({.stream = stream, .slice = path, .token = path});
      CHECK(text(run) == "");
      CHECK(run.rejects.empty());
      CHECK(noted(run, "unknown_field") == 0);
      CHECK(noted(run, "mistyped_field") == 0);
      return run;
    };
    const auto number = [&](std::size_t i) { return std::stoull(want.at(i)); };
    const auto run = read("messages");
    uint64_t check = 0, length = 0, edited = 0, pinned = 0, replies = 0;
    for (const json& row : run.rows) {
      check += row.at("id").get<uint64_t>() % 1'000'003;
      length += characters(row.at("content"));
      edited += row.at("edited_time").is_null() ? 0 : 1;
      pinned += row.at("pinned") == true ? 1 : 0;
      replies += row.at("type") == 19 ? 1 : 0;
    }
    CHECK(run.rows.size() == number(1));
    CHECK(check == number(2));
    CHECK(length == number(3));
    CHECK(edited == number(4));
    CHECK(pinned == number(5));
    CHECK(replies == number(6));
    CHECK(noted(run, "message_count") == number(12));
    std::set<int64_t> authors;
    for (const json& row : read("authors").rows) {
      authors.insert(row.at("id").get<int64_t>());
    }
    CHECK(authors.size() == number(7));
    uint64_t bytes = 0, reactions = 0;
    const auto attached = read("attachments");
    for (const json& row : attached.rows) {
      bytes += row.at("size").get<uint64_t>();
    }
    CHECK(attached.rows.size() == number(8));
    CHECK(bytes == number(9));
    const auto reacted = read("reactions");
    for (const json& row : reacted.rows) {
      reactions += row.at("count").get<uint64_t>();
    }
    CHECK(reacted.rows.size() == number(10));
    CHECK(reactions == number(11));
    CHECK(read("channels").rows.size() == 1);
  }
  CHECK(files == 6);
}

TEST_CASE("discord: the details of recorded exports are kept", "[pipeline][discord]") {
  const auto root = here();
  if (!root) {
    return;
  }
  sluice::testing::FakeHost host;
  const std::string general = (*root / "dce-exports/general.2023-01-06.json").string();
  const std::string group = (*root / "dce-exports/GC_3A_5M.json").string();
  SourceSession session(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE), host,
                        json{{"exports", {(*root / "dce-exports/*.json").string()}}});
  CHECK(session.slices("messages").size() == 6);
  const auto run = session.read({.stream = "messages", .slice = "g", .token = general});
  // 1045178587575242785 has the id of another time than it tells; an export's word counts.
  CHECK(run.rows.at(1).at("type") == 7);
  CHECK(run.rows.at(1).at("time") == "2023-01-06T14:12:01.593000Z");
  CHECK(run.rows.at(13).at("edited_time") == "2023-01-06T14:23:25.845000Z");
  CHECK(run.rows.at(3).at("stickers").at(0).at("name") == "pepecute");
  const auto channel = session.read({.stream = "channels", .slice = "g", .token = group});
  CHECK(channel.rows.at(0).at("type") == 3);
  CHECK(channel.rows.at(0).at("guild_id").is_null());
  const auto calls = session.read({.stream = "messages", .slice = "g", .token = group});
  CHECK(calls.rows.back().at("call_ended_time") == "2023-03-03T16:40:59.313000Z");
  CHECK(calls.rows.back().at("id") == 100);
}

TEST_CASE("discord: documented messages become rows", "[pipeline][discord]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto file = [&](const char* name) { return read_file(*root / name); };
  const auto example = as_page("messages", file("docs-samples/example-message.json"));
  REQUIRE(example.rows.size() == 1);
  CHECK(example.rows[0].at("id") == 334385199974967042);
  CHECK(example.rows[0].at("time") == "2017-07-11T17:27:07.299000Z");
  CHECK(example.rows[0].at("content") == "Supa Hot");
  CHECK(example.rows[0].at("reaction_count") == 1);
  CHECK(noted(example, "unknown_field") == 0);
  CHECK(as_page("reactions", file("docs-samples/example-message.json")).rows.at(0).at("emoji") ==
        "🔥");
  const auto crossposted =
      as_page("messages", file("docs-samples/example-crossposted-message.json"));
  CHECK(crossposted.rows.at(0).at("reference_message_id") == 306588351130107906);
  CHECK(crossposted.rows.at(0).at("mention_channels").size() == 1);
  CHECK(crossposted.rows.at(0).at("flags") == 2);

  for (const char* name : {"MESSAGE", "MESSAGE.nulls", "MESSAGE.optionals"}) {
    CAPTURE(name);
    const std::string object = file(("remora-samples/" + std::string(name) + ".json").c_str());
    const auto run = as_page("messages", object);
    CHECK(text(run) == "");
    REQUIRE(run.rows.size() == 1);
    CHECK(run.rows[0].at("id") == 999999999999999999);
    CHECK(run.rows[0].at("type") == 1);
    CHECK(run.rows[0].at("attachment_count") == 1);
    CHECK(run.rejects.empty());
    CHECK(noted(run, "mistyped_field") == 0);
    CHECK(noted(run, "unknown_field") == 0);
    const auto attached = as_page("attachments", object);
    CHECK(attached.rows.at(0).at("filename") == "file.png");
    CHECK(as_page("authors", object).rows.at(0).at("id") == 999999999999999999);
  }
  const auto whole = as_page("messages", file("remora-samples/MESSAGE.json"));
  CHECK(whole.rows.at(0).at("reference_state") == "present");
  CHECK(whole.rows.at(0).at("thread_id") == 999999999999999999);
  CHECK(whole.rows.at(0).at("poll").at("layout_type") == 1);
  const auto nulls = as_page("messages", file("remora-samples/MESSAGE.nulls.json"));
  CHECK(nulls.rows.at(0).at("reference_state") == "deleted");
  CHECK(nulls.rows.at(0).at("edited_time").is_null());
  // Type 1 is no reply: an absent field says nothing.
  const auto optionals = as_page("messages", file("remora-samples/MESSAGE.optionals.json"));
  CHECK(optionals.rows.at(0).at("reference_state").is_null());
  // The emoji of the sample is an empty object, so the reaction has no key.
  CHECK(as_page("reactions", file("remora-samples/MESSAGE.json")).rejects.size() == 1);
}

TEST_CASE("discord: documented attachments and channels become rows", "[pipeline][discord]") {
  const auto root = here();
  if (!root) {
    return;
  }
  for (const char* name : {"ATTACHMENT", "ATTACHMENT.nulls", "ATTACHMENT.optionals"}) {
    CAPTURE(name);
    const json file =
        json::parse(read_file(*root / ("remora-samples/" + std::string(name) + ".json")));
    const auto run = as_page("attachments", message(id_at(1), {{"attachments", {file}}}).dump());
    REQUIRE(run.rows.size() == 1);
    CHECK(run.rows[0].at("id") == 999999999999999999);
    CHECK(run.rows[0].at("size") == 0);
    CHECK(noted(run, "unknown_field") == 0);
    CHECK(noted(run, "mistyped_field") == 0);
    CHECK(run.rows[0].at("url") == "https://www.example.org");
  }
  for (const char* name : {"CHANNEL", "CHANNEL.nulls", "CHANNEL.optionals"}) {
    CAPTURE(name);
    Played played;
    played.host.http.on(
        "http://discord.test/api/v10/guilds/1/channels",
        {.body = "[" + read_file(*root / ("remora-samples/" + std::string(name) + ".json")) + "]",
         .headers = {{"Content-Type", "application/json"}}});
    const auto run = played.open().read({.stream = "channels"});
    REQUIRE(run.rows.size() == 1);
    CHECK(run.rows[0].at("id") == 999999999999999999);
    CHECK(run.rows[0].at("type") == 1);
    CHECK(noted(run, "unknown_field") == 0);
    CHECK(noted(run, "mistyped_field") == 0);
  }
}

TEST_CASE("discord: documented refusals are understood", "[pipeline][discord]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::size_t forms = 0;
  for (const auto& entry : fs::directory_iterator(*root / "docs-samples")) {
    const std::string name = entry.path().filename().string();
    const std::string body = read_file(entry.path());
    if (name.starts_with("error-messages")) {
      const auto error = discord::refusal(400, "u", body);
      CHECK(error.code() == Code::kBadData);
      CHECK(error.vendor_code() == 50035);
      CHECK(error.message().find("Invalid Form Body; ") != std::string::npos);
      ++forms;
    }
  }
  CHECK(forms == 3);
  const auto array =
      discord::refusal(400, "u", read_file(*root / "docs-samples/error-messages.json"));
  CHECK(array.message().find("activities.0.platform: Value must be one of") != std::string::npos);
  CHECK(
      discord::refusal(400, "u", read_file(*root / "docs-samples/example-json-error-response.json"))
          .code() == Code::kBadData);
}
