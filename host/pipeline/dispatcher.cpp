// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/dispatcher.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::host {

Dispatcher::Dispatcher(Ledger& ledger, StreamNo stream, DispatchOptions options, const Clock& clock)
    : ledger_(ledger), stream_(stream), options_(options), clock_(clock) {}

// A slice that stopped at a resume point goes on there; any other is begun anew. Generations of a
// series come from the time it was planned: its records leave the ledger when they land, so nothing
// else could count them.
WorkPtr Dispatcher::make_work(std::vector<Slice> slices) const {
  auto work = std::make_shared<SliceWork>();
  work->slices = std::move(slices);
  const Slice& slice = work->slices.front();
  const bool resumes = work->slices.size() == 1 && slice.part > 0 && slice.resumable;
  if (resumes) {
    work->generation = slice.generation;  // also after the ledger was rebuilt: its parts say so
  } else if (options_.series) {
    work->generation =
        slice.part > 0 ? slice.generation + 1 : std::max(slice.listed_us, slice.generation);
  } else {
    int64_t newest = 0;
    for (const Slice& one : work->slices) {
      newest = std::max(newest, one.generation);
    }
    work->generation = newest + 1;
  }
  if (resumes) {
    work->resumable = true;
    work->resume = slice.resume;
    work->state_version = slice.state_version;
    work->committed_parts = slice.part;
    work->committed_rows = slice.rows;
    work->rows_read = slice.rows;
  }
  work->committed_generation = work->generation;
  work->attempts = 0;
  return work;
}

WorkPtr Dispatcher::take_ready() {
  std::vector<Slice> slices;
  while (!ready_.empty() && slices.size() < std::max<size_t>(1, options_.max_keys)) {
    slices.push_back(std::move(ready_.front()));
    ready_.pop_front();
  }
  return make_work(std::move(slices));
}

// True if there is something to hand out now.
bool Dispatcher::claim_more() {
  if (exhausted_) {
    return false;
  }
  auto claimed = ledger_.claim(stream_, std::max<size_t>(options_.claim_batch, options_.max_keys));
  if (!claimed) {
    failure_ = std::move(claimed).error();
    stopped_ = true;
    changed_.notify_all();
    return false;
  }
  exhausted_ = claimed->empty();
  for (Slice& slice : *claimed) {
    ready_.push_back(std::move(slice));
  }
  return !ready_.empty();
}

WorkPtr Dispatcher::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_) {
      return nullptr;
    }
    const int64_t now = clock_.monotonic_us();
    if (!waiting_.empty() && waiting_.top().due_us <= now) {
      WorkPtr work = waiting_.top().work;
      waiting_.pop();
      if (!resume_locked(work, SliceWork::Phase::kReading)) {
        continue;
      }
      ++reading_;
      return work;
    }
    if (may_start() && !again_.empty()) {
      WorkPtr work = std::move(again_.front());
      again_.pop_front();
      ++reading_;
      return work;
    }
    if (may_start() && (!ready_.empty() || claim_more())) {
      ++in_flight_;
      ++reading_;
      return take_ready();
    }
    if (stopped_) {
      return nullptr;
    }
    if (planning_done_ && exhausted_ && in_flight_ == 0 && ready_.empty()) {
      changed_.notify_all();
      return nullptr;
    }
    if (reading_ == 0 && in_flight_ > waiting_.size() + again_.size() && flush_) {
      flush_();
    }
    if (waiting_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(
          lock, std::chrono::microseconds(std::max<int64_t>(waiting_.top().due_us - now, 1'000)));
    }
  }
}

void Dispatcher::read_ended() {
  const std::lock_guard lock(mutex_);
  --reading_;
  changed_.notify_all();
}

void Dispatcher::retry(WorkPtr work, int64_t delay_us) {
  const std::lock_guard lock(mutex_);
  if (resume_locked(work, SliceWork::Phase::kWaiting)) {
    waiting_.push({clock_.monotonic_us() + delay_us, std::move(work)});
  }
  changed_.notify_all();
}

void Dispatcher::reload(const WorkPtr& work) {
  const std::lock_guard lock(mutex_);
  reload_locked(work);
  changed_.notify_all();
}

// False if the work ended meanwhile; it is then begun again where that is due.
bool Dispatcher::resume_locked(const WorkPtr& work, SliceWork::Phase phase) {
  const SliceWork::Fate fate = work->enter(phase);
  if (fate == SliceWork::Fate::kReload) {
    reload_locked(work);
  }
  return fate == SliceWork::Fate::kAlive;
}

void Dispatcher::reload_locked(const WorkPtr& work) {
  std::vector<Slice> slices;
  for (const Slice& old : work->slices) {
    auto slice = ledger_.find(stream_, old.key);
    if (slice && slice->state == SliceState::kPending) {
      slices.push_back(std::move(*slice));
    } else if (!slice && slice.error().code != Code::kNotFound) {
      failure_ = std::move(slice).error();
      stopped_ = true;
    }
  }
  if (slices.empty()) {
    --in_flight_;
    return;
  }
  WorkPtr fresh = make_work(std::move(slices));
  fresh->attempts = work->attempts;
  again_.push_back(std::move(fresh));
}

void Dispatcher::split(const WorkPtr& work) {
  const std::lock_guard lock(mutex_);
  for (Slice& slice : work->slices) {
    again_.push_back(make_work({std::move(slice)}));
  }
  in_flight_ += work->slices.size() - 1;
  changed_.notify_all();
}

void Dispatcher::done() {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  changed_.notify_all();
}

void Dispatcher::more_pending() {
  const std::lock_guard lock(mutex_);
  exhausted_ = false;
  changed_.notify_all();
}

void Dispatcher::planning_done() {
  const std::lock_guard lock(mutex_);
  planning_done_ = true;
  exhausted_ = false;
  changed_.notify_all();
}

bool Dispatcher::wait_drained() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || (exhausted_ && ready_.empty()); });
  return !stopped_;
}

void Dispatcher::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::vector<SliceNo> Dispatcher::take_rest() {
  const std::lock_guard lock(mutex_);
  std::vector<SliceNo> rest;
  const auto add = [&rest](const WorkPtr& work) {
    for (const Slice& slice : work->slices) {
      rest.push_back(slice.no);
    }
  };
  for (const Slice& slice : ready_) {
    rest.push_back(slice.no);
  }
  for (const WorkPtr& work : again_) {
    add(work);
  }
  for (; !waiting_.empty(); waiting_.pop()) {
    add(waiting_.top().work);
  }
  ready_.clear();
  again_.clear();
  return rest;
}

std::optional<Error> Dispatcher::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

uint64_t Dispatcher::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

}  // namespace sluice::host
