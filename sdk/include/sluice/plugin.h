// SPDX-License-Identifier: Apache-2.0
//
// A component's factory and the life of an instance.
//
//   create → CREATED ─configure→ CONFIGURED ─open→ OPEN ─(discover, list, readers, writers)→ OPEN
//   ─close→ CONFIGURED destroy is legal in every state (it closes first). A failed call leaves the
//   state as it was. In CREATED only configure, get_extension and destroy are legal; no service of
//   the host is called before configure. All readers and writers are released before close. No
//   thread, descriptor or timer of the plugin survives close.
#pragma once

#include "sluice/abi.h"
#include "sluice/descriptor.h"
#include "sluice/error.h"
#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_OPEN_RUN 1u    // data will be read or written
#define SLUICE_OPEN_CHECK 2u  // credentials and reachability are tested, nothing is read or written
#define SLUICE_OPEN_OFFLINE \
  3u  // streams are declared from the configuration alone, without network or disk

// An instance: the plugin fills it in create().
typedef struct sluice_plugin_t {
  void* self;
  const sluice_descriptor_t* descriptor;
  // Takes the component's configuration, canonical JSON that already fits config_schema, defaults
  // filled in. A secret is {"$secret": "name"}, to be fetched through sluice.secret/1. No I/O. May
  // be called again in CONFIGURED.
  sluice_status_t (*configure)(void* self, sluice_str_t json,
                               sluice_error_t* error);  // [ctl] [may-fail]
  // `mode` is SLUICE_OPEN_*. INVALID_CONFIG, AUTH, UNAVAILABLE.
  sluice_status_t (*open)(void* self, uint32_t mode,
                          sluice_error_t* error);  // [ctl] [blocks] [may-fail]
  // Table for a capability id such as "sluice.source/1" (NUL-terminated), or NULL. Static storage
  // of the plugin; its functions take this instance's `self`. Legal from CREATED on.
  const void* (*get_extension)(void* self, const char* id);  // [any-thread]
  void (*close)(void* self);                                 // [ctl] [blocks]
  void (*destroy)(void* self);                               // [ctl]
} sluice_plugin_t;

#define SLUICE_FACTORY_ID "sluice.factory/1"

typedef struct sluice_factory_t {
  uint32_t (*count)(void);                                   // [any-thread]
  const sluice_descriptor_t* (*descriptor)(uint32_t index);  // [any-thread] NULL from count() on
  // Creates an instance of the component with `kind` and `id` (NUL-terminated, whole match). `host`
  // stays valid until destroy(). UNSUPPORTED for an unknown id; `out` is then untouched.
  sluice_status_t (*create)(const sluice_host_t* host, uint32_t kind, const char* id,
                            sluice_plugin_t* out,
                            sluice_error_t* error);  // [any-thread] [may-fail]
} sluice_factory_t;

#ifdef __cplusplus
}
#endif
