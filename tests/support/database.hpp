// SPDX-License-Identifier: Apache-2.0
//
// What a test asks of a SQLite database: one value, or a digest of a table that is equal only for
// equal rows.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sluice::test {

// First column of the first row as text; empty for NULL or no row. Throws with SQLite's message.
std::string sql(const std::string& database, const std::string& query);
int64_t sql_number(const std::string& database, const std::string& query);

// First column of every row as text.
std::vector<std::string> sql_column(const std::string& database, const std::string& query);

// Count and hash of all rows of `table` in the order of `order`, without lineage, which differs
// from run to run, and without `leave_out`.
std::string digest(const std::string& database, const std::string& table, const std::string& order,
                   const std::set<std::string>& leave_out = {});

// Tables that a pipeline landed rows in, and the columns of one.
std::vector<std::string> landed_tables(const std::string& database);
std::vector<std::string> table_columns(const std::string& database, const std::string& table);

}  // namespace sluice::test
