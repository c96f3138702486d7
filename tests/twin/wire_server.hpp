// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tests/twin/fault.hpp"
#include "tests/twin/message.hpp"

namespace sluice::twin {

// An HTTP/1.1 server on 127.0.0.1. The HTTP library parses requests and runs the connections; the
// answers are written by this class, byte for byte, because a broken answer must really be broken
// on the wire.
class WireServer {
 public:
  struct Answer {
    Response response;
    Fault fault;
  };
  struct Callbacks {
    std::function<Answer(const Request&)> answer;  // must not throw
    // The answer sets out with so many bytes of body; returns a ticket.
    std::function<std::uint64_t(const Request&, const Answer&, std::uint64_t body_bytes)> answering;
    // The last piece of the answer is about to be sent, or the connection to be ended.
    std::function<void(std::uint64_t ticket)> finishing;
    // Afterwards: it was not sent as announced.
    std::function<void(std::uint64_t ticket, std::uint64_t announced, std::uint64_t sent)>
        cut_short;
    std::function<void()> opened;  // a connection
    std::function<void()> closed;
  };

  // Listens when it returns; throws std::runtime_error when it cannot. The callbacks run on
  // connection threads.
  WireServer(std::uint16_t port, Callbacks callbacks);
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;
  WireServer(WireServer&&) = delete;
  WireServer& operator=(WireServer&&) = delete;
  ~WireServer();

  std::uint16_t port() const;
  // Ends waiting faults, shuts every connection and joins; idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::twin
