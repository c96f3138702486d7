// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.alloc/1": buffers that count towards the process's memory limit. Optional to use.
// An Arrow array may hold such a buffer; its release callback then calls free(), which is legal at
// any time, also after destroy().
#pragma once

#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_ALLOC_ID "sluice.alloc/1"

typedef struct sluice_alloc_t {
  // `alignment` is a power of two, at most 4096 bytes. NULL when the limit or the machine's memory
  // is used up.
  void* (*allocate)(const sluice_host_t* host, uint64_t size, uint64_t alignment);  // [any-thread]
  void (*free)(void* buffer, uint64_t size, uint64_t alignment);  // [any-thread] as allocated
} sluice_alloc_t;

#ifdef __cplusplus
}
#endif
