// SPDX-License-Identifier: Apache-2.0
//
// The ELF note ".note.sluice": what a library is, readable without running any of its code. Owner
// "sluice", type 1, the content is one JSON object:
//   {"abi":[1,0], "min_host_minor":0, "sdk":"0.1.0",
//    "components":[{"kind":"source", "id":"dwd", "name":"…", "version":"…", "vendor":"…",
//    "license":"…", "doc_url":"…",
//                   "config_schema":{…}}]}
// sluice_add_plugin() adds it after linking, from the descriptors; a library that is built without
// it states it once, at file scope, by this macro. `json` is a string literal.
#pragma once

#include "sluice/abi.h"

#define SLUICE_NOTE_SECTION ".note.sluice"
#define SLUICE_NOTE_OWNER "sluice"
#define SLUICE_NOTE_TYPE 1u

#define SLUICE_NOTE(json)                                                               \
  __attribute__((section(SLUICE_NOTE_SECTION), used, aligned(4))) static const struct { \
    uint32_t owner_size;                                                                \
    uint32_t content_size;                                                              \
    uint32_t type;                                                                      \
    char owner[8];                                                                      \
    char content[(sizeof(json) + 3u) / 4u * 4u];                                        \
  } sluice_note_ = {sizeof(SLUICE_NOTE_OWNER), sizeof(json) - 1u, SLUICE_NOTE_TYPE,     \
                    SLUICE_NOTE_OWNER, json}
