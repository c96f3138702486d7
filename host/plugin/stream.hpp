// SPDX-License-Identifier: Apache-2.0
//
// A stream as a source declared it: the Arrow schema with the metadata of sluice/source.h, read and
// checked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "sluice/arrow.h"

namespace sluice::host {

enum class StreamKind : uint8_t { kSnapshot, kKeys, kFiles, kSeries };
const char* to_string(StreamKind kind);

struct Column {
  std::string name, format;  // Arrow format string
  bool nullable = true, json = false;
  std::string unit, doc;
};

// Owns the schema; cheap to copy.
struct Stream {
  std::string name, doc;
  StreamKind kind = StreamKind::kSnapshot;
  std::vector<Column> columns;
  std::vector<std::string> key;
  std::string seq, time;
  std::string hash, removed;  // columns; sluice/source.h
  bool cuts = false;          // series: the source cuts what is missing
  bool partitioned = false;   // no partition told means that there is none
  int64_t step_us = 0;        // 0 = no grid
  int64_t max_span_us = 0;    // 0 = any
  uint32_t max_keys = 1;
  std::optional<int64_t> refresh_s;
  std::optional<int64_t> retry_empty_s;
  int64_t lag_us = 0;
  std::shared_ptr<const ArrowSchema> schema;
};

// Takes the schema over. kInvalidConfig with a sentence that names stream, column and rule: unknown
// kind, no columns, unsupported format, duplicate names, key, seq or time that name no column, bad
// numbers.
Result<Stream> read_stream(std::string name, ArrowSchema* schema);

}  // namespace sluice::host
