// SPDX-License-Identifier: Apache-2.0
//
// From a record's text to a row of the batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cell.hpp"
#include "source_config.hpp"

namespace sluice::files {

// What a report says of the records that became rows.
struct Tally {
  uint64_t unknown_fields = 0;
  std::string unknown_example;
  uint64_t nulled = 0;
  std::string nulled_example;
};

// Decodes records of one file. One thread at a time.
class Rows {
 public:
  Rows(Batch& batch, const SourceConfig& config);
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  virtual ~Rows() = default;

  // Appends the row of `record`; followed by RecordReader::kPadding readable bytes. False, with the
  // reason, if it is none: the batch is then as before.
  bool append(std::string_view record, std::string& why);
  Tally take_tally() { return std::exchange(tally_, {}); }

 protected:
  virtual bool decode(std::string_view record, std::string& why) = 0;

  int find(std::string_view field) const noexcept;
  void unknown(std::string_view field);
  // Puts `text`, or deals with it by the policy for bad values.
  bool put(Cell& cell, std::string_view text, std::string& why);
  bool bad(Cell& cell, std::string_view text, std::string& why);
  bool put_null(Cell& cell, std::string& why);
  // Null for every column that the record had no field for.
  bool fill_missing(std::string& why);

  Batch& batch_;
  const SourceConfig& config_;
  std::vector<Cell> cells_;
  Tally tally_;
};

std::unique_ptr<Rows> make_json_rows(Batch& batch, const SourceConfig& config);
// `header` is the first record, or empty if there is none; throws BAD_DATA if it names no column.
std::unique_ptr<Rows> make_csv_rows(Batch& batch, const SourceConfig& config, char delimiter,
                                    std::string_view header);

// The fields of a CSV record. `quoted[i]` says whether field i was in quotes. False: malformed.
struct CsvFields {
  std::vector<std::string_view> values;
  std::vector<bool> quoted;
  std::string scratch;  // unescaped values
};
bool split_csv(std::string_view record, char delimiter, CsvFields& out);

}  // namespace sluice::files
