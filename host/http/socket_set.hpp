// SPDX-License-Identifier: Apache-2.0
//
// curl's sockets in the loop's epoll set. A connection that is idle between two requests stays in
// the set, which saves two system calls per request; only if something happens on it meanwhile is
// it taken out.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::host {

// Loop thread only.
class SocketSet {
 public:
  explicit SocketSet(int epoll_fd) : epoll_fd_(epoll_fd) {}

  // A connection's socket is made and closed here, so that its number never stands for an older
  // one.
  int open(int family, int type, int protocol);
  void close(int socket);

  void watch(int socket, uint32_t epoll_events);
  void forget(int socket);
  // Whether curl is to hear of an event that epoll reported.
  bool is_wanted(uint64_t epoll_data);

 private:
  struct Entry {
    uint32_t events = 0;      // in epoll; 0 = not there
    bool connection = false;  // made by open(); others (of the resolver) are closed unseen
    bool wanted = false;
  };
  Entry& entry(int socket);
  void take_out(int socket);

  const int epoll_fd_;
  std::vector<Entry> entries_;  // by descriptor
};

}  // namespace sluice::host
