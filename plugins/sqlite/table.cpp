// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::sqlite {

namespace {

// SQLite's own default; more makes every statement slow and no build takes above 32,767.
constexpr std::size_t kMostColumns = 2000;

Storage storage_of(const ColumnDecl& column, const Config& config) {
  switch (column.type) {
    case Type::kBool:
    case Type::kInt32:
    case Type::kInt64:
      return Storage::kInteger;
    case Type::kFloat64:
      return Storage::kReal;
    case Type::kDecimal128:
      return config.exact_decimals() ? Storage::kText : Storage::kReal;
    case Type::kDate32:
    case Type::kTimestamp:
      return config.iso_times() ? Storage::kText : Storage::kInteger;
    case Type::kBinary:
      return Storage::kBlob;
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kJson:
      break;
  }
  return Storage::kText;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    out += (out.empty() ? "" : ", ") + sql_name(name);
  }
  return out;
}

bool contains(const std::vector<std::string>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& other) { return same_name(other, name); });
}

bool same_set(const std::vector<std::string>& a, const std::vector<std::string>& b) noexcept {
  return a.size() == b.size() &&
         std::all_of(a.begin(), a.end(), [&](const auto& name) { return contains(b, name); });
}

bool starts_with(const std::vector<std::string>& names,
                 const std::vector<std::string>& first) noexcept {
  return names.size() >= first.size() &&
         std::equal(first.begin(), first.end(), names.begin(),
                    [](const auto& x, const auto& y) { return same_name(x, y); });
}

bool starts_with_word(std::string_view name, std::string_view word) noexcept {
  return name.size() >= word.size() && same_name(name.substr(0, word.size()), word);
}

void check_name(std::string_view name, const std::string& what) {
  if (name.find('\0') != std::string_view::npos || !is_utf8(name)) {
    throw Error(Code::kInvalidConfig,
                "The name of " + what + " is not text that SQLite can hold; choose another.");
  }
}

void check_names(const Table& table) {
  const std::string where = "table '" + table.name + "'";
  check_name(table.name, where);
  if (table.name.empty()) {
    throw Error(Code::kInvalidConfig, "A stream without a name needs one for its table.");
  }
  for (const std::string_view reserved : {"sqlite_", "_sluice_"}) {
    if (starts_with_word(table.name, reserved)) {
      throw Error(Code::kInvalidConfig, "The name '" + table.name + "' is reserved: a table may " +
                                            "not begin with '" + std::string(reserved) +
                                            "'. Set another with `table`.");
    }
  }
  if (table.columns.size() + (table.lineage ? 1 : 0) > kMostColumns) {
    throw Error(Code::kUnsupported,
                "The stream has " + std::to_string(table.columns.size()) + " columns, but SQLite " +
                    "holds at most " + std::to_string(kMostColumns) + " in " + where +
                    (table.lineage ? ", one of them for lineage." : ".") + " Select fewer.");
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i].name;
    check_name(name, "a column of " + where);
    if (table.lineage && same_name(name, kLineageColumn)) {
      throw Error(Code::kInvalidConfig, "The stream has a column '" + name + "', which " + where +
                                            " needs for lineage. Set `lineage = false`.");
    }
    if (table.find(name) != &table.columns[i]) {
      throw Error(Code::kUnsupported, "The columns '" + table.find(name)->name + "' and '" + name +
                                          "' are one name to SQLite. Rename one of them.");
    }
  }
}

}  // namespace

std::string_view type_word(Storage storage) noexcept {
  static constexpr std::array<std::string_view, 4> kWords{"INTEGER", "REAL", "TEXT", "BLOB"};
  return kWords[static_cast<std::size_t>(storage)];
}

const TableColumn* Table::find(std::string_view column) const noexcept {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& candidate) {
    return same_name(candidate.name, column);
  });
  return found == columns.end() ? nullptr : &*found;
}

Table make_table(const Stream& stream, std::string_view name, bool lineage, const Config& config) {
  Table table;
  table.name = name.empty() ? stream.name() : std::string(name);
  table.lineage = lineage;
  table.strict = config.strict;
  table.key = stream.key_columns();
  table.seq = stream.seq();
  table.hash = stream.hash();
  table.removed = stream.removed();
  table.indexes = stream.indexes();
  if (!table.removed.empty() && (!lineage || table.key.empty())) {
    throw Error(Code::kInvalidConfig,
                "The stream '" + stream.name() +
                    "' tells which rows were removed; that needs a key and `lineage = true`.");
  }
  for (const ColumnDecl& column : stream.columns()) {
    table.columns.push_back({.name = column.name,
                             .type = column.type,
                             .storage = storage_of(column, config),
                             .not_null = !stream.nullable(column),
                             .in_key = stream.in_key(column.name),
                             .scale = column.options.scale});
  }
  check_names(table);
  return table;
}

