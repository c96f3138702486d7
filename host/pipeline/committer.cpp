// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/committer.hpp"

#include <algorithm>

#include "host/ledger/steps.hpp"
#include "host/observe/log.hpp"
#include "host/pipeline/commit_detail.hpp"
#include "host/pipeline/row_json.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMostVerdicts =
    1024;  // outcomes without rows that share a transaction of the ledger
constexpr uint32_t kMostOutages = 8;  // rounds without any success before the run gives up
constexpr uint64_t kOutageBaseMs = 250;
constexpr size_t kMostRejectedText = 1024;

// What became of one key of those that were read together. A key alone that brought no row and was
// not mentioned is empty.
uint32_t key_outcome(const SliceWork& work, const Slice& slice, uint64_t rows) {
  const auto told = work.key_outcomes.find(slice.key);
  if (told != work.key_outcomes.end()) {
    return told->second;
  }
  return work.slices.size() == 1 && rows == 0 ? SLUICE_OUTCOME_EMPTY : SLUICE_OUTCOME_LANDED;
}

void tell_key(uint32_t what, Outcome& outcome) {
  outcome.kind = what == SLUICE_OUTCOME_FAILED  ? Outcome::Kind::kFailed
                 : what == SLUICE_OUTCOME_EMPTY ? Outcome::Kind::kEmpty
                                                : Outcome::Kind::kLanded;
  if (what == SLUICE_OUTCOME_FAILED) {
    outcome.error_class = "unavailable";
    outcome.error = "the source could not tell what became of this key";
  }
}

auto deadline_at(int64_t monotonic_us) {
  return std::chrono::steady_clock::time_point(std::chrono::microseconds(monotonic_us));
}

}  // namespace

Committer::Committer(CommitterSetup setup, uint64_t queue_bytes)
    : setup_(std::move(setup)), queue_(queue_bytes) {}

bool Committer::push(Part part) {
  const uint64_t bytes = part.bytes;
  return !failed_ && queue_.push(std::move(part), bytes);
}

void Committer::flush() {
  flush_ = true;
  queue_.wake();
}

Result<void> Committer::run() {
  const auto every =
      std::chrono::duration_cast<std::chrono::microseconds>(setup_.config.commit_every).count();
  const auto fail = [this](Error error) {
    failed_ = true;
    setup_.writer.rollback();
    clear_group();
    queue_.close();
    while (queue_.pop_until(std::chrono::steady_clock::now())) {
    }
    return error;
  };
  while (!queue_.drained()) {
    const bool open = !entries_.empty() || !verdicts_.empty();
    const auto deadline = open ? deadline_at(group_since_us_ + every)
                               : std::chrono::steady_clock::now() + std::chrono::hours(1);
    if (auto part = queue_.pop_until(deadline)) {
      if (auto taken = take(std::move(*part)); !taken) {
        return fail(std::move(taken).error());
      }
    }
    if (commit_due()) {
      if (auto committed = commit(); !committed) {
        return fail(std::move(committed).error());
      }
    }
  }
  if (auto committed = commit(); !committed) {
    return fail(std::move(committed).error());
  }
  return {};
}

bool Committer::commit_due() const {
  if (entries_.empty() && verdicts_.empty()) {
    return false;
  }
  const auto every =
      std::chrono::duration_cast<std::chrono::microseconds>(setup_.config.commit_every).count();
  return group_rows_ >= setup_.config.commit_rows || group_bytes_ >= setup_.config.commit_bytes ||
         verdicts_.size() >= kMostVerdicts ||
         setup_.clock.monotonic_us() - group_since_us_ >= every || (flush_ && queue_.empty());
}

Result<void> Committer::take(Part part) {
  if (part.work->current_fate() != SliceWork::Fate::kAlive) {
    return {};
  }
  if (entries_.empty() && verdicts_.empty()) {
    group_since_us_ = setup_.clock.monotonic_us();
  }
  if (part.verdict) {
    verdicts_.push_back(
        {std::move(part.work), std::move(part.facts), part.kind, std::move(part.error)});
    return {};
  }
  return take_rows(std::move(part));
}

Result<void> Committer::take_rows(Part part) {
  const WorkPtr work = part.work;
  if (auto opened = open_transaction(); !opened) {
    begin_again(work);
    return roll_back(opened.error(), nullptr, false);
  }
  auto entry = entry_of(part);
  if (!entry) {
    return roll_back(entry.error(), nullptr, false);
  }
  auto written = write_part(std::move(part), **entry);
  return written ? Result<void>{} : roll_back(written.error(), work, false);
}

Result<void> Committer::open_transaction() {
  if (!in_transaction_) {
    SLUICE_TRY(setup_.writer.begin());
    in_transaction_ = true;
  }
  return {};
}

