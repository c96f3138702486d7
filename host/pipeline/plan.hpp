// SPDX-License-Identifier: Apache-2.0
//
// wanted − landed = work, for one stream: what the source knows and the pipeline wants, held
// against the ledger.
#pragma once

#include <functional>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/config/config.hpp"
#include "host/ledger/ledger.hpp"
#include "host/plugin/component.hpp"

namespace sluice::host {

struct PlanRequest {
  Source& source;
  Sink* sink = nullptr;  // for keys that a query gives
  Ledger& ledger;
  const PipelineConfig& config;
  const Stream& stream;
  StreamNo stream_no = 0;
  const Clock& clock;
  const Cancel& stop;
  bool compare_only = false;  // writes nothing
  bool retry_failed = true;   // of earlier runs; what failed in this one waits for the next
  bool again = false;         // in this run it was planned before, and here is the rest
  std::function<void()> may_claim = {};                   // called when more slices can be claimed
  std::function<void(const SliceListing&)> on_work = {};  // called for each slice to be read
};

struct Plan {
  ListingCounts counts;
  bool more =
      false;  // series: not everything was put into the ledger yet; plan again when it is drained
};

Result<Plan> plan_stream(const PlanRequest& request);

// What the pipeline wants of this stream, from [want], [stream.NAME] and the stream's own
// declaration.
struct SeriesWant;
SeriesWant series_want(const PipelineConfig& config, const Stream& stream, int64_t now_us);

// Calls `visit` for each partition of a series with what is wanted of it.
Result<void> each_partition(Source& source, const PipelineConfig& config, const Stream& stream,
                            int64_t now_us,
                            const std::function<Result<void>(const std::string& partition,
                                                             const IntervalSet& wanted)>& visit);

}  // namespace sluice::host
