// SPDX-License-Identifier: Apache-2.0
//
// An HTTP server for tests that must say every byte themselves: a handler gets each request and
// writes what it likes to the socket, well-formed or not. Loopback only, one thread per connection.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::test {

struct RawRequest {
  std::string method;
  std::string target;                          // path and query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string head;  // as received

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

// One connection, inside a handler only. After close() or reset() all calls fail.
class RawConnection {
 public:
  explicit RawConnection(int fd, const std::atomic<bool>& stopping)
      : fd_(fd), stopping_(stopping) {}

  bool send(
      std::string_view bytes);  // blocks as long as the peer takes nothing; false if it is gone
  uint64_t send_some(std::string_view bytes);  // what the socket takes at once
  void close();                                // orderly, both directions
  void reset();                                // RST: the peer's next read fails
  bool wait_for_close();  // until the peer closes or the server ends; true if the peer did
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  friend class RawHttpServer;
  int fd_;
  const std::atomic<bool>& stopping_;
};

// A complete answer with Content-Length; `headers` are lines that end in "\r\n".
std::string raw_answer(int status, std::string_view body, std::string_view headers = {});

class RawHttpServer {
 public:
  // Called on the connection's thread, several at once for several connections.
  using Handler = std::function<void(RawConnection& connection, const RawRequest& request)>;

  explicit RawHttpServer(Handler handler);
  RawHttpServer(const RawHttpServer&) = delete;
  RawHttpServer& operator=(const RawHttpServer&) = delete;
  ~RawHttpServer();  // ends all connections; handlers that wait are woken

  [[nodiscard]] std::string url(std::string_view target = "/") const;
  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] uint64_t connections() const { return connections_; }  // accepted so far
  [[nodiscard]] uint64_t requests() const { return requests_; }        // received so far
  void wait_for_requests(uint64_t count);                              // at least so many received

 private:
  void accept_all();
  void serve(int fd);

  const Handler handler_;
  int listen_fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> connections_{0};
  std::atomic<uint64_t> requests_{0};
  std::atomic<int> waiters_{0};  // in wait_for_requests()
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<int> open_;                // under mutex_
  std::vector<std::jthread> threads_;  // accept thread only, until it has ended
  std::jthread acceptor_;
};

// A port of loopback on which nobody listens.
uint16_t unused_port();

}  // namespace sluice::test
