// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.sink/1": opens writers into the target.
#pragma once

#include "sluice/abi.h"
#include "sluice/error.h"
#include "sluice/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SINK_ID "sluice.sink/1"

typedef struct sluice_sink_t {
  // Connects. Several writers at once only with SLUICE_CAP_PARALLEL_WRITE.
  sluice_status_t (*open_writer)(void* self, sluice_writer_t* out,
                                 sluice_error_t* error);  // [ctl] [blocks] [may-fail]
} sluice_sink_t;

#ifdef __cplusplus
}
#endif
