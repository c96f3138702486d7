// SPDX-License-Identifier: Apache-2.0
//
// The Arrow C Data Interface structs, declared here as its specification asks, under the canonical
// guard, so that any other copy in the same translation unit is compatible.
//
// Arrow is silent on the threads of `release`, so sluice says: `release` may run on any thread,
// concurrently with other arrays' releases, and after the reader, the instance and even destroy()
// are gone. It must not block, log or call the host. Consumers treat buffers as immutable and
// accept `offset != 0`.
//
// Types that every component understands: bool "b", int32 "i", int64 "l", float64 "g", decimal128
// "d:P,S", utf8 "u", large_utf8 "U", binary "z", date32 "tdD", timestamp "tsu:UTC", and utf8 whose
// field metadata says ARROW:extension:name = "arrow.json".
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);  // [any-thread]
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);  // [any-thread]
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifdef __cplusplus
}
#endif
