// SPDX-License-Identifier: Apache-2.0
//
// The batch that a reader or stage fills. One object serves all batches of a reader; its buffers
// are used again as soon as the receiver has released them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/append.hpp"
#include "sluice/cpp/arrow.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0 {

// Threads: those of the reader that owns it.
class Batch {
 public:
  explicit Batch(Stream stream, uint64_t target_bytes = uint64_t{1} << 20U)
      : stream_(std::move(stream)),
        target_bytes_(target_bytes == 0 ? uint64_t{1} << 20U : target_bytes),
        pool_(std::make_shared<detail::BatchPool>()) {
    for (const ColumnDecl& decl : stream_.columns()) {
      columns_.push_back(detail::make_column(decl, stream_.nullable(decl)));
    }
    store_ = pool_->take(columns_.size());
    attach();
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  const Stream& stream() const noexcept { return stream_; }

  // One row: a value per column in their order. Throws INTERNAL for a value of another type or
  // count, BAD_DATA for a value that does not fit; the batch is then as it was before.
  template <class... Values>
  void row(const Values&... values) {
    if (sizeof...(Values) != columns_.size()) {
      throw Error(Code::kInternal,
                  "Stream '" + stream_.name() + "' has " + std::to_string(columns_.size()) +
                      " columns, but a row has " + std::to_string(sizeof...(Values)) + " values.");
    }
    const int64_t before = columns_.empty() ? 0 : columns_.front()->size();
    std::size_t i = 0;
    try {
      const auto put = [&](const auto& value) {
        append_value(*columns_[i], stream_.columns()[i], value);
        ++i;
      };
      (put(values), ...);
    } catch (...) {
      truncate(before);
      throw;
    }
  }

  // A typed column by name or position: bool, int32_t, int64_t, double, Decimal, std::string_view,
  // LargeText. The reference holds for the life of the batch object.
  template <class T>
  auto& col(std::string_view name) {
    return typed<T>(column(name));
  }
  template <class T>
  auto& col(std::size_t index) {
    return typed<T>(column(index));
  }
  ColumnBuilder& column(std::string_view name) {
    const int index = stream_.find(name);
    if (index < 0) {
      throw Error(Code::kInternal,
                  "Stream '" + stream_.name() + "' has no column '" + std::string(name) + "'.");
    }
    return *columns_[static_cast<std::size_t>(index)];
  }
  ColumnBuilder& column(std::size_t index) {
    if (index >= columns_.size()) {
      throw Error(Code::kInternal, "Stream '" + stream_.name() + "' has no column at position " +
                                       std::to_string(index) + ".");
    }
    return *columns_[index];
  }

  // Rows that all columns have.
  int64_t rows() const noexcept { return columns_.empty() ? 0 : columns_.front()->size(); }
  bool empty() const noexcept { return rows() == 0; }
  uint64_t bytes() const noexcept {
    uint64_t sum = 0;
    for (const auto& column : columns_) {
      sum += column->bytes();
    }
    return sum;
  }
  // Whether it holds about as much as the host likes to get at once. Check it every few rows.
  bool full() const noexcept { return bytes() >= target_bytes_; }
  // Drops the rows from `length` on, also of columns that are longer than others.
  void truncate(int64_t length) noexcept {
    for (auto& column : columns_) {
      if (column->size() > length) {
        column->truncate(length);
      }
    }
  }

  // Resume point after this batch as raw bytes (may be empty), for readers without a JSON state.
  void resume_from(std::string_view state) { state_ = std::string(state); }
  // With Next::kIdle: milliseconds to wait before next() is called again.
  void idle_for(uint64_t milliseconds) noexcept { idle_ms_ = milliseconds; }

  const std::optional<std::string>& resume_point() const noexcept { return state_; }
  uint64_t idle_ms() const noexcept { return idle_ms_; }
  // Forgets rows, resume point and idle time.
  void clear() noexcept {
    truncate(0);
    state_.reset();
    idle_ms_ = 0;
  }

  // Moves the rows out as an Arrow struct array and starts anew. Throws INTERNAL if the columns
  // have different lengths.
  Array finish();

 private:
  void attach() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      columns_[i]->attach(&store_->columns[i]);
    }
  }

  Stream stream_;
  uint64_t target_bytes_;
  std::shared_ptr<detail::BatchPool> pool_;
  std::unique_ptr<detail::BatchStore> store_;
  std::vector<std::unique_ptr<ColumnBuilder>> columns_;
  std::optional<std::string> state_;
  uint64_t idle_ms_ = 0;
};

inline Array Batch::finish() {
  for (const auto& column : columns_) {
    if (column->size() != rows()) {
      throw Error(Code::kInternal, "The column '" + column->name() + "' of stream '" +
                                       stream_.name() + "' has " + std::to_string(column->size()) +
                                       " rows where the first has " + std::to_string(rows()) + ".");
    }
  }
  auto next_store = pool_->take(columns_.size());  // may throw: before anything has moved
  const int64_t length = rows();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i]->publish(store_->arrays[i], store_->buffers[i]);
    store_->arrays[i].release = &detail::release_column;
    store_->arrays[i].private_data = store_.get();
    store_->pointers[i] = &store_->arrays[i];
  }
  ArrowArray root{};
  root.length = length;
  root.n_buffers = 1;
  root.buffers = store_->root_buffers.data();
  root.n_children = static_cast<int64_t>(columns_.size());
  root.children = store_->pointers.data();
  root.release = &detail::release_batch;
  root.private_data = store_.get();
  store_->owners.store(root.n_children + 1, std::memory_order_relaxed);
  store_->pool = pool_;
  (void)store_.release();
  Array out(&root);
  store_ = std::move(next_store);
  attach();
  return out;
}

}  // namespace sluice::inline sdk_v0
