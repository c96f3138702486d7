// SPDX-License-Identifier: Apache-2.0
//
// Reading one slice: what is asked, the object that reads it, and what the reader may tell besides
// rows.
#pragma once

#include "sluice/abi.h"
#include "sluice/batch.h"
#include "sluice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

// What to read. Everything in it is valid until the reader is released. Which fields are set
// follows the stream's kind:
//   snapshot  partition          files   partition, slice, token
//   keys      keys, key_count    series  partition, from_us, to_us
typedef struct sluice_read_request_t {
  uint32_t struct_size;    // bytes
  uint32_t state_version;  // version of the component that wrote `state`
  sluice_str_t stream;
  sluice_str_t partition;  // as listed; empty = the stream has only one
  sluice_str_t slice;      // slice key as listed
  sluice_bytes_t token;    // as listed
  int64_t from_us;         // interval [from_us, to_us), microseconds since the epoch, UTC
  int64_t to_us;
  const sluice_str_t* keys;  // ids to read together; at most `max_keys` of the stream
  uint64_t key_count;
  sluice_bytes_t state;     // resume point of an earlier reader, or NULL data: from the start
  sluice_str_t validator;   // what observer.validator() told when this slice last landed; empty =
                            // never landed
  sluice_str_t projection;  // JSON array of column names that are wanted; empty = all. A hint.
  uint64_t target_batch_bytes;  // bytes; a goal, not a limit
} sluice_read_request_t;

#define SLUICE_OUTCOME_LANDED 1u
#define SLUICE_OUTCOME_EMPTY 2u   // the source confirmed that there is nothing
#define SLUICE_OUTCOME_FAILED 3u  // could not be found out; asked again by policy

// What a reader tells the host besides rows. A host object, valid until the reader is released;
// called only from within next().
typedef struct sluice_observer_t {
  void* ctx;
  // The version of the slice that is being read (ETag, hash, …; at most 1 KiB): comes back as
  // request.validator. It is stored when the slice lands, so it can never vouch for rows that did
  // not. Last call wins.
  void (*validator)(void* ctx, sluice_str_t validator);  // [reader]
  // `keys` streams: what became of one key. Keys never mentioned landed when next() returns END.
  // `series` streams: what became of a part of the interval, named "FROM/TO" in microseconds since
  // the epoch: EMPTY = the source confirmed that it has nothing there, FAILED = asked again by
  // later runs although the slice lands.
  void (*key_outcome)(void* ctx, sluice_str_t key, uint32_t outcome,
                      sluice_str_t text);  // [reader]
  // A record that cannot become a row: quarantined with the rule it broke, why, and the record
  // itself (at most 64 KiB).
  void (*reject)(void* ctx, sluice_str_t rule, sluice_str_t reason,
                 sluice_bytes_t payload);  // [reader]
  // Something worth a line in the report, counted per `code` ([a-z0-9_]+), `text` is kept as
  // example.
  void (*note)(void* ctx, sluice_str_t code, sluice_str_t text, uint64_t count);  // [reader]
} sluice_observer_t;

// Reads one slice, in order.
typedef struct sluice_reader_t {
  void* self;
  // Fills `out` with the next rows, or returns END (exhausted), IDLE (nothing yet) or UNCHANGED
  // (only as the first answer, only when request.validator was set). `out` is untouched unless OK.
  // After a failure only release() is legal. NOT_FOUND, UNAVAILABLE, RATE_LIMITED, AUTH, BAD_DATA,
  // BAD_STATE, CANCELLED.
  sluice_status_t (*next)(void* self, sluice_batch_t* out,
                          sluice_error_t* error);  // [reader] [blocks] [may-fail]
  // Makes a waiting next() return CANCELLED soon. For client libraries that wait outside the host;
  // may be NULL.
  void (*interrupt)(void* self);  // [any-thread]
  void (*release)(void* self);    // [reader]
} sluice_reader_t;

#ifdef __cplusplus
}
#endif
