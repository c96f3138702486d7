// SPDX-License-Identifier: Apache-2.0
//
// The target's commit log held against the ledger. The target is the truth.
//
// In the usual case both agree, and a record of the target costs one look and one bit. What differs
// is held back, by slice, until all parts of it were seen or there is too much of it.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/steps.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMostHeld = 32768;  // slices that differ, in memory
constexpr size_t kBatchSlices = 4096;

// What the target has of one slice.
struct Target {
  int64_t generation = 0, part = 0;
  bool final = false, empty = false, resumable = false, series = false;
  uint64_t rows = 0;
  int64_t committed_us = 0;
  uint32_t state_version = 0;
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  std::string partition, validator, read_validator, resume, title, token;
  IntervalSet holes;  // of the generation

  void take(const Reconciliation::Record& record) {
    if (record.generation < generation) {
      return;
    }
    const bool newer = record.generation > generation;
    rows = (newer ? 0 : rows) + record.rows;
    committed_us = newer ? record.committed_us : std::max(committed_us, record.committed_us);
    const bool ahead = newer || record.final || (!final && record.part >= part);
    if (newer) {
      final = false;
      holes = {};
    }
    for (const Interval& hole : record.holes) {
      holes.add(hole);
    }
    if (!ahead) {
      return;
    }
    generation = record.generation;
    part = newer ? record.part : std::max(part, record.part);
    final = final || record.final;
    empty = record.empty;
    resumable = record.resumable && !final;
    series = record.series;
    state_version = record.state_version;
    from_us = record.from_us;
    to_us = record.to_us;
    partition = record.partition;
    validator = record.validator;
    read_validator = record.read_validator;
    resume = final ? std::string_view() : record.resume;
    title = record.title;
    token = record.token;
  }
};

using SliceId = std::pair<StreamNo, std::string>;

class ReconciliationImpl final : public Reconciliation {
 public:
  ReconciliationImpl(std::shared_ptr<Shared> shared, const Clock& clock, std::string pipeline)
      : shared_(std::move(shared)), began_us_(clock.now_us()), pipeline_(std::move(pipeline)) {}

  Result<void> add(const Record& record) override;
  Result<Counts> finish(std::string_view head) override;

 private:
  Result<StreamNo> stream(std::string_view name);
  // `all`: everything was seen. Else it is to make room.
  Result<void> apply_held(bool all);
  void apply(Book& book, const SliceId& id, const Target& target, bool all, Counts& counts,
             std::unordered_set<SliceNo>& touched);
  void cover(StreamNo stream, const Record& record);
  [[nodiscard]] bool is_covered(StreamNo stream, const Target& target) const;
  Result<void> apply_coverage(StreamNo stream);
  Result<void> sweep(StreamNo stream, SliceState state);

  std::shared_ptr<Shared> shared_;
  int64_t began_us_;
  std::string pipeline_;
  std::map<std::string, StreamNo, std::less<>> streams_;
  std::vector<uint64_t>
      confirmed_;  // a bit for each slice number: the target has what the ledger says
  std::unordered_set<SliceNo> touched_;  // written by this reconciliation; only those that differed
  std::map<SliceId, Target> held_;
  std::map<std::pair<StreamNo, std::string>, IntervalSet> coverage_;
  std::map<SliceId, std::pair<int64_t, IntervalSet>> holes_;  // of slices not complete: generation
  std::map<StreamNo, int64_t> generations_;                   // of series: the highest that landed
  std::map<StreamNo, uint64_t> series_rows_;
  Counts counts_;

  [[nodiscard]] bool confirmed(SliceNo no) const {
    return no / 64 < confirmed_.size() && (confirmed_[no / 64] >> (no % 64) & 1) != 0;
  }
  void confirm(SliceNo no) {
    if (no / 64 >= confirmed_.size()) {
      confirmed_.resize(std::max<size_t>(no / 64 + 1, confirmed_.size() * 3 / 2));
    }
    confirmed_[no / 64] |= uint64_t{1} << (no % 64);
  }
};

Result<StreamNo> ReconciliationImpl::stream(std::string_view name) {
  if (const auto known = streams_.find(name); known != streams_.end()) {
    return known->second;
  }
  StreamNo no = 0;
  SLUICE_TRY(shared_->env->write(Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    const auto found = book.stream(pipeline_, name);
    no = found ? *found : book.add_stream(pipeline_, name);
    book.finish();
  }));
  streams_.emplace(name, no);
  return no;
}

