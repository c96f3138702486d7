// SPDX-License-Identifier: Apache-2.0
//
// SIGINT and SIGTERM: the first asks to stop cleanly, a second one, or the drain time, ends at
// once.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "host/base/cancel.hpp"

namespace sluice::host {

// Blocks the signals in the calling thread (so create it before any other thread) and waits for
// them in its own.
class SignalWatch {
 public:
  // First signal: stop.request(), and abort.request() after `drain`. Second signal: the process
  // ends at once with the signal's exit code; what was not committed was never there.
  SignalWatch(Cancel& stop, Cancel& abort, std::chrono::milliseconds drain);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();
  // 130 or 143 after a signal, 0 before.
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  void watch(Cancel& stop, Cancel& abort, std::chrono::milliseconds drain);
  std::atomic<bool> ending_{false};
  std::atomic<int> exit_code_{0};
  std::thread thread_;
};

}  // namespace sluice::host
