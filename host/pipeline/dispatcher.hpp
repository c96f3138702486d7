// SPDX-License-Identifier: Apache-2.0
//
// Hands claimed slices to workers: first what is due for another attempt, then what the ledger has
// pending. Knows when a stream is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <queue>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/pipeline/slice_work.hpp"

namespace sluice::host {

struct DispatchOptions {
  size_t claim_batch = 64;
  uint32_t max_keys = 1;    // slices read together
  bool series = false;      // generations come from the time of planning
  bool sequential = false;  // one slice is read, retries included, before the next
};

// Thread-safe. Callbacks are made with its lock held and must not call back.
class Dispatcher {
 public:
  Dispatcher(Ledger& ledger, StreamNo stream, DispatchOptions options, const Clock& clock);

  // The next slice to read; waits for one. Null when the stream is done or stop() was called.
  WorkPtr next();
  // The worker no longer reads it (its last part was pushed, or it waits).
  void read_ended();
  // Another attempt, not before `delay_us` from now. Counts as in flight.
  void retry(WorkPtr work, int64_t delay_us);
  // Parts of it were rolled back: begins again from what the ledger knows.
  void reload(const WorkPtr& work);
  // A batch of keys that cannot be read together: each on its own.
  void split(const WorkPtr& work);
  // Its outcome is settled.
  void done();

  void more_pending();   // the planner put slices into the ledger
  void planning_done();  // and there will be no more
  // Waits until everything pending was handed out (planner of an endless series). False when
  // stopped.
  bool wait_drained();
  void stop();  // next() gives null from now on
  // After stop() and the last done(): slices that were claimed and never handed out, or wait for an
  // attempt.
  std::vector<SliceNo> take_rest();
  // Why the stream cannot go on (the ledger failed); no value if it can.
  [[nodiscard]] std::optional<Error> failure() const;
  [[nodiscard]] uint64_t in_flight() const;

  // Called when workers wait for nothing but commits.
  void on_starved(std::function<void()> flush) { flush_ = std::move(flush); }

 private:
  struct Waiting {
    int64_t due_us;
    WorkPtr work;
    friend bool operator>(const Waiting& a, const Waiting& b) { return a.due_us > b.due_us; }
  };
  WorkPtr make_work(std::vector<Slice> slices) const;
  WorkPtr take_ready();
  bool claim_more();
  void reload_locked(const WorkPtr& work);
  bool resume_locked(const WorkPtr& work, SliceWork::Phase phase);
  [[nodiscard]] bool may_start() const {
    return !options_.sequential || (reading_ == 0 && waiting_.empty());
  }

  Ledger& ledger_;
  const StreamNo stream_;
  const DispatchOptions options_;
  const Clock& clock_;
  std::function<void()> flush_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Slice> ready_;    // claimed, not handed out
  std::deque<WorkPtr> again_;  // to be read again at once
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  uint64_t in_flight_ = 0;  // handed out and not settled
  uint64_t reading_ = 0;
  bool exhausted_ = false;  // the ledger had nothing when last asked
  bool planning_done_ = false;
  bool stopped_ = false;
  std::optional<Error> failure_;
};

}  // namespace sluice::host
