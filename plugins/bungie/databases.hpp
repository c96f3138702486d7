// SPDX-License-Identifier: Apache-2.0
//
// The service's other form: for each language a zip archive whose one member is an SQLite database
// with a table for each kind of definition. It is unpacked while it arrives, into a temporary file,
// once for all tables.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "client.hpp"
#include "workspace.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace bungie {

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept;
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const noexcept;
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinishStatement>;

// An unpacked database; the file goes with the last one who uses it.
class DatabaseFile {
 public:
  // Unpacks `body` into `path`. Throws UNAVAILABLE, retryable, for an archive that is cut or
  // damaged, BAD_DATA for one that holds something else than one database.
  DatabaseFile(sluice::HttpBody body, const std::filesystem::path& path);
  const std::filesystem::path& path() const noexcept { return file_.path(); }

 private:
  TemporaryFile file_;
};

// Threads: any.
class Databases {
 public:
  explicit Databases(const Client& client) : client_(client) {}

  // The database of a language as `path` names it. The first to ask fetches it, others wait for
  // that; an older one of the language is let go.
  std::shared_ptr<const DatabaseFile> get(const std::string& language, const std::string& path);
  Workspace& workspace() noexcept { return workspace_; }

 private:
  struct Slot {
    std::mutex mutex;  // guards all below; held while fetching
    std::string path;
    std::shared_ptr<const DatabaseFile> file;
  };
  const Client& client_;
  Workspace workspace_;
  std::mutex mutex_;                   // guards slots_; slots stay where they are
  std::map<std::string, Slot> slots_;  // by language
};

// The rows of a table in their order, with unsigned hashes. Threads: one.
class DatabaseRows {
 public:
  // Throws NOT_FOUND if there is no such table, BAD_DATA for one of another form.
  DatabaseRows(std::shared_ptr<const DatabaseFile> file, const std::string& table,
               uint64_t skipped);
  bool next();
  std::string_view key() const noexcept { return key_; }
  std::string_view json() const noexcept { return json_; }

 private:
  std::shared_ptr<const DatabaseFile> file_;
  DatabaseHandle db_;  // before the statement, which must go first
  StatementHandle select_;
  std::string key_;
  std::string_view json_;
};

}  // namespace bungie
