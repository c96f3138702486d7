// SPDX-License-Identifier: Apache-2.0
//
// Rows that landed against rows that were expected.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/pipeline/capture.hpp"

namespace sluice::host {

struct ChangedRow {
  std::string key;                   // as JSON
  std::vector<std::string> columns;  // "name: expected → got"
};

struct StreamDiff {
  std::string stream;
  uint64_t rows = 0;                 // that landed
  std::vector<std::string> missing;  // lines of JSON that were expected and did not land
  std::vector<std::string> extra;    // the other way round
  std::vector<ChangedRow> changed;   // of one key, with other values
  [[nodiscard]] bool same() const { return missing.empty() && extra.empty() && changed.empty(); }
};

// `expected` is the text of expected/STREAM.ndjson, `file` its name for errors. Values count, not
// how they are written. kCorrupt with file and line for a line that is no JSON object.
Result<StreamDiff> compare_rows(const std::string& stream, const Capture::Table& landed,
                                const std::string& file, const std::string& expected);

// For people: a line per row, - missing, + extra, ~ changed; the first `most` of each.
std::string diff_text(const StreamDiff& diff, size_t most);
nlohmann::json diff_json(const StreamDiff& diff);

}  // namespace sluice::host
