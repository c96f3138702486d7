// SPDX-License-Identifier: Apache-2.0
//
// One slice as it is stored. Format: docs/ledger-format.md, "Slice record".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/ledger/ledger.hpp"

namespace sluice::host {

// Views point into the bytes that were decoded, or wherever whoever set them says.
struct Record {
  StreamNo stream = 0;
  SliceState state = SliceState::kPending;
  std::string_view key, title, partition, token;
  std::string_view validator;         // as listed last
  std::string_view read_validator;    // as the reader told
  std::string_view landed_validator;  // what it landed with, if landed() and `landed_differs`
  std::string_view resume, error_class, error;
  std::string_view holes;  // series: IntervalSet of what this generation could not find out
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  uint64_t estimated_rows = 0, estimated_bytes = 0;
  int64_t generation = 0, part = 0;
  uint32_t state_version = 0, attempts = 0;
  int64_t listed_us = 0, started_us = 0, landed_us = 0;
  uint64_t rows = 0, bytes = 0;
  uint64_t landed_rows = 0;  // when it last landed; `rows` may be of a later generation's parts
  bool resumable = false;
  bool series = false;
  bool landed_empty = false;    // when it last landed there was nothing
  bool landed_differs = false;  // it was listed with another validator since it landed

  [[nodiscard]] bool done() const {
    return state == SliceState::kLanded || state == SliceState::kEmpty;
  }
  [[nodiscard]] bool landed() const { return landed_us != 0; }
  // The target has nothing of it any more: what was read there and how proves nothing.
  void lose() {
    landed_us = 0;
    landed_empty = landed_differs = false;
    landed_validator = read_validator = {};
    rows = bytes = landed_rows = 0;
  }
  // Back to the start: the next reading is a new generation.
  void restart() {
    part = 0;
    resumable = false;
    resume = {};
    state_version = 0;
    holes = {};
  }
  void clear_error() {
    attempts = 0;
    error_class = {};
    error = {};
  }
};

// nullopt: malformed. Views of the record point into `bytes`.
std::optional<Record> decode_record(std::string_view bytes);
// Replaces `out`. Padded with zeros to `at_least` bytes if little is missing, so that a record that
// shrinks or grows a little is overwritten in place.
void encode_record(const Record& record, size_t at_least, std::string& out);
// Room that a new record leaves for what landing adds.
inline constexpr size_t kLandingRoom = 16;

Slice to_slice(SliceNo no, const Record& record);

}  // namespace sluice::host
