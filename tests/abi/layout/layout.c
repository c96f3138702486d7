// SPDX-License-Identifier: Apache-2.0
//
// The layout of every struct of the ABI, field by field, on 64-bit systems. A line that fails here
// is a break of the promise in docs/abi.md: fields are only added at the end of data structs, and
// tables never change. Compiled as C11 and as C++20.
#include "sluice/sluice.h"

#ifdef __cplusplus
#define SLUICE_ASSERT(condition) static_assert(condition, #condition)
#else
#define SLUICE_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define SIZE(type, bytes) SLUICE_ASSERT(sizeof(type) == (bytes))
#define AT(type, field, bytes) SLUICE_ASSERT(offsetof(type, field) == (bytes))

// sluice/abi.h
SIZE(sluice_str_t, 16);
AT(sluice_str_t, data, 0);
AT(sluice_str_t, size, 8);
SIZE(sluice_bytes_t, 16);
AT(sluice_bytes_t, data, 0);
AT(sluice_bytes_t, size, 8);
SIZE(sluice_put_t, 16);
AT(sluice_put_t, ctx, 0);
AT(sluice_put_t, put, 8);

// sluice/arrow.h
SIZE(struct ArrowSchema, 72);
AT(struct ArrowSchema, format, 0);
AT(struct ArrowSchema, name, 8);
AT(struct ArrowSchema, metadata, 16);
AT(struct ArrowSchema, flags, 24);
AT(struct ArrowSchema, n_children, 32);
AT(struct ArrowSchema, children, 40);
AT(struct ArrowSchema, dictionary, 48);
AT(struct ArrowSchema, release, 56);
AT(struct ArrowSchema, private_data, 64);
SIZE(struct ArrowArray, 80);
AT(struct ArrowArray, length, 0);
AT(struct ArrowArray, null_count, 8);
AT(struct ArrowArray, offset, 16);
AT(struct ArrowArray, n_buffers, 24);
AT(struct ArrowArray, n_children, 32);
AT(struct ArrowArray, buffers, 40);
AT(struct ArrowArray, children, 48);
AT(struct ArrowArray, dictionary, 56);
AT(struct ArrowArray, release, 64);
AT(struct ArrowArray, private_data, 72);

// sluice/batch.h
SIZE(sluice_batch_t, 184);
AT(sluice_batch_t, struct_size, 0);
AT(sluice_batch_t, flags, 4);
AT(sluice_batch_t, array, 8);
AT(sluice_batch_t, schema, 88);
AT(sluice_batch_t, state, 160);
AT(sluice_batch_t, idle_ms, 176);

// sluice/commits.h
SIZE(sluice_commit_visitor_t, 16);
AT(sluice_commit_visitor_t, ctx, 0);
AT(sluice_commit_visitor_t, visit, 8);
SIZE(sluice_commits_t, 24);
AT(sluice_commits_t, head, 0);
AT(sluice_commits_t, list, 8);
AT(sluice_commits_t, forget, 16);

// sluice/descriptor.h
SIZE(sluice_descriptor_t, 128);
AT(sluice_descriptor_t, struct_size, 0);
AT(sluice_descriptor_t, kind, 4);
AT(sluice_descriptor_t, caps, 8);
AT(sluice_descriptor_t, id, 16);
AT(sluice_descriptor_t, name, 24);
AT(sluice_descriptor_t, version, 40);
AT(sluice_descriptor_t, vendor, 56);
AT(sluice_descriptor_t, license, 72);
AT(sluice_descriptor_t, doc_url, 88);
AT(sluice_descriptor_t, config_schema, 104);
AT(sluice_descriptor_t, state_version, 120);
AT(sluice_descriptor_t, reserved, 124);

// sluice/entry.h
SIZE(sluice_entry_t, 24);
AT(sluice_entry_t, struct_size, 0);
AT(sluice_entry_t, abi_major, 4);
AT(sluice_entry_t, abi_minor, 6);
AT(sluice_entry_t, min_host_minor, 8);
AT(sluice_entry_t, reserved, 10);
AT(sluice_entry_t, get_factory, 16);

// sluice/error.h
SIZE(sluice_error_t, 1152);
AT(sluice_error_t, struct_size, 0);
AT(sluice_error_t, code, 4);
AT(sluice_error_t, flags, 8);
AT(sluice_error_t, retry_after_ms, 12);
AT(sluice_error_t, vendor_code, 16);
AT(sluice_error_t, row, 24);
AT(sluice_error_t, sqlstate, 32);
AT(sluice_error_t, message, 40);
AT(sluice_error_t, config, 1024);

// sluice/ext/alloc.h
SIZE(sluice_alloc_t, 16);
AT(sluice_alloc_t, allocate, 0);
AT(sluice_alloc_t, free, 8);

