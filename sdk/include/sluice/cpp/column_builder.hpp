// SPDX-License-Identifier: Apache-2.0
//
// What all columns under construction have in common: length, nulls, and the way into an Arrow
// array.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "sluice/cpp/buffers.hpp"
#include "sluice/cpp/type.hpp"

namespace sluice::inline sdk_v0 {

class ColumnBuilder {
 public:
  ColumnBuilder(std::string name, Type type, bool nullable)
      : name_(std::move(name)), type_(type), nullable_(nullable) {}
  ColumnBuilder(const ColumnBuilder&) = delete;
  ColumnBuilder& operator=(const ColumnBuilder&) = delete;
  virtual ~ColumnBuilder() = default;

  const std::string& name() const noexcept { return name_; }
  Type type() const noexcept { return type_; }
  int64_t size() const noexcept { return length_; }
  int64_t null_count() const noexcept { return null_count_; }

  // Throws BAD_DATA if the column was declared not nullable.
  void append_null() {
    if (!nullable_) {
      throw Error(Code::kBadData, "The column '" + name_ +
                                      "' is declared not nullable, but a row has no value for it.");
    }
    append_hole();
  }

  // Bytes of this column so far, without capacity.
  virtual uint64_t bytes() const noexcept = 0;
  // Drops the rows from `length` on.
  virtual void truncate(int64_t length) noexcept = 0;
  // For the batch: starts anew on the buffers of `store`, and fills the Arrow struct.
  void attach(detail::ColumnStore* store) {
    store_ = store;
    length_ = null_count_ = capacity_ = 0;
    validity_ = nullptr;
    on_attach();
  }
  virtual void publish(ArrowArray& array, std::array<const void*, 3>& buffers) = 0;

 protected:
  virtual void append_hole() = 0;
  virtual void on_attach() = 0;

  void mark_valid() noexcept {
    if (validity_ != nullptr) [[unlikely]] {
      validity_[length_ >> 3] =
          static_cast<uint8_t>(validity_[length_ >> 3] | (1U << (length_ & 7)));
    }
    ++length_;
  }
  // Requires: capacity for one more row.
  void mark_null() {
    if (validity_ == nullptr) {
      start_validity();
    }
    auto& byte = validity_[length_ >> 3];
    byte = static_cast<uint8_t>(byte & ~(1U << (length_ & 7)));
    ++length_;
    ++null_count_;
  }
  // Small at first: a table of hundreds of columns reaches a batch's size with few rows.
  int64_t next_capacity() const noexcept { return capacity_ == 0 ? 64 : capacity_ * 2; }
  // Call with the new row capacity after the value buffers grew.
  void set_capacity(int64_t rows) {
    if (validity_ != nullptr) {
      grow_validity(rows);
    }
    capacity_ = rows;
  }
  void truncate_validity(int64_t length) noexcept {
    for (int64_t i = length; validity_ != nullptr && i < length_; ++i) {
      null_count_ -= (validity_[i >> 3] >> (i & 7) & 1U) == 0 ? 1 : 0;
    }
    length_ = length;
  }
  void publish_common(ArrowArray& array, const void** buffers, int64_t count) const noexcept {
    buffers[0] = null_count_ == 0 ? nullptr : store_->validity.data();
    array = ArrowArray{};
    array.length = length_;
    array.null_count = null_count_;
    array.n_buffers = count;
    array.buffers = buffers;
  }

  detail::ColumnStore* store_ = nullptr;
  int64_t length_ = 0;
  int64_t capacity_ = 0;  // rows that fit into the buffers
  int64_t null_count_ = 0;
  uint8_t* validity_ = nullptr;  // NULL until the first null

 private:
  void start_validity() {
    grow_validity(capacity_);
    std::memset(validity_, 0xFF, static_cast<std::size_t>(length_ + 7) / 8);
  }
  void grow_validity(int64_t rows) {
    store_->validity.grow(static_cast<uint64_t>(rows + 63) / 64 * 8);
    validity_ = store_->validity.data();
  }

  std::string name_;
  Type type_;
  bool nullable_;
};

}  // namespace sluice::inline sdk_v0
