// SPDX-License-Identifier: Apache-2.0
//
// The host as a plugin instance sees it: a version and a lookup of service tables (sluice/ext/*.h)
// by id.
#pragma once

#include "sluice/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

// One per plugin instance: services know by it who asks. Valid, with every table it gave, until
// destroy() of the instance returns.
typedef struct sluice_host_t {
  uint32_t struct_size;  // bytes
  uint16_t abi_major;    // the ABI this host speaks
  uint16_t abi_minor;
  void* ctx;  // the host's own
  // Table for a service id such as "sluice.http/1", or NULL where this host has none. `id` is
  // NUL-terminated. "sluice.log/1" and "sluice.cancel/1" are always there.
  const void* (*get_service)(const struct sluice_host_t* self, const char* id);  // [any-thread]
} sluice_host_t;

#ifdef __cplusplus
}
#endif
