// SPDX-License-Identifier: Apache-2.0
//
// Which intervals of a series are to be read: wanted minus landed, on the stream's grid.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "host/ledger/intervals.hpp"
#include "host/plugin/stream.hpp"

namespace sluice::host {

struct SeriesWant {
  int64_t from_us = INT64_MIN;  // of the pipeline
  int64_t to_us = INT64_MAX;    // INT64_MAX = now
  int64_t lag_us = 0;           // trailing part of what is wanted that is read again
  int64_t now_us = 0;
};

// What is wanted of a partition that exists from `first_us` to `last_us`. A step that has not ended
// by now is never part of it. Empty when nothing is wanted, or when neither the pipeline nor the
// source says where it begins.
IntervalSet wanted(const Stream& stream, const SeriesWant& want, int64_t first_us, int64_t last_us);

// wanted − landed, where the last `lag_us` of what is wanted count as not landed.
IntervalSet missing(const IntervalSet& wanted, const IntervalSet& landed, int64_t lag_us);

// Cuts into intervals of at most max_span_us (0 = as they are), at multiples of the span, so that
// the same time is always cut at the same places.
std::vector<Interval> cut(const IntervalSet& set, int64_t max_span_us);

// An interval as a plugin tells it, "FROM/TO" in microseconds since the epoch; nothing if it is
// malformed or empty.
std::optional<Interval> parse_interval(std::string_view text);

}  // namespace sluice::host
