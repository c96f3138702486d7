// SPDX-License-Identifier: Apache-2.0
//
// Rows as text: NDJSON or CSV.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/binding.hpp"

namespace simdjson::dom {
class parser;
}

namespace sluice::files {

// Writes rows of one stream. One thread at a time.
class RowText {
 public:
  RowText(const Stream& stream, bool csv, bool lineage);
  ~RowText();

  // What a new file begins with: the header of CSV, nothing for NDJSON.
  std::string header() const;
  // Appends the row and a newline to `out`. A row that cannot be written is rejected and leaves
  // `out` as it was.
  void append(const BatchView& batch, int64_t row, int64_t commit_id, std::string& out,
              Rejects& rejects);

 private:
  // False: the value cannot be written; `why_` says why.
  bool append_json(const ColumnView& column, int64_t row, std::string& out);
  bool append_csv(const ColumnView& column, int64_t row, std::string& out);
  bool append_raw_json(std::string_view value, std::string& out);

  std::vector<std::string> prefixes_;  // NDJSON: `{"a":`, `,"b":`, …
  std::vector<std::string> names_;
  bool csv_;
  bool lineage_;
  const char* why_ = "";
  std::unique_ptr<simdjson::dom::parser> judge_;  // of JSON columns
};

}  // namespace sluice::files
