// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/testing/testing.hpp>
#include <string>
#include <utility>
#include <vector>

namespace rest::test {

inline constexpr const char* kBase = "https://api.test/v1";

inline sluice::testing::Plugin plugin() {
  return sluice::testing::Plugin::load(REST_PLUGIN_FILE);
}

// A source with one stream `s` of records with an id and a text, changed by `more`.
inline sluice::json stream(sluice::json more = sluice::json::object()) {
  sluice::json out = {{"name", "s"},
                      {"path", "/items"},
                      {"key", {"id"}},
                      {"fields", {{{"name", "id"}, {"type", "int64"}}, {{"name", "t"}}}}};
  out.update(more);
  return out;
}
inline sluice::json source(std::vector<sluice::json> streams,
                           sluice::json more = sluice::json::object()) {
  sluice::json out = {{"base_url", kBase}, {"streams", std::move(streams)}};
  out.update(more);
  return out;
}

// Records with these ids.
inline std::string records(int64_t from, int64_t to) {
  std::string out = "[";
  for (int64_t id = from; id <= to; ++id) {
    out += (id == from ? "" : ",") + std::string("{\"id\":") + std::to_string(id) + "}";
  }
  return out + "]";
}

// What was asked for, without the base.
inline std::vector<std::string> asked(const sluice::testing::FakeHost& host) {
  std::vector<std::string> out;
  for (const auto& request : host.http.requests()) {
    out.push_back(request.url.substr(std::string(kBase).size()));
  }
  return out;
}

inline std::vector<int64_t> ids(const sluice::testing::SourceRun& run) {
  std::vector<int64_t> out;
  for (const auto& row : run.rows) {
    out.push_back(row.at("id").get<int64_t>());
  }
  return out;
}

inline std::vector<int64_t> numbers(int64_t from, int64_t to) {
  std::vector<int64_t> out;
  for (int64_t i = from; i <= to; ++i) {
    out.push_back(i);
  }
  return out;
}

// The message of the configuration error, or "".
inline std::string refusal(const sluice::json& config) {
  sluice::testing::FakeHost host;
  try {
    sluice::testing::SourceSession session(plugin(), host, config);
  } catch (const sluice::Error& error) {
    return error.code() == sluice::Code::kInvalidConfig ? error.message()
                                                        : "not a configuration error";
  }
  return "";
}

}  // namespace rest::test
