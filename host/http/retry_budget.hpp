// SPDX-License-Identifier: Apache-2.0
//
// How much of what is sent may be repetition: a service in trouble gets a share of its requests
// again, not several times as many.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "host/base/clock.hpp"

namespace sluice::host {

// One scope's, over a sliding minute in steps of five seconds, on a time that the caller gives:
// monotonic microseconds. Not thread-safe.
class RetryBudget {
 public:
  // `share` of the requests, and `floor` a minute in any case.
  RetryBudget(double share, uint32_t floor) : share_(share), floor_(floor) {}

  void sent(int64_t now_us);  // a request's first try
  // True, and counted, if one more retry may go.
  bool take(int64_t now_us);
  [[nodiscard]] bool idle(int64_t now_us) const;  // nothing within the minute

 private:
  static constexpr int64_t kStepUs = 5'000'000;
  static constexpr size_t kSteps = 12;
  struct Step {
    int64_t number = -1;
    uint64_t sent = 0;
    uint64_t retries = 0;
  };
  Step& at(int64_t now_us);

  double share_;
  uint32_t floor_;
  std::array<Step, kSteps> steps_{};
};

// By scope; scopes below one another ("discord.com/channels/1") share that of their root.
// Thread-safe.
class RetryBudgets {
 public:
  RetryBudgets(double share, uint32_t floor, const Clock& clock)
      : share_(share), floor_(floor), clock_(clock) {}
  void sent(const std::string& scope);
  bool take(const std::string& scope);

 private:
  RetryBudget& of(const std::string& scope, int64_t now_us);  // Requires: mutex_ is held

  const double share_;
  const uint32_t floor_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, RetryBudget, std::less<>> all_;  // under mutex_
};

}  // namespace sluice::host
