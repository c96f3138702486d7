// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.sink.commits/1": the target's commit log, read back. The target is the truth, the
// host's ledger an index of it: at every start the two are held against each other.
#pragma once

#include "sluice/abi.h"
#include "sluice/error.h"
#include "sluice/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_COMMITS_ID "sluice.sink.commits/1"

// Host object, valid during list(). A status other than OK ends the listing; return it.
typedef struct sluice_commit_visitor_t {
  void* ctx;
  sluice_status_t (*visit)(void* ctx, const sluice_commit_record_t* record);  // [ctl]
} sluice_commit_visitor_t;

typedef struct sluice_commits_t {
  // A short text (at most 128 bytes) that changes with each committed transaction and comes back
  // when an older backup is restored. Equal text: the log is what the host saw last. Nothing put:
  // not known, the host lists.
  sluice_status_t (*head)(void* self, const sluice_put_t* out,
                          sluice_error_t* error);  // [ctl] [blocks] [may-fail]
  // All records of a pipeline whose table still exists, by stream and commit id; with `slice`, only
  // those of that slice of `stream`. Empty `stream`: all streams.
  sluice_status_t (*list)(void* self, sluice_str_t pipeline, sluice_str_t stream,
                          sluice_str_t slice, const sluice_commit_visitor_t* visitor,
                          sluice_error_t* error);  // [ctl] [blocks] [may-fail]
  // Removes the records of these slices (as list() names them), not their rows: they become work
  // again.
  sluice_status_t (*forget)(void* self, sluice_str_t pipeline, sluice_str_t stream,
                            sluice_str_t slice,
                            sluice_error_t* error);  // [ctl] [blocks] [may-fail]
} sluice_commits_t;

#ifdef __cplusplus
}
#endif
