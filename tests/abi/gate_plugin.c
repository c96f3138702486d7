// SPDX-License-Identifier: Apache-2.0
//
// A library for the gate: CMake builds it once per claim. ENTRY_* is what its code says, NOTE_*
// what its note says; the first default to this header's numbers, the second to the first.
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sluice/sluice.h"

#ifndef ENTRY_MAJOR
#define ENTRY_MAJOR 1
#endif
#ifndef ENTRY_MINOR
#define ENTRY_MINOR 0
#endif
#ifndef ENTRY_NEEDS
#define ENTRY_NEEDS 0
#endif
#ifndef NOTE_MAJOR
#define NOTE_MAJOR ENTRY_MAJOR
#endif
#ifndef NOTE_MINOR
#define NOTE_MINOR ENTRY_MINOR
#endif
#ifndef NOTE_NEEDS
#define NOTE_NEEDS ENTRY_NEEDS
#endif
#ifndef NOTE_ID
#define NOTE_ID "gate"
#endif
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

#if defined(NOTE_BROKEN)
#define NOTE "{\"abi\":[1,"
#elif defined(NOTE_WITHOUT_COMPONENTS)
#define NOTE "{\"abi\":[1,0],\"min_host_minor\":0,\"components\":[]}"
#else
#define NOTE                                                                                     \
  "{\"abi\":[" TEXT(NOTE_MAJOR) "," TEXT(NOTE_MINOR) "],\"min_host_minor\":" TEXT(               \
      NOTE_NEEDS) ",\"sdk\":\"0.1.0\",\"components\":[{\"kind\":\"source\",\"id\":\"" NOTE_ID    \
                  "\",\"name\":\"Gate\",\"version\":\"1.0.0\",\"vendor\":\"\",\"license\":\"\"," \
                  "\"doc_url\":\"\","                                                            \
                  "\"config_schema\":{}}]}"
#endif

#ifdef NOTE_OWNER
__attribute__((section(SLUICE_NOTE_SECTION), used, aligned(4))) static const struct {
  uint32_t sizes[3];
  char owner[8];
  char content[4];
} foreign_note = {{8, 4, 1}, NOTE_OWNER, "{}"};
#elif !defined(NO_NOTE)
SLUICE_NOTE(NOTE);
#endif

static const sluice_descriptor_t descriptor = {
    .struct_size = sizeof(sluice_descriptor_t), .kind = SLUICE_KIND_SOURCE, .id = "gate"};

static uint32_t count(void) {
  return 1;
}
static const sluice_descriptor_t* descriptor_at(uint32_t index) {
  return index == 0 ? &descriptor : NULL;
}

#ifdef USES_MISSING_SYMBOL
int sluice_test_symbol_that_nobody_has(void);
#endif

#ifndef EMPTY_SLOT
static sluice_status_t create(const sluice_host_t* host, uint32_t kind, const char* id,
                              sluice_plugin_t* out, sluice_error_t* error) {
  (void)host;
  (void)kind;
  (void)id;
  (void)out;
  (void)error;
#ifdef USES_MISSING_SYMBOL
  return sluice_test_symbol_that_nobody_has();
#else
  return SLUICE_UNSUPPORTED;
#endif
}
#endif

#ifdef EMPTY_SLOT
static const sluice_factory_t factory = {count, descriptor_at, NULL};
#else
static const sluice_factory_t factory = {count, descriptor_at, create};
#endif

static const void* get_factory(const char* id) {
  return strcmp(id, SLUICE_FACTORY_ID) == 0 ? &factory : NULL;
}

static const sluice_entry_t entry = {.struct_size = sizeof(sluice_entry_t),
                                     .abi_major = ENTRY_MAJOR,
                                     .abi_minor = ENTRY_MINOR,
                                     .min_host_minor = ENTRY_NEEDS,
                                     .get_factory = get_factory};

#ifdef NO_ENTRY
SLUICE_EXPORT const sluice_entry_t* another_name(void);
const sluice_entry_t* another_name(void) {
  return &entry;
}
#else
const sluice_entry_t* sluice_entry_v1(void) {
  return &entry;
}
#endif

// A second export, for the warning about it, and its constructor, for the proof that none ran.
#ifdef MARKER_VARIABLE
SLUICE_EXPORT int extra_export;
int extra_export = 1;
__attribute__((constructor)) static void run_when_loaded(void) {
  setenv(MARKER_VARIABLE, "1", 1);
}
#endif
