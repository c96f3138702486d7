// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.cancel/1": whether work is to stop. Always there. All services of the host
// observe it, so a plugin that waits only through the host is cancellable for free. After a request
// every call returns within 5 seconds.
#pragma once

#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_CANCEL_ID "sluice.cancel/1"

typedef struct sluice_cancel_t {
  uint32_t (*requested)(
      const sluice_host_t* host);  // [any-thread] 1 once cancelled; one atomic load
  uint32_t (*sleep_ms)(const sluice_host_t* host,
                       uint64_t ms);  // [any-thread] [blocks] 1 if cancelled meanwhile
  // A descriptor that is readable once cancelled, for poll(). Borrowed: not read from, not closed.
  // -1 = none.
  int32_t (*fd)(const sluice_host_t* host);  // [any-thread]
} sluice_cancel_t;

#ifdef __cplusplus
}
#endif
