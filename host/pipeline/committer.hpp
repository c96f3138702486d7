// SPDX-License-Identifier: Apache-2.0
//
// Lands parts of slices: rows and commit records in one transaction of the target, then the ledger.
// The only writer of a pipeline's sink and, while a run goes on, the only one that settles slices,
// so that outcomes keep their order.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/config/config.hpp"
#include "host/observe/report.hpp"
#include "host/pipeline/bounded_queue.hpp"
#include "host/pipeline/dispatcher.hpp"
#include "host/pipeline/slice_work.hpp"

namespace sluice::host {

// Everything outlives the committer.
struct CommitterSetup {
  Writer& writer;
  Ledger& ledger;
  const PipelineConfig& config;
  const Stream& stream;
  StreamNo stream_no = 0;
  uint32_t binding = 0;
  std::string run, source;  // id of the run; "dwd 0.1.0"
  const Clock& clock;
  const Cancel& abort;  // an outage of the sink is not waited for any longer
  Dispatcher& dispatcher;
  LiveStream& live;
  // Makes the ledger agree with the target after a commit whose fate is unknown.
  std::function<Result<void>()> reconcile;
  // A slice failed for good in this run (policy: on_error, max_failed).
  std::function<void()> slice_failed;
};

class Committer {
 public:
  Committer(CommitterSetup setup, uint64_t queue_bytes);

  // From workers: waits for room; false once the run has failed.
  bool push(Part part);
  // Nobody waits for anything but commits: commit as soon as the queue is empty.
  void flush();
  // No more parts; run() returns when all are landed.
  void close() { queue_.close(); }
  // The thread's body. An error ends the run: nothing of the open group has landed.
  Result<void> run();

 private:
  struct Entry {  // a slice's part of the open transaction
    WorkPtr work;
    ReadFacts facts;  // of the latest part
    int64_t commit_id = 0;
    uint64_t rows = 0, bytes = 0;
    bool lost_records = false;  // of a final one: some records became no rows at the source
    bool final = false, resumable = false;
    std::string resume;
    std::vector<QuarantinedRow> rejected;
    ToldIntervals told;
  };
  struct Verdict {
    WorkPtr work;
    ReadFacts facts;
    Outcome::Kind kind;
    Error error;
  };

  Result<void> take(Part part);
  Result<void> take_rows(Part part);
  Result<void> open_transaction();
  Result<Entry*> entry_of(const Part& part);
  Result<void> write_part(Part part, Entry& entry);
  void keep_rejected(const Part& part, Entry& entry);
  Result<void> commit();
  Result<void> drop_lost();
  Result<void> land();
  Result<void> settle();
  void add_outcomes(const Entry& entry, std::vector<Outcome>& outcomes) const;
  void add_key_outcomes(const Entry& entry, std::vector<Outcome>& outcomes) const;
  [[nodiscard]] Outcome verdict_outcome(const Verdict& verdict, const Slice& slice) const;
  [[nodiscard]] CommitRecord record_of(const Entry& entry) const;
  void count(const Entry& entry);
  void count(const Verdict& verdict);
  Result<void> roll_back(const Error& error, const WorkPtr& culprit, bool fate_unknown);
  void begin_again(const WorkPtr& work);
  [[nodiscard]] bool commit_due() const;
  void clear_group();

  CommitterSetup setup_;
  BoundedQueue<Part> queue_;
  std::atomic<bool> flush_{false};
  std::atomic<bool> failed_{false};

  // The open group.
  bool in_transaction_ = false;
  std::vector<Entry> entries_;
  std::vector<Verdict> verdicts_;
  uint64_t group_rows_ = 0, group_bytes_ = 0;
  int64_t group_since_us_ = 0;
  uint32_t outages_ = 0;  // in a row
};

}  // namespace sluice::host