namespace {

struct ExistingColumn {
  std::string name;
  std::string type;
  bool not_null;
  bool has_default;
  bool generated;
  int key_position;  // from 1, 0 = not in the primary key
};

struct ExistingIndex {
  std::string name;
  std::vector<std::string> columns;  // an expression is an empty name
  bool usable_as_key;                // unique, over all rows, compared byte by byte
};

struct ExistingTable {
  bool strict = false;
  std::vector<ExistingColumn> columns;
  std::vector<ExistingIndex> indexes;
  std::vector<std::string> primary_key;

  const ExistingColumn* find(std::string_view column) const noexcept {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const auto& c) { return same_name(c.name, column); });
    return found == columns.end() ? nullptr : &*found;
  }
};

Error misfit(const Table& table, const std::string& what) {
  return Error(Code::kSchemaChanged,
               "The table '" + table.name + "' does not fit the stream: " + what);
}

ExistingIndex read_index(sqlite3* db, const std::string& name, bool unique, bool partial) {
  ExistingIndex index{.name = name, .columns = {}, .usable_as_key = unique && !partial};
  Statement columns(db,
                    "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno");
  columns.bind(1, name);
  while (columns.step()) {
    index.columns.emplace_back(columns.text(0));
    index.usable_as_key &= !columns.is_null(0) && same_name(columns.text(1), "BINARY");
  }
  return index;
}

std::optional<ExistingTable> read_table(sqlite3* db, const Table& wanted) {
  Statement kind(db,
                 "SELECT type, strict FROM pragma_table_list "
                 "WHERE schema = 'main' AND name = ?1 COLLATE NOCASE");
  kind.bind(1, wanted.name);
  if (!kind.step()) {
    return std::nullopt;
  }
  if (kind.text(0) != "table") {
    throw misfit(wanted, "it is a " + std::string(kind.text(0)) +
                             ", to which rows cannot be written. Set another name with `table`.");
  }
  ExistingTable table;
  table.strict = kind.integer(1) != 0;
  Statement columns(db,
                    "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, hidden, pk "
                    "FROM pragma_table_xinfo(?1) ORDER BY cid");
  columns.bind(1, wanted.name);
  while (columns.step()) {
    table.columns.push_back({.name = std::string(columns.text(0)),
                             .type = std::string(columns.text(1)),
                             .not_null = columns.integer(2) != 0,
                             .has_default = columns.integer(3) != 0,
                             .generated = columns.integer(4) != 0,
                             .key_position = static_cast<int>(columns.integer(5))});
  }
  for (int at = 1;; ++at) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const auto& column) { return column.key_position == at; });
    if (found == table.columns.end()) {
      break;
    }
    table.primary_key.push_back(found->name);
  }
  Statement indexes(db, "SELECT name, \"unique\", partial FROM pragma_index_list(?1)");
  indexes.bind(1, wanted.name);
  while (indexes.step()) {
    table.indexes.push_back(read_index(db, std::string(indexes.text(0)), indexes.integer(1) != 0,
                                       indexes.integer(2) != 0));
  }
  return table;
}

enum class Affinity : uint8_t { kInteger, kReal, kNumeric, kText, kBlob };

// SQLite's rules (datatype3.html, 3.1).
Affinity affinity_of(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto has = [&](std::string_view word) { return type.find(word) != std::string::npos; };
  if (has("INT")) {
    return Affinity::kInteger;
  }
  if (has("CHAR") || has("CLOB") || has("TEXT")) {
    return Affinity::kText;
  }
  if (has("BLOB") || type.empty() || type == "ANY") {
    return Affinity::kBlob;
  }
  return has("REAL") || has("FLOA") || has("DOUB") ? Affinity::kReal : Affinity::kNumeric;
}

