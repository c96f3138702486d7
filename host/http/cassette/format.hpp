// SPDX-License-Identifier: Apache-2.0
//
// The head of an exchange as it stands in exchanges/NAME.json (docs/cassettes.md). Bodies lie in
// files of their own beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.hpp"

namespace sluice::host::cassette {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct BodyRef {
  std::string file;     // in bodies/; empty = no body
  bool packed = false;  // JSON that was sent without blanks and is laid out in the file
};

struct AskedHead {
  std::string method = "GET", url, endpoint;
  Fields headers;
  std::string validator;
  uint64_t range_start = 0;
  BodyRef body;
};

struct AnswerHead {
  uint32_t status = 0;
  std::string url;  // that answered, without its query; empty = the one asked
  Fields headers;
  std::string validator;
  int64_t content_length = -1;
  BodyRef body;
  bool cut = false;  // the caller did not read the body to its end
};

struct ExchangeHead {
  AskedHead asked;
  std::optional<AnswerHead> answer;  // none: `error` came instead
  std::optional<Error> error;        // with an answer: how its body ended
};

std::string write_head(const ExchangeHead& head);
// kCorrupt with file, line and what is wrong there.
Result<ExchangeHead> parse_head(const std::filesystem::path& file, std::string_view text);

// cassette.json
std::string write_about(int64_t recorded_us);
// When it was recorded, microseconds since the epoch.
Result<int64_t> parse_about(const std::filesystem::path& file, std::string_view text);

// timing.ndjson: milliseconds since the recording began. Told for people and for the clock of a
// replay.
struct Timing {
  std::string exchange;
  int64_t at_ms = 0, head_ms = 0, end_ms = 0;
};
std::string write_timing(const Timing& timing);
Result<std::vector<Timing>> parse_timings(const std::filesystem::path& file, std::string_view text);

}  // namespace sluice::host::cassette
