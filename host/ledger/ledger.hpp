// SPDX-License-Identifier: Apache-2.0
//
// The ledger: which slices are wanted, which have landed, who works on which. A fast index of the
// target's commit log, and the only place that knows LMDB. File format: docs/ledger-format.md.
//
// Two files in the state directory. `ledger.mdb` is durable: slices, intervals, runs, quarantine.
// `claims.mdb` holds leases only, is never synced, and is thrown away after a reboot: a lost claim
// is just claimed again.
//
// Thread-safe; also safe among processes on one machine that share the state directory. Calls block
// on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/ledger/intervals.hpp"

namespace sluice::host {

using StreamNo = uint32_t;  // a (pipeline, stream) of this ledger
using SliceNo = uint64_t;   // a slice of this ledger, never reused

enum class SliceState : uint8_t { kPending, kLanded, kEmpty, kFailed, kQuarantined, kGone };
inline constexpr size_t kSliceStates = 6;
const char* to_string(SliceState state);

// A slice as a source or the planner names it. Views are valid during the call.
struct SliceListing {
  std::string_view key;  // at most 400 bytes
  std::string_view title = {};
  std::string_view partition = {};
  std::string_view validator = {};
  std::string_view token = {};
  int64_t from_us =
      INT64_MIN;  // series: the interval [from_us, to_us); files: time covered, if known
  int64_t to_us = INT64_MAX;
  uint64_t estimated_rows = 0;
  uint64_t estimated_bytes = 0;
  bool series = false;  // [from_us, to_us) of `partition` becomes coverage when it lands, and the
                        // slice is forgotten
};

struct Slice {
  SliceNo no = 0;
  std::string key, title, partition, token;
  std::string validator;       // as listed; a different one makes the slice pending again
  std::string read_validator;  // as the reader told when it last landed
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  uint64_t estimated_rows = 0, estimated_bytes = 0;
  SliceState state = SliceState::kPending;
  int64_t generation = 0;  // how often it was begun anew; 0 = never read
  int64_t part = 0;        // parts of this generation that landed
  std::string resume;      // resume state after part `part`; empty and !resumable = from the start
  bool resumable = false;
  uint32_t state_version = 0;
  uint32_t attempts = 0;  // failed attempts since it last landed
  int64_t listed_us = 0, started_us = 0, landed_us = 0;
  uint64_t rows = 0, bytes = 0;  // rows of this generation; bytes fetched for it
  uint64_t landed_rows = 0;      // rows when it last landed, of whatever generation
  std::string error_class = {}, error = {};
  bool claimed = false;
  uint64_t owner = 0;    // claimed: who
  int64_t lease_us = 0;  // claimed: until when, wall clock
  bool series = false;
};

// What became of a claimed slice, or of a part of it.
struct Outcome {
  enum class Kind : uint8_t {
    kPart,         // a part landed; reading goes on (keeps the claim)
    kLanded,       // complete
    kEmpty,        // complete: the source confirmed that there is nothing
    kUnchanged,    // what landed before was confirmed
    kFailed,       // given up for this run; wanted again by the next
    kQuarantined,  // bad data: not read again until it changes or somebody asks
    kGone,         // no longer exists at the source
    kRestart,      // resume state unusable: back to pending, from its start
    kReleased,     // not worked on after all: back to pending as it was (stop, crash of the sink)
  };
  SliceNo no = 0;
  Kind kind = Kind::kLanded;
  int64_t generation = 0;  // of this part
  int64_t part = 0;
  uint64_t rows = 0;   // rows of this part
  uint64_t bytes = 0;  // bytes fetched for this part
  uint32_t attempts = 0;
  std::string validator = {};  // reader's, for kLanded, kEmpty, kUnchanged
  bool resumable = false;
  std::string resume = {};
  uint32_t state_version = 0;
  std::string error_class = {}, error = {};
  // Series: parts of the interval that could not be found out. They do not become coverage when the
  // slice lands, but failed slices of their own.
  std::vector<Interval> holes = {};
  std::string hole_text = {};  // why
};

struct StateCounts {
  uint64_t slices[kSliceStates] = {};  // by SliceState
  uint64_t claimed = 0;                // part of pending
  uint64_t rows = 0, bytes = 0;        // landed, over all generations still current
  [[nodiscard]] uint64_t of(SliceState state) const { return slices[static_cast<size_t>(state)]; }
};

// One listing of a stream held against the ledger.
struct ListingCounts {
  uint64_t listed = 0, added = 0, changed = 0, same = 0, vanished = 0, returned = 0;
  uint64_t stale = 0;                      // unchanged, landed before `stale_before_us`
  uint64_t work = 0;                       // slices that are to be read after it
  uint64_t work_rows = 0, work_bytes = 0;  // as estimated
};

// Takes the slices of one listing, in any number. Not thread-safe. Writes in batches as it goes
// unless the ledger was asked only to compare. Dropped without finish(): what was added stays,
// nothing is taken for vanished.
class Listing {
 public:
  Listing() = default;
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  virtual ~Listing() = default;
  virtual Result<void> add(const SliceListing& slice) = 0;
  // `visit` is called for each slice that is to be read, during the calls below. Set it first.
  virtual void on_work(std::function<void(const SliceListing&)> visit) = 0;
  // Writes what is still buffered, so that it can be claimed.
  virtual Result<void> flush() = 0;
  // Ends it. `complete`: slices that were not added are no longer at the source; pending ones
  // become kGone (also failed and quarantined ones), landed ones keep their state and are counted
  // as vanished.
  virtual Result<ListingCounts> finish(bool complete) = 0;
};

// The target's commit log held against the ledger, for one pipeline. Not thread-safe.
class Reconciliation {
 public:
  struct Record {  // one record of the target
    std::string_view stream, slice;
    int64_t generation = 0, part = 0;
    bool final = false, empty = false;
    uint64_t rows = 0;
    int64_t committed_us = 0;
    std::string_view partition, validator, read_validator, resume, title, token;
    bool resumable = false, series = false;
    uint32_t state_version = 0;
    int64_t from_us = INT64_MIN, to_us = INT64_MAX;
    std::span<const Interval> holes = {};  // as Outcome::holes
  };
  struct Counts {
    uint64_t records = 0;
    uint64_t restored = 0;  // slices the target has and the ledger lacked
    uint64_t reopened = 0;  // slices the ledger took for landed and the target lacks
  };
  Reconciliation() = default;
  Reconciliation(const Reconciliation&) = delete;
  Reconciliation& operator=(const Reconciliation&) = delete;
  virtual ~Reconciliation() = default;
  virtual Result<void> add(const Record& record) = 0;
  // Applies the difference in one durable transaction per few thousand slices and stores `head`
  // last.
  virtual Result<Counts> finish(std::string_view head) = 0;
};

struct Run {
  std::string id;
  std::string pipeline;
  int64_t started_us = 0, ended_us = 0;  // 0 = still running, or died
  std::string report;                    // JSON
};

struct QuarantinedRow {
  uint64_t no = 0;
  std::string stream, slice, rule, reason, payload;
  int64_t time_us = 0;
};

struct LedgerOptions {
  bool read_only = false;  // for plan, state show: never creates, never writes
  bool sync = true;        // false: no fsync at all, for benchmarks and tests
  int64_t lease_us = 60'000'000;
  uint64_t initial_map_bytes = 64ULL << 20;  // grows by itself
};

class Ledger {
 public:
  // Opens or creates the ledger in `directory` (made 0700 if missing, files 0600). kCorrupt names
  // `sluice state rebuild`; kNotFound for a read-only open of nothing.
  static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& directory,
                                              const Clock& clock, LedgerOptions options = {});
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  virtual ~Ledger() = default;

