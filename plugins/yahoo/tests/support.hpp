// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace yahoo::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Where the recorded answers are, if they are.
inline std::optional<std::filesystem::path> fixtures() {
  const char* given = std::getenv("SLUICE_FIXTURES");
  const std::filesystem::path root =
      std::filesystem::path(given != nullptr ? given : "../shared/fixtures") / "yahoo";
  return std::filesystem::is_directory(root) ? std::optional(root) : std::nullopt;
}

inline std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    out.push_back(part);
  }
  return out;
}

inline sluice::testing::Answer json_answer(std::string body, uint32_t status = 200) {
  return {.body = std::move(body),
          .status = status,
          .headers = {{"Content-Type", "application/json;charset=utf-8"}}};
}

// A session whose charts all have the same answer.
inline sluice::testing::SourceSession session(sluice::testing::FakeHost& host,
                                              const sluice::json& config) {
  return {sluice::testing::Plugin::load(YAHOO_PLUGIN_FILE), host, config};
}

inline sluice::testing::ReadSpec slice(std::string stream, std::string symbol, int64_t from_s,
                                       int64_t to_s) {
  sluice::testing::ReadSpec spec;
  spec.stream = std::move(stream);
  spec.partition = std::move(symbol);
  spec.from_us = from_s * 1'000'000;
  spec.to_us = to_s * 1'000'000;
  return spec;
}

}  // namespace yahoo::test
