// SPDX-License-Identifier: Apache-2.0
//
// What a good programmer would write by hand for this one job: the limit to hold the plugins
// against.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

// simdjson on demand, one prepared statement, WAL, a commit every `rows_per_commit` rows.
void ndjson_to_sqlite(const std::string& in, const std::string& out, int64_t rows_per_commit);
// The same parser alone: rows read, values summed up.
int64_t ndjson_only(const std::string& in);

}  // namespace bench
