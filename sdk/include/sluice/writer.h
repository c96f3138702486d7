// SPDX-License-Identifier: Apache-2.0
//
// Writing rows and commit records into the target, in one transaction of the target.
//
//   bind* → { begin → { reserve, write*, record }* → commit | rollback }* → release
//
// A transaction holds rows of many slices, also of several streams. Each part of a slice reserves a
// commit id, writes its rows under that id, and ends with record(). commit() makes rows and records
// durable together; when it has returned OK they survive the death of every process and, at the
// durability the sink is configured for, of the machine. A sink without SLUICE_CAP_TRANSACTION
// makes durable on commit() what it can and says in its README what a crash may leave.
#pragma once

#include "sluice/abi.h"
#include "sluice/arrow.h"
#include "sluice/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_WRITE_LINEAGE \
  1u  // bind: each row gets the integer column _sluice_commit with its commit id

// A stream and the table it lands in.
typedef struct sluice_binding_t {
  uint32_t struct_size;  // bytes
  uint32_t flags;        // SLUICE_WRITE_*
  sluice_str_t pipeline;
  sluice_str_t stream;
  sluice_str_t table;                // name in the target; empty = the stream's
  const struct ArrowSchema* schema;  // the stream's declaration (sluice/source.h); stays the host's
} sluice_binding_t;

#define SLUICE_RECORD_FINAL 1u  // the slice is complete with this part
#define SLUICE_RECORD_EMPTY 2u  // complete, and the source confirmed that it holds nothing
#define SLUICE_RECORD_UNSURE \
  4u  // final, but records of it were refused on the way: what is missing is not removed

// One part of a slice, as it stands in the target's commit log. (pipeline, stream, slice,
// generation, part) is unique: a second writer of the same part fails with BAD_STATE and must roll
// back.
typedef struct sluice_commit_record_t {
  uint32_t struct_size;  // bytes
  uint32_t flags;        // SLUICE_RECORD_*
  int64_t commit_id;     // as reserved
  sluice_str_t pipeline;
  sluice_str_t stream;
  sluice_str_t slice;    // slice key
  int64_t generation;    // how often the slice was begun anew since it was first read, from 1
  int64_t part;          // from 1
  uint64_t rows;         // rows of this part
  int64_t committed_us;  // wall clock of the host, microseconds since the epoch
  sluice_str_t run;      // id of the run
  sluice_str_t
      detail;  // JSON object of the host: partition, interval, validators, resume state, source
} sluice_commit_record_t;

// Host object, valid during write(): rows that the target refuses, while the others land.
typedef struct sluice_rejects_t {
  void* ctx;
  // `row` counts from 0 in the batch; `column` and `sqlstate` may be empty.
  void (*reject)(void* ctx, uint64_t row, sluice_str_t column, sluice_str_t sqlstate,
                 sluice_str_t reason);  // [writer]
} sluice_rejects_t;

typedef struct sluice_writer_t {
  void* self;
  // Makes the table fit the stream (creates it, adds columns) and gives the number by which write()
  // knows it. Outside a transaction. If the table had to be created although the commit log has
  // records of this pipeline and stream, the rows were lost: the records are removed with it, so
  // that the slices are work again. SCHEMA_CHANGED if the table cannot be made to fit without
  // losing data.
  sluice_status_t (*bind)(void* self, const sluice_binding_t* binding, uint32_t* out_stream,
                          sluice_error_t* error);               // [writer] [blocks] [may-fail]
  sluice_status_t (*begin)(void* self, sluice_error_t* error);  // [writer] [blocks] [may-fail]
  // Gives an id above 0 that no record of this target has. Inside a transaction.
  sluice_status_t (*reserve)(void* self, int64_t* out_commit_id,
                             sluice_error_t* error);  // [writer] [blocks] [may-fail]
  // Writes the rows of `array` ("+s", columns as bound), which moves to the sink whatever is
  // returned. Rows the target refuses go to `rejects`. Any failure leaves the transaction fit only
  // for rollback(); UNAVAILABLE and the flag RETRYABLE say that the same rows may pass later: an
  // outage is never taken for bad rows.
  sluice_status_t (*write)(void* self, uint32_t stream, int64_t commit_id, struct ArrowArray* array,
                           const sluice_rejects_t* rejects,
                           sluice_error_t* error);  // [writer] [blocks] [may-fail]
  sluice_status_t (*record)(void* self, const sluice_commit_record_t* record,
                            sluice_error_t* error);  // [writer] [blocks] [may-fail]
  // After a failure it is not known whether the transaction landed: the commit log tells.
  sluice_status_t (*commit)(void* self, sluice_error_t* error);  // [writer] [blocks] [may-fail]
  void (*rollback)(void* self);  // [writer] [blocks] legal without a transaction
  void (*interrupt)(
      void* self);  // [any-thread] makes a waiting call return CANCELLED soon; may be NULL
  void (*release)(void* self);  // [writer] [blocks] rolls back what was not committed
} sluice_writer_t;

#ifdef __cplusplus
}
#endif
