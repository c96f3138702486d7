// SPDX-License-Identifier: Apache-2.0
//
// One request on the wire: an easy handle with its settings and callbacks. Used by the loop thread
// only; kept and reused when the request is over.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/http/failure.hpp"
#include "host/http/head.hpp"
#include "host/http/socket_set.hpp"
#include "host/http/transfer.hpp"
#include "host/http/wire_settings.hpp"

namespace sluice::host {

using LoopTime = std::chrono::steady_clock::time_point;

// What callbacks share with the loop that runs them.
struct LoopState {
  LoopTime now;
  LoopTime next_deadline = LoopTime::max();  // not after the earliest deadline of any request
  std::vector<std::shared_ptr<Transfer>>
      news;  // whose callers are to be woken at the end of the round
  void mark(const std::shared_ptr<Transfer>& transfer);
};

class Active {
 public:
  Active(LoopState& state, SocketSet& sockets);
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;
  ~Active();

  // Takes on a request. The failure if libcurl refuses its settings.
  std::optional<Error> prepare(std::shared_ptr<Transfer> transfer, const WireSettings& settings);
  void release();  // forgets the request; ready for the next
  // Receives again after the buffer was full; curl's code if that ended the request.
  int resume();
  // How the request ended, by curl's code; nothing if well.
  [[nodiscard]] std::optional<Error> outcome(int curl_code) const;
  // The failure if the request's time is over.
  [[nodiscard]] std::optional<Error> overdue() const;
  [[nodiscard]] uint64_t wire_bytes() const;

  [[nodiscard]] void* easy() const { return easy_; }
  [[nodiscard]] const std::shared_ptr<Transfer>& transfer() const { return transfer_; }
  [[nodiscard]] LoopTime deadline() const { return deadline_; }

  size_t slot = 0;  // in the loop's list

 private:
  static size_t on_head(char* data, size_t size, size_t count, void* self);
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static int on_connected(void* self, char* ip, char* local_ip, int port, int local_port);
  static int on_resolve(void* resolver, void* reserved, void* self);
  static size_t on_send(char* data, size_t size, size_t count, void* self);
  static int on_rewind(void* self, int64_t offset, int origin);
  int open_socket(const void* address);
  void limit(std::chrono::milliseconds time, Failure failure);
  void limit_to_queue();
  void begin_window();
  [[nodiscard]] bool is_too_slow();
  bool set_options(const WireSettings& settings);
  bool set_callbacks();
  bool set_trust(const WireSettings& settings);
  bool set_body();
  bool set_headers();
  template <class Option, class Value>
  bool set(Option option, Value value);

  LoopState& state_;
  SocketSet& sockets_;
  void* easy_ = nullptr;     // CURL
  void* headers_ = nullptr;  // curl_slist
  std::shared_ptr<Transfer> transfer_;
  HeadParser head_;
  bool head_done_ = false;
  bool deny_private_ = false;  // for the sockets of this request
  bool denied_ = false;        // and it was
  size_t sent_ = 0;            // of the body
  LoopTime window_begin_;      // of the span over which the speed is measured
  uint64_t window_bytes_ = 0;  // received at its begin
  LoopTime deadline_ = LoopTime::max();
  Failure deadline_failure_ = Failure::kQueueTimeout;
  std::optional<Failure> refusal_;  // why a callback of ours ended the request
  std::array<char, 256> error_text_{};
};

}  // namespace sluice::host
