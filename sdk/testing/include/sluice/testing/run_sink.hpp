// SPDX-License-Identifier: Apache-2.0
//
// Drives a sink as the host does.
//
//   FakeHost host;
//   SinkSession sink(Plugin::of<Lines>(), host, {{"path", path}});
//   const auto table = sink.bind(stream);
//   sink.begin();
//   sink.write(table, sink.reserve(), from_rows(stream, {{{"id", 1}}}));
//   sink.commit();
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/testing/instance.hpp"
#include "sluice/testing/rows.hpp"

namespace sluice::testing {

struct WriteReject {
  uint64_t row;
  std::string column, sqlstate, reason;
};

struct LoggedCommit {
  bool final, empty;
  int64_t commit_id;
  std::string pipeline, stream, slice;
  int64_t generation, part;
  uint64_t rows;
  int64_t committed_us;
  std::string run, detail;
};

// An open sink with one writer. Every failure is thrown as the plugin told it.
class SinkSession {
 public:
  SinkSession(const Plugin& plugin, FakeHost& host, const json& config, const std::string& id = {})
      : instance_(plugin, host, SLUICE_KIND_SINK, id) {
    instance_.configure(config).open();
    sluice_error_t error = make_error();
    throw_if_failed(instance_.table<sluice_sink_t>(SLUICE_SINK_ID)
                        .open_writer(instance_.self(), &writer_, &error),
                    error);
  }
  SinkSession(const SinkSession&) = delete;
  SinkSession& operator=(const SinkSession&) = delete;
  ~SinkSession() { writer_.release(writer_.self); }

  uint32_t bind(const Stream& stream, const std::string& pipeline = "test",
                const std::string& table = {}, bool lineage = true) {
    uint32_t number = 0;
    with_binding(stream, pipeline, table, lineage, [&](const auto& binding, auto* error) {
      return writer_.bind(writer_.self, &binding, &number, error);
    });
    return number;
  }
  void begin() {
    check([&](auto* error) { return writer_.begin(writer_.self, error); });
  }
  int64_t reserve() {
    int64_t id = 0;
    check([&](auto* error) { return writer_.reserve(writer_.self, &id, error); });
    return id;
  }
  // Gives the rows that the sink refused.
  std::vector<WriteReject> write(uint32_t stream, int64_t commit_id, Array rows) {
    std::vector<WriteReject> refused;
    const sluice_rejects_t rejects = {
        &refused, [](void* ctx, uint64_t row, sluice_str_t column, sluice_str_t sqlstate,
                     sluice_str_t reason) noexcept {
          static_cast<std::vector<WriteReject>*>(ctx)->push_back({row, std::string(view(column)),
                                                                  std::string(view(sqlstate)),
                                                                  std::string(view(reason))});
        }};
    ArrowArray moved{};
    rows.move_to(&moved);
    check([&](auto* error) {
      return writer_.write(writer_.self, stream, commit_id, &moved, &rejects, error);
    });
    return refused;
  }
  void record(const CommitRecord& record) {
    const auto c = to_c(record);
    check([&](auto* error) { return writer_.record(writer_.self, &c, error); });
  }
  void commit() {
    check([&](auto* error) { return writer_.commit(writer_.self, error); });
  }
  void rollback() { writer_.rollback(writer_.self); }

  // One slice in a transaction of its own: rows and a final commit record.
  std::vector<WriteReject> land(const Stream& stream, const std::string& slice, Array rows) {
    const uint32_t number = bind(stream);
    begin();
    const int64_t id = reserve();
    const auto count = static_cast<uint64_t>(rows->length);
    auto refused = write(number, id, std::move(rows));
    record({.final = true,
            .commit_id = id,
            .pipeline = "test",
            .stream = stream.name(),
            .slice = slice,
            .generation = 1,
            .part = 1,
            .rows = count - refused.size(),
            .run = "run-1",
            .detail = "{}"});
    commit();
    return refused;
  }

  // ---- commit log and schema; throw UNSUPPORTED if the sink has none ----
  std::optional<std::string> head() {
    PutText out;
    check([&](auto* error) { return commits().head(instance_.self(), out.c(), error); });
    return out.called() ? std::optional(out.take()) : std::nullopt;
  }
  std::vector<LoggedCommit> list(const CommitFilter& filter = {.pipeline = "test"});
  void forget(const CommitFilter& filter) {
    check([&](auto* error) {
      return commits().forget(instance_.self(), to_c(filter.pipeline), to_c(filter.stream),
                              to_c(filter.slice), error);
    });
  }
  std::vector<std::string> diff(const Stream& stream, const std::string& pipeline = "test",
                                const std::string& table = {}, bool lineage = true) {
    std::vector<std::string> out;
    const sluice_put_t put = {&out, [](void* ctx, const void* data, uint64_t size) noexcept {
                                static_cast<std::vector<std::string>*>(ctx)->emplace_back(
                                    static_cast<const char*>(data), size);
                              }};
    with_binding(stream, pipeline, table, lineage, [&](const auto& binding, auto* error) {
      return instance_.table<sluice_schema_t>(SLUICE_SCHEMA_ID)
          .diff(instance_.self(), &binding, &put, error);
    });
    return out;
  }

  PluginInstance& instance() noexcept { return instance_; }
  const sluice_writer_t& writer() const noexcept { return writer_; }

 private:
  template <class F>
  static void check(F&& call) {
    sluice_error_t error = make_error();
    throw_if_failed(call(&error), error);
  }
  template <class F>
  void with_binding(const Stream& stream, const std::string& pipeline, const std::string& table,
                    bool lineage, F&& call) {
    const Schema schema = to_schema(stream);
    sluice_binding_t binding{};
    binding.struct_size = sizeof(binding);
    binding.flags = lineage ? SLUICE_WRITE_LINEAGE : 0;
    binding.pipeline = to_c(pipeline);
    binding.stream = to_c(stream.name());
    binding.table = to_c(table);
    binding.schema = schema.get();
    check([&](auto* error) { return call(binding, error); });
  }
  const sluice_commits_t& commits() const {
    return instance_.table<sluice_commits_t>(SLUICE_COMMITS_ID);
  }

  PluginInstance instance_;
  sluice_writer_t writer_{};
};

inline std::vector<LoggedCommit> SinkSession::list(const CommitFilter& filter) {
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
  check([&](auto* error) {
    return commits().list(instance_.self(), to_c(filter.pipeline), to_c(filter.stream),
                          to_c(filter.slice), &visitor, error);
  });
  return out;
}

}  // namespace sluice::testing
