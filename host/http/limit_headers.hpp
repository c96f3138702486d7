// SPDX-License-Identifier: Apache-2.0
//
// What an answer's head says about limits, in the dialects that services speak.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/http/head.hpp"

namespace sluice::host {

struct LimitFacts {
  std::optional<double> limit;      // units a window
  std::optional<double> left;       // of them
  std::optional<int64_t> reset_us;  // from now until the window is fresh, rounded up
  // Whom a 429 is meant for, as the service says: everything of the account, not this route alone.
  bool whole_service = false;
};

// RateLimit-*, X-RateLimit-*, X-Rate-Limit-*, and "RateLimit: limit=…, remaining=…, reset=…" or
// "…;r=…;t=…". A reset may be seconds from now, whole or fractional, a time of the epoch in seconds
// or milliseconds, or a date; epochs are held against the answer's own Date. `now_us`: wall clock.
// Nonsense (negative, not a number, in the past) counts as not said.
LimitFacts parse_limit_facts(const Head& head, int64_t now_us);

// Has the head any of these fields?
bool speaks_of_limits(const Head& head);

// A number in a header; nothing for anything else.
std::optional<double> number_field(const Head& head, std::string_view name);

}  // namespace sluice::host
