// SPDX-License-Identifier: Apache-2.0
//
// The commit log inside the target, which says which slices its tables hold:
//   _sluice_commits  one row per part of a slice, written in the transaction of its rows
//   _sluice_streams  the table each stream lands in
//   _sluice_meta     one row: version of this layout, head token, highest commit id ever given
// A log on its own would be simpler to read, but could be newer or older than the rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "database.hpp"
#include "sluice/cpp/binding.hpp"

namespace sluice::sqlite {

// Reads and writes the log over a connection. One thread at a time.
class CommitLog {
 public:
  explicit CommitLog(Database& db) : db_(&db) {}

  // False: the database has no log. Throws UNSUPPORTED if the log is of a newer sluice.
  bool exists() const;
  // Creates the tables if need be. Requires: inside a transaction.
  void create() const;

  // The table the stream landed in so far.
  std::optional<std::string> table_of(std::string_view pipeline, std::string_view stream) const;
  bool has_records(std::string_view pipeline, std::string_view stream) const;

  // Requires for these: inside a transaction.
  void set_table(std::string_view pipeline, std::string_view stream, std::string_view table) const;
  void remove(const CommitFilter& filter) const;
  // A new head token, and what is the highest id now.
  void touch(int64_t last_commit_id) const;

  int64_t last_commit_id() const;
  // Changes with every commit, and with every change of the tables themselves.
  std::string head() const;
  // By stream and id, those whose table is there.
  void list(const CommitFilter& filter, const CommitVisitor& visit) const;

 private:
  Database* db_;
};

// Writes records. Holds its statement, as one is run per slice.
class RecordWriter {
 public:
  explicit RecordWriter(Database& db);
  // Throws BAD_STATE if the part is recorded already. Requires: inside a transaction.
  void write(const CommitRecord& record);

 private:
  Statement insert_;
};

}  // namespace sluice::sqlite
