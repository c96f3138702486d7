// SPDX-License-Identifier: Apache-2.0
//
// A connection to the SQLite file and its prepared statements. Whatever SQLite answers becomes an
// Error here, so that the rest of the plugin reads as if nothing could fail.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config.hpp"
#include "sluice/cpp/error.hpp"

namespace sluice::sqlite {

// The Error for result code `rc` of `db` while it was asked to `action` ("write a row", …).
Error failure(sqlite3* db, int rc, std::string_view action);

// `name` as an SQL identifier, whatever characters it holds.
std::string sql_name(std::string_view name);

// Whether two identifiers are one to SQLite, which ignores the case of ASCII letters.
bool same_name(std::string_view a, std::string_view b) noexcept;

// A prepared statement. Lives within its connection; one thread at a time.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, std::string_view sql);

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  sqlite3_stmt* get() const noexcept { return handle_.get(); }

  // Parameters count from 1. Text must stay in place until the next reset().
  Statement& bind(int at, int64_t value);
  Statement& bind(int at, std::string_view text);
  // True with a row, false when done.
  bool step();
  void reset() noexcept { sqlite3_reset(handle_.get()); }
  // Runs a statement that gives no rows, and makes it ready for the next time.
  void run();

  // Columns count from 0; text is valid until the next step() or reset().
  int64_t integer(int at) const noexcept { return sqlite3_column_int64(handle_.get(), at); }
  std::string_view text(int at) const noexcept;
  bool is_null(int at) const noexcept {
    return sqlite3_column_type(handle_.get(), at) == SQLITE_NULL;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Waits up to so many milliseconds on behalf of a locked database; true = give up, work is to stop.
using Sleep = std::function<bool(uint64_t)>;

// One connection. One thread at a time, but for interrupt().
class Database {
 public:
  enum class Mode { kExisting, kCreate };

  // kExisting never creates the file; kCreate makes it and its folder, and sets the journal mode.
  Database(const Config& config, Mode mode, Sleep sleep);

  sqlite3* get() const noexcept { return handle_.get(); }
  void exec(const std::string& sql, std::string_view action);
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }
  void rollback() noexcept;
  void interrupt() noexcept { sqlite3_interrupt(handle_.get()); }  // any thread

 private:
  static int wait(void* self, int attempts) noexcept;
  void set_journal(const std::string& mode);
  void tune(const Config& config, Mode mode);

  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  Sleep sleep_;
  uint64_t busy_timeout_ms_ = 0;
  bool cancelled_ = false;  // a wait ended because work is to stop
  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolls back unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Database& db);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database* db_;
};

}  // namespace sluice::sqlite
