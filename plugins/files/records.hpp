// SPDX-License-Identifier: Apache-2.0
//
// Cuts the bytes of an input into records: lines of NDJSON, records of CSV, elements of a JSON
// array. Memory is bounded by the longest record allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "input.hpp"

namespace sluice::files {

enum class Format : uint8_t { kNdjson, kJson, kCsv };

struct Record {
  std::string_view text;  // valid until the next call; followed by kPadding readable bytes
  uint64_t line;          // where it begins, from 1
  bool too_long;          // `text` is only its beginning
  bool unfinished;        // CSV: a quote is not closed; `text` is the first line
};

class RecordReader {
 public:
  static constexpr std::size_t kPadding = 64;  // what simdjson reads beyond the end

  RecordReader(Input& input, Format format, uint64_t max_record);

  // Goes on at a place that offset(), line() and in_array() told earlier.
  void resume(uint64_t offset, uint64_t line, bool in_array);
  // False at the end. Throws BAD_DATA when a JSON document ends early.
  bool next(Record& out);

  uint64_t offset() const noexcept { return base_ + at_; }  // bytes before the next record
  uint64_t line() const noexcept { return line_; }          // line of the next record
  bool in_array() const noexcept { return in_array_; }

 private:
  static constexpr std::size_t kMore = SIZE_MAX;  // the end is not in the buffer yet

  bool fill();
  std::size_t record_end(bool& unfinished) const;
  std::size_t csv_end(bool& unfinished) const;
  std::size_t element_end() const;
  bool skip_to_element();
  bool next_line_record(Record& out);
  bool next_element(Record& out);
  void drop_rest_of_line();
  std::string_view rest() const noexcept { return {buffer_.get() + at_, end_ - at_}; }

  Input* input_;
  Format format_;
  uint64_t max_record_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t at_ = 0;   // start of the next record
  std::size_t end_ = 0;  // end of what is there
  uint64_t base_ = 0;    // offset of the buffer in the input
  uint64_t line_ = 1;
  bool at_eof_ = false;
  bool in_array_ = false;
  std::string kept_;  // beginning of a record that was too long
};

}  // namespace sluice::files
