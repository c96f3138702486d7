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

// Settings for the life of the process, from options and environment.
struct WireSettings {
  std::string user_agent;
  std::string ca_file;  // empty = libcurl's own
  std::string ca_dir;
  void* share = nullptr;  // CURLSH: TLS sessions
  static WireSettings from_environment(std::string user_agent);
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
  void limit(std::chrono::milliseconds time, Failure failure);
  bool set_options(const WireSettings& settings);
  bool set_headers();

  LoopState& state_;
  SocketSet& sockets_;
  void* easy_ = nullptr;     // CURL
  void* headers_ = nullptr;  // curl_slist
  std::shared_ptr<Transfer> transfer_;
  HeadParser head_;
  bool head_done_ = false;
  LoopTime deadline_ = LoopTime::max();
  Failure deadline_failure_ = Failure::kQueueTimeout;
  std::optional<Failure> refusal_;  // why a callback of ours ended the request
  std::array<char, 256> error_text_{};
};

}  // namespace sluice::host
