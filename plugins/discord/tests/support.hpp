// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <string>
#include <vector>

namespace discord::test {

using sluice::json;

// A file below the source tree, whole; empty if it is missing.
std::string read_file(const std::filesystem::path& path);

// The folder of recorded files of Discord, or nothing where it is absent.
std::optional<std::filesystem::path> fixtures();

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  std::string write(const std::string& name, const std::string& text) const;
  std::string path() const { return path_; }

 private:
  std::string path_;
};

constexpr int64_t kHour = 3'600'000'000;
// An id and a time in the guild that the tests play.
int64_t id_at(int64_t minute, int64_t low = 0);
int64_t time_at(int64_t minute);

// A message as the API tells it, with members replaced or added.
json message(int64_t id, const json& changes = json::object());
// A page: newest first.
std::string page(std::vector<json> messages);

// A service of one guild on a fake host.
struct Played {
  explicit Played(json config = json::object());
  // What GET /guilds/1/channels answers: text channels with this last message.
  void channels(const std::vector<std::pair<int64_t, json>>& ids_and_last);
  // The answer to a page after `after`.
  void answer(int64_t channel, int64_t after, const std::string& body, uint32_t status = 200);
  sluice::testing::SourceRun read(const std::string& stream, int64_t channel, int64_t from_minute,
                                  int64_t to_minute,
                                  const std::optional<std::string>& state = std::nullopt,
                                  std::size_t most_batches = 100'000);
  // Requests for messages so far.
  std::size_t asked() const;

  sluice::testing::FakeHost host;
  json config;
  std::optional<sluice::testing::SourceSession> session;
  sluice::testing::SourceSession& open();
};

std::string text(const sluice::testing::SourceRun& run);  // of its error
uint64_t noted(const sluice::testing::SourceRun& run, const std::string& code);

inline constexpr int64_t kChannel = 5;
inline const std::string kApi = "http://discord.test/api/v10";

inline sluice::testing::Answer answered(const std::string& body, uint32_t status = 200,
                                        const std::string& type = "application/json") {
  sluice::testing::Answer out{.body = body, .status = status};
  out.headers = {{"Content-Type", type}};
  return out;
}

}  // namespace discord::test