// What landed of a series is coverage, but for the holes that any of its parts told. Records come
// in the order of their commits, so a hole that was filled later is covered in the end.
void ReconciliationImpl::cover(StreamNo stream, const Record& record) {
  SliceId id{stream, std::string(record.slice)};
  if (!record.holes.empty()) {
    auto& [generation, holes] = holes_[id];
    holes = generation == record.generation ? std::move(holes) : IntervalSet();
    generation = record.generation;
    for (const Interval& hole : record.holes) {
      holes.add(hole);
    }
  }
  if (!record.final) {
    return;
  }
  IntervalSet& covered = coverage_[{stream, std::string(record.partition)}];
  covered.add({record.from_us, record.to_us});
  if (const auto told = holes_.find(id); told != holes_.end()) {
    if (told->second.first == record.generation) {
      covered.subtract(told->second.second);
    }
    holes_.erase(told);
  }
  int64_t& generation = generations_[stream];
  generation = std::max(generation, record.generation);
  series_rows_[stream] += record.rows;
}

bool ReconciliationImpl::is_covered(StreamNo stream, const Target& target) const {
  const auto landed = coverage_.find({stream, target.partition});
  return landed != coverage_.end() && landed->second.covers({target.from_us, target.to_us});
}

Result<void> ReconciliationImpl::add(const Record& record) {
  ++counts_.records;
  if (record.slice.empty() || record.slice.size() > kMostKeyBytes ||
      record.partition.size() > kMostKeyBytes ||
      record.partition.find('\0') != std::string_view::npos ||
      record.stream.size() > kMostKeyBytes / 2 || record.generation < 0 || record.part < 0) {
    return Error{Code::kBadData, "the target's commit log has a record that cannot be: slice '" +
                                     std::string(record.slice.substr(0, kMostKeyBytes)) +
                                     "' of stream '" +
                                     std::string(record.stream.substr(0, kMostKeyBytes)) + "'"};
  }
  auto no = stream(record.stream);
  if (!no) {
    return std::move(no).error();
  }
  SliceId id{*no, std::string(record.slice)};
  if (record.series) {
    cover(*no, record);
  }
  bool agrees = false;
  SLUICE_TRY(shared_->env->read([&](Txn& txn) {
    const View view(txn);
    const auto slice = view.find(*no, record.slice);
    const auto stored = slice ? view.record(*slice) : std::nullopt;
    if (!stored) {
      agrees = record.series && record.final;  // landed series slices have no record
      return;
    }
    if (stored->done() && record.final && !record.series &&
        stored->generation == record.generation &&
        (stored->state == SliceState::kEmpty) == record.empty) {
      confirm(*slice);
      agrees = true;
    } else if (confirmed(*slice) && record.generation <= stored->generation) {
      agrees = true;
    }
  }));
  if (agrees) {
    const auto held = held_.find(id);
    if (held != held_.end() && held->second.generation <= record.generation) {
      held_.erase(held);
    }
    return {};
  }
  held_[std::move(id)].take(record);
  return held_.size() >= kMostHeld ? apply_held(false) : Result<void>();
}

