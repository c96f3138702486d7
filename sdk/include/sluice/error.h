// SPDX-License-Identifier: Apache-2.0
//
// A failure's text and numbers, in memory of the caller. It owns nothing, so it outlives whoever
// wrote it.
#pragma once

#include "sluice/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_ERROR_RETRYABLE 1u  // the same call may succeed later
#define SLUICE_ERROR_AUTH 2u       // credentials were refused
#define SLUICE_ERROR_THROTTLED 4u  // a quota was exceeded

#define SLUICE_NO_ROW UINT64_MAX

typedef struct sluice_error_t {
  uint32_t struct_size;     // bytes; set by the caller
  sluice_status_t code;     // equals the returned status
  uint32_t flags;           // SLUICE_ERROR_*
  uint32_t retry_after_ms;  // milliseconds to wait before a retry; 0 = the caller's own back-off
  int64_t vendor_code;      // HTTP status, errno or driver code; 0 = none
  uint64_t row;             // first bad row of the batch, counted from 0; SLUICE_NO_ROW = none
  char sqlstate[8];         // five characters and NULs, or empty
  char message[984];        // NUL-terminated UTF-8, truncated at a character; never holds a secret
  char config[128];  // JSON Pointer to the key of the component's configuration that is at fault,
                     // NUL-terminated; empty = none
} sluice_error_t;

#ifdef __cplusplus
}
#endif
