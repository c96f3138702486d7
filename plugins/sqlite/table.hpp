// SPDX-License-Identifier: Apache-2.0
//
// The table a stream lands in: how it should look, what stands between that and the table that is
// there, and the statement that writes a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "database.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::sqlite {

inline constexpr std::string_view kLineageColumn = "_sluice_commit";

enum class Storage : uint8_t { kInteger, kReal, kText, kBlob };

struct TableColumn {
  std::string name;
  Type type;
  Storage storage;
  bool not_null;
  bool in_key;
  int scale;  // decimal128
};

// The columns come in the stream's order, so that position i is child i of a batch.
struct Table {
  std::string name;
  std::vector<TableColumn> columns;
  std::vector<std::string> key;
  std::string seq;      // or empty
  std::string hash;     // or empty: column that is equal when the row is
  std::string removed;  // or empty: column with the time at which the source was without the row
  std::vector<std::vector<std::string>> indexes;
  bool lineage = false;
  bool strict = true;

  const TableColumn* find(std::string_view column) const noexcept;
};

// `name` is the table's, or empty for the stream's. Throws INVALID_CONFIG or UNSUPPORTED for what
// SQLite cannot hold.
Table make_table(const Stream& stream, std::string_view name, bool lineage, const Config& config);

struct Changes {
  bool creates = false;
  std::vector<std::string> statements;  // in the order they must run
};

// The type of a column in SQL.
std::string_view type_word(Storage storage) noexcept;

// What makes `table` exist and fit. `db` may be NULL: the database does not exist yet. Throws
// SCHEMA_CHANGED if no change that keeps all data can do it.
Changes changes_for(sqlite3* db, const Table& table);

// INSERT of one row, an upsert where there is a key. Parameters: one per column, then the commit id
// if the table has lineage.
std::string insert_statement(const Table& table);

}  // namespace sluice::sqlite