// Brings one slice to what the target has of it.
void ReconciliationImpl::apply(Book& book, const SliceId& id, const Target& target, bool all,
                               Counts& counts, std::unordered_set<SliceNo>& touched) {
  const auto no = book.find(id.first, id.second);
  if (target.series && (target.final || is_covered(id.first, target))) {
    if (no) {
      const auto record = book.record(*no);
      book.erase(*no, *record);
    }
    return;
  }
  sluice::host::Record before;
  size_t before_size = 0;
  if (no) {
    const auto stored = book.bytes(*no);
    if (!stored) {
      throw_corrupt(book.txn(), "slice " + std::to_string(*no) + " is missing");
    }
    before_size = stored->size();
    before = book.decode(*no, *stored);
    const bool known = confirmed(*no) || touched_.count(*no) != 0;
    if (known && (target.generation < before.generation ||
                  (target.generation == before.generation && before.done()))) {
      return;
    }
    // Parts of what landed: its last is likely to come. If not, the slice is read anew from its
    // start.
    if (!all && !target.final && before.done() && target.generation <= before.generation) {
      return;
    }
  }
  const bool more = no && touched_.count(*no) != 0 && before.generation == target.generation;
  sluice::host::Record after = before;
  std::string holes;  // what after.holes points into
  if (!no) {
    after.stream = id.first;
    after.key = id.second;
    after.listed_us = target.committed_us;
    after.validator = target.validator;
    after.title = target.title;
    after.token = target.token;
    after.partition = target.partition;
    after.from_us = target.from_us;
    after.to_us = target.to_us;
    after.series = target.series;
  }
  const bool same = target.validator.empty() || target.validator == after.validator;
  after.generation = target.generation;
  after.rows = (more ? before.rows : 0) + target.rows;
  if (target.final) {
    after.restart();
    after.part = target.part;
    after.landed_rows = after.rows;
    after.landed_us = target.committed_us != 0 ? target.committed_us : began_us_;
    after.landed_empty = target.empty;
    after.read_validator = target.read_validator;
    after.landed_differs = !same;
    after.landed_validator = same ? std::string_view() : target.validator;
    if (same) {
      after.clear_error();
      after.state = target.empty ? SliceState::kEmpty : SliceState::kLanded;
    } else {
      after.part = 0;
      after.state = before.done() ? SliceState::kPending : before.state;
    }
  } else {
    if (more && target.part < before.part) {
      return;
    }
    after.state = before.done() ? SliceState::kPending : before.state;
    after.part = same ? target.part : 0;
    after.resumable = same && target.resumable;
    after.resume = same ? std::string_view(target.resume) : std::string_view();
    after.state_version = same ? target.state_version : 0;
    holes = same && !target.holes.empty() ? target.holes.encode() : "";
    after.holes = holes;
    if (before.done()) {
      const uint64_t rows = after.rows;
      after.lose();
      after.rows = rows;
    }
  }
  counts.restored += after.done() && (!no || !before.done()) ? 1 : 0;
  counts.reopened += no && before.done() && !after.done() ? 1 : 0;
  if (!no) {
    touched.insert(book.add(after));
    return;
  }
  std::string encoded;
  encode_record(after, before_size, encoded);
  if (encoded != *book.bytes(*no)) {
    book.replace(*no, before, before_size, after);
  }
  touched.insert(*no);
}

Result<void> ReconciliationImpl::apply_held(bool all) {
  auto at = held_.begin();
  while (at != held_.end()) {
    auto end = at;
    Counts counts;
    std::unordered_set<SliceNo> touched;
    step("reconcile.batch");
    SLUICE_TRY(shared_->env->write(Durability::kFull, [&](Txn& txn) {
      Book book(txn);
      counts = counts_;
      touched.clear();
      end = at;
      for (size_t i = 0; i < kBatchSlices && end != held_.end(); ++i, ++end) {
        apply(book, end->first, end->second, all, counts, touched);
      }
      book.finish();
    }));
    counts_ = counts;
    touched_.merge(touched);
    at = held_.erase(at, end);
  }
  return {};
}

// Slices of which the ledger says more than the target has go back to their start. Whatever their
// state: one that landed, and that failed or vanished since, must not come back as landed.
Result<void> ReconciliationImpl::sweep(StreamNo stream, SliceState state) {
  const bool done = state == SliceState::kLanded || state == SliceState::kEmpty;
  SliceNo from = 0;
  for (bool more = true; more;) {
    uint64_t reopened = 0;
    SliceNo next = from;
    step("reconcile.batch");
    std::vector<SliceNo> wrong;
    SLUICE_TRY(shared_->env->read([&](Txn& txn) {
      wrong.clear();
      more = false;
      const View view(txn);
      StateWalk walk(txn, stream, state, from);
      for (auto no = walk.next(); no; no = walk.next()) {
        if (confirmed(*no) || touched_.count(*no) != 0) {
          continue;
        }
        const auto record = view.record(*no);
        // What landed while the target was read may be missing from what was read.
        const bool landed = record && record->landed() && record->landed_us <= began_us_;
        if (landed || (record && !done && record->part > 0)) {
          wrong.push_back(*no);
          next = *no + 1;
          if (wrong.size() >= kBatchSlices) {
            more = true;
            break;
          }
        }
      }
    }));
    from = next;
    if (wrong.empty()) {
      return {};
    }
    SLUICE_TRY(shared_->env->write(Durability::kFull, [&](Txn& txn) {
      Book book(txn);
      reopened = 0;
      for (const SliceNo no : wrong) {
        const auto stored = book.bytes(no);
        if (!stored) {
          continue;
        }
        const auto before = book.decode(no, *stored);
        if (before.state != state) {
          continue;
        }
        auto after = before;
        after.state = done ? SliceState::kPending : before.state;
        after.restart();
        after.lose();
        reopened += done ? 1 : 0;
        book.replace(no, before, stored->size(), after);
      }
      book.finish();
    }));
    counts_.reopened += reopened;
  }
  return {};
}

