// SPDX-License-Identifier: Apache-2.0
//
// A cassette's exchanges by what was asked, and which of them comes next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/http/cassette/key.hpp"

namespace sluice::host::cassette {

enum class Match : uint8_t { kLoose, kStrict };

// One recorded exchange: enough to find it; the rest stays in its file.
struct Entry {
  RequestKey key;
  std::string name;       // of its file, without the ending
  std::string validator;  // of the answer
  uint32_t status = 0;    // 0 = an error came instead
  int64_t at_ms = 0, end_ms = 0;
};

// Thread-safe after load().
class Index {
 public:
  // Reads all heads. kCorrupt with file and line for anything that is not as docs/cassettes.md
  // says, kNotFound if there is no cassette.
  static Result<std::unique_ptr<Index>> load(const std::filesystem::path& folder, Match match,
                                             const Redact& redact);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The exchange that answers `key` now: equal requests in their recorded order, then the last one
  // again. Null if there is none.
  const Entry* next(const RequestKey& key);
  // The recorded request that is most like `key`, and how it differs; empty without any.
  [[nodiscard]] std::string nearest(const RequestKey& key) const;

  [[nodiscard]] int64_t recorded_us() const { return recorded_us_; }
  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] Match match() const { return match_; }

 private:
  Index(Match match) : match_(match) {}
  Result<void> read_entry(const std::filesystem::path& folder, const std::string& name,
                          const Redact& redact);
  Result<void> read_timings(const std::filesystem::path& folder);
  void order();
  const Entry* play(const std::vector<size_t>& candidates);
  std::vector<size_t> likely(const RequestKey& key) const;

  const Match match_;
  int64_t recorded_us_ = 0;
  std::vector<Entry> entries_;                                 // by name, repeats in their order
  std::map<std::string, std::vector<size_t>> strict_, loose_;  // by what must agree
  std::mutex mutex_;
  std::vector<bool> played_;  // under mutex_
};

}  // namespace sluice::host::cassette
