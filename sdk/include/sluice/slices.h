// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.source.slices/1": which partitions and slices the source knows, told one by one
// through a callback so that half a million of them need no half million allocations. The host
// holds them against its ledger and reads what is missing. It cuts `series` into intervals itself
// unless the source does; a `snapshot` has one slice per partition.
#pragma once

#include "sluice/abi.h"
#include "sluice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SLICES_ID "sluice.source.slices/1"

// A part of a stream with a life of its own: a symbol, a channel, a realm.
typedef struct sluice_partition_t {
  uint32_t struct_size;  // bytes
  uint32_t reserved;     // zero
  sluice_str_t key;      // stable, at most 255 bytes
  int64_t from_us;       // series: first instant the source has; SLUICE_TIME_MIN = not known
  int64_t to_us;  // series: end of what the source will ever have; SLUICE_TIME_MAX = still growing
} sluice_partition_t;

// One file or one key.
typedef struct sluice_slice_t {
  uint32_t struct_size;  // bytes
  uint32_t reserved;     // zero
  sluice_str_t
      key;  // stable identity within the stream, at most 400 bytes: it outlives renames of the file
  sluice_str_t title;      // for people (a file name); empty = the key
  sluice_str_t partition;  // or empty
  sluice_str_t
      validator;  // marks the version (time, size, ETag; at most 1 KiB): another text means changed
  sluice_bytes_t token;  // handed back to open_reader(); at most 4 KiB
  int64_t from_us;       // time the rows cover, or SLUICE_TIME_MIN and SLUICE_TIME_MAX
  int64_t to_us;
  uint64_t estimated_rows;   // 0 = unknown
  uint64_t estimated_bytes;  // 0 = unknown
} sluice_slice_t;

// Host object, valid during the call it is given to. A status other than OK ends the listing;
// return it.
typedef struct sluice_lister_t {
  void* ctx;
  sluice_status_t (*partition)(void* ctx, const sluice_partition_t* partition);  // [ctl]
  sluice_status_t (*slice)(void* ctx, const sluice_slice_t* slice);              // [ctl]
} sluice_lister_t;

// What is wanted: a source may leave out slices that lie outside of it. For a series that cuts
// (sluice:cuts) it is one missing interval of one partition.
typedef struct sluice_list_request_t {
  uint32_t struct_size;  // bytes
  uint32_t reserved;     // zero
  sluice_str_t stream;
  int64_t from_us;  // half-open interval of wanted row times, microseconds since the epoch, UTC
  int64_t to_us;
  sluice_str_t partition;  // series that cut: whose interval it is; else empty
} sluice_list_request_t;

typedef struct sluice_slices_t {
  // Tells every partition of the stream, in the order they should be read. NULL, or no call at all:
  // one, named "", unless the stream is sluice:partitioned.
  sluice_status_t (*list_partitions)(void* self, const sluice_list_request_t* request,
                                     const sluice_lister_t* lister,
                                     sluice_error_t* error);  // [ctl] [blocks] [may-fail]
  // Tells every slice of a `files` or `keys` stream, in the order they should be read, each once. A
  // failure voids the listing as a whole for slices that were not told: they are then not taken for
  // vanished. For a series that cuts it tells slices within the interval that was asked for, one
  // after the other without overlap; title, token and estimates count, key and validator do not.
  // What it leaves out the host cuts itself.
  sluice_status_t (*list_slices)(void* self, const sluice_list_request_t* request,
                                 const sluice_lister_t* lister,
                                 sluice_error_t* error);  // [ctl] [blocks] [may-fail]
} sluice_slices_t;

#ifdef __cplusplus
}
#endif
