// SPDX-License-Identifier: Apache-2.0
//
// A ledger in a directory of its own, on a clock that the test moves.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/ledger/ledger.hpp"

namespace sluice::host::test {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] int64_t now_us() const override { return now_us_.load(); }
  [[nodiscard]] int64_t monotonic_us() const override { return now_us_.load(); }
  void advance(int64_t us) { now_us_ += us; }

 private:
  std::atomic<int64_t> now_us_{1'700'000'000'000'000};
};

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(
      const std::filesystem::path& under = std::filesystem::temp_directory_path()) {
    std::string name = (under / "sluice-ledger-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The value of a result that a test takes for granted.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(result).value();
  }
}

struct LedgerFixture {
  TemporaryDirectory directory;
  ManualClock clock;
  LedgerOptions options = {.sync = false};
  std::unique_ptr<Ledger> ledger = must(Ledger::open(directory.path() / "state", clock, options));
  StreamNo stream = must(ledger->stream("pipe", "files"));

  void reopen() {
    ledger.reset();
    ledger = must(Ledger::open(directory.path() / "state", clock, options));
  }
  // Lists exactly these, completely.
  ListingCounts list(const std::vector<SliceListing>& slices, bool complete = true,
                     bool compare_only = false, int64_t stale_before_us = INT64_MIN,
                     int64_t empty_before_us = INT64_MIN) {
    auto listing =
        must(ledger->begin_listing(stream, compare_only, {stale_before_us, empty_before_us}));
    for (const auto& slice : slices) {
      must(listing->add(slice));
    }
    return must(listing->finish(complete));
  }
  Slice get(std::string_view key) { return must(ledger->find(stream, key)); }
  SliceState state(std::string_view key) { return get(key).state; }
  // Claims everything and settles `outcome` for the slice with this key; the others are released.
  void settle(std::string_view key, Outcome outcome) {
    std::vector<Outcome> all;
    for (const Slice& slice : must(ledger->claim(stream, 1000))) {
      Outcome one;
      if (slice.key == key) {
        one = outcome;
        one.generation = slice.part == 0 ? slice.generation + 1 : slice.generation;
        one.part = outcome.part == 0 ? slice.part + 1 : outcome.part;
      } else {
        one.kind = Outcome::Kind::kReleased;
      }
      one.no = slice.no;
      all.push_back(one);
    }
    must(ledger->settle(stream, all, true));
  }
  void settle(std::string_view key, Outcome::Kind kind, uint64_t rows = 0) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.rows = rows;
    settle(key, outcome);
  }
};

}  // namespace sluice::host::test
