// SPDX-License-Identifier: Apache-2.0
//
// Memory of batches under construction and on their way. A BatchStore holds the buffers of all
// columns of one batch; when the last Arrow array over it is released, on whatever thread, it goes
// back to the pool of its builder, so that a steady reader allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "sluice/arrow.h"

namespace sluice::inline sdk_v0::detail {

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { std::free(data_); }

  uint8_t* data() const noexcept { return data_; }
  uint64_t size() const noexcept { return size_; }
  // Keeps the content; what is new is not initialised.
  void grow(uint64_t size) {
    if (size <= size_) {
      return;
    }
    void* data = std::realloc(data_, size);
    if (data == nullptr) {
      throw std::bad_alloc();
    }
    data_ = static_cast<uint8_t*>(data);
    size_ = size;
  }

 private:
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
};

struct ColumnStore {
  Buffer validity, values, text;
};

class BatchPool;

struct BatchStore {
  explicit BatchStore(std::size_t count)
      : columns(count), arrays(count), pointers(count), buffers(count) {}

  std::vector<ColumnStore> columns;
  std::vector<ArrowArray> arrays;
  std::vector<ArrowArray*> pointers;
  std::vector<std::array<const void*, 3>> buffers;
  std::array<const void*, 1> root_buffers{};
  std::atomic<int64_t> owners{0};   // arrays that are not yet released
  std::shared_ptr<BatchPool> pool;  // set while the batch is out, so the pool outlives it

  uint64_t bytes() const noexcept {
    uint64_t sum = 0;
    for (const auto& column : columns) {
      sum += column.validity.size() + column.values.size() + column.text.size();
    }
    return sum;
  }
};

// Threads: any. A few slots without a lock, since release must not block.
class BatchPool {
 public:
  BatchPool() = default;
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;
  ~BatchPool() {
    for (auto& slot : slots_) {
      delete slot.load();
    }
  }

  std::unique_ptr<BatchStore> take(std::size_t columns) {
    for (auto& slot : slots_) {
      if (auto* store = slot.exchange(nullptr)) {
        return std::unique_ptr<BatchStore>(store);
      }
    }
    return std::make_unique<BatchStore>(columns);
  }

  void give_back(std::unique_ptr<BatchStore> store) noexcept {
    constexpr uint64_t kMostKept = uint64_t{16} << 20U;  // bytes; a giant batch is not hoarded
    if (store->bytes() > kMostKept) {
      return;
    }
    for (auto& slot : slots_) {
      BatchStore* empty = nullptr;
      if (slot.compare_exchange_strong(empty, store.get())) {
        (void)store.release();
        return;
      }
    }
  }

 private:
  std::array<std::atomic<BatchStore*>, 4> slots_{};
};

inline void drop_owner(BatchStore* store) noexcept {
  if (store->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const auto pool = std::move(store->pool);
    pool->give_back(std::unique_ptr<BatchStore>(store));
  }
}

inline void release_column(ArrowArray* array) noexcept {
  array->release = nullptr;
  drop_owner(static_cast<BatchStore*>(array->private_data));
}

inline void release_batch(ArrowArray* array) noexcept {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != nullptr) {  // not moved out by the consumer
      array->children[i]->release(array->children[i]);
    }
  }
  array->release = nullptr;
  drop_owner(static_cast<BatchStore*>(array->private_data));
}

}  // namespace sluice::inline sdk_v0::detail
