// SPDX-License-Identifier: Apache-2.0
//
// One snapshot as JSON into rows, long or wide.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config.hpp"
#include "metrics.hpp"
#include "names.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/request.hpp"

namespace wiseoldman {

// What must be known before its rows are wanted.
struct SnapshotHead {
  std::optional<int64_t> player;
  std::optional<int64_t> created_ms;
  std::optional<int64_t> created_us, imported_us;
};

// Threads: those of the reader that owns it.
class SnapshotDecoder {
 public:
  SnapshotDecoder(const Selection& selection, const sluice::ReadRequest& request);

  // Throws BAD_DATA, worth a further try, for text that is no JSON.
  SnapshotHead head(std::string_view snapshot);
  // Appends the rows of the snapshot that head() was last called with; without player or time it is
  // rejected.
  void rows(sluice::Batch& batch, const SnapshotHead& head, std::string_view snapshot);
  // Tells the host what was gathered.
  void flush();

 private:
  using Object = simdjson::ondemand::object;
  using Value = simdjson::ondemand::value;
  struct Columns;

  void section(sluice::Batch& batch, const SnapshotHead& head, std::string_view key,
               Object metrics);
  MetricValue metric(const SectionKind* kind, std::string_view key, Object fields);
  void take_field(const SectionKind* kind, std::string_view section, std::string_view name,
                  Value value, MetricValue& out);
  std::optional<int64_t> whole(std::string_view path, Value value);
  std::optional<double> real(std::string_view path, Value value);
  void long_row(sluice::Batch& batch, const SnapshotHead& head, const SectionKind* kind,
                std::string_view key, std::string_view name, const MetricValue& value);
  void wide_row(sluice::Batch& batch, const SnapshotHead& head);
  void keep_unknown(std::string_view section, std::string_view name, std::string_view raw);
  void count(std::string code, std::string text);

  const Selection& selection_;
  const sluice::ReadRequest& request_;
  bool wide_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
  std::string buffer_;  // the snapshot, with room behind it that the parser may read
  std::map<std::pair<std::string, std::string>, uint64_t> notes_;  // by code and text

  // Layout wide: values of the known metrics, and those without columns by section.
  std::unordered_map<std::string_view, std::size_t> known_;
  std::vector<MetricValue> values_;
  std::map<std::string, std::string> other_;
};

}  // namespace wiseoldman
