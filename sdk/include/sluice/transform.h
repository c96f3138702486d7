// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.transform/1": batches of one stream in, batches of one stream out.
#pragma once

#include "sluice/abi.h"
#include "sluice/arrow.h"
#include "sluice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_TRANSFORM_ID "sluice.transform/1"

// Host object, valid during process().
typedef struct sluice_emitter_t {
  void* ctx;
  // A batch of the output schema; `array` moves to the host whatever is returned. A status other
  // than OK ends process(); return it.
  sluice_status_t (*emit)(void* ctx, struct ArrowArray* array);  // [reader]
  // A row of the input (counted from 0) that breaks a rule.
  void (*reject)(void* ctx, uint64_t row, sluice_str_t rule, sluice_str_t reason);  // [reader]
} sluice_emitter_t;

// The transform of one stream within one slice.
typedef struct sluice_stage_t {
  void* self;
  // `array` moves to the transform whatever is returned. Rows of one call come out before it
  // returns, so that resume states stay true: a stage keeps nothing between calls that rows depend
  // on.
  sluice_status_t (*process)(void* self, struct ArrowArray* array, const sluice_emitter_t* emitter,
                             sluice_error_t* error);  // [reader] [may-fail]
  void (*release)(void* self);                        // [reader]
} sluice_stage_t;

typedef struct sluice_transform_t {
  // What comes out for `input` (stays the host's): `output` moves to the host. INVALID_CONFIG if
  // the input lacks what the configuration names. Called before anything is fetched.
  sluice_status_t (*bind)(void* self, sluice_str_t stream, const struct ArrowSchema* input,
                          struct ArrowSchema* output,
                          sluice_error_t* error);  // [ctl] [may-fail]
  sluice_status_t (*open_stage)(void* self, sluice_str_t stream, const struct ArrowSchema* input,
                                sluice_stage_t* out,
                                sluice_error_t* error);  // [any-thread] [may-fail]
} sluice_transform_t;

#ifdef __cplusplus
}
#endif
