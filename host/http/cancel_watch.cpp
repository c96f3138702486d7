// SPDX-License-Identifier: Apache-2.0
#include "host/http/cancel_watch.hpp"

#include <sys/epoll.h>

namespace sluice::host {

void CancelWatch::add(const Cancel& cancel) {
  if (cancel.fd() < 0) {
    return;  // Transfer::wait looks at the flag itself then
  }
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[cancel.fd()];
  if (entry.uses++ > 0) {
    return;
  }
  entry.cancel = &cancel;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kMark | static_cast<uint64_t>(cancel.fd());
  entry.armed = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, cancel.fd(), &event) == 0;
}

void CancelWatch::remove(const Cancel& cancel) {
  if (cancel.fd() < 0) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(cancel.fd());
  if (found == entries_.end() || --found->second.uses > 0) {
    return;
  }
  if (found->second.armed) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, cancel.fd(), nullptr);
  }
  entries_.erase(found);
}

const Cancel* CancelWatch::fired(uint64_t epoll_data) {
  const int fd = static_cast<int>(epoll_data & (kMark - 1));
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(fd);
  if (found == entries_.end() || !found->second.armed || !found->second.cancel->requested()) {
    return nullptr;
  }
  // It stays readable for good: watched on, it would keep the loop awake.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  found->second.armed = false;
  return found->second.cancel;
}

}  // namespace sluice::host
