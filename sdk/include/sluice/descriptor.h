// SPDX-License-Identifier: Apache-2.0
//
// What a component says of itself before it is created.
#pragma once

#include "sluice/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_KIND_SOURCE 1u
#define SLUICE_KIND_SINK 2u
#define SLUICE_KIND_TRANSFORM 3u

// Capabilities. Those with a table must agree with what get_extension() answers.
#define SLUICE_CAP_SPLITS (UINT64_C(1) << 0)  // source: readers of one instance may run at once
#define SLUICE_CAP_SLICES (UINT64_C(1) << 1)  // source: table sluice.source.slices/1
#define SLUICE_CAP_TRANSACTION \
  (UINT64_C(1) << 2)  // sink: rows and commit records land together or not at all
#define SLUICE_CAP_COMMIT_LOG (UINT64_C(1) << 3)  // sink: table sluice.sink.commits/1
#define SLUICE_CAP_UPSERT (UINT64_C(1) << 4)      // sink: honours sluice:key and sluice:seq
#define SLUICE_CAP_SCHEMA (UINT64_C(1) << 5)      // sink: table sluice.sink.schema/1
#define SLUICE_CAP_PARALLEL_WRITE \
  (UINT64_C(1) << 6)  // sink: writers of one instance may run at once
#define SLUICE_CAP_THREAD_BOUND \
  (UINT64_C(1) << 7)  // any: all calls of an object must come from one OS thread
#define SLUICE_CAP_KEYS (UINT64_C(1) << 8)  // sink: table sluice.sink.keys/1

// Static storage of the plugin, the same at each call.
typedef struct sluice_descriptor_t {
  uint32_t struct_size;  // bytes
  uint32_t kind;         // SLUICE_KIND_*
  uint64_t caps;         // SLUICE_CAP_*; unknown bits are ignored
  const char* id;  // NUL-terminated [a-z0-9._-]+, unique within kind; what `plugin = "…"` names
  sluice_str_t name;           // for people, e.g. "DWD open data"
  sluice_str_t version;        // semantic version
  sluice_str_t vendor;         // who answers for it
  sluice_str_t license;        // SPDX expression
  sluice_str_t doc_url;        // or empty
  sluice_str_t config_schema;  // JSON Schema 2020-12 (the subset of docs/abi.md) of the component's
                               // configuration
  uint32_t state_version;      // version of resume states it writes; it must read all older ones
  uint32_t reserved;           // zero
} sluice_descriptor_t;

#ifdef __cplusplus
}
#endif