// One entry, commit id and record per slice and transaction, however many batches it brought.
Result<Committer::Entry*> Committer::entry_of(const Part& part) {
  const auto it = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& entry) {
    return entry.work == part.work && entry.facts.generation == part.facts.generation;
  });
  if (it != entries_.rend()) {
    return &*it;
  }
  Entry& entry = entries_.emplace_back();
  entry.work = part.work;
  auto id = setup_.writer.reserve();
  if (!id) {
    return std::move(id).error();
  }
  entry.commit_id = *id;
  return &entry;
}

Result<void> Committer::write_part(Part part, Entry& entry) {
  entry.facts = part.facts;
  keep_rejected(part, entry);
  step("commit.before_rows");
  uint64_t refused = 0;
  for (ArrayHandle& array : part.arrays) {
    std::vector<RejectedRow> rejected;
    const auto kept = std::make_shared<const ArrayHandle>(std::move(array));
    SLUICE_TRY(setup_.writer.write(setup_.binding, entry.commit_id, share(kept), rejected));
    for (const RejectedRow& row : rejected) {
      entry.rejected.push_back(
          {.stream = setup_.stream.name,
           .slice = entry.work->slice().key,
           .rule = row.sqlstate.empty() ? "target" : "target " + row.sqlstate,
           .reason = redact(row.column.empty() ? row.reason : row.column + ": " + row.reason),
           .payload = redact(row_json(setup_.stream, kept->get(), row.row)),
           .time_us = setup_.clock.now_us()});
    }
    refused += rejected.size();
  }
  const uint64_t rows = part.rows - std::min(refused, part.rows);
  entry.rows += rows;
  entry.bytes += part.bytes;
  entry.final = part.final;
  entry.lost_records = part.lost_records;
  entry.resumable = part.resumable;
  entry.resume = std::move(part.resume);
  entry.told.append(std::move(part.told));
  group_rows_ += rows;
  group_bytes_ += part.bytes;
  return {};
}

void Committer::keep_rejected(const Part& part, Entry& entry) {
  for (const RejectedRecord& record : part.rejected) {
    entry.rejected.push_back({.stream = setup_.stream.name,
                              .slice = entry.work->slice().key,
                              .rule = record.rule,
                              .reason = record.reason.substr(0, kMostRejectedText),
                              .payload = record.payload,
                              .time_us = setup_.clock.now_us()});
  }
}

Result<void> Committer::commit() {
  flush_ = false;
  if (entries_.empty() && verdicts_.empty()) {
    return {};
  }
  SLUICE_TRY(drop_lost());
  if (!entries_.empty()) {
    if (auto landed = land(); !landed) {
      return roll_back(landed.error(), nullptr, landed.error().code != Code::kBadState);
    }
    if (!in_transaction_) {
      return {};  // rolled back and waiting for another round
    }
    in_transaction_ = false;
    outages_ = 0;
  } else if (in_transaction_) {
    setup_.writer.rollback();
    in_transaction_ = false;
  }
  return settle();
}

// This process may have slept past its leases: what another has taken over must not land from here.
Result<void> Committer::drop_lost() {
  std::vector<SliceNo> mine;
  for (const Entry& entry : entries_) {
    for (const Slice& slice : entry.work->slices) {
      mine.push_back(slice.no);
    }
  }
  auto lost = setup_.ledger.lost(mine);
  if (!lost) {
    return std::move(lost).error();
  }
  if (lost->empty()) {
    return {};
  }
  log(LogLevel::kWarn,
      "Leases ran out and another process took slices over; the open transaction is rolled back.",
      "slices=" + std::to_string(lost->size()));
  return roll_back({Code::kBadState, "leases ran out before the commit", 0, 0}, nullptr, false);
}

Result<void> Committer::land() {
  std::vector<QuarantinedRow> rejected;
  for (const Entry& entry : entries_) {
    rejected.insert(rejected.end(), entry.rejected.begin(), entry.rejected.end());
  }
  if (!rejected.empty()) {  // before the commit: twice in quarantine is better than nowhere
    SLUICE_TRY(setup_.ledger.quarantine(setup_.config.name, rejected));
  }
  step("commit.before_records");
  for (const Entry& entry : entries_) {
    SLUICE_TRY(setup_.writer.record(record_of(entry)));
  }
  step("commit.before_target");
  SLUICE_TRY(setup_.writer.commit());
  step("commit.after_target");
  return {};
}

