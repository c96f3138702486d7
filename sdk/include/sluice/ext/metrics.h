// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.metrics/1": numbers that the host gathers and shows. A metric is registered once
// and then updated by its handle.
#pragma once

#include "sluice/error.h"
#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_METRICS_ID "sluice.metrics/1"

#define SLUICE_METRIC_COUNTER 1u    // only grows
#define SLUICE_METRIC_GAUGE 2u      // last value counts
#define SLUICE_METRIC_HISTOGRAM 3u  // distribution of values

typedef struct sluice_metrics_t {
  // Gives a handle above 0, the same for the same name. `name` is [a-z][a-z0-9_]* with its unit at
  // the end (_bytes, _seconds, _total); `help` is one sentence. At most 64 per component: then
  // UNSUPPORTED.
  sluice_status_t (*define)(const sluice_host_t* host, uint32_t type, sluice_str_t name,
                            sluice_str_t help, uint64_t* out_handle,
                            sluice_error_t* error);  // [any-thread] [may-fail]
  // Adds to a counter, sets a gauge, records a value in a histogram. Unknown handles are ignored.
  void (*update)(const sluice_host_t* host, uint64_t handle, double value);  // [any-thread]
} sluice_metrics_t;

#ifdef __cplusplus
}
#endif
