// SPDX-License-Identifier: Apache-2.0
#include "support/database.hpp"

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <stdexcept>

namespace sluice::test {
namespace {

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

Database open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  Database database(raw, &sqlite3_close);
  if (status != SQLITE_OK) {
    throw std::runtime_error("cannot open " + path);
  }
  sqlite3_busy_timeout(raw, 10'000);
  return database;
}

void each_row(const std::string& path, const std::string& query,
              const std::function<bool(sqlite3_stmt*)>& visit) {
  const Database database = open(path);
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database.get(), query.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sqlite3_errmsg(database.get())) + ": " + query);
  }
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw,
                                                                             &sqlite3_finalize);
  int status = SQLITE_ROW;
  while ((status = sqlite3_step(raw)) == SQLITE_ROW && visit(raw)) {
  }
  if (status != SQLITE_ROW && status != SQLITE_DONE) {
    throw std::runtime_error(std::string(sqlite3_errmsg(database.get())) + ": " + query);
  }
}

}  // namespace

std::string sql(const std::string& database, const std::string& query) {
  std::string value;
  each_row(database, query, [&](sqlite3_stmt* row) {
    if (const auto* text = sqlite3_column_text(row, 0); text != nullptr) {
      value.assign(reinterpret_cast<const char*>(text),
                   static_cast<size_t>(sqlite3_column_bytes(row, 0)));
    }
    return false;
  });
  return value;
}

int64_t sql_number(const std::string& database, const std::string& query) {
  const std::string text = sql(database, query);
  return text.empty() ? 0 : std::stoll(text);
}

std::vector<std::string> sql_column(const std::string& database, const std::string& query) {
  std::vector<std::string> values;
  each_row(database, query, [&](sqlite3_stmt* row) {
    const auto* text = sqlite3_column_text(row, 0);
    values.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    return true;
  });
  return values;
}

std::vector<std::string> landed_tables(const std::string& database) {
  return sql_column(database,
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                    "'\\_sluice%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name");
}

std::vector<std::string> table_columns(const std::string& database, const std::string& table) {
  return sql_column(database, "SELECT name FROM pragma_table_info('" + table + "')");
}

std::string digest(const std::string& database, const std::string& table, const std::string& order,
                   const std::set<std::string>& leave_out) {
  uint64_t hash = 14695981039346656037ULL;
  uint64_t rows = 0;
  const auto mix = [&hash](const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 1099511628211ULL;
    }
  };
  each_row(database, "SELECT * FROM \"" + table + "\" ORDER BY " + order, [&](sqlite3_stmt* row) {
    ++rows;
    for (int i = 0; i < sqlite3_column_count(row); ++i) {
      const std::string name = sqlite3_column_name(row, i);
      if (name == "_sluice_commit" || leave_out.contains(name)) {
        continue;
      }
      const int type = sqlite3_column_type(row, i);
      mix(&type, sizeof type);
      if (const auto* text = sqlite3_column_text(row, i); text != nullptr) {
        mix(text, static_cast<size_t>(sqlite3_column_bytes(row, i)) + 1);
      }
    }
    return true;
  });
  return std::to_string(rows) + " rows, hash " + std::to_string(hash);
}

}  // namespace sluice::test
