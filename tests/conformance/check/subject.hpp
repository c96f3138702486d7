// SPDX-License-Identifier: Apache-2.0
//
// What the checks of a source need to know of it. Nothing here knows a test server: a service is a
// function that answers requests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sluice/testing/json_change.hpp"
#include "sluice/testing/testing.hpp"

namespace sluice::check {

using testing::Answer;
using testing::FakeHost;
using testing::JsonChange;
using testing::Request;

// Answers one request; nothing for one it does not know. `url` is absolute: sets of endpoints are
// resolved. Called from any thread.
using Service = std::function<std::optional<Answer>(const Request&)>;

// Which part of which answers a change of JSON is about, where not all of all.
struct Depth {
  std::string url;    // part of the URL; the first that fits decides
  std::size_t depth;  // as in change_json()
};

// What a change of its answers does to a stream that does not simply land the same rows.
struct Allowed {
  std::string stream;
  std::set<std::string> columns;  // may differ; empty: no row needs to be the same
  std::string why;                // shown in the output of the check
};

struct Subject {
  std::string library;      // path of the plugin
  std::string component{};  // id; empty: the only source in it
  json config = json::object();
  std::map<std::string, std::string> secrets{};
  Service service{};  // none: a source that makes no requests
  // For sources without requests: the same subject with changed files.
  std::function<Subject(JsonChange)> changed_files{};

  std::vector<std::string> streams{};  // to check; empty: all
  Micros now{std::chrono::seconds(1'700'000'000)};
  // What is wanted of series, and the span that listings are asked for.
  int64_t from_us = SLUICE_TIME_MIN;
  int64_t to_us = SLUICE_TIME_MAX;
  std::map<std::string, std::vector<std::string>> keys{};  // of `keys` streams that list none
  // So small that most slices take several batches.
  uint64_t batch_bytes = 2048;
  std::size_t most_slices = 25;  // of a stream that are read, spread over all of them

  // Columns whose value may differ between two readings (the time of reading, a hash of the
  // answer).
  std::set<std::string> volatile_columns{};
  std::map<JsonChange, std::vector<Depth>> depths{};
  std::map<JsonChange, std::vector<Allowed>> allowed{};
  // Streams whose records are no objects, so that there is no place for an unknown field, or are
  // kept whole; "*": all.
  std::set<std::string> without_fields{};
  // Streams that cannot be empty, or say so with an error.
  std::set<std::string> never_empty{};
  // Streams that are read in one piece on purpose.
  std::set<std::string> whole{};
  // Parts of URLs that a reading of something landed may ask for without a condition, and why.
  std::map<std::string, std::string> asked_again{};
  // Answer to a request with wrong credentials; nothing: the true one, where none are looked at.
  // Without it: a 401 with an empty object.
  std::function<std::optional<Answer>(const Request&)> refusal{};
  std::size_t most_refused = 4;  // requests after which a source must have given up
};

// What is wrong, a sentence each; none: the source passes.
using Findings = std::vector<std::string>;

}  // namespace sluice::check
