// SPDX-License-Identifier: Apache-2.0
#include "plugins/discord/tests/support.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "snowflake.hpp"

namespace discord::test {
namespace {

namespace fs = std::filesystem;
using sluice::testing::Answer;

const std::string kBase = "http://discord.test/api/v10";
constexpr int64_t kBegin = 1'700'000'000'000'000;  // 2023-11-14T22:13:20Z, the fake host's clock

}  // namespace

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<fs::path> fixtures() {
  const char* told = std::getenv("SLUICE_FIXTURES");
  for (const fs::path& root :
       {fs::path(told != nullptr ? told : ""), fs::path("../shared/fixtures")}) {
    if (!root.empty() && fs::is_directory(root / "discord")) {
      return root / "discord";
    }
  }
  return std::nullopt;
}

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "discord-XXXXXX").string();
  path_ = mkdtemp(name.data());
}
Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}
std::string Folder::write(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

int64_t time_at(int64_t minute) {
  return kBegin - 48 * kHour + minute * 60'000'000;
}
int64_t id_at(int64_t minute, int64_t low) {
  return first_id(time_at(minute)) + low;
}

json message(int64_t id, const json& changes) {
  const sluice::Micros time{std::chrono::microseconds(time_us(id))};
  json out{
      {"id", std::to_string(id)},
      {"channel_id", "5"},
      {"type", 0},
      {"content", "said " + std::to_string(id)},
      {"timestamp", sluice::to_text(sluice::DateTime{time})},
      {"edited_timestamp", nullptr},
      {"author", {{"id", "70"}, {"username", "ann"}, {"discriminator", "0"}, {"avatar", nullptr}}},
      {"pinned", false},
      {"tts", false},
      {"mention_everyone", false},
      {"mentions", json::array()},
      {"mention_roles", json::array()},
      {"attachments", json::array()},
      {"embeds", json::array()},
      {"components", json::array()},
      {"flags", 0}};
  for (const auto& [key, value] : changes.items()) {
    out[key] = value;
    if (value == "(absent)") {
      out.erase(key);
    }
  }
  return out;
}

std::string page(std::vector<json> messages) {
  std::reverse(messages.begin(), messages.end());
  return json(messages).dump();
}

Played::Played(json changes)
    : config{{"base_url", kBase}, {"credential", "bot"}, {"guilds", {"1"}}} {
  config.update(changes);
  host.http.on(kBase + "/users/@me", Answer{.body = R"({"id":"9","username":"me","bot":true})",
                                            .headers = {{"Content-Type", "application/json"}}});
}

void Played::channels(const std::vector<std::pair<int64_t, json>>& ids_and_last) {
  json list = json::array();
  for (const auto& [id, last] : ids_and_last) {
    list.push_back({{"id", std::to_string(id)},
                    {"type", 0},
                    {"guild_id", "1"},
                    {"name", "c" + std::to_string(id)},
                    {"last_message_id", last.is_number() ? json(last.dump()) : last}});
  }
  host.http.on(kBase + "/guilds/1/channels",
               Answer{.body = list.dump(), .headers = {{"Content-Type", "application/json"}}});
}

void Played::answer(int64_t channel, int64_t after, const std::string& body, uint32_t status) {
  const std::string limit = std::to_string(config.value("page_size", 100));
  const std::string query = after < 0 ? "1" : limit + "&after=" + std::to_string(after);
  host.http.on(
      kBase + "/channels/" + std::to_string(channel) + "/messages?limit=" + query,
      Answer{.body = body, .status = status, .headers = {{"Content-Type", "application/json"}}});
}

sluice::testing::SourceSession& Played::open() {
  if (!session) {
    session.emplace(sluice::testing::Plugin::load(DISCORD_PLUGIN_FILE), host, config);
  }
  return *session;
}

sluice::testing::SourceRun Played::read(const std::string& stream, int64_t channel,
                                        int64_t from_minute, int64_t to_minute,
                                        const std::optional<std::string>& state,
                                        std::size_t most_batches) {
  return open().read({.stream = stream,
                      .partition = std::to_string(channel),
                      .slice = "s",
                      .from_us = time_at(from_minute),
                      .to_us = time_at(to_minute),
                      .state = state,
                      .most_batches = most_batches});
}

std::size_t Played::asked() const {
  const auto all = host.http.requests();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& request) {
    return request.url.find("/messages?") != std::string::npos;
  }));
}

std::string text(const sluice::testing::SourceRun& run) {
  return run.error ? run.error->message() : "";
}

uint64_t noted(const sluice::testing::SourceRun& run, const std::string& code) {
  uint64_t sum = 0;
  for (const auto& note : run.notes) {
    sum += note.code == code ? note.count : 0;
  }
  return sum;
}

}  // namespace discord::test
