// SPDX-License-Identifier: Apache-2.0
//
// A request to stop that anything can wait on: one atomic load to ask, a condition variable to
// sleep, and a descriptor for poll().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace sluice::host {

// Thread-safe. Once requested it stays so.
class Cancel {
 public:
  Cancel();
  Cancel(const Cancel&) = delete;
  Cancel& operator=(const Cancel&) = delete;
  ~Cancel();

  void request();
  [[nodiscard]] bool requested() const { return requested_.load(std::memory_order_acquire); }
  // Waits at most `ms` milliseconds; true if cancelled.
  bool sleep_ms(uint64_t ms) const;
  // For std::stop_callback: called once, by the thread that requests.
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  // Readable once cancelled. Borrowed; -1 if the system had none left.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  std::atomic<bool> requested_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  std::stop_source stop_;
  int fd_ = -1;
};

}  // namespace sluice::host
