// SPDX-License-Identifier: Apache-2.0
//
// Rows of Arrow batches into one table, through one prepared statement. A value goes from the
// column's buffer to SQLite without a copy in between.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "database.hpp"
#include "seen_rows.hpp"
#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/binding.hpp"
#include "table.hpp"

namespace sluice::sqlite {

// Lives within its connection; one thread at a time.
class RowWriter {
 public:
  // Prepares the statement. Requires: the table exists and fits.
  // `number` tells several streams of a connection apart.
  RowWriter(Database& db, Table table, const Config& config, std::size_t number = 0);

  // Writes every row it can. Throws for what is no row's fault (disk, lock, damage); the
  // transaction is then fit only for a rollback. Requires: inside a transaction.
  void write(const BatchView& batch, int64_t commit_id, Rejects& rejects);

  // After the record of a part is in the commit log.
  void recorded(const CommitRecord& record);

  const Table& table() const noexcept { return table_; }

 private:
  struct Scratch;
  // False if a value could not be bound.
  int bind_value(sqlite3_stmt* statement, int at, const BatchView& batch, std::size_t column,
                 int64_t row, char* text) const;
  void see(const BatchView& batch, int64_t row, std::vector<Scratch>& scratch);
  bool bind_row(const BatchView& batch, int64_t row, std::vector<Scratch>& scratch);
  void unbindable(const BatchView& batch, int64_t row, Rejects& rejects) const;
  // True if the row can be handed to SQLite; rejects it otherwise.
  bool acceptable(const BatchView& batch, int64_t row, Rejects& rejects) const;
  void refused(int rc, int64_t row, Rejects& rejects);
  void find_suspects(const BatchView& batch);

  Database* db_;
  Table table_;
  bool iso_times_;
  bool exact_decimals_;
  Statement insert_;
  std::optional<SeenRows> seen_;       // streams whose rows may be removed
  std::vector<std::size_t> key_;       // positions of the key's columns
  std::vector<std::size_t> required_;  // columns of the key, and those that take no null
  std::vector<std::size_t> suspects_;  // text columns of this batch that need a look at each value
};

}  // namespace sluice::sqlite
