// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the sink share: a sink over a file, and SQL asked over a connection of its own.
#pragma once

#include <sqlite3.h>

#include <sluice/testing/testing.hpp>
#include <string>
#include <vector>

namespace rig {

// The plugin under test, as the host loads it.
inline sluice::testing::Plugin tested() {
  return sluice::testing::Plugin::load(SLUICE_TEST_PLUGIN);
}

// `more` are further members, as JSON.
inline sluice::json sqlite_config(const std::string& path, const std::string& more = {}) {
  return sluice::json::parse(R"({"path":")" + path + '"' + (more.empty() ? "" : "," + more) + "}");
}

// Runs SQL over a connection of its own and gives each row as "a|b|c"; NULL is "NULL".
inline std::vector<std::string> sql(const std::string& path, const std::string& text) {
  sqlite3* db = nullptr;
  std::vector<std::string> rows;
  char* message = nullptr;
  const auto row = [](void* ctx, int count, char** values, char**) {
    std::string line;
    for (int i = 0; i < count; ++i) {
      line += (i == 0 ? "" : "|") + std::string(values[i] == nullptr ? "NULL" : values[i]);
    }
    static_cast<std::vector<std::string>*>(ctx)->push_back(line);
    return 0;
  };
  int rc = sqlite3_open(path.c_str(), &db);
  if (rc == SQLITE_OK) {
    rc = sqlite3_exec(db, text.c_str(), row, &rows, &message);
  }
  const std::string why = message == nullptr ? sqlite3_errstr(rc) : message;
  sqlite3_free(message);
  sqlite3_close(db);
  if (rc != SQLITE_OK) {
    throw std::runtime_error(why);
  }
  return rows;
}

inline std::string one(const std::string& path, const std::string& text) {
  const auto rows = sql(path, text);
  return rows.size() == 1 ? rows.front() : std::to_string(rows.size()) + " rows";
}

// A stream with a key of two columns.
inline sluice::Stream readings() {
  sluice::Stream stream("s", sluice::Kind::kFiles);
  stream.key("station", "time");
  stream.col("station", sluice::Type::kInt64)
      .col("time", sluice::Type::kTimestamp)
      .col("value", sluice::Type::kFloat64);
  return stream;
}

inline sluice::Micros at(int64_t us) {
  return sluice::Micros(std::chrono::microseconds(us));
}

// Lands `rows` of `batch` as one slice in one transaction.
inline int64_t land(sluice::testing::SinkWriter& writer, uint32_t stream, sluice::Batch& batch,
                    const std::string& slice, int64_t part = 1) {
  const auto rows = static_cast<uint64_t>(batch.rows());
  writer.begin();
  const int64_t id = writer.reserve();
  writer.write(stream, id, batch);
  sluice::testing::LoggedCommit record;
  record.commit_id = id;
  record.stream = "s";
  record.slice = slice;
  record.part = part;
  record.rows = rows;
  writer.record(record);
  writer.commit();
  return id;
}

}  // namespace rig
