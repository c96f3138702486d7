// SPDX-License-Identifier: Apache-2.0
//
// The parts of a sink one by one, for tests of transactions, of several writers at once and of the
// commit log. SinkSession (run_sink.hpp) is the short way for the rest.
//
//   FakeHost host;
//   OpenPlugin sink(Plugin::load("lines.so"), host, SLUICE_KIND_SINK, "lines", {{"path", path}});
//   SinkWriter one(sink), two(sink);
//   const auto table = one.bind(stream, {.lineage = true});
//   one.begin();
//   ...
//   CHECK(list(sink).empty());  // not before the commit
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/testing/instance.hpp"

namespace sluice::testing {

// A row that the sink refused.
struct WriteReject {
  uint64_t row;
  std::string column, sqlstate, reason;
};

// A commit record that owns its texts, as written or as listed.
struct LoggedCommit {
  bool final = true, empty = false;
  int64_t commit_id = 0;
  std::string pipeline = "test", stream{}, slice{};
  int64_t generation = 1, part = 1;
  uint64_t rows = 0;
  int64_t committed_us = 1'700'000'000'000'000;  // 2023-11-14T22:13:20Z
  std::string run = "run-1", detail = "{}";
  friend bool operator==(const LoggedCommit&, const LoggedCommit&) = default;
};

struct BindOptions {
  std::string pipeline = "test";
  std::string table{};   // empty: what the sink makes of the stream's name
  bool lineage = false;  // whether rows carry the id of their commit
};

namespace detail {
// Calls `call(binding, error)` with what the host would say of `stream`.
template <class F>
void with_binding(const Stream& stream, const BindOptions& options, F&& call) {
  const Schema schema = to_schema(stream);
  sluice_binding_t binding{};
  binding.struct_size = sizeof(binding);
  binding.flags = options.lineage ? SLUICE_WRITE_LINEAGE : 0;
  binding.pipeline = to_c(options.pipeline);
  binding.stream = to_c(stream.name());
  binding.table = to_c(options.table);
  binding.schema = schema.get();
  checked([&](auto* error) { return call(binding, error); });
}
}  // namespace detail

// A writer of an open sink, which must outlive it. One thread at a time; several writers may run on
// a thread each if the sink says so. Every failure is thrown as the plugin told it.
class SinkWriter {
 public:
  explicit SinkWriter(const PluginInstance& sink) {
    const auto& table = sink.table<sluice_sink_t>(SLUICE_SINK_ID);
    checked([&](auto* error) { return table.open_writer(sink.self(), &writer_, error); });
  }
  SinkWriter(const SinkWriter&) = delete;
  SinkWriter& operator=(const SinkWriter&) = delete;
  ~SinkWriter() { writer_.release(writer_.self); }

  uint32_t bind(const Stream& stream, const BindOptions& options = {}) {
    uint32_t number = 0;
    detail::with_binding(stream, options, [&](const auto& binding, auto* error) {
      return writer_.bind(writer_.self, &binding, &number, error);
    });
    return number;
  }
  void begin() {
    checked([&](auto* error) { return writer_.begin(writer_.self, error); });
  }
  int64_t reserve() {
    int64_t id = 0;
    checked([&](auto* error) { return writer_.reserve(writer_.self, &id, error); });
    return id;
  }
  // Gives the rows that the sink refused. Takes `rows`, also when it throws.
  std::vector<WriteReject> write(uint32_t stream, int64_t commit_id, ArrowArray& rows) {
    std::vector<WriteReject> refused;
    const sluice_rejects_t rejects = {
        &refused, [](void* ctx, uint64_t row, sluice_str_t column, sluice_str_t sqlstate,
                     sluice_str_t reason) noexcept {
          static_cast<std::vector<WriteReject>*>(ctx)->push_back({row, std::string(view(column)),
                                                                  std::string(view(sqlstate)),
                                                                  std::string(view(reason))});
        }};
    checked([&](auto* error) {
      return writer_.write(writer_.self, stream, commit_id, &rows, &rejects, error);
    });
    return refused;
  }
  std::vector<WriteReject> write(uint32_t stream, int64_t commit_id, Array rows) {
    ArrowArray moved{};
    rows.move_to(&moved);
    return write(stream, commit_id, moved);
  }
  // Empties the batch.
  std::vector<WriteReject> write(uint32_t stream, int64_t commit_id, Batch& rows) {
    return write(stream, commit_id, rows.finish());
  }
  void record(const CommitRecord& record) {
    const auto c = to_c(record);
    checked([&](auto* error) { return writer_.record(writer_.self, &c, error); });
  }
  void record(const LoggedCommit& r) {
    record(CommitRecord{.final = r.final,
                        .empty = r.empty,
                        .commit_id = r.commit_id,
                        .pipeline = r.pipeline,
                        .stream = r.stream,
                        .slice = r.slice,
                        .generation = r.generation,
                        .part = r.part,
                        .rows = r.rows,
                        .committed_us = r.committed_us,
                        .run = r.run,
                        .detail = r.detail});
  }
  void commit() {
    checked([&](auto* error) { return writer_.commit(writer_.self, error); });
  }
  void rollback() { writer_.rollback(writer_.self); }
  const sluice_writer_t& c() const noexcept { return writer_; }

 private:
  sluice_writer_t writer_{};
};

// ---- commit log and schema of an open sink; throw UNSUPPORTED if it has none ----

// None if the sink tells no head, as one that nothing was committed to may.
inline std::optional<std::string> head(const PluginInstance& sink) {
  PutText out;
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID).head(sink.self(), out.c(), error);
  });
  return out.called() ? std::optional(out.take()) : std::nullopt;
}

inline std::vector<LoggedCommit> list(const PluginInstance& sink,
                                      const CommitFilter& filter = {.pipeline = "test"}) {
  std::vector<LoggedCommit> out;
  const sluice_commit_visitor_t visitor = {
      &out, [](void* ctx, const sluice_commit_record_t* c) noexcept -> sluice_status_t {
        const CommitRecord r = from_c(*c);
        static_cast<std::vector<LoggedCommit>*>(ctx)->push_back(
            {r.final, r.empty, r.commit_id, std::string(r.pipeline), std::string(r.stream),
             std::string(r.slice), r.generation, r.part, r.rows, r.committed_us, std::string(r.run),
             std::string(r.detail)});
        return SLUICE_OK;
      }};
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID)
        .list(sink.self(), to_c(filter.pipeline), to_c(filter.stream), to_c(filter.slice), &visitor,
              error);
  });
  return out;
}

inline void forget(const PluginInstance& sink, const CommitFilter& filter) {
  checked([&](auto* error) {
    return sink.table<sluice_commits_t>(SLUICE_COMMITS_ID)
        .forget(sink.self(), to_c(filter.pipeline), to_c(filter.stream), to_c(filter.slice), error);
  });
}

// What bind() would do to the target, as statements.
inline std::vector<std::string> diff(const PluginInstance& sink, const Stream& stream,
                                     const BindOptions& options = {}) {
  std::vector<std::string> out;
  const sluice_put_t put = {&out, [](void* ctx, const void* data, uint64_t size) noexcept {
                              static_cast<std::vector<std::string>*>(ctx)->emplace_back(
                                  static_cast<const char*>(data), size);
                            }};
  detail::with_binding(stream, options, [&](const auto& binding, auto* error) {
    return sink.table<sluice_schema_t>(SLUICE_SCHEMA_ID).diff(sink.self(), &binding, &put, error);
  });
  return out;
}

}  // namespace sluice::testing
