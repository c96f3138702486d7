// SPDX-License-Identifier: Apache-2.0
//
// The only symbol that a plugin library exports, and the gate that decides whether a host may use
// it.
//
// Gate: abi_major == SLUICE_ABI_MAJOR of the host and min_host_minor <= the host's minor. "Built
// with" and "needs" are two numbers, so a plugin built against a newer header that uses nothing new
// runs on an older host. The same numbers stand in the library's ELF note (sluice/note.h), which is
// read before any code of the library runs.
#pragma once

#include "sluice/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_entry_t {
  uint32_t struct_size;     // bytes
  uint16_t abi_major;       // header it was built with
  uint16_t abi_minor;       // header it was built with; for messages only
  uint16_t min_host_minor;  // lowest host minor it runs on
  uint16_t reserved[3];     // zero
  // Factory table for `id` ("sluice.factory/1", NUL-terminated), or NULL. Static storage of the
  // plugin.
  const void* (*get_factory)(const char* id);  // [any-thread]
} sluice_entry_t;

// Returns static storage of the plugin. Called once after the library is loaded, which happens at
// most once in a process; a library is never unloaded.
SLUICE_EXPORT const sluice_entry_t* sluice_entry_v1(void);

#ifdef __cplusplus
}
#endif
