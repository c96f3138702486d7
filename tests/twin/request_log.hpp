// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "tests/twin/message.hpp"

namespace sluice::twin {

// Counters and the last requests, for every service alike. Control requests are not counted.
// Thread-safe.
class RequestLog {
 public:
  RequestLog();

  void connection_opened();
  void connection_closed();

  // A request was read: it is in flight until leave(), which is called before its client can have
  // all of the answer.
  void begin();
  void leave();
  // Its answer sets out, so that a client that has an answer finds the request counted. `fault` is
  // the id of the rule that fired, or empty; `bytes` those of the body that shall be sent. Returns
  // a ticket for correct().
  std::uint64_t count(const Request& request, const Response& response, const std::string& fault,
                      std::uint64_t bytes);
  // Another number of bytes than announced reached the socket.
  void correct(std::uint64_t ticket, std::uint64_t announced, std::uint64_t sent);

  void reset();
  std::string stats() const;                  // JSON object
  std::string tail(std::size_t count) const;  // JSON array, oldest first

 private:
  struct Entry {
    std::uint64_t number = 0;
    std::int64_t at_ms = 0;
    std::string method;
    std::string target;
    int status = 0;
    std::uint64_t bytes = 0;
    bool conditional = false;
    std::string kind;
    std::string fault;
  };
  static constexpr std::size_t kKept = 10'000;

  mutable std::mutex mutex_;  // guards all below
  std::chrono::steady_clock::time_point start_;
  std::uint64_t serial_ = 0;  // of the last request ever counted; the ticket
  std::uint64_t first_ = 1;   // serial of the oldest request that is counted
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t max_in_flight_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t max_open_ = 0;
  std::uint64_t conditional_ = 0;
  std::uint64_t conditional_hits_ = 0;
  std::uint64_t ranges_ = 0;
  std::map<std::string, std::uint64_t> by_kind_;
  std::map<std::string, std::uint64_t> by_status_;
  std::map<std::string, std::uint64_t> by_method_;
  std::map<std::string, std::uint64_t> by_fault_;
  std::deque<Entry> entries_;
};

}  // namespace sluice::twin
