// SPDX-License-Identifier: Apache-2.0
//
// Answers after the service's documented forms, and a source to read them with.
#pragma once

#include <sluice/testing/testing.hpp>
#include <string>
#include <vector>

namespace wiseoldman::test {

constexpr const char* kBase = "http://wom.test/v2";
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr int64_t kJune = 1'780'272'000 * kSecond;  // 2026-06-01T00:00:00Z

// Microseconds as the service writes them.
std::string iso(int64_t us);

sluice::json player(int64_t id, const std::string& name, const std::string& more = "{}");
sluice::json group(const std::vector<sluice::json>& players);
sluice::json snapshot(int64_t player, int64_t at_us, int64_t overall);
// "http://…/players/NAME/snapshots?…" as the plugin asks for [from, to], both in microseconds.
std::string page_url(const std::string& name, int64_t from_us, int64_t to_us, int limit);

sluice::json config(const std::string& more = "{}");  // group 139, contact; `more` on top

sluice::testing::Answer answer(std::string body, uint32_t status = 200, std::string validator = "");

struct Source {
  sluice::testing::FakeHost host;
  sluice::json settings = config();
  Source();

  sluice::testing::SourceSession open();
  sluice::testing::SourceRun read(const sluice::testing::ReadSpec& spec) {
    return open().read(spec);
  }
  void on(const std::string& path, const sluice::json& body, const std::string& validator = "");
  [[nodiscard]] std::vector<std::string> urls() const;
};

std::string read_file(const std::string& path);

}  // namespace wiseoldman::test
