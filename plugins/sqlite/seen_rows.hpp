// SPDX-License-Identifier: Apache-2.0
//
// Which rows a reading of a slice brought, for streams whose rows may be removed at the source:
// when the slice is complete, rows of earlier readings that were not among them are marked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database.hpp"
#include "sluice/cpp/binding.hpp"
#include "table.hpp"

namespace sluice::sqlite {

// Keeps the keys in a temporary table, which takes part in the transaction. Lives within its
// connection; one thread at a time.
class SeenRows {
 public:
  // `number` tells several streams of a connection apart. Requires: the table has a key, lineage
  // and a column for removed rows.
  SeenRows(Database& db, const Table& table, std::size_t number);

  // A part that this connection writes.
  void begin_part(int64_t commit_id);
  // INSERT of one key; parameters: the columns of the key, then the commit id.
  Statement& insert() noexcept { return insert_; }
  // Marks what the slice no longer has with `removed_at`, which is text or microseconds as the
  // table keeps times. A reading that is unsure, or whose beginning another connection wrote, marks
  // nothing. Requires: the record is in the commit log.
  void finish(const CommitRecord& record, std::string_view iso_time, bool iso);

 private:
  bool is_whole(const CommitRecord& record);
  void bind_slice(Statement& statement, const CommitRecord& record);

  Statement insert_, begin_, unseen_, mark_, drop_rows_, drop_parts_;
  std::optional<Statement> adopt_;  // streams with a hash
};

}  // namespace sluice::sqlite