  // Number of a stream, new if need be (read-only: kNotFound).
  virtual Result<StreamNo> stream(std::string_view pipeline, std::string_view stream) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>>
  streams() = 0;  // (pipeline, stream)

  // --- planning ---
  // `compare_only` writes nothing. Landed slices older than `stale.landed_us` are work again, empty
  // ones older than either.
  struct StaleBefore {
    int64_t landed_us = INT64_MIN, empty_us = INT64_MIN;
  };
  virtual Result<std::unique_ptr<Listing>> begin_listing(StreamNo stream, bool compare_only,
                                                         StaleBefore stale) = 0;
  Result<std::unique_ptr<Listing>> begin_listing(StreamNo stream, bool compare_only) {
    return begin_listing(stream, compare_only, {});
  }
  // Makes failed slices (of earlier runs) pending again; with `quarantined`, those too. Returns how
  // many.
  virtual Result<uint64_t> retry_failed(StreamNo stream, bool quarantined = false) = 0;
  // Series: what has landed of a partition, merged.
  virtual Result<IntervalSet> coverage(StreamNo stream, std::string_view partition) = 0;
  // Series: intervals not landed that pending, failed and quarantined slices of this partition
  // stand for; with `gone` also what the source no longer had.
  virtual Result<IntervalSet> outstanding(StreamNo stream, std::string_view partition,
                                          bool gone = false) = 0;
  virtual Result<std::vector<std::string>> partitions(StreamNo stream) = 0;

