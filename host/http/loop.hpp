// SPDX-License-Identifier: Apache-2.0
//
// The one thread that moves all HTTP bytes of the process: curl's multi interface driven by epoll,
// so that a round costs what happened in it and not how many requests are open.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "host/base/result.hpp"
#include "host/http/active.hpp"
#include "host/http/cancel_watch.hpp"
#include "host/http/socket_set.hpp"
#include "host/http/transfer.hpp"

namespace sluice::host {

// submit(), resume() and close() are thread-safe; the rest runs on the loop's own thread.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> start(WireSettings settings,
                                             uint32_t max_connections_per_host);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();  // joins the thread; requests still on the wire are dropped

  void submit(std::shared_ptr<Transfer> transfer);
  void resume(std::shared_ptr<Transfer> transfer);  // its buffer has room again
  void close(std::shared_ptr<Transfer> transfer);   // its caller abandoned it
  CancelWatch& cancels() { return cancels_; }

 private:
  enum class What : uint8_t { kSubmit, kResume, kClose };
  struct Command {
    What what;
    std::shared_ptr<Transfer> transfer;
  };

  Loop(WireSettings settings, int epoll_fd, int wake_fd);
  bool set_up(uint32_t max_connections_per_host);
  void post(What what, std::shared_ptr<Transfer> transfer);
  void ring();

  void run(const std::stop_token& stop);
  void round();
  [[nodiscard]] int timeout_ms() const;
  void obey();  // the commands posted so far
  void begin(std::shared_ptr<Transfer> transfer);
  void collect();  // requests that curl has finished
  void end(Active& active, std::optional<Error> error);
  void end_cancelled(const Cancel& cancel);
  void end_overdue();
  void tell();  // callers who have news
  static int on_socket(void* easy, int socket, int what, void* self, void* known);
  static int on_timer(void* multi, long timeout_ms, void* self);

  WireSettings settings_;
  const int epoll_fd_;
  const int wake_fd_;
  CancelWatch cancels_;
  SocketSet sockets_;
  void* multi_ = nullptr;  // CURLM
  LoopState state_;
  LoopTime timer_ = LoopTime::max();             // when curl wants to be called
  std::vector<std::unique_ptr<Active>> active_;  // on the wire
  std::vector<std::unique_ptr<Active>> spare_;
  std::vector<Command> obeyed_;

  std::mutex mutex_;
  std::vector<Command> commands_;  // under mutex_
  std::jthread thread_;            // last: ends before what it uses
};

}  // namespace sluice::host
