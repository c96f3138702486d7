// SPDX-License-Identifier: Apache-2.0
//
// Which circuit breakers are open, told to other processes through the shared state: `sluice
// limits` shows it while runs go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "host/base/shared_state.hpp"

namespace sluice::host {

// Of this process. Thread-safe. A state that fails is done without: breakers work all the same.
class BreakerBoard {
 public:
  explicit BreakerBoard(std::shared_ptr<SharedState> state);  // null: nobody is told
  BreakerBoard(const BreakerBoard&) = delete;
  BreakerBoard& operator=(const BreakerBoard&) = delete;
  ~BreakerBoard();  // takes down what it told

  // `since_us`: wall clock.
  void opened(const std::string& endpoint, int64_t since_us, const std::string& reason);
  void closed(const std::string& endpoint);

 private:
  const std::shared_ptr<SharedState> state_;
  const std::string name_;
  std::atomic<bool> told_{false};
};

struct OpenBreaker {
  std::string endpoint;  // "https://api.example.org:443"
  int process = 0;
  int64_t since_us = 0;  // wall clock
  std::string reason;
};

// Of processes that live, by endpoint.
Result<std::vector<OpenBreaker>> open_breakers(SharedState& state);

// Whether a name of the shared state is one of a board, and not a service's.
bool is_breaker_board(std::string_view name);

}  // namespace sluice::host
