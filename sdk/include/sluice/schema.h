// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.sink.schema/1": what bind() would change in the target, shown before it is done.
#pragma once

#include "sluice/abi.h"
#include "sluice/error.h"
#include "sluice/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SCHEMA_ID "sluice.sink.schema/1"

typedef struct sluice_schema_t {
  // Puts each statement (DDL or a sentence) that bind() would carry out, in order; nothing when the
  // table fits. Changes nothing, and does not create the target. SCHEMA_CHANGED if the table cannot
  // be made to fit.
  sluice_status_t (*diff)(void* self, const sluice_binding_t* binding, const sluice_put_t* out,
                          sluice_error_t* error);  // [ctl] [blocks] [may-fail]
} sluice_schema_t;

#ifdef __cplusplus
}
#endif
