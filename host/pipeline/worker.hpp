// SPDX-License-Identifier: Apache-2.0
//
// Reads slices: takes one from the dispatcher, drives a reader over it, hands its batches to the
// committer, and decides what a failure means for the slice.
#pragma once

#include <functional>
#include <random>

#include "host/pipeline/committer.hpp"
#include "host/pipeline/dispatcher.hpp"

namespace sluice::host {

// Everything outlives the worker.
struct WorkerSetup {
  Source& source;
  const PipelineConfig& config;
  const Stream& stream;
  Dispatcher& dispatcher;
  Committer& committer;
  LiveStream& live;
  const Cancel& stop;   // no more attempts
  const Cancel& abort;  // readers return soon
  // The run cannot go on (bad credentials, bad configuration).
  std::function<void(const Error&)> fatal;
  uint64_t hold_bytes = 0;           // most that a slice may gather which can only land whole
  int64_t live_from_us = INT64_MIN;  // intervals of series that end before are backfill
  uint64_t batch_bytes = 1U << 20;
};

// One thread.
class Worker {
 public:
  Worker(WorkerSetup setup, uint64_t seed) : setup_(std::move(setup)), random_(seed) {}
  // The thread's body: until the dispatcher has no more.
  void run();
  // Makes a reader that waits outside of the host's services return. Any thread.
  void interrupt();

 private:
  struct Held {  // batches that must land together
    std::vector<ArrayHandle> arrays;
    uint64_t rows = 0, bytes = 0;
  };
  void read(const WorkPtr& work);
  void set_reader(ReadHandle* reader);
  Result<bool> read_to_end(const WorkPtr& work);
  [[nodiscard]] ReadRequest request_for(const SliceWork& work) const;
  ReadObserver observer_for(const WorkPtr& work);
  void take_interval(const SliceWork& work, std::string_view text, uint32_t outcome,
                     std::string_view why);
  [[nodiscard]] Result<void> guard_shrinking(const SliceWork& work, uint64_t last_rows) const;
  bool push_rows(const WorkPtr& work, Held rows, const ReadBatch& batch);
  std::vector<RejectedRecord> take_rejected(SliceWork& work);
  void finish(const WorkPtr& work, Held rows);
  void fail(const WorkPtr& work, Error error);
  void verdict(const WorkPtr& work, Outcome::Kind kind, Error error);
  void push_end(const WorkPtr& work, Part part);
  [[nodiscard]] int64_t back_off_us(uint32_t attempts, uint32_t retry_after_ms);

  WorkerSetup setup_;
  std::minstd_rand random_;
  std::mutex reader_mutex_;
  ReadHandle* reader_ = nullptr;          // guarded by reader_mutex_
  std::vector<RejectedRecord> rejected_;  // since the last part
  ToldIntervals told_;                    // since the last part
};

}  // namespace sluice::host
