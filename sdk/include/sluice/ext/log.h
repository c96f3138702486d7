// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.log/1": the host's log. Always there. A message is a full sentence without
// secrets; what varies goes into fields.
#pragma once

#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_LOG_ID "sluice.log/1"

#define SLUICE_LOG_TRACE 0u
#define SLUICE_LOG_DEBUG 1u
#define SLUICE_LOG_INFO 2u
#define SLUICE_LOG_WARN 3u
#define SLUICE_LOG_ERROR 4u

typedef struct sluice_log_t {
  // 1 if messages of `level` are kept: lets a caller skip the work of making one.
  uint32_t (*enabled)(const sluice_host_t* host, uint32_t level);  // [any-thread]
  // `fields` is a JSON object, or empty.
  void (*write)(const sluice_host_t* host, uint32_t level, sluice_str_t message,
                sluice_str_t fields);  // [any-thread]
} sluice_log_t;

#ifdef __cplusplus
}
#endif
