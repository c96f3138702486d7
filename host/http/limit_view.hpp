// SPDX-License-Identifier: Apache-2.0
//
// What the shared state knows of limits, for people: `sluice limits` shows it without a run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/base/shared_state.hpp"

namespace sluice::host {

struct LimitView {
  std::string scope;
  std::string name;    // of the rule; "service" for what the service said itself
  double allowed = 0;  // units each `per_ms`; 0 = not known
  double used = 0;
  double left = 0;
  int64_t per_ms = 0;     // 0 = not known
  int64_t reset_us = 0;   // wall clock: when all of it is free; 0 = now
  int64_t paused_us = 0;  // wall clock: nobody sends before; 0 = somebody may
  std::string why;        // of the pause
};

struct WaitView {
  std::string service;
  int process = 0;
  uint32_t requests = 0;
  std::string pipelines;  // "candles, items"
  std::string why;
};

struct LimitsView {
  std::vector<LimitView> limits;  // by scope
  std::vector<WaitView> waiting;  // of processes that live
};

// `now_us`: wall clock. The error of the state.
Result<LimitsView> view_limits(SharedState& state, int64_t now_us);

}  // namespace sluice::host
