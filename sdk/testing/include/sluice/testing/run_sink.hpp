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

#include "sluice/testing/rows.hpp"
#include "sluice/testing/sink_writer.hpp"

namespace sluice::testing {

// An open sink with one writer. Every failure is thrown as the plugin told it.
class SinkSession {
 public:
  SinkSession(const Plugin& plugin, FakeHost& host, const json& config, const std::string& id = {})
      : instance_(plugin, host, SLUICE_KIND_SINK, id, config), writer_(instance_) {}

  uint32_t bind(const Stream& stream, const std::string& pipeline = "test",
                const std::string& table = {}, bool lineage = true) {
    return writer_.bind(stream, {pipeline, table, lineage});
  }
  void begin() { writer_.begin(); }
  int64_t reserve() { return writer_.reserve(); }
  // Gives the rows that the sink refused.
  std::vector<WriteReject> write(uint32_t stream, int64_t commit_id, Array rows) {
    return writer_.write(stream, commit_id, std::move(rows));
  }
  void record(const CommitRecord& record) { writer_.record(record); }
  void commit() { writer_.commit(); }
  void rollback() { writer_.rollback(); }

  // One slice in a transaction of its own: rows and a final commit record.
  std::vector<WriteReject> land(const Stream& stream, const std::string& slice, Array rows) {
    const uint32_t number = bind(stream);
    begin();
    LoggedCommit entry;
    entry.commit_id = reserve();
    entry.stream = stream.name();
    entry.slice = slice;
    const auto count = static_cast<uint64_t>(rows->length);
    auto refused = write(number, entry.commit_id, std::move(rows));
    entry.rows = count - refused.size();
    writer_.record(entry);
    commit();
    return refused;
  }

  // ---- commit log and schema; throw UNSUPPORTED if the sink has none ----
  std::optional<std::string> head() { return testing::head(instance_); }
  std::vector<LoggedCommit> list(const CommitFilter& filter = {.pipeline = "test"}) {
    return testing::list(instance_, filter);
  }
  void forget(const CommitFilter& filter) { testing::forget(instance_, filter); }
  std::vector<std::string> diff(const Stream& stream, const std::string& pipeline = "test",
                                const std::string& table = {}, bool lineage = true) {
    return testing::diff(instance_, stream, {pipeline, table, lineage});
  }

  PluginInstance& instance() noexcept { return instance_; }
  const sluice_writer_t& writer() const noexcept { return writer_.c(); }

 private:
  OpenPlugin instance_;
  SinkWriter writer_;
};

}  // namespace sluice::testing