  // --- working ---
  // Leases up to `max` pending slices to this process, oldest first, each to one caller only.
  // Empty: none are left that nobody works on.
  virtual Result<std::vector<Slice>> claim(StreamNo stream, size_t max) = 0;
  // Prolongs all leases of this process. Call at least every third of the lease.
  virtual Result<void> renew() = 0;
  // Those of `slices` whose lease this process no longer holds (it slept too long, another took
  // over).
  virtual Result<std::vector<SliceNo>> lost(std::span<const SliceNo> slices) = 0;
  // Applies outcomes in one transaction, durable when it returns if `durable`; then releases their
  // claims. `head`, if not empty, is stored with them as the head of the pipeline's target.
  virtual Result<void> settle(StreamNo stream, std::span<const Outcome> outcomes, bool durable,
                              std::string_view head = {}) = 0;

  // --- target ---
  virtual Result<std::string> head(std::string_view pipeline) = 0;  // empty = none
  virtual Result<void> set_head(std::string_view pipeline, std::string_view head) = 0;
  virtual Result<std::unique_ptr<Reconciliation>> begin_reconciliation(
      std::string_view pipeline) = 0;
  // Forgets slices (all of a stream, or one), so that they are planned anew. Returns how many.
  virtual Result<uint64_t> forget(StreamNo stream, std::string_view key = {}) = 0;

  // --- questions, none of which scans ---
  virtual Result<StateCounts> counts(StreamNo stream) = 0;
  virtual Result<Slice> find(StreamNo stream, std::string_view key) = 0;  // kNotFound
  // A page of slices in `state` with numbers above `after`, ascending.
  virtual Result<std::vector<Slice>> page(StreamNo stream, SliceState state, SliceNo after,
                                          size_t limit) = 0;

  // --- runs, quarantine, blobs ---
  virtual Result<void> put_run(const Run& run) = 0;
  virtual Result<std::vector<Run>> runs(std::string_view pipeline, size_t newest) = 0;
  virtual Result<void> quarantine(std::string_view pipeline,
                                  std::span<const QuarantinedRow> rows) = 0;
  virtual Result<uint64_t> quarantined(std::string_view pipeline) = 0;
  virtual Result<std::vector<QuarantinedRow>> quarantine_page(std::string_view pipeline,
                                                              uint64_t after, size_t limit) = 0;
  virtual Result<std::string> blob(std::string_view scope, std::string_view name) = 0;  // kNotFound
  virtual Result<void> put_blob(std::string_view scope, std::string_view name,
                                std::string_view value) = 0;  // empty removes

  // --- moving ---
  using Line = std::function<Result<void>(std::string_view json_line)>;
  virtual Result<void> export_lines(const Line& line) = 0;
  // Reads what export_lines wrote into an empty ledger. `line_no` in errors counts from 1.
  virtual Result<void> import_line(std::string_view json_line) = 0;
  virtual Result<void> sync() = 0;
};

}  // namespace sluice::host
