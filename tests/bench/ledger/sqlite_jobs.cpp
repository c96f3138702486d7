// SPDX-License-Identifier: Apache-2.0
#include "bench/ledger/sqlite_jobs.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace sluice::bench {

std::string job_key(uint64_t index) {
  std::array<char, 96> text{};
  std::snprintf(
      text.data(), text.size(), "10_minutes/air_temperature/historical/station_%05llu/%08llu.zip",
      static_cast<unsigned long long>(index / 128), static_cast<unsigned long long>(index));
  return text.data();
}

SqliteJobs::SqliteJobs(const std::filesystem::path& file, const std::string& synchronous) {
  if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) {
    throw std::runtime_error("sqlite3_open");
  }
  sqlite3_busy_timeout(db_, 60'000);
  run("PRAGMA journal_mode=WAL");
  run(("PRAGMA synchronous=" + synchronous).c_str());
  run("CREATE TABLE IF NOT EXISTS job(no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, validator "
      "TEXT,"
      " state INTEGER NOT NULL, listed INTEGER, owner INTEGER, lease INTEGER, generation INTEGER, "
      "part INTEGER,"
      " started INTEGER, landed INTEGER, rows INTEGER, bytes INTEGER, error TEXT) STRICT");
  run("CREATE INDEX IF NOT EXISTS job_state ON job(state, no)");
  claim_ = prepare(
      "UPDATE job SET state=1, owner=?1, lease=1700000060000000 WHERE no IN"
      " (SELECT no FROM job WHERE state=0 ORDER BY no LIMIT ?2) RETURNING no");
  complete_ = prepare(
      "UPDATE job SET state=2, owner=NULL, lease=NULL, generation=1, part=1, "
      "started=1700000000000000,"
      " landed=1700000001000000, rows=1000, bytes=50000 WHERE no=?1");
  count_ = prepare("SELECT state, count(*) FROM job GROUP BY state");
  page_ = prepare("SELECT * FROM job WHERE state=3 AND no>?1 ORDER BY no LIMIT ?2");
  find_ = prepare("SELECT * FROM job WHERE key=?1");
}

SqliteJobs::~SqliteJobs() {
  for (sqlite3_stmt* statement : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(db_);
}

sqlite3_stmt* SqliteJobs::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db_));
  }
  statements_.push_back(statement);
  return statement;
}

void SqliteJobs::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db_));
  }
}

void SqliteJobs::reset(sqlite3_stmt* statement, int rc) {
  sqlite3_reset(statement);
  if (rc != SQLITE_DONE) {
    throw std::runtime_error(sqlite3_errmsg(db_));
  }
}

void SqliteJobs::fill(uint64_t entries) {
  run("PRAGMA synchronous=OFF; BEGIN IMMEDIATE");
  sqlite3_stmt* insert =
      prepare("INSERT INTO job(key, validator, state, listed) VALUES(?1, ?2, ?3, ?4)");
  for (uint64_t i = 0; i < entries; ++i) {
    const std::string key = job_key(i);
    const std::string validator =
        std::to_string(1'700'000'000 + i) + "-" + std::to_string(50'000 + i % 1000);
    sqlite3_bind_text(insert, 1, key.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(insert, 2, validator.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(insert, 3, i % 1000 == 999 ? 3 : 0);
    sqlite3_bind_int64(insert, 4, 1'700'000'000'000'000);
    reset(insert, sqlite3_step(insert));
  }
  run("COMMIT");
  run("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::vector<int64_t> SqliteJobs::claim(int64_t owner, size_t max) {
  std::vector<int64_t> out;
  sqlite3_bind_int64(claim_, 1, owner);
  sqlite3_bind_int64(claim_, 2, static_cast<int64_t>(max));
  int rc = sqlite3_step(claim_);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(claim_)) {
    out.push_back(sqlite3_column_int64(claim_, 0));
  }
  reset(claim_, rc);
  return out;
}

void SqliteJobs::complete(const std::vector<int64_t>& jobs) {
  const bool several = jobs.size() > 1;
  if (several) {
    run("BEGIN IMMEDIATE");
  }
  for (const int64_t no : jobs) {
    sqlite3_bind_int64(complete_, 1, no);
    reset(complete_, sqlite3_step(complete_));
  }
  if (several) {
    run("COMMIT");
  }
}

uint64_t SqliteJobs::count_landed() {
  uint64_t landed = 0;
  int rc = sqlite3_step(count_);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(count_)) {
    if (sqlite3_column_int(count_, 0) == 2) {
      landed = static_cast<uint64_t>(sqlite3_column_int64(count_, 1));
    }
  }
  reset(count_, rc);
  return landed;
}

uint64_t SqliteJobs::failed_page(size_t limit) {
  uint64_t rows = 0;
  sqlite3_bind_int64(page_, 1, 0);
  sqlite3_bind_int64(page_, 2, static_cast<int64_t>(limit));
  int rc = sqlite3_step(page_);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(page_)) {
    rows += sqlite3_column_text(page_, 1) != nullptr ? 1 : 0;
  }
  reset(page_, rc);
  return rows;
}

bool SqliteJobs::look_up(const std::string& key) {
  sqlite3_bind_text(find_, 1, key.c_str(), -1, SQLITE_TRANSIENT);
  int rc = sqlite3_step(find_);
  const bool found = rc == SQLITE_ROW;
  while (rc == SQLITE_ROW) {
    rc = sqlite3_step(find_);
  }
  reset(find_, rc);
  return found;
}

}  // namespace sluice::bench
