// SPDX-License-Identifier: Apache-2.0
//
// What the tests of binance share.
#pragma once

#include <filesystem>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace binance::test {

constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kMarch = 1'709'251'200'000'000;  // 2024-03-01T00:00Z, microseconds

sluice::testing::Answer json_answer(std::string body, uint32_t status = 200);

// A row of klines as the service writes it, plausible and a function of its time.
std::string kline(int64_t open_ms, int64_t length_ms = 60'000);
// The same as a line of the archive.
std::string csv_line(int64_t open_ms, bool micros = false);
// A page of minutes from `from_ms` on.
std::string page(int64_t from_ms, int count);

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members,
                     bool deflate = true);
std::string sha256_of(const std::string& bytes);

// A host at which the service is at `now_ms`.
struct Service {
  sluice::testing::FakeHost host;
  explicit Service(int64_t now_ms);
  // What the plugin asks for a page of minutes.
  void on_page(const std::string& symbol, int64_t from_ms, int64_t end_ms, std::string body,
               uint32_t status = 200);
  std::vector<std::string> paths() const;  // that were requested, in order
};
std::string klines_path(const std::string& symbol, int64_t from_ms, int64_t end_ms,
                        const std::string& interval = "1m");

sluice::testing::SourceRun read(Service& service, const sluice::json& config,
                                const sluice::testing::ReadSpec& spec);
// "FROM/TO" in minutes after `base_us`, by outcome.
std::vector<std::string> outcomes(const sluice::testing::SourceRun& run, sluice::Outcome outcome,
                                  int64_t base_us);
bool has_note(const sluice::testing::SourceRun& run, std::string_view code);

std::optional<std::filesystem::path> fixtures();  // …/binance; nothing if they are not there
std::string read_file(const std::filesystem::path& path);

}  // namespace binance::test
