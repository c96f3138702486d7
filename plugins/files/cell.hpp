// SPDX-License-Identifier: Apache-2.0
//
// One column of the batch as a decoder sees it: text in, typed value out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/cpp/batch.hpp"

namespace sluice::files {

enum class TimeFormat : uint8_t { kIso, kUnixSeconds, kUnixMillis, kUnixMicros };

// Reads a number as JSON writes it, up to the first byte that is none of it. NULL: it is none.
const char* scan_double(const char* at, const char* end, double& out) noexcept;

// Days since 1970-01-01 of "2024-01-31". False if it is none.
bool parse_days(std::string_view text, int32_t& out) noexcept;

// Microseconds since the epoch of an ISO 8601 time; one without an offset is UTC.
bool parse_iso(std::string_view text, int64_t& out) noexcept;

class Cell {
 public:
  Cell(Batch& batch, std::size_t index, std::string field, TimeFormat format);

  const std::string& field() const noexcept { return field_; }
  const std::string& name() const noexcept { return column_->name(); }
  Type type() const noexcept { return type_; }
  bool nullable() const noexcept { return nullable_; }
  int64_t size() const noexcept { return column_->size(); }

  // Appends the value that `text` stands for; false if it is none of this column's type.
  // `text` of a text or json column is taken as it is and must be valid.
  bool put(std::string_view text);
  // The same for a number in JSON, which text columns take as it is written.
  bool put_bool(bool value);
  // Requires: nullable().
  void put_null() { column_->append_null(); }

  // The hot path: appends the JSON value at `at`, and gives what comes after it. NULL when it is
  // not plainly of this type; the column may then have grown.
  const char* scan(const char* at, const char* end);

 private:
  template <class T>
  auto& as() noexcept {
    return static_cast<typename detail::ColumnOf<T>::type&>(*column_);
  }
  const char* scan_string(const char* at, const char* end);
  bool put_time(std::string_view text);

  ColumnBuilder* column_;
  std::string field_;
  Type type_;
  TimeFormat format_;
  bool nullable_;
  int precision_, scale_;
};

}  // namespace sluice::files
