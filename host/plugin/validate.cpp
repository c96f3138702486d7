// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/validate.hpp"

#include <cstring>
#include <string>
#include <string_view>

#include "host/plugin/arrow_type.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr int64_t kMaxRows = 1LL << 40;  // so that rows times width never overflows

Error wrong(const std::string& sentence) {
  return Error{Code::kInternal, sentence};
}

bool bit(const void* bitmap, int64_t at) {
  const auto* bytes = static_cast<const uint8_t*>(bitmap);
  return ((bytes[at / 8] >> (at % 8)) & 1U) != 0;
}

// One column's rows [first, first + rows), as the batch and the child itself offset them.
class ColumnCheck {
 public:
  ColumnCheck(const ArrowArray& array, const Column& column, const ArrowType& type, int64_t first,
              int64_t rows)
      : array_(array), column_(column), type_(type), first_(first), rows_(rows) {}

  Result<uint64_t> run(Depth depth) {
    const uint64_t bits = static_cast<uint64_t>(rows_ + 7) / 8;
    bytes_ = array_.buffers[0] != nullptr ? bits : 0;
    if (array_.null_count > 0 && array_.buffers[0] == nullptr) {
      return in_column("counts nulls but has no validity bitmap");
    }
    if (rows_ == 0) {
      return bytes_;
    }
    if (array_.buffers[1] == nullptr) {
      return in_column("has rows but no buffer with their values");
    }
    SLUICE_TRY(check_nulls(depth));
    switch (type_.layout) {
      case Layout::kBits:
        bytes_ += bits;
        break;
      case Layout::kFixed:
        bytes_ += static_cast<uint64_t>(rows_) * type_.width;
        break;
      case Layout::kSmallOffsets:
        SLUICE_TRY(check_offsets<int32_t>(depth));
        break;
      case Layout::kLargeOffsets:
        SLUICE_TRY(check_offsets<int64_t>(depth));
        break;
    }
    return bytes_;
  }

 private:
  [[nodiscard]] Error in_column(const std::string& sentence) const {
    return wrong("column \"" + clean_text(column_.name, 200) + "\" of its batch " + sentence);
  }

  Result<void> check_nulls(Depth depth) const {
    if (column_.nullable || array_.buffers[0] == nullptr || array_.null_count == 0) {
      return {};
    }
    if (depth == Depth::kShape) {
      // null_count is about the whole child, of which the batch may show a part only.
      const bool whole = first_ == array_.offset && rows_ == array_.length;
      return whole && array_.null_count > 0 ? Result<void>(has_null()) : Result<void>();
    }
    for (int64_t row = 0; row < rows_; ++row) {
      if (!bit(array_.buffers[0], first_ + row)) {
        return has_null();
      }
    }
    return {};
  }
  [[nodiscard]] Error has_null() const {
    return in_column("holds a null, but was declared without");
  }

  template <class Offset>
  Result<void> check_offsets(Depth depth) {
    const auto* offsets = static_cast<const Offset*>(array_.buffers[1]) + first_;
    const Offset begin = offsets[0];
    const Offset end = offsets[rows_];
    if (begin < 0 || end < begin) {
      return in_column("has offsets that go backwards or below zero");
    }
    const auto* text = static_cast<const char*>(array_.buffers[2]);
    if (end > begin && text == nullptr) {
      return in_column("has offsets but no bytes");
    }
    bytes_ +=
        static_cast<uint64_t>(rows_ + 1) * sizeof(Offset) + static_cast<uint64_t>(end - begin);
    if (depth == Depth::kShape) {
      return {};
    }
    for (int64_t row = 0; row < rows_; ++row) {
      if (offsets[row + 1] < offsets[row] || offsets[row + 1] > end) {
        return in_column("has offsets that go backwards");
      }
      const bool null = array_.buffers[0] != nullptr && !bit(array_.buffers[0], first_ + row);
      if (type_.text && !null &&
          !is_utf8({text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])})) {
        return in_column("holds text that is not UTF-8 (row " + std::to_string(row) + ")");
      }
    }
    return {};
  }

  const ArrowArray& array_;
  const Column& column_;
  const ArrowType& type_;
  int64_t first_;
  int64_t rows_;
  uint64_t bytes_ = 0;
};

bool plausible(const ArrowArray& array) {
  return array.length >= 0 && array.length <= kMaxRows && array.offset >= 0 &&
         array.offset <= kMaxRows && array.null_count >= -1 && array.null_count <= array.length;
}

Result<void> check_struct(const ArrowArray& batch, const Stream& stream) {
  if (!plausible(batch)) {
    return wrong("the length, offset or null count of its batch cannot be");
  }
  if (batch.n_children != static_cast<int64_t>(stream.columns.size()) ||
      batch.children == nullptr) {
    return wrong("its batch has " + std::to_string(batch.n_children) + " columns, the stream \"" +
                 clean_text(stream.name, 200) + "\" " + std::to_string(stream.columns.size()));
  }
  if (batch.n_buffers != 1 || batch.buffers == nullptr || batch.dictionary != nullptr) {
    return wrong("its batch is no struct array (one buffer, no dictionary)");
  }
  if (batch.null_count > 0 || (batch.buffers[0] != nullptr && batch.null_count != 0)) {
    return wrong("its batch has nulls of its own; only columns may");
  }
  return {};
}

Result<void> check_child(const ArrowArray& child, const Column& column, const ArrowType& type,
                         int64_t needed) {
  const std::string name = "column \"" + clean_text(column.name, 200) + "\" of its batch ";
  if (!plausible(child)) {
    return wrong(name + "has a length, offset or null count that cannot be");
  }
  if (child.length < needed) {
    return wrong(name + "has " + std::to_string(child.length) + " rows, the batch " +
                 std::to_string(needed));
  }
  const bool offsets = type.layout == Layout::kSmallOffsets || type.layout == Layout::kLargeOffsets;
  if (child.n_buffers != (offsets ? 3 : 2) || child.buffers == nullptr || child.n_children != 0 ||
      child.dictionary != nullptr) {
    return wrong(name + "does not have the buffers of its type (\"" + column.format + "\")");
  }
  return {};
}

}  // namespace

Result<uint64_t> check_batch(const ArrowArray& batch, const Stream& stream, Depth depth) {
  SLUICE_TRY(check_struct(batch, stream));
  uint64_t bytes = 0;
  for (size_t i = 0; i < stream.columns.size(); ++i) {
    const Column& column = stream.columns[i];
    const auto type = arrow_type(column.format);
    if (!type || batch.children[i] == nullptr) {
      return wrong("column \"" + clean_text(column.name, 200) + "\" of its batch is missing");
    }
    const ArrowArray& child = *batch.children[i];
    SLUICE_TRY(check_child(child, column, *type, batch.offset + batch.length));
    const auto held =
        ColumnCheck(child, column, *type, child.offset + batch.offset, batch.length).run(depth);
    if (!held) {
      return held.error();
    }
    bytes += *held;
  }
  return bytes;
}

}  // namespace sluice::host