// Whether a column declared as `existing` keeps every value of `column` as it is.
bool keeps(const ExistingTable& table, const ExistingColumn& existing, const TableColumn& column) {
  const Affinity affinity = affinity_of(existing.type);
  if (table.strict && affinity == Affinity::kBlob) {
    return same_name(existing.type, "ANY") || column.storage == Storage::kBlob;
  }
  if (affinity == Affinity::kBlob) {
    return true;  // no affinity: values stay what they are
  }
  switch (column.storage) {
    case Storage::kInteger:
      return affinity == Affinity::kInteger || affinity == Affinity::kNumeric;
    case Storage::kReal:
      return affinity == Affinity::kReal || (affinity == Affinity::kNumeric && !table.strict);
    case Storage::kText: {
      // "2024-01-31" and "2024-01-31T12:00:00Z" look like no number, so a column that prefers
      // numbers (DATETIME, say) leaves them alone.
      const bool time = column.type == Type::kTimestamp || column.type == Type::kDate32;
      return affinity == Affinity::kText || (time && affinity == Affinity::kNumeric);
    }
    case Storage::kBlob:
      return !table.strict;
  }
  return false;
}

void check_columns(const Table& table, const ExistingTable& existing) {
  for (const TableColumn& column : table.columns) {
    const ExistingColumn* there = existing.find(column.name);
    if (there == nullptr) {
      continue;
    }
    if (there->generated) {
      throw misfit(table, "its column '" + there->name + "' is generated and cannot be written.");
    }
    if (!keeps(existing, *there, column)) {
      throw misfit(table, "its column '" + there->name + "' is " +
                              (there->type.empty() ? "untyped" : there->type) +
                              ", the stream's is " + std::string(type_name(column.type)) + " (" +
                              std::string(type_word(column.storage)) +
                              "). Convert the column, or set another name with `table`.");
    }
  }
  for (const ExistingColumn& column : existing.columns) {
    // The alias of the rowid fills itself.
    const bool fills_itself = column.has_default || column.generated ||
                              (column.key_position == 1 && existing.primary_key.size() == 1 &&
                               same_name(column.type, "INTEGER"));
    if (column.not_null && !fills_itself && table.find(column.name) == nullptr &&
        !same_name(column.name, kLineageColumn)) {
      throw misfit(table, "its column '" + column.name +
                              "' must have a value, and the stream has none for it. Give it a "
                              "default, or drop it.");
    }
  }
}

// Whether the table already holds at most one row per key; throws if it never can.
bool key_is_unique(const Table& table, const ExistingTable& existing) {
  if (table.key.empty() || same_set(existing.primary_key, table.key) ||
      std::any_of(existing.indexes.begin(), existing.indexes.end(), [&](const auto& index) {
        return index.usable_as_key && same_set(index.columns, table.key);
      })) {
    return true;
  }
  const bool surrogate =
      existing.primary_key.empty() || table.find(existing.primary_key.front()) == nullptr;
  if (!surrogate) {
    throw misfit(table, "its primary key is (" + joined(existing.primary_key) +
                            "), the stream's key is (" + joined(table.key) +
                            "). Rename the old table, or set another name with `table`.");
  }
  return false;
}

std::string create_statement(const Table& table) {
  std::string sql = "CREATE TABLE " + sql_name(table.name) + " (\n";
  const char* separator = "  ";
  for (const TableColumn& column : table.columns) {
    sql += separator + sql_name(column.name) + " " + std::string(type_word(column.storage)) +
           (column.not_null ? " NOT NULL" : "");
    separator = ",\n  ";
  }
  if (table.lineage) {
    sql += separator + sql_name(kLineageColumn) + " INTEGER";
  }
  if (!table.key.empty()) {
    sql += separator + ("PRIMARY KEY (" + joined(table.key) + ")");
  }
  sql += "\n)";
  // One INTEGER column as key is the rowid itself. Any other key would be kept twice, once in an
  // index of its own: without rowid the table is ordered by it. That is no good for rows of
  // kilobytes, of which a page holds only a few: each insert would then go through many pages.
  const bool wide =
      std::any_of(table.columns.begin(), table.columns.end(), [](const TableColumn& column) {
        return column.type == Type::kJson || column.type == Type::kLargeUtf8 ||
               column.type == Type::kBinary;
      });
  const bool rowid = wide || table.key.empty() ||
                     (table.key.size() == 1 && table.find(table.key.front()) != nullptr &&
                      table.find(table.key.front())->storage == Storage::kInteger);
  if (table.strict) {
    sql += rowid ? " STRICT" : " STRICT, WITHOUT ROWID";
  } else if (!rowid) {
    sql += " WITHOUT ROWID";
  }
  return sql;
}

// A name for an index that nothing in the database has.
std::string index_name(sqlite3* db, const Table& table, const std::vector<std::string>& columns) {
  std::string base = "idx_" + table.name;
  for (const auto& column : columns) {
    base += "_" + column;
  }
  std::string name = base;
  for (int i = 2; db != nullptr; ++i) {
    Statement taken(db, "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE");
    if (!taken.bind(1, name).step()) {
      break;
    }
    name = base + "_" + std::to_string(i);
  }
  return name;
}

