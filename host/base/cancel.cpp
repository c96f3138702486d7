// SPDX-License-Identifier: Apache-2.0
#include "host/base/cancel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

namespace sluice::host {

Cancel::Cancel() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Cancel::~Cancel() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

void Cancel::request() {
  {
    const std::lock_guard lock(mutex_);
    requested_.store(true, std::memory_order_release);
  }
  wake_.notify_all();
  stop_.request_stop();
  if (fd_ >= 0) {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
  }
}

bool Cancel::sleep_ms(uint64_t ms) const {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return requested(); });
}

}  // namespace sluice::host
