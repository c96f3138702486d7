// SPDX-License-Identifier: Apache-2.0
//
// A received batch: checked once, then read by column without further checks. Honours offsets and
// nulls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/array_check.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0 {

// A column of a batch. Valid as long as the array it was made from.
class ColumnView {
 public:
  ColumnView(const ColumnDecl& decl, const ArrowArray* array, int64_t offset, int64_t length)
      : decl_(&decl),
        offset_(array->offset + offset),
        length_(length),
        validity_(array->null_count == 0 ? nullptr
                                         : static_cast<const uint8_t*>(array->buffers[0])),
        values_(array->buffers[1]),
        text_(array->n_buffers > 2 ? static_cast<const char*>(array->buffers[2]) : nullptr) {}

  const ColumnDecl& decl() const noexcept { return *decl_; }
  const std::string& name() const noexcept { return decl_->name; }
  Type type() const noexcept { return decl_->type; }
  int64_t size() const noexcept { return length_; }
  bool has_nulls() const noexcept { return validity_ != nullptr; }

  // Requires for all below: 0 <= row < size(), and the accessor of the column's type.
  bool is_null(int64_t row) const noexcept {
    const int64_t i = offset_ + row;
    return validity_ != nullptr && (validity_[i >> 3] >> (i & 7) & 1U) == 0;
  }
  bool boolean(int64_t row) const noexcept {
    const int64_t i = offset_ + row;
    return (static_cast<const uint8_t*>(values_)[i >> 3] >> (i & 7) & 1U) != 0;
  }
  int32_t int32(int64_t row) const noexcept { return values<int32_t>()[row]; }  // also date32
  int64_t int64(int64_t row) const noexcept { return values<int64_t>()[row]; }  // also timestamp
  double float64(int64_t row) const noexcept { return values<double>()[row]; }
  Decimal decimal(int64_t row) const noexcept { return {values<Int128>()[row]}; }
  // utf8, large_utf8, binary, json.
  std::string_view text(int64_t row) const noexcept {
    return type() == Type::kLargeUtf8 ? slice<int64_t>(row) : slice<int32_t>(row);
  }
  // The values themselves, for loops without a call: int32_t, int64_t, double, Int128. Rows that
  // are null hold anything.
  template <class T>
  const T* values() const noexcept {
    return static_cast<const T*>(values_) + offset_;
  }

 private:
  template <class Offset>
  std::string_view slice(int64_t row) const noexcept {
    const auto* offsets = values<Offset>() + row;
    return {text_ + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
  }

  const ColumnDecl* decl_;
  int64_t offset_;
  int64_t length_;
  const uint8_t* validity_;  // NULL: no nulls
  const void* values_;       // offsets for text
  const char* text_;
};

// Threads: any, it only reads. Valid as long as `stream` and `array`.
class BatchView {
 public:
  // Throws BAD_DATA if the array does not fit the stream's columns or contradicts itself. Buffers
  // carry no size, so what they point to is trusted.
  BatchView(const Stream& stream, const ArrowArray* array) : stream_(&stream) {
    detail::check_batch(stream, array);
    rows_ = array->length;
    columns_.reserve(stream.columns().size());
    for (std::size_t i = 0; i < stream.columns().size(); ++i) {
      columns_.emplace_back(stream.columns()[i], array->children[i], array->offset, rows_);
    }
  }

  const Stream& stream() const noexcept { return *stream_; }
  int64_t rows() const noexcept { return rows_; }
  const std::vector<ColumnView>& columns() const noexcept { return columns_; }
  // Requires: index < columns().size().
  const ColumnView& column(std::size_t index) const noexcept { return columns_[index]; }
  const ColumnView& column(std::string_view name) const {
    const int index = stream_->find(name);
    if (index < 0) {
      throw Error(Code::kInternal,
                  "Stream '" + stream_->name() + "' has no column '" + std::string(name) + "'.");
    }
    return columns_[static_cast<std::size_t>(index)];
  }

 private:
  const Stream* stream_;
  int64_t rows_ = 0;
  std::vector<ColumnView> columns_;
};

}  // namespace sluice::inline sdk_v0
