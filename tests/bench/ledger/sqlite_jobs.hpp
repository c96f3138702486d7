// SPDX-License-Identifier: Apache-2.0
//
// The work queue people write in SQLite: one table, an index over the state, prepared statements,
// WAL.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::bench {

// One connection; one thread.
class SqliteJobs {
 public:
  // `synchronous`: FULL, NORMAL or OFF.
  SqliteJobs(const std::filesystem::path& file, const std::string& synchronous);
  SqliteJobs(const SqliteJobs&) = delete;
  SqliteJobs& operator=(const SqliteJobs&) = delete;
  ~SqliteJobs();

  void fill(uint64_t entries);
  // Claims up to `max` jobs in one transaction.
  std::vector<int64_t> claim(int64_t owner, size_t max);
  // Completes them in one transaction.
  void complete(const std::vector<int64_t>& jobs);
  uint64_t count_landed();
  uint64_t failed_page(size_t limit);
  bool look_up(const std::string& key);

 private:
  sqlite3_stmt* prepare(const char* sql);
  void run(const char* sql);
  void reset(sqlite3_stmt* statement, int rc);
  sqlite3* db_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
  sqlite3_stmt *claim_ = nullptr, *complete_ = nullptr, *count_ = nullptr, *page_ = nullptr,
               *find_ = nullptr;
};

std::string job_key(uint64_t index);

}  // namespace sluice::bench