// sluice/ext/cancel.h
SIZE(sluice_cancel_t, 24);
AT(sluice_cancel_t, requested, 0);
AT(sluice_cancel_t, sleep_ms, 8);
AT(sluice_cancel_t, fd, 16);

// sluice/ext/clock.h
SIZE(sluice_clock_t, 16);
AT(sluice_clock_t, now_us, 0);
AT(sluice_clock_t, monotonic_us, 8);

// sluice/ext/http.h
SIZE(sluice_http_request_t, 184);
AT(sluice_http_request_t, struct_size, 0);
AT(sluice_http_request_t, flags, 4);
AT(sluice_http_request_t, method, 8);
AT(sluice_http_request_t, url, 24);
AT(sluice_http_request_t, headers, 40);
AT(sluice_http_request_t, body, 56);
AT(sluice_http_request_t, validator, 72);
AT(sluice_http_request_t, expect, 88);
AT(sluice_http_request_t, scope, 104);
AT(sluice_http_request_t, cost, 120);
AT(sluice_http_request_t, timeout_ms, 124);
AT(sluice_http_request_t, max_body_bytes, 128);
AT(sluice_http_request_t, range_start, 136);
AT(sluice_http_request_t, endpoint, 144);
AT(sluice_http_request_t, credential, 160);
AT(sluice_http_request_t, cache_seconds, 176);
AT(sluice_http_request_t, reserved, 180);
SIZE(sluice_http_response_t, 24);
AT(sluice_http_response_t, struct_size, 0);
AT(sluice_http_response_t, status, 4);
AT(sluice_http_response_t, content_length, 8);
AT(sluice_http_response_t, body, 16);
SIZE(sluice_http_t, 48);
AT(sluice_http_t, open, 0);
AT(sluice_http_t, read, 8);
AT(sluice_http_t, header, 16);
AT(sluice_http_t, close, 24);
AT(sluice_http_t, declare, 32);
AT(sluice_http_t, throttle, 40);

// sluice/ext/log.h
SIZE(sluice_log_t, 16);
AT(sluice_log_t, enabled, 0);
AT(sluice_log_t, write, 8);

// sluice/ext/metrics.h
SIZE(sluice_metrics_t, 16);
AT(sluice_metrics_t, define, 0);
AT(sluice_metrics_t, update, 8);

// sluice/ext/secret.h
SIZE(sluice_secret_t, 8);
AT(sluice_secret_t, get, 0);

// sluice/ext/state.h
SIZE(sluice_state_t, 16);
AT(sluice_state_t, get, 0);
AT(sluice_state_t, set, 8);

// sluice/host.h
SIZE(sluice_host_t, 24);
AT(sluice_host_t, struct_size, 0);
AT(sluice_host_t, abi_major, 4);
AT(sluice_host_t, abi_minor, 6);
AT(sluice_host_t, ctx, 8);
AT(sluice_host_t, get_service, 16);

// sluice/plugin.h
SIZE(sluice_plugin_t, 56);
AT(sluice_plugin_t, self, 0);
AT(sluice_plugin_t, descriptor, 8);
AT(sluice_plugin_t, configure, 16);
AT(sluice_plugin_t, open, 24);
AT(sluice_plugin_t, get_extension, 32);
AT(sluice_plugin_t, close, 40);
AT(sluice_plugin_t, destroy, 48);
SIZE(sluice_factory_t, 24);
AT(sluice_factory_t, count, 0);
AT(sluice_factory_t, descriptor, 8);
AT(sluice_factory_t, create, 16);

// sluice/reader.h
SIZE(sluice_read_request_t, 160);
AT(sluice_read_request_t, struct_size, 0);
AT(sluice_read_request_t, state_version, 4);
AT(sluice_read_request_t, stream, 8);
AT(sluice_read_request_t, partition, 24);
AT(sluice_read_request_t, slice, 40);
AT(sluice_read_request_t, token, 56);
AT(sluice_read_request_t, from_us, 72);
AT(sluice_read_request_t, to_us, 80);
AT(sluice_read_request_t, keys, 88);
AT(sluice_read_request_t, key_count, 96);
AT(sluice_read_request_t, state, 104);
AT(sluice_read_request_t, validator, 120);
AT(sluice_read_request_t, projection, 136);
AT(sluice_read_request_t, target_batch_bytes, 152);
SIZE(sluice_observer_t, 40);
AT(sluice_observer_t, ctx, 0);
AT(sluice_observer_t, validator, 8);
AT(sluice_observer_t, key_outcome, 16);
AT(sluice_observer_t, reject, 24);
AT(sluice_observer_t, note, 32);
SIZE(sluice_reader_t, 32);
AT(sluice_reader_t, self, 0);
AT(sluice_reader_t, next, 8);
AT(sluice_reader_t, interrupt, 16);
AT(sluice_reader_t, release, 24);

