// SPDX-License-Identifier: Apache-2.0
//
// Table "sluice.source/1": which streams there are, and how one of their slices is read.
//
// A stream is one ArrowSchema ("+s", one child per column) whose metadata declares the rest, so
// declarations grow without touching the ABI. Values are text; lists are JSON arrays. Metadata keys
// of the stream:
//   sluice:kind         snapshot | keys | files | series; how it is cut into slices (required)
//   sluice:doc          one sentence
//   sluice:key          JSON array of column names: the primary key
//   sluice:seq          integer column: of two rows with one key the higher wins, equal means the
//                       later written wins
//   sluice:time         column with the row's time (timestamp or date)
//   sluice:step         series: distance of the grid in microseconds
//   sluice:max_span     series: longest interval worth one request, microseconds
//   sluice:partitioned  "1" if it has as many partitions as list_partitions() tells, even none
//   sluice:cuts         series: "1" if list_slices() cuts what is missing (sluice/slices.h)
//   sluice:max_keys     keys: how many ids one read may take (default 1)
//   sluice:refresh      snapshot, keys: age in seconds from which it is read again, unless the
//                       pipeline says otherwise
//   sluice:retry_empty  keys: age in seconds from which an id that the source did not have is asked
//                       for again, unless the pipeline says otherwise
//   sluice:lag          series: trailing microseconds that are read again, unless the pipeline says
//                       otherwise
//   sluice:hash         text or integer column that is equal when the row is: sinks then leave the
//                       row that they have as it is
//   sluice:removed      files, snapshot: nullable timestamp column, null in every row here: sinks
//                       set it for rows that a later reading of the same slice no longer has
//   sluice:indexes      JSON array of arrays of column names
//   sluice:references   JSON array of {"columns": […], "stream": "…", "to": […]}
//   sluice:unordered    "1" if rows of a slice may go backwards in time
// and of a column: sluice:unit, sluice:doc, sluice:source_name (what the service calls it).
// Nullability is Arrow's flag. Keys that start with `sluice:` are ours; others need a reverse
// domain.
#pragma once

#include "sluice/abi.h"
#include "sluice/arrow.h"
#include "sluice/error.h"
#include "sluice/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_SOURCE_ID "sluice.source/1"

// Host object, valid during discover().
typedef struct sluice_catalog_t {
  void* ctx;
  // Declares a stream. `schema` moves to the host. INVALID_CONFIG when the declaration is wrong or
  // the name is taken.
  sluice_status_t (*add_stream)(void* ctx, sluice_str_t name, struct ArrowSchema* schema,
                                sluice_error_t* error);  // [ctl] [may-fail]
} sluice_catalog_t;

typedef struct sluice_source_t {
  // Declares every stream of this configuration in the order they are best run. Stops at the first
  // status of the catalog that is not OK and returns it. Opened OFFLINE it must not use network or
  // disk.
  sluice_status_t (*discover)(void* self, const sluice_catalog_t* catalog,
                              sluice_error_t* error);  // [ctl] [blocks] [may-fail]
  // Starts reading a slice. Does little itself: requests belong into next(). `request` and
  // `observer` stay valid until the reader is released.
  sluice_status_t (*open_reader)(void* self, const sluice_read_request_t* request,
                                 const sluice_observer_t* observer, sluice_reader_t* out,
                                 sluice_error_t* error);  // [any-thread] [may-fail]
} sluice_source_t;

#ifdef __cplusplus
}
#endif
