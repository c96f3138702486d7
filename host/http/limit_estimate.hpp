// SPDX-License-Identifier: Apache-2.0
//
// How long a number of requests takes at least, for `sluice plan`: by the limits that are declared
// and by what is known to be used of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/http/declaration.hpp"
#include "host/http/limit_view.hpp"

namespace sluice::host {

struct LimitEstimate {
  double seconds = 0;      // least time of all requests
  std::string scope = {};  // of the limit that takes longest, or is paused longest
  std::string name = {};   // of the rule; empty = it has none
  double amount = 0;       // units each `per_ms`; 0 = the scope is only paused
  int64_t per_ms = 0;
  double left = 0;        // units that are free now
  int64_t paused_us = 0;  // until then nobody sends; 0 = somebody may
};

// Nothing if no limit makes them wait. Which scope and cost a request has is known only to the
// plugin: each rule is taken as if all requests counted in it once, but for rules of single scopes
// below a service ("HOST/*"). `now_us`: wall clock.
std::optional<LimitEstimate> estimate_limits(const std::vector<LimitRule>& rules,
                                             const LimitsView& known, uint64_t requests,
                                             int64_t now_us);

}  // namespace sluice::host
