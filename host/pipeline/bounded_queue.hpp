// SPDX-License-Identifier: Apache-2.0
//
// A queue between stages, bounded in bytes: full means wait, nothing is ever dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice::host {

// Thread-safe, any number of producers and consumers.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Waits for room; an item larger than the whole queue passes when it is alone. False if the queue
  // was closed.
  bool push(T item, uint64_t bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.empty() || bytes_ + bytes <= max_bytes_; });
    if (closed_) {
      return false;
    }
    bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    ready_.notify_one();
    return true;
  }

  // The next item; nothing when `deadline` passed, wake() was called, or the queue is closed and
  // empty.
  template <class Deadline>
  std::optional<T> pop_until(Deadline deadline) {
    std::unique_lock lock(mutex_);
    ready_.wait_until(lock, deadline, [&] { return closed_ || woken_ || !items_.empty(); });
    woken_ = false;
    if (items_.empty()) {
      return std::nullopt;
    }
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    room_.notify_all();
    return std::optional<T>(std::move(item));
  }

  // Makes one waiting or coming pop_until() return at once.
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    ready_.notify_all();
  }

  // No more push; what is queued can still be popped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    ready_.notify_all();
  }

  [[nodiscard]] bool drained() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return items_.empty();
  }
  [[nodiscard]] uint64_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  const uint64_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::deque<std::pair<T, uint64_t>> items_;
  uint64_t bytes_ = 0;
  bool closed_ = false;
  bool woken_ = false;
};

}  // namespace sluice::host
