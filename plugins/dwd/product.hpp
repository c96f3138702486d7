// SPDX-License-Identifier: Apache-2.0
//
// The text of a product: a header line and rows between semicolons, bound by column name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cells.hpp"
#include "parameters.hpp"
#include "rows.hpp"

namespace dwd {

// What a product tells besides rows.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;
  // A line that cannot become a row.
  virtual void reject(std::string_view rule, std::string_view reason, std::string_view line) = 0;
  // Something that happened `count` times, with an example.
  virtual void note(std::string_view code, std::string_view example, uint64_t count) = 0;
};

struct ProductOptions {
  bool expand_ranges = true;                       // else a range stays one row
  bool utc = true;                                 // false: times before 2000 are MEZ
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;  // rows outside of [from, to) are left out
  uint64_t skip = 0;                               // rows that an earlier reader has given
};

// Threads: those of its owner. Memory: a buffer of 128 KiB, whatever comes.
class Product {
 public:
  // Puts the next bytes into the buffer and returns how many; 0 = the end.
  using Pull = std::function<std::size_t(char* buffer, std::size_t capacity)>;

  Product(const Dataset& dataset, const ProductOptions& options, Listener& listener);

  // Another text, which begins with a header.
  void begin(Pull pull);
  // Writes up to `most` rows and returns how many; fewer means the end. Throws sluice::Error
  // (BAD_DATA) for a text that is no product of this data set.
  uint64_t read(RowWriter& writer, uint64_t most);

 private:
  enum class Role : uint8_t { kNone, kStation, kTime, kEnd, kCell };
  struct Field {
    Role role = Role::kNone;
    Cell cell = Cell::kNumber;
    uint8_t index = 0;  // of the parameter
  };

  bool take_line(std::string_view& line);
  void refill();
  void plan(std::string_view header);
  Field bind(std::string_view name) const;
  void check_plan(std::string_view header) const;
  bool parse_usual_row();
  const char* parse_usual_cells(std::size_t field, const char* p);
  bool parse_row(std::string_view line);
  bool parse_key(Role role, std::string_view field, std::string_view line);
  void parse_cell(const Field& field, const char*& p, const char* end, std::string_view line);
  void parse_solar_time(std::size_t index, std::string_view text, std::string_view line);
  bool finish_row(std::string_view line);
  int64_t utc_offset(int64_t local_us) noexcept;
  bool write(RowWriter& writer);
  void bad_value(std::string_view line);
  bool reject(std::string_view rule, std::string_view reason, std::string_view line);
  void tell_notes();

  const Dataset& dataset_;
  ProductOptions options_;
  Listener& listener_;
  Pull pull_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
  bool ended_ = true;
  bool planned_ = false;
  std::vector<Field> fields_;
  std::size_t needed_ = 0;  // fields that a row must have
  bool has_end_ = false;
  bool usual_ = false;         // parse_usual_row() may be tried
  std::string station_field_;  // of the last row, with padding and semicolon
  StampReader stamps_, ends_, solar_times_;
  Row row_;
  int64_t until_us_ = 0;  // an expanded range: its last minute
  bool pending_ = false;  // row_ is yet to be written
  int64_t last_local_us_ = INT64_MIN;
  std::string solar_text_;
  uint64_t rejected_ = 0, bad_values_ = 0;
  std::string bad_example_;
};

}  // namespace dwd