// Series: what the target has of each partition is its coverage.
Result<void> ReconciliationImpl::apply_coverage(StreamNo stream) {
  step("reconcile.coverage");
  Counts counts;
  SLUICE_TRY(shared_->env->write(Durability::kFull, [&](Txn& txn) {
    counts = counts_;
    Book book(txn);
    std::map<std::string, IntervalSet> now;
    const std::string prefix = key_of(stream, "");
    {
      Cursor at(txn, kIntervalsTable);
      for (bool found = at.seek(prefix); found && at.key().substr(0, 4) == prefix;
           found = at.next()) {
        auto set = IntervalSet::decode(at.value());
        if (!set) {
          throw_corrupt(txn, "intervals of a partition");
        }
        now.emplace(at.key().substr(4), *std::move(set));
      }
    }
    for (auto at = coverage_.lower_bound({stream, ""});
         at != coverage_.end() && at->first.first == stream; ++at) {
      now.try_emplace(at->first.second);
    }
    for (const auto& [partition, has] : now) {
      const auto wanted = coverage_.find({stream, partition});
      const IntervalSet should = wanted != coverage_.end() ? wanted->second : IntervalSet();
      if (should == has) {
        continue;
      }
      IntervalSet lost = has;
      lost.subtract(should);
      IntervalSet gained = should;
      gained.subtract(has);
      counts.reopened += lost.size();
      counts.restored += gained.size();
      book.set_coverage(stream, partition, should);
    }
    // Pending slices whose interval has landed.
    std::vector<SliceNo> landed;
    {
      Cursor at(txn, kSeriesTable);
      for (bool found = at.seek(prefix);
           found && at.key().substr(0, 4) == prefix && at.key().size() >= 13; found = at.next()) {
        const std::string partition(at.key().substr(4, at.key().size() - 13));
        const SliceNo no = big_endian(at.key().substr(at.key().size() - 8));
        const auto set = coverage_.find({stream, partition});
        const auto record = book.record(no);
        if (record && set != coverage_.end() &&
            set->second.covers({record->from_us, record->to_us})) {
          landed.push_back(no);
        }
      }
    }
    for (const SliceNo no : landed) {
      book.erase(no, *book.record(no));
    }
    Counters& counters = book.counters_of(stream);
    if (const auto generation = generations_.find(stream); generation != generations_.end()) {
      counters.generation_floor = std::max(counters.generation_floor, generation->second);
      counters.rows = series_rows_[stream];
    }
    book.finish();
  }));
  counts_ = counts;
  return {};
}

Result<Reconciliation::Counts> ReconciliationImpl::finish(std::string_view head) {
  SLUICE_TRY(apply_held(true));
  auto all = shared_->env->read([](Txn& txn) { return View(txn).streams(); });
  if (!all) {
    return std::move(all).error();
  }
  for (const auto& one : *all) {
    if (one.pipeline != pipeline_) {
      continue;
    }
    for (size_t state = 0; state < kSliceStates; ++state) {
      SLUICE_TRY(sweep(one.no, static_cast<SliceState>(state)));
    }
    SLUICE_TRY(apply_coverage(one.no));
  }
  step("reconcile.before_head");
  SLUICE_TRY(shared_->env->write(Durability::kFull, [&](Txn& txn) {
    if (head.empty()) {
      txn.remove(kHeadsTable, pipeline_);
    } else {
      txn.put(kHeadsTable, pipeline_, head);
    }
  }));
  return counts_;
}

}  // namespace

Result<std::unique_ptr<Reconciliation>> LedgerImpl::begin_reconciliation(
    std::string_view pipeline) {
  SLUICE_TRY(writable());
  if (pipeline.empty() || pipeline.size() > kMostKeyBytes / 2 ||
      pipeline.find('\0') != std::string_view::npos) {
    return Error{Code::kInvalidConfig, "the name of a pipeline is empty, too long or holds a zero"};
  }
  return std::unique_ptr<Reconciliation>(
      std::make_unique<ReconciliationImpl>(shared_, clock_, std::string(pipeline)));
}

}  // namespace sluice::host
