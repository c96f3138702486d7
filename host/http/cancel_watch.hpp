// SPDX-License-Identifier: Apache-2.0
//
// The Cancels that callers of the loop wait on, in the loop's epoll set: so one thread sees every
// cancellation at once and nobody polls.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "host/base/cancel.hpp"

namespace sluice::host {

// Thread-safe. Each Cancel is known from its first add() to its last remove(), and not touched
// outside of that.
class CancelWatch {
 public:
  static constexpr uint64_t kMark = 1ULL << 32;  // set in epoll's data of a Cancel's descriptor

  explicit CancelWatch(int epoll_fd) : epoll_fd_(epoll_fd) {}

  void add(const Cancel& cancel);
  void remove(const Cancel& cancel);
  // The Cancel whose descriptor epoll reported, if it is known and requested; it is reported once.
  // The pointer serves to compare only: it may have been removed meanwhile.
  const Cancel* fired(uint64_t epoll_data);

 private:
  struct Entry {
    const Cancel* cancel = nullptr;
    uint32_t uses = 0;
    bool armed = false;
  };
  const int epoll_fd_;
  std::mutex mutex_;
  std::unordered_map<int, Entry> entries_;  // by descriptor; under mutex_
};

// add() and remove() as one object.
class CancelUse {
 public:
  CancelUse(CancelWatch& watch, const Cancel& cancel) : watch_(watch), cancel_(cancel) {
    watch_.add(cancel_);
  }
  CancelUse(const CancelUse&) = delete;
  CancelUse& operator=(const CancelUse&) = delete;
  ~CancelUse() { watch_.remove(cancel_); }

 private:
  CancelWatch& watch_;
  const Cancel& cancel_;
};

}  // namespace sluice::host
