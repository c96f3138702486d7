// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.state/1": small named blobs that a component keeps between runs, for caches and
// learnt facts. Not for resume points: those ride on batches and land with the rows.
#pragma once

#include "sluice/error.h"
#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_STATE_ID "sluice.state/1"

typedef struct sluice_state_t {
  // Puts the blob, or returns END if there is none. `name` is at most 200 bytes, per pipeline and
  // component.
  sluice_status_t (*get)(const sluice_host_t* host, sluice_str_t name, const sluice_put_t* out,
                         sluice_error_t* error);  // [any-thread] [blocks] [may-fail]
  // Keeps `value` (at most 1 MiB) durably; NULL data removes it.
  sluice_status_t (*set)(const sluice_host_t* host, sluice_str_t name, sluice_bytes_t value,
                         sluice_error_t* error);  // [any-thread] [blocks] [may-fail]
} sluice_state_t;

#ifdef __cplusplus
}
#endif