CommitRecord Committer::record_of(const Entry& entry) const {
  const SliceWork& work = *entry.work;
  const Slice& slice = work.slice();
  CommitDetail detail;
  detail.source = setup_.source;
  detail.title = slice.title;
  detail.partition = slice.partition;
  detail.validator = slice.validator;
  detail.read_validator = entry.facts.read_validator;
  detail.series = slice.series;
  detail.from_us = slice.from_us;
  detail.to_us = slice.to_us;
  detail.resumable = entry.resumable && !entry.final;
  detail.resume = detail.resumable ? entry.resume : "";
  detail.state_version = entry.facts.state_version;
  // Parts of a key that is read alone are parts of a slice as any other.
  if (setup_.stream.kind == StreamKind::kKeys && (work.slices.size() > 1 || entry.final)) {
    for (const Slice& one : work.slices) {
      detail.keys.push_back({one.key, key_outcome(work, one, work.committed_rows + entry.rows)});
    }
  }
  detail.holes = entry.told.holes;
  detail.confirmed_empty = entry.told.confirmed_empty;
  CommitRecord record;
  record.commit_id = entry.commit_id;
  record.pipeline = setup_.config.name;
  record.stream = setup_.stream.name;
  record.slice = slice.key;
  record.generation = entry.facts.generation;
  record.part =
      (work.committed_generation == entry.facts.generation ? work.committed_parts : 0) + 1;
  record.final = entry.final;
  record.empty = entry.final && entry.rows == 0 && record.part == 1;
  record.unsure = entry.lost_records;
  record.rows = entry.rows;
  record.committed_us = setup_.clock.now_us();
  record.run = setup_.run;
  record.detail = encode_detail(detail);
  return record;
}

Result<void> Committer::settle() {
  std::vector<Outcome> outcomes;
  for (const Entry& entry : entries_) {
    add_outcomes(entry, outcomes);
  }
  for (const Verdict& verdict : verdicts_) {
    for (const Slice& slice : verdict.work->slices) {
      outcomes.push_back(verdict_outcome(verdict, slice));
    }
  }
  SLUICE_TRY(setup_.ledger.settle(setup_.stream_no, outcomes, !entries_.empty()));
  for (Entry& entry : entries_) {
    SliceWork& work = *entry.work;
    const bool same = work.committed_generation == entry.facts.generation;
    work.committed_parts = same ? work.committed_parts + 1 : 1;
    work.committed_rows = (same ? work.committed_rows : 0) + entry.rows;
    work.committed_generation = entry.facts.generation;
    count(entry);
    if (entry.final) {
      setup_.dispatcher.done();
    }
  }
  for (const Verdict& verdict : verdicts_) {
    count(verdict);
    setup_.dispatcher.done();
  }
  clear_group();
  step("commit.after_ledger");
  return {};
}

void Committer::add_outcomes(const Entry& entry, std::vector<Outcome>& outcomes) const {
  const SliceWork& work = *entry.work;
  if (work.slices.size() > 1) {
    return add_key_outcomes(entry, outcomes);
  }
  Outcome outcome;
  outcome.no = work.slice().no;
  outcome.generation = entry.facts.generation;
  outcome.part =
      (work.committed_generation == entry.facts.generation ? work.committed_parts : 0) + 1;
  outcome.rows = entry.rows;
  outcome.bytes = entry.bytes;
  outcome.attempts = entry.facts.attempts;
  outcome.validator = entry.facts.read_validator;
  outcome.resumable = entry.resumable && !entry.final;
  outcome.resume = outcome.resumable ? entry.resume : "";
  outcome.state_version = entry.facts.state_version;
  outcome.holes = entry.told.holes;
  outcome.hole_text = entry.told.hole_text;
  if (!entry.final) {
    outcome.kind = Outcome::Kind::kPart;
  } else {
    outcome.kind =
        entry.rows == 0 && outcome.part == 1 ? Outcome::Kind::kEmpty : Outcome::Kind::kLanded;
  }
  if (setup_.stream.kind == StreamKind::kKeys && entry.final) {
    tell_key(key_outcome(work, work.slice(), work.committed_rows + entry.rows), outcome);
  }
  outcomes.push_back(std::move(outcome));
}

void Committer::add_key_outcomes(const Entry& entry, std::vector<Outcome>& outcomes) const {
  if (!entry.final) {
    return;  // keys land together
  }
  for (size_t i = 0; i < entry.work->slices.size(); ++i) {
    const Slice& slice = entry.work->slices[i];
    const uint32_t what = key_outcome(*entry.work, slice, entry.rows);
    Outcome outcome;
    outcome.no = slice.no;
    outcome.generation = entry.facts.generation;
    outcome.part = 1;
    outcome.rows = i == 0 ? entry.rows : 0;  // the batch's rows are counted once
    outcome.bytes = i == 0 ? entry.bytes : 0;
    outcome.validator = entry.facts.read_validator;
    tell_key(what, outcome);
    outcomes.push_back(std::move(outcome));
  }
}

