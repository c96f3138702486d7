// SPDX-License-Identifier: Apache-2.0
//
// One exported variable of every type of the contract. Tables travel as `const void*`, so a tool
// that walks the exports of a plugin never sees them; here it sees all. baseline.abi is abidw's
// description of this library: a change of the contract changes it in the same commit.
#include "sluice/sluice.h"

#define CORPUS(type)                       \
  SLUICE_EXPORT extern type corpus_##type; \
  type corpus_##type

#define CORPUS_ARROW(type)                        \
  SLUICE_EXPORT extern struct type corpus_##type; \
  struct type corpus_##type

CORPUS(sluice_alloc_t);
CORPUS(sluice_batch_t);
CORPUS(sluice_binding_t);
CORPUS(sluice_bytes_t);
CORPUS(sluice_cancel_t);
CORPUS(sluice_catalog_t);
CORPUS(sluice_clock_t);
CORPUS(sluice_commit_record_t);
CORPUS(sluice_commit_visitor_t);
CORPUS(sluice_commits_t);
CORPUS(sluice_descriptor_t);
CORPUS(sluice_emitter_t);
CORPUS(sluice_entry_t);
CORPUS(sluice_error_t);
CORPUS(sluice_factory_t);
CORPUS(sluice_host_t);
CORPUS(sluice_http_request_t);
CORPUS(sluice_http_response_t);
CORPUS(sluice_http_t);
CORPUS(sluice_key_visitor_t);
CORPUS(sluice_keys_t);
CORPUS(sluice_list_request_t);
CORPUS(sluice_lister_t);
CORPUS(sluice_log_t);
CORPUS(sluice_metrics_t);
CORPUS(sluice_observer_t);
CORPUS(sluice_partition_t);
CORPUS(sluice_plugin_t);
CORPUS(sluice_put_t);
CORPUS(sluice_read_request_t);
CORPUS(sluice_reader_t);
CORPUS(sluice_rejects_t);
CORPUS(sluice_schema_t);
CORPUS(sluice_secret_t);
CORPUS(sluice_sink_t);
CORPUS(sluice_slice_t);
CORPUS(sluice_slices_t);
CORPUS(sluice_source_t);
CORPUS(sluice_stage_t);
CORPUS(sluice_state_t);
CORPUS(sluice_str_t);
CORPUS(sluice_transform_t);
CORPUS(sluice_writer_t);
CORPUS(sluice_status_t);
CORPUS_ARROW(ArrowSchema);
CORPUS_ARROW(ArrowArray);
