// SPDX-License-Identifier: Apache-2.0
#include "seen_rows.hpp"

#include <utility>

namespace sluice::sqlite {

namespace {

constexpr std::string_view kReading =
    "SELECT id FROM main._sluice_commits WHERE pipeline = ?1 AND stream = ?2 AND slice = ?3 "
    "AND generation = ?4";

std::string_view type_of(const Table& table, const std::string& column) {
  return type_word(table.find(column)->storage);
}

std::string create_rows(const Table& table, const std::string& rows) {
  std::string columns;
  std::string key;
  for (const std::string& name : table.key) {
    columns += sql_name(name) + " " + std::string(type_of(table, name)) + ", ";
    key += sql_name(name) + ", ";
  }
  return "CREATE TEMP TABLE " + rows + " (" + columns + "part INTEGER, PRIMARY KEY (" + key +
         "part)) WITHOUT ROWID";
}

std::string insert_row(const Table& table, const std::string& rows) {
  std::string values = "?";
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    values += ", ?";
  }
  return "INSERT OR IGNORE INTO temp." + rows + " VALUES (" + values + ")";
}

std::string same_key(const Table& table) {
  std::string same;
  for (const std::string& name : table.key) {
    same += "s." + sql_name(name) + " = t." + sql_name(name) + " AND ";
  }
  return same;
}

// Rows that were left as they are, since they are equal, but whose commit is of another slice or
// was forgotten: from now on they are this slice's, which would not find them again otherwise.
std::string adopt_rows(const Table& table, const std::string& rows) {
  return "UPDATE " + sql_name(table.name) + " AS t SET " + sql_name(kLineageColumn) +
         " = s.part FROM temp." + rows + " AS s WHERE " + same_key(table) + "s.part IN (" +
         std::string(kReading) + ") AND NOT EXISTS (SELECT 1 FROM main._sluice_commits AS c " +
         "WHERE c.id = t." + sql_name(kLineageColumn) +
         " AND c.pipeline = ?1 AND c.stream = ?2 AND c.slice = ?3)";
}

std::string mark_removed(const Table& table, const std::string& rows) {
  const std::string removed = sql_name(table.removed);
  return "UPDATE " + sql_name(table.name) + " AS t SET " + removed + " = ?5 WHERE t." + removed +
         " IS NULL AND t." + sql_name(kLineageColumn) +
         " IN (SELECT id FROM main._sluice_commits WHERE pipeline = ?1 AND stream = ?2 AND slice = "
         "?3) AND NOT EXISTS (SELECT 1 FROM temp." +
         rows + " AS s WHERE " + same_key(table) + "s.part IN (" + std::string(kReading) + "))";
}

}  // namespace

SeenRows::SeenRows(Database& db, const Table& table, std::size_t number) {
  const std::string rows = "seen_rows_" + std::to_string(number);
  const std::string parts = "seen_parts_" + std::to_string(number);
  db.exec(create_rows(table, rows), "make a temporary table");
  db.exec("CREATE TEMP TABLE " + parts + " (part INTEGER PRIMARY KEY)", "make a temporary table");
  const std::string reading(kReading);
  insert_ = Statement(db.get(), insert_row(table, rows));
  begin_ = Statement(db.get(), "INSERT OR IGNORE INTO temp." + parts + " VALUES (?1)");
  unseen_ = Statement(db.get(), "SELECT 1 FROM (" + reading + " AND rows > 0) WHERE id NOT IN " +
                                    "(SELECT part FROM temp." + parts + ") LIMIT 1");
  if (!table.hash.empty()) {
    adopt_ = Statement(db.get(), adopt_rows(table, rows));
  }
  mark_ = Statement(db.get(), mark_removed(table, rows));
  drop_rows_ = Statement(db.get(), "DELETE FROM temp." + rows + " WHERE part IN (" + reading + ")");
  drop_parts_ =
      Statement(db.get(), "DELETE FROM temp." + parts + " WHERE part IN (" + reading + ")");
}

void SeenRows::begin_part(int64_t commit_id) {
  begin_.bind(1, commit_id).run();
}

void SeenRows::bind_slice(Statement& statement, const CommitRecord& record) {
  statement.bind(1, record.pipeline)
      .bind(2, record.stream)
      .bind(3, record.slice)
      .bind(4, record.generation);
}

bool SeenRows::is_whole(const CommitRecord& record) {
  bind_slice(unseen_, record);
  const bool unseen = unseen_.step();
  unseen_.reset();
  return !unseen;
}

void SeenRows::finish(const CommitRecord& record, std::string_view iso_time, bool iso) {
  if (adopt_) {
    bind_slice(*adopt_, record);
    adopt_->run();
  }
  if (!record.unsure && is_whole(record)) {
    bind_slice(mark_, record);
    iso ? mark_.bind(5, iso_time) : mark_.bind(5, record.committed_us);
    mark_.run();
  }
  for (Statement* drop : {&drop_rows_, &drop_parts_}) {
    bind_slice(*drop, record);
    drop->run();
  }
}

}  // namespace sluice::sqlite