Outcome Committer::verdict_outcome(const Verdict& verdict, const Slice& slice) const {
  Outcome outcome;
  outcome.no = slice.no;
  outcome.kind = verdict.kind;
  outcome.generation = verdict.facts.generation;
  outcome.attempts = verdict.facts.attempts;
  outcome.validator = verdict.facts.read_validator;
  if (!verdict.error.message.empty()) {
    outcome.error_class = to_string(verdict.error.code);
    outcome.error = redact(verdict.error.message);
  }
  return outcome;
}

void Committer::count(const Entry& entry) {
  const SliceWork& work = *entry.work;
  uint64_t failed = 0;
  setup_.live.update([&](StreamReport& report) {
    report.rows += entry.rows;
    report.rejected_rows += entry.rejected.size();
    if (!entry.final) {
      return;
    }
    for (const Slice& slice : work.slices) {
      const uint32_t what = key_outcome(work, slice, work.committed_rows);
      const bool nothing = work.slices.size() == 1 && work.committed_rows == 0;
      if (what == SLUICE_OUTCOME_FAILED) {
        ++report.failed;
        ++failed;
      } else if (what == SLUICE_OUTCOME_EMPTY || nothing) {
        ++report.empty;
      } else {
        ++report.landed;
      }
    }
  });
  for (; failed > 0 && setup_.slice_failed; --failed) {
    setup_.slice_failed();
  }
}

void Committer::count(const Verdict& verdict) {
  const uint64_t slices = verdict.work->slices.size();
  setup_.live.update([&](StreamReport& report) {
    switch (verdict.kind) {
      case Outcome::Kind::kUnchanged:
        report.unchanged += slices;
        break;
      case Outcome::Kind::kFailed:
        report.failed += slices;
        break;
      case Outcome::Kind::kQuarantined:
        report.quarantined += slices;
        break;
      case Outcome::Kind::kGone:
        report.gone += slices;
        break;
      default:
        report.released += slices;
    }
  });
  if ((verdict.kind == Outcome::Kind::kFailed || verdict.kind == Outcome::Kind::kQuarantined) &&
      setup_.slice_failed) {
    setup_.slice_failed();
  }
}

// The transaction is void: its slices begin again from what the ledger knows. Bad rows cost their
// own slice; an outage of the target costs time and nothing else.
Result<void> Committer::roll_back(const Error& error, const WorkPtr& culprit, bool fate_unknown) {
  setup_.writer.rollback();
  in_transaction_ = false;
  if (fate_unknown || error.code == Code::kBadState) {
    SLUICE_TRY(setup_.reconcile());
  }
  const bool bad_rows = error.code == Code::kBadData && culprit != nullptr;
  const bool again = bad_rows || error.retryable();
  if (!again) {
    return error;
  }
  if (bad_rows) {
    culprit->end(SliceWork::Fate::kDropped);
    const auto it = std::find_if(entries_.rbegin(), entries_.rend(),
                                 [&](const Entry& entry) { return entry.work == culprit; });
    verdicts_.push_back({culprit, it == entries_.rend() ? ReadFacts{} : it->facts,
                         Outcome::Kind::kQuarantined, error});
    setup_.live.add_error(to_string(error.code), culprit->name() + ": " + error.message);
  }
  // What begins again has no verdict yet, even if one came in after its rows.
  std::erase_if(verdicts_, [&](const Verdict& verdict) {
    return verdict.work != culprit &&
           std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.work == verdict.work; });
  });
  for (const Entry& entry : entries_) {
    begin_again(entry.work);
  }
  entries_.clear();
  group_rows_ = group_bytes_ = 0;
  if (bad_rows) {
    return {};
  }
  setup_.live.add_error(to_string(error.code), "target: " + error.message);
  if (++outages_ > kMostOutages) {
    return Error(error).in("the target stayed unavailable, giving up");
  }
  const uint64_t wait = std::max<uint64_t>(error.retry_after_ms, kOutageBaseMs << outages_);
  log(LogLevel::kWarn, "The target is unavailable; nothing is lost, waiting. " + error.message,
      "wait_ms=" + std::to_string(wait));
  if (setup_.abort.sleep_ms(wait)) {
    return Error{Code::kCancelled, "stopped while the target was unavailable"};
  }
  return settle();  // verdicts do not depend on the target
}

// A worker that still reads it, or the dispatcher that holds it for another attempt, finds out and
// begins it again; what was pushed to its end has nobody else to do so.
void Committer::begin_again(const WorkPtr& work) {
  if (work->end(SliceWork::Fate::kReload) == SliceWork::Phase::kPushed) {
    setup_.dispatcher.reload(work);
  }
}

void Committer::clear_group() {
  entries_.clear();
  verdicts_.clear();
  group_rows_ = group_bytes_ = 0;
}

}  // namespace sluice::host
