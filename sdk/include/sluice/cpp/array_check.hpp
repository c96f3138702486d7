// SPDX-License-Identifier: Apache-2.0
//
// Whether a received Arrow array is what its stream declares: everything that can be known without
// the sizes of buffers, which the C Data Interface does not carry.
#pragma once

#include <cstdint>
#include <string>

#include "sluice/arrow.h"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0::detail {

inline Error bad_batch(const Stream& stream, const std::string& what) {
  return Error(Code::kBadData, "A batch of stream '" + stream.name() + "' " + what);
}
inline Error bad_column(const Stream& stream, const ColumnDecl& column, const std::string& what) {
  return bad_batch(stream, "is not well-formed: the column '" + column.name + "' " + what);
}

// Offsets of rows [first, first + rows]: never negative, never going back.
template <class Offset>
bool offsets_ascend(const void* buffer, int64_t first, int64_t rows) noexcept {
  const auto* offsets = static_cast<const Offset*>(buffer) + first;
  bool good = offsets[0] >= 0;
  for (int64_t i = 0; i < rows; ++i) {
    good &= offsets[i + 1] >= offsets[i];
  }
  return good;
}

inline void check_text(const Stream& stream, const ColumnDecl& column, const ArrowArray* array,
                       int64_t first, int64_t rows) {
  const bool large = column.type == Type::kLargeUtf8;
  const void* offsets = array->buffers[1];
  const bool good = large ? offsets_ascend<int64_t>(offsets, first, rows)
                          : offsets_ascend<int32_t>(offsets, first, rows);
  if (!good) {
    throw bad_column(stream, column, "has offsets that are negative or go back.");
  }
  const int64_t from = large ? static_cast<const int64_t*>(offsets)[first]
                             : static_cast<const int32_t*>(offsets)[first];
  const int64_t to = large ? static_cast<const int64_t*>(offsets)[first + rows]
                           : static_cast<const int32_t*>(offsets)[first + rows];
  if (to > from && array->buffers[2] == nullptr) {
    throw bad_column(stream, column, "has text, but no buffer that holds it.");
  }
}

inline void check_nulls(const Stream& stream, const ColumnDecl& column, const ArrowArray* array,
                        int64_t first, int64_t rows) {
  if (array->null_count < -1 || array->null_count > array->length) {
    throw bad_column(stream, column, "has an impossible count of nulls.");
  }
  const auto* validity = static_cast<const uint8_t*>(array->buffers[0]);
  if (array->null_count > 0 && validity == nullptr) {
    throw bad_column(stream, column, "counts nulls, but has no validity buffer.");
  }
  if (stream.nullable(column) || validity == nullptr || array->null_count == 0) {
    return;
  }
  for (int64_t i = first; i < first + rows; ++i) {
    if ((validity[i >> 3] >> (i & 7) & 1U) == 0) {
      throw bad_column(
          stream, column,
          "is not nullable, but row " + std::to_string(i - first) + " has no value for it.");
    }
  }
}

// `offset` and `rows` are those of the struct array above.
inline void check_column(const Stream& stream, const ColumnDecl& column, const ArrowArray* array,
                         int64_t offset, int64_t rows) {
  constexpr int64_t kMost = INT64_MAX / 16;  // keeps all sums and sizes below from overflowing
  if (array == nullptr || array->release == nullptr) {
    throw bad_column(stream, column, "is released.");
  }
  if (array->length < 0 || array->offset < 0 || array->length > kMost || array->offset > kMost) {
    throw bad_column(stream, column, "has an impossible length or offset.");
  }
  if (array->length < offset + rows) {
    throw bad_column(stream, column,
                     "has " + std::to_string(array->length) + " rows where the batch has " +
                         std::to_string(offset + rows) + ".");
  }
  const bool text = is_text(column.type);
  if (array->n_buffers != (text ? 3 : 2) || array->buffers == nullptr || array->n_children != 0 ||
      array->dictionary != nullptr) {
    throw bad_column(stream, column, "does not have the buffers of its type.");
  }
  if (rows == 0) {
    return;
  }
  if (array->buffers[1] == nullptr) {
    throw bad_column(stream, column, "has rows, but no buffer that holds them.");
  }
  if (column.type == Type::kDecimal128 &&
      reinterpret_cast<std::uintptr_t>(array->buffers[1]) % alignof(Int128) != 0) {
    throw bad_column(stream, column, "has a buffer that is not aligned to 16 bytes.");
  }
  check_nulls(stream, column, array, array->offset + offset, rows);
  if (text) {
    check_text(stream, column, array, array->offset + offset, rows);
  }
}

// Throws BAD_DATA with the column and what is wrong with it.
inline void check_batch(const Stream& stream, const ArrowArray* array) {
  constexpr int64_t kMost = INT64_MAX / 16;
  if (array == nullptr || array->release == nullptr) {
    throw bad_batch(stream, "is released.");
  }
  if (array->length < 0 || array->offset < 0 || array->length > kMost || array->offset > kMost) {
    throw bad_batch(stream, "has an impossible length or offset.");
  }
  const auto columns = static_cast<int64_t>(stream.columns().size());
  if (array->n_children != columns || (columns > 0 && array->children == nullptr)) {
    throw bad_batch(stream, "has " + std::to_string(array->n_children) + " columns where " +
                                std::to_string(columns) + " are declared.");
  }
  const bool own_nulls = array->n_buffers > 0 && array->buffers != nullptr &&
                         array->buffers[0] != nullptr && array->null_count != 0;
  if (array->null_count > 0 || own_nulls) {
    throw bad_batch(stream, "has nulls of its own, which a batch may not.");
  }
  for (std::size_t i = 0; i < stream.columns().size(); ++i) {
    check_column(stream, stream.columns()[i], array->children[i], array->offset, array->length);
  }
}

}  // namespace sluice::inline sdk_v0::detail
