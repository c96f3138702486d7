// SPDX-License-Identifier: Apache-2.0
//
// A claimed slice (or a batch of keys that are read together) on its way through worker, queue and
// committer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/ledger/ledger.hpp"
#include "host/plugin/component.hpp"

namespace sluice::host {

// What a worker knew of a slice when it sent something of it; by now it may be reading on.
struct ReadFacts {
  int64_t generation = 0;
  uint32_t attempts = 0;
  uint32_t state_version = 0;
  std::string read_validator;
};

struct SliceWork {
  enum class Fate : uint8_t {
    kAlive,
    kReload,   // parts of it were rolled back: it begins again from what the ledger knows
    kDropped,  // its outcome is decided: whoever has it lets go of it
  };
  enum class Phase : uint8_t {
    kReading,  // a worker has it
    kWaiting,  // for its next attempt, in the dispatcher
    kPushed,   // its last part is on the way to the committer
  };

  std::vector<Slice> slices;  // one, except for `keys` streams

  // The worker's. Nobody else looks at them before its last part was pushed; see facts().
  int64_t generation = 0;
  bool resumable = false;  // `resume` is where the next reader goes on
  std::string resume;
  uint32_t state_version = 0;
  uint32_t attempts = 0;
  std::string read_validator;
  std::map<std::string, uint32_t> key_outcomes;  // SLUICE_OUTCOME_*
  uint64_t rows_read = 0;                        // of this generation
  bool lost_records = false;                     // some of it became no rows at the source

  // The committer's.
  int64_t committed_generation = 0;
  int64_t committed_parts = 0;
  uint64_t committed_rows = 0;

  // Both.
  std::mutex mutex;
  Phase phase = Phase::kReading;  // guarded by mutex
  Fate fate = Fate::kAlive;       // guarded by mutex

  [[nodiscard]] const Slice& slice() const { return slices.front(); }
  [[nodiscard]] const std::string& name() const {
    return slices.front().title.empty() ? slices.front().key : slices.front().title;
  }
  [[nodiscard]] ReadFacts facts() const {
    return {generation, attempts, state_version, read_validator};
  }
  [[nodiscard]] Fate current_fate() {
    const std::lock_guard lock(mutex);
    return fate;
  }
  // Enters `next` while it is alive; tells its fate.
  Fate enter(Phase next) {
    const std::lock_guard lock(mutex);
    if (fate == Fate::kAlive) {
      phase = next;
    }
    return fate;
  }
  // Ends it; tells the phase it was in, or nothing if it had ended already.
  std::optional<Phase> end(Fate how) {
    const std::lock_guard lock(mutex);
    if (fate != Fate::kAlive) {
      return std::nullopt;
    }
    fate = how;
    return phase;
  }
};

using WorkPtr = std::shared_ptr<SliceWork>;

// A record that did not become a row.
struct RejectedRecord {
  std::string rule, reason, payload;
};

// Series: what the source told of parts of the interval besides their rows.
struct ToldIntervals {
  std::vector<Interval> holes;  // could not be found out
  std::string hole_text;        // why
  std::vector<Interval> confirmed_empty;

  void append(ToldIntervals more) {
    holes.insert(holes.end(), more.holes.begin(), more.holes.end());
    confirmed_empty.insert(confirmed_empty.end(), more.confirmed_empty.begin(),
                           more.confirmed_empty.end());
    if (hole_text.empty()) {
      hole_text = std::move(more.hole_text);
    }
  }
};

// What goes from a worker to the committer. Parts of one slice keep their order.
struct Part {
  WorkPtr work;
  ReadFacts facts;
  std::vector<ArrayHandle> arrays;
  uint64_t rows = 0, bytes = 0;
  std::vector<RejectedRecord> rejected;
  ToldIntervals told;
  bool resumable = false;
  std::string resume;
  bool final = false;
  bool lost_records = false;  // final: SliceWork::lost_records
  // Instead of rows: the slice ended without them (failed, quarantined, gone, unchanged, released).
  bool verdict = false;
  Outcome::Kind kind = Outcome::Kind::kFailed;
  Error error;
};

}  // namespace sluice::host
