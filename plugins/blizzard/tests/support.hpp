// SPDX-License-Identifier: Apache-2.0
//
// What the tests of blizzard share: the plugin as built, scripted answers, fixtures.
#pragma once

#include <filesystem>
#include <optional>
#include <sluice/testing/testing.hpp>
#include <string>

namespace blizzard::test {

constexpr const char* kBase = "https://wow.test";

// Address of a document, as the plugin asks for it.
std::string url(const std::string& path, const std::string& name_space,
                const std::string& more = "");
sluice::testing::Answer json_answer(std::string body, uint32_t status = 200);
sluice::testing::Answer not_found();

// The configuration of most tests, with `changes` on top.
sluice::json config(const sluice::json& changes = sluice::json::object());
sluice::testing::SourceRun read(sluice::testing::FakeHost& host, const sluice::json& changes,
                                const sluice::testing::ReadSpec& spec);
// The count of notes of a code, and the outcome that was told of a key.
uint64_t noted(const sluice::testing::SourceRun& run, const std::string& code);
std::optional<sluice::Outcome> outcome(const sluice::testing::SourceRun& run,
                                       const std::string& key);
sluice::testing::Plugin plugin();

std::optional<std::filesystem::path> fixtures();  // …/blizzard; nothing if they are not there
std::string read_file(const std::filesystem::path& path);

}  // namespace blizzard::test
