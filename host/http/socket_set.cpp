// SPDX-License-Identifier: Apache-2.0
#include "host/http/socket_set.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::host {

SocketSet::Entry& SocketSet::entry(int socket) {
  const auto index = static_cast<size_t>(socket);
  if (index >= entries_.size()) {
    entries_.resize(index + 1);
  }
  return entries_[index];
}

int SocketSet::open(int family, int type, int protocol) {
  const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
  if (socket >= 0) {
    entry(socket) = Entry{0, true, false};
  }
  return socket;
}

void SocketSet::close(int socket) {
  entry(socket) = Entry();
  ::close(socket);  // which takes it out of epoll
}

void SocketSet::watch(int socket, uint32_t epoll_events) {
  Entry& known = entry(socket);
  known.wanted = true;
  if (known.events == epoll_events) {
    return;
  }
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = static_cast<uint64_t>(socket);
  epoll_ctl(epoll_fd_, known.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  known.events = epoll_events;
}

void SocketSet::forget(int socket) {
  Entry& known = entry(socket);
  known.wanted = false;
  if (!known.connection) {
    take_out(socket);
  }
}

bool SocketSet::is_wanted(uint64_t epoll_data) {
  const int socket = static_cast<int>(epoll_data);
  if (entry(socket).wanted) {
    return true;
  }
  take_out(socket);
  return false;
}

void SocketSet::take_out(int socket) {
  Entry& known = entry(socket);
  if (known.events != 0) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, socket, nullptr);
    known.events = 0;
  }
}

}  // namespace sluice::host
