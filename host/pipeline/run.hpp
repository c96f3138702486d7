// SPDX-License-Identifier: Apache-2.0
//
// Runs a pipeline once: everything wanted and missing is fetched and landed, stream after stream,
// then it ends.
#pragma once

#include "host/observe/progress.hpp"
#include "host/observe/report.hpp"
#include "host/pipeline/session.hpp"

namespace sluice::host {

struct RunControl {
  const Cancel& stop;   // claim nothing more; finish what is begun
  const Cancel& abort;  // give up what is begun
  Progress& progress;
  uint64_t seed = 0;  // of back-off jitter
};

// Always gives a report, also of a run that failed to begin.
RunReport run_pipeline(const Environment& environment, const PipelineConfig& config, Ledger& ledger,
                       const RunControl& control);

}  // namespace sluice::host
