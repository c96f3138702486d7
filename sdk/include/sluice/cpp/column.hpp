// SPDX-License-Identifier: Apache-2.0
//
// Columns under construction by type. For hot loops: fetch the typed column once per batch, append
// to it, and let all columns of a batch grow to the same length.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "sluice/cpp/column_builder.hpp"

namespace sluice::inline sdk_v0 {

// The tag of large_utf8 columns, for col<LargeText>().
struct LargeText {};

// int32, date32 (int32_t), int64, timestamp (int64_t), float64 (double), decimal128 (Int128).
template <class T>
class FixedColumn final : public ColumnBuilder {
 public:
  using ColumnBuilder::ColumnBuilder;

  void append(T value) {
    if (length_ == capacity_) [[unlikely]] {
      grow();
    }
    values_[length_] = value;
    mark_valid();
  }

  uint64_t bytes() const noexcept override { return static_cast<uint64_t>(length_) * sizeof(T); }
  void truncate(int64_t length) noexcept override { truncate_validity(length); }
  void publish(ArrowArray& array, std::array<const void*, 3>& buffers) override {
    publish_common(array, buffers.data(), 2);
    buffers[1] = values_;
  }

 private:
  void append_hole() override {
    if (length_ == capacity_) {
      grow();
    }
    values_[length_] = T{};
    mark_null();
  }
  void on_attach() override {
    values_ = nullptr;
    const auto rows = static_cast<int64_t>(store_->values.size() / sizeof(T));
    resize(rows == 0 ? next_capacity() : rows);
  }
  void grow() { resize(next_capacity()); }
  void resize(int64_t rows) {
    store_->values.grow(static_cast<uint64_t>(rows) * sizeof(T));
    values_ = reinterpret_cast<T*>(store_->values.data());
    set_capacity(rows);
  }

  T* values_ = nullptr;
};

class BoolColumn final : public ColumnBuilder {
 public:
  using ColumnBuilder::ColumnBuilder;

  void append(bool value) {
    put(value);
    mark_valid();
  }

  uint64_t bytes() const noexcept override { return static_cast<uint64_t>(length_ + 7) / 8; }
  void truncate(int64_t length) noexcept override { truncate_validity(length); }
  void publish(ArrowArray& array, std::array<const void*, 3>& buffers) override {
    publish_common(array, buffers.data(), 2);
    buffers[1] = store_->values.data();
  }

 private:
  void append_hole() override {
    put(false);
    mark_null();
  }
  void put(bool value) {
    if (length_ == capacity_) {
      resize(next_capacity());
    }
    auto& byte = store_->values.data()[length_ >> 3];
    const auto bit = static_cast<uint8_t>(1U << (length_ & 7));
    byte = static_cast<uint8_t>(value ? byte | bit : byte & ~bit);
  }
  void on_attach() override {
    const auto rows = static_cast<int64_t>(store_->values.size() * 8);
    resize(rows == 0 ? next_capacity() : rows);
  }
  void resize(int64_t rows) {
    store_->values.grow(static_cast<uint64_t>(rows + 7) / 8);
    set_capacity(rows);
  }
};

// utf8, json and binary (32-bit offsets), large_utf8 (64-bit offsets). Text is not checked for
// UTF-8 here; see is_utf8().
template <class Offset>
class TextColumn final : public ColumnBuilder {
 public:
  using ColumnBuilder::ColumnBuilder;

  // Throws BAD_DATA when the batch would hold more than the offsets can address.
  void append(std::string_view value) {
    put(value);
    mark_valid();
  }

  uint64_t bytes() const noexcept override {
    return static_cast<uint64_t>(length_) * sizeof(Offset) + used_;
  }
  void truncate(int64_t length) noexcept override {
    truncate_validity(length);
    used_ = static_cast<uint64_t>(offsets_[length]);
  }
  void publish(ArrowArray& array, std::array<const void*, 3>& buffers) override {
    publish_common(array, buffers.data(), 3);
    buffers[1] = offsets_;
    store_->text.grow(1);  // never a NULL data buffer: some consumers refuse one
    buffers[2] = store_->text.data();
  }

 private:
  void append_hole() override {
    put({});
    mark_null();
  }
  void put(std::string_view value) {
    if (length_ == capacity_) [[unlikely]] {
      resize(next_capacity());
    }
    if (value.size() > text_capacity_ - used_) [[unlikely]] {
      grow_text(value.size());
    }
    if (!value.empty()) {
      std::memcpy(text_ + used_, value.data(), value.size());
    }
    used_ += value.size();
    offsets_[length_ + 1] = static_cast<Offset>(used_);
  }
  void grow_text(uint64_t more) {
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<Offset>::max());
    if (more > kMost - used_) {
      throw Error(Code::kBadData, "The column '" + name() +
                                      "' would hold more than 2 GiB of text in one batch. End the "
                                      "batch earlier, or declare the column as large_utf8.");
    }
    const uint64_t doubled = text_capacity_ < kMost / 2 ? text_capacity_ * 2 : kMost;
    store_->text.grow(std::max({used_ + more, doubled, uint64_t{4096}}));
    text_ = store_->text.data();
    text_capacity_ = std::min(store_->text.size(), kMost);
  }
  void on_attach() override {
    used_ = 0;
    text_ = store_->text.data();
    text_capacity_ =
        std::min(store_->text.size(), static_cast<uint64_t>(std::numeric_limits<Offset>::max()));
    const auto entries = static_cast<int64_t>(store_->values.size() / sizeof(Offset));
    resize(entries < 2 ? next_capacity() : entries - 1);
    offsets_[0] = 0;
  }
  void resize(int64_t rows) {
    store_->values.grow(static_cast<uint64_t>(rows + 1) * sizeof(Offset));
    offsets_ = reinterpret_cast<Offset*>(store_->values.data());
    set_capacity(rows);
  }

  Offset* offsets_ = nullptr;
  uint8_t* text_ = nullptr;
  uint64_t used_ = 0;  // bytes of text
  uint64_t text_capacity_ = 0;
};

}  // namespace sluice::inline sdk_v0