void add_indexes(sqlite3* db, const Table& table, const ExistingTable& existing, Changes& out) {
  std::vector<std::vector<std::string>> there{existing.primary_key};
  for (const auto& index : existing.indexes) {
    there.push_back(index.columns);
  }
  const auto add = [&](const std::vector<std::string>& columns, const char* unique) {
    out.statements.push_back("CREATE " + std::string(unique) + "INDEX " +
                             sql_name(index_name(db, table, columns)) + " ON " +
                             sql_name(table.name) + " (" + joined(columns) + ")");
    there.push_back(columns);
  };
  if (!out.creates && !key_is_unique(table, existing)) {
    add(table.key, "UNIQUE ");
  }
  std::vector<std::vector<std::string>> wanted = table.indexes;
  if (!table.removed.empty()) {
    wanted.push_back({std::string(kLineageColumn)});  // by which a slice's rows are found
  }
  for (const auto& columns : wanted) {
    const bool covered =
        columns.empty() || std::any_of(there.begin(), there.end(), [&](const auto& index) {
          return starts_with(index, columns);
        });
    if (!covered) {
      add(columns, "");
    }
  }
}

}  // namespace

Changes changes_for(sqlite3* db, const Table& table) {
  Changes out;
  std::optional<ExistingTable> existing;
  if (db != nullptr) {
    existing = read_table(db, table);
  }
  if (!existing) {
    out.creates = true;
    out.statements.push_back(create_statement(table));
    ExistingTable fresh;
    fresh.primary_key = table.key;
    add_indexes(db, table, fresh, out);
    return out;
  }
  check_columns(table, *existing);
  const auto add_column = [&](std::string_view name, Storage storage) {
    // Rows that are there have no value for it, so it cannot be NOT NULL.
    out.statements.push_back("ALTER TABLE " + sql_name(table.name) + " ADD COLUMN " +
                             sql_name(name) + " " + std::string(type_word(storage)));
  };
  for (const TableColumn& column : table.columns) {
    if (existing->find(column.name) == nullptr) {
      if (column.in_key) {
        throw misfit(table, "it has no column '" + column.name +
                                "', which is part of the stream's key. Set another name with "
                                "`table`.");
      }
      add_column(column.name, column.storage);
    }
  }
  if (table.lineage && existing->find(kLineageColumn) == nullptr) {
    add_column(kLineageColumn, Storage::kInteger);
  }
  add_indexes(db, table, *existing, out);
  return out;
}

namespace {

// Which rows that are there an upsert changes: none that is newer, none that is equal.
std::string update_condition(const Table& table) {
  const auto old = [&](const std::string& column) {
    return sql_name(table.name) + "." + sql_name(column);
  };
  std::vector<std::string> all;
  if (!table.seq.empty()) {
    all.push_back("(excluded." + sql_name(table.seq) + " >= " + old(table.seq) + " OR " +
                  old(table.seq) + " IS NULL)");
  }
  if (!table.hash.empty()) {
    all.push_back("(excluded." + sql_name(table.hash) + " IS NOT " + old(table.hash) +
                  (table.removed.empty() ? "" : " OR " + old(table.removed) + " IS NOT NULL") +
                  ")");
  }
  std::string sql;
  for (const std::string& one : all) {
    sql += (sql.empty() ? " WHERE " : " AND ") + one;
  }
  return sql;
}

}  // namespace

std::string insert_statement(const Table& table) {
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) {
    names.push_back(column.name);
  }
  if (table.lineage) {
    names.emplace_back(kLineageColumn);
  }
  std::string values;
  for (std::size_t i = 0; i < names.size(); ++i) {
    values += i == 0 ? "?" : ", ?";
  }
  std::string sql =
      "INSERT INTO " + sql_name(table.name) + " (" + joined(names) + ") VALUES (" + values + ")";
  if (table.key.empty()) {
    return sql;
  }
  sql += " ON CONFLICT (" + joined(table.key) + ") DO ";
  std::string set;
  for (const auto& name : names) {
    if (!contains(table.key, name)) {
      set += (set.empty() ? "" : ", ") + sql_name(name) + " = excluded." + sql_name(name);
    }
  }
  if (set.empty()) {
    return sql + "NOTHING";
  }
  return sql + "UPDATE SET " + set + update_condition(table);
}

}  // namespace sluice::sqlite
