// SPDX-License-Identifier: Apache-2.0
//
// What a source is asked in a test, and what came out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/cpp/json.hpp"
#include "sluice/cpp/request.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::testing {

// What to read; see sluice_read_request_t.
struct ReadSpec {
  std::string stream{};  // empty = the only one
  std::string partition{}, slice{}, token{};
  int64_t from_us = SLUICE_TIME_MIN;
  int64_t to_us = SLUICE_TIME_MAX;
  std::vector<std::string> keys{};
  std::optional<std::string> state{};  // resume from here
  uint32_t state_version = 1;
  std::string validator{};
  uint64_t target_batch_bytes = uint64_t{1} << 20U;
  std::size_t most_batches = 100000;  // stop after so many
  std::string component{};            // id; empty = the only source
};

struct ReadNote {
  std::string code, text;
  uint64_t count;
};
struct ReadReject {
  std::string rule, reason, record;
};
struct ReadOutcome {
  std::string key;
  Outcome outcome;
  std::string text;
};

struct SourceRun {
  Stream stream;
  std::vector<json> rows;                          // of all batches
  std::vector<std::size_t> batch_rows;             // rows of each batch
  std::vector<std::optional<std::string>> states;  // of each batch; none = not a resume point
  std::vector<ReadNote> notes;
  std::vector<ReadReject> rejects;
  std::vector<ReadOutcome> outcomes;
  std::string validator;
  std::size_t idles = 0;
  sluice_status_t end = SLUICE_OK;  // SLUICE_END, SLUICE_UNCHANGED or the failure; OK = stopped
  std::optional<Error> error;
};

struct ListedPartition {
  std::string key;
  int64_t from_us, to_us;
};
struct ListedSlice {
  std::string key, title, partition, validator, token;
  int64_t from_us, to_us;
  uint64_t estimated_rows, estimated_bytes;
};

}  // namespace sluice::testing
