// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.clock/1": time as the host has it. Tests and simulations run on a clock of their
// own, so a plugin asks here and nowhere else.
#pragma once

#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_CLOCK_ID "sluice.clock/1"

typedef struct sluice_clock_t {
  int64_t (*now_us)(
      const sluice_host_t* host);  // [any-thread] wall clock, microseconds since the epoch, UTC
  int64_t (*monotonic_us)(
      const sluice_host_t* host);  // [any-thread] never goes back; microseconds since any point
} sluice_clock_t;

#ifdef __cplusplus
}
#endif
