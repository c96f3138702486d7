// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
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

inline std::string url(const std::string& path) {
  return kBase + path;
}

// Reads a slice, of the stream `s` unless it says otherwise.
inline sluice::testing::SourceRun read(sluice::testing::FakeHost& host, const sluice::json& config,
                                       sluice::testing::ReadSpec spec = {}) {
  if (spec.stream.empty()) {
    spec.stream = "s";
  }
  sluice::testing::SourceSession session(plugin(), host, config);
  return session.read(spec);
}

// The rows of a slice that is cut after every row and resumed in the same instance.
inline std::vector<sluice::json> read_in_pieces(sluice::testing::FakeHost& host,
                                                const sluice::json& config,
                                                sluice::testing::ReadSpec spec) {
  spec.stream = "s";
  spec.target_batch_bytes = 1;  // each row fills a batch
  spec.most_batches = 1;
  sluice::testing::SourceSession session(plugin(), host, config);
  std::vector<sluice::json> rows;
  for (int i = 0; i < 1000; ++i) {
    const sluice::testing::SourceRun piece = session.read(spec);
    rows.insert(rows.end(), piece.rows.begin(), piece.rows.end());
    if (piece.end != SLUICE_OK || piece.states.empty() || !piece.states.back()) {
      CHECK(piece.end == SLUICE_END);
      break;
    }
    spec.state = piece.states.back();
  }
  return rows;
}

inline sluice::json paged(const sluice::json& pages,
                          const sluice::json& more = sluice::json::object()) {
  sluice::json out = stream(more);
  out["pages"] = pages;
  return source({out});
}

inline constexpr int64_t kMinute = 60'000'000;
inline constexpr int64_t kStart = 1'704'067'200'000'000;  // 2024-01-01

inline sluice::json series(sluice::json more = sluice::json::object()) {
  sluice::json out = {{"name", "s"},
                      {"kind", "series"},
                      {"path", "/events"},
                      {"key", {"id"}},
                      {"time", "at"},
                      {"query", {{"from", "{from:s}"}, {"to", "{to-1us:s}"}}},
                      {"fields",
                       {{{"name", "id"}, {"type", "int64"}},
                        {{"name", "at"}, {"type", "timestamp"}, {"epoch", "s"}}}}};
  out.update(more);
  return out;
}

inline std::string events(const std::vector<std::pair<int, int>>& id_and_minute) {
  std::string out = "[";
  for (const auto& [id, minute] : id_and_minute) {
    out += (out.size() > 1 ? "," : "") + std::string("{\"id\":") + std::to_string(id) +
           ",\"at\":" + std::to_string(kStart / 1'000'000 + minute * 60) + "}";
  }
  return out + "]";
}

inline sluice::testing::ReadSpec minutes(int from, int to) {
  return {.stream = "s", .from_us = kStart + from * kMinute, .to_us = kStart + to * kMinute};
}

}  // namespace rest::test