// sluice/keys.h
SIZE(sluice_key_visitor_t, 16);
AT(sluice_key_visitor_t, ctx, 0);
AT(sluice_key_visitor_t, visit, 8);
SIZE(sluice_keys_t, 8);
AT(sluice_keys_t, list, 0);

// sluice/schema.h
SIZE(sluice_schema_t, 8);
AT(sluice_schema_t, diff, 0);

// sluice/sink.h
SIZE(sluice_sink_t, 8);
AT(sluice_sink_t, open_writer, 0);

// sluice/slices.h
SIZE(sluice_partition_t, 40);
AT(sluice_partition_t, struct_size, 0);
AT(sluice_partition_t, reserved, 4);
AT(sluice_partition_t, key, 8);
AT(sluice_partition_t, from_us, 24);
AT(sluice_partition_t, to_us, 32);
SIZE(sluice_slice_t, 120);
AT(sluice_slice_t, struct_size, 0);
AT(sluice_slice_t, reserved, 4);
AT(sluice_slice_t, key, 8);
AT(sluice_slice_t, title, 24);
AT(sluice_slice_t, partition, 40);
AT(sluice_slice_t, validator, 56);
AT(sluice_slice_t, token, 72);
AT(sluice_slice_t, from_us, 88);
AT(sluice_slice_t, to_us, 96);
AT(sluice_slice_t, estimated_rows, 104);
AT(sluice_slice_t, estimated_bytes, 112);
SIZE(sluice_lister_t, 24);
AT(sluice_lister_t, ctx, 0);
AT(sluice_lister_t, partition, 8);
AT(sluice_lister_t, slice, 16);
SIZE(sluice_list_request_t, 56);
AT(sluice_list_request_t, struct_size, 0);
AT(sluice_list_request_t, reserved, 4);
AT(sluice_list_request_t, stream, 8);
AT(sluice_list_request_t, from_us, 24);
AT(sluice_list_request_t, to_us, 32);
AT(sluice_list_request_t, partition, 40);
SIZE(sluice_slices_t, 16);
AT(sluice_slices_t, list_partitions, 0);
AT(sluice_slices_t, list_slices, 8);

// sluice/source.h
SIZE(sluice_catalog_t, 16);
AT(sluice_catalog_t, ctx, 0);
AT(sluice_catalog_t, add_stream, 8);
SIZE(sluice_source_t, 16);
AT(sluice_source_t, discover, 0);
AT(sluice_source_t, open_reader, 8);

// sluice/transform.h
SIZE(sluice_emitter_t, 24);
AT(sluice_emitter_t, ctx, 0);
AT(sluice_emitter_t, emit, 8);
AT(sluice_emitter_t, reject, 16);
SIZE(sluice_stage_t, 24);
AT(sluice_stage_t, self, 0);
AT(sluice_stage_t, process, 8);
AT(sluice_stage_t, release, 16);
SIZE(sluice_transform_t, 16);
AT(sluice_transform_t, bind, 0);
AT(sluice_transform_t, open_stage, 8);

// sluice/writer.h
SIZE(sluice_binding_t, 64);
AT(sluice_binding_t, struct_size, 0);
AT(sluice_binding_t, flags, 4);
AT(sluice_binding_t, pipeline, 8);
AT(sluice_binding_t, stream, 24);
AT(sluice_binding_t, table, 40);
AT(sluice_binding_t, schema, 56);
SIZE(sluice_commit_record_t, 128);
AT(sluice_commit_record_t, struct_size, 0);
AT(sluice_commit_record_t, flags, 4);
AT(sluice_commit_record_t, commit_id, 8);
AT(sluice_commit_record_t, pipeline, 16);
AT(sluice_commit_record_t, stream, 32);
AT(sluice_commit_record_t, slice, 48);
AT(sluice_commit_record_t, generation, 64);
AT(sluice_commit_record_t, part, 72);
AT(sluice_commit_record_t, rows, 80);
AT(sluice_commit_record_t, committed_us, 88);
AT(sluice_commit_record_t, run, 96);
AT(sluice_commit_record_t, detail, 112);
SIZE(sluice_rejects_t, 16);
AT(sluice_rejects_t, ctx, 0);
AT(sluice_rejects_t, reject, 8);
SIZE(sluice_writer_t, 80);
AT(sluice_writer_t, self, 0);
AT(sluice_writer_t, bind, 8);
AT(sluice_writer_t, begin, 16);
AT(sluice_writer_t, reserve, 24);
AT(sluice_writer_t, write, 32);
AT(sluice_writer_t, record, 40);
AT(sluice_writer_t, commit, 48);
AT(sluice_writer_t, rollback, 56);
AT(sluice_writer_t, interrupt, 64);
AT(sluice_writer_t, release, 72);
