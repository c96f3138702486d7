// SPDX-License-Identifier: Apache-2.0
//
// Rows on their way from a reader to the host, and the point from which reading can go on after
// them.
#pragma once

#include "sluice/abi.h"
#include "sluice/arrow.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_BATCH_SCHEMA 1u     // `schema` is set, and holds for this batch and those after it
#define SLUICE_BATCH_RESUMABLE 2u  // `state` is a resume point (it may be zero bytes long)

// The caller zeroes it and sets struct_size. Aim for target_batch_bytes of the read request (about
// 1 MiB): larger batches cost page faults, smaller ones calls.
typedef struct sluice_batch_t {
  uint32_t struct_size;  // bytes
  uint32_t flags;        // SLUICE_BATCH_*
  // A struct array ("+s"), one child per column of the stream's schema in its order, no nulls of
  // its own. Moves to the caller.
  struct ArrowArray array;
  struct ArrowSchema schema;  // only with SLUICE_BATCH_SCHEMA; moves to the caller
  // Reading resumed with it goes on right after this batch's last row. The host stores it in the
  // same transaction as the rows. At most 64 KiB; valid until the next call on this reader. A batch
  // without one cannot be landed apart from those that follow it.
  sluice_bytes_t state;
  uint64_t idle_ms;  // with SLUICE_IDLE: milliseconds to wait before next() is called again
} sluice_batch_t;

#ifdef __cplusplus
}
#endif
