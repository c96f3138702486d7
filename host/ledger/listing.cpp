// SPDX-License-Identifier: Apache-2.0
//
// A listing held against the ledger: what is new, what changed, what is gone. Memory is one batch
// and one bit for each slice number.
#include <algorithm>
#include <deque>

#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/steps.hpp"

namespace sluice::host {
namespace {

constexpr size_t kBatchSlices = 4096;
constexpr size_t kBatchBytes = 4 << 20;

class BitSet {
 public:
  // False: it was set already.
  bool set(uint64_t bit) {
    if (bit / 64 >= words_.size()) {
      words_.resize(std::max<size_t>(bit / 64 + 1, words_.size() + words_.size() / 2));
    }
    uint64_t& word = words_[bit / 64];
    const uint64_t mask = uint64_t{1} << (bit % 64);
    const bool fresh = (word & mask) == 0;
    word |= mask;
    return fresh;
  }
  [[nodiscard]] bool test(uint64_t bit) const {
    return bit / 64 < words_.size() && (words_[bit / 64] >> (bit % 64) & 1) != 0;
  }

 private:
  std::vector<uint64_t> words_;
};

// What a slice as listed does to the one in the ledger.
enum class Verdict { kSame, kChanged, kReturned, kStale };

// The one place that knows how a listing changes a state; docs/ledger-format.md, "States".
Verdict update(Record& record, const SliceListing& listed, const Ledger::StaleBefore& stale,
               int64_t now_us) {
  Verdict verdict = Verdict::kSame;
  if (record.validator != listed.validator) {
    verdict = Verdict::kChanged;
    if (record.landed() && !record.landed_differs) {
      record.landed_differs = true;
      record.landed_validator = record.validator;
    }
    record.restart();
    record.state = record.state == SliceState::kGone ? SliceState::kGone : SliceState::kPending;
    record.clear_error();
    record.listed_us = now_us;
    record.validator = listed.validator;
  }
  if (record.state == SliceState::kGone) {
    verdict = Verdict::kReturned;
    record.clear_error();
    record.state = SliceState::kPending;
    if (record.landed() && record.part == 0 &&
        (!record.landed_differs || record.landed_validator == record.validator)) {
      record.state = record.landed_empty ? SliceState::kEmpty : SliceState::kLanded;
      record.landed_differs = false;
      record.landed_validator = {};
    }
  }
  const int64_t stale_before_us = record.state == SliceState::kEmpty
                                      ? std::max(stale.landed_us, stale.empty_us)
                                      : stale.landed_us;
  if (record.done() && record.landed_us < stale_before_us) {
    verdict = verdict == Verdict::kSame ? Verdict::kStale : verdict;
    record.state = SliceState::kPending;
    record.restart();
  }
  record.title = listed.title;
  record.partition = listed.partition;
  record.token = listed.token;
  record.from_us = listed.from_us;
  record.to_us = listed.to_us;
  record.estimated_rows = listed.estimated_rows;
  record.estimated_bytes = listed.estimated_bytes;
  record.series = listed.series;
  return verdict;
}

SliceListing listed_as(const Record& record) {
  return {.key = record.key,
          .title = record.title,
          .partition = record.partition,
          .validator = record.validator,
          .token = record.token,
          .from_us = record.from_us,
          .to_us = record.to_us,
          .estimated_rows = record.estimated_rows,
          .estimated_bytes = record.estimated_bytes,
          .series = record.series};
}

class ListingImpl final : public Listing {
 public:
  ListingImpl(std::shared_ptr<Shared> shared, const Clock& clock, StreamNo stream,
              bool compare_only, Ledger::StaleBefore stale, SliceNo known)
      : shared_(std::move(shared)),
        clock_(clock),
        stream_(stream),
        compare_only_(compare_only),
        stale_(stale),
        known_(known) {}

  Result<void> add(const SliceListing& slice) override;
  void on_work(std::function<void(const SliceListing&)> visit) override {
    visit_ = std::move(visit);
  }
  Result<void> flush() override;
  Result<ListingCounts> finish(bool complete) override;

 private:
  struct Judged {
    SliceNo no = 0;
    Verdict verdict = Verdict::kSame;
    bool added = false;
    bool work = false;
  };
  std::string_view keep(std::string_view text);
  Result<bool> compare();
  Result<void> write();
  void tally(const SliceListing& listed, const Judged& judged);
  [[nodiscard]] bool is_work(SliceState state) const {
    return state == SliceState::kPending || (compare_only_ && state == SliceState::kFailed);
  }
  void count_work(const SliceListing& slice, ListingCounts& counts) const;
  Result<void> finish_pending(bool complete);
  Result<void> finish_landed();
  Result<void> vanish(SliceState state);

  std::shared_ptr<Shared> shared_;
  const Clock& clock_;
  StreamNo stream_;
  bool compare_only_;
  Ledger::StaleBefore stale_;
  SliceNo known_;  // slices up to this number were there when the listing began
  std::deque<std::string> text_;
  size_t text_bytes_ = 0;
  std::vector<SliceListing> batch_;
  std::vector<Judged> judged_;
  BitSet seen_;
  ListingCounts counts_;
  std::function<void(const SliceListing&)> visit_;
};

// Copies a view, which the caller lends for one call, into the batch.
std::string_view ListingImpl::keep(std::string_view text) {
  constexpr size_t kBlock = 1 << 16;
  if (text.empty()) {
    return {};
  }
  if (text_.empty() || text_.back().size() + text.size() > text_.back().capacity()) {
    text_.emplace_back();
    text_.back().reserve(std::max(kBlock, text.size()));
  }
  std::string& block = text_.back();
  const size_t at = block.size();
  block.append(text);
  text_bytes_ += text.size();
  return std::string_view(block).substr(at, text.size());
}

Result<void> ListingImpl::add(const SliceListing& slice) {
  const auto refuse = [&](const char* why) {
    return Error{Code::kBadData, "a slice was listed " + std::string(why) + ": '" +
                                     std::string(slice.key.substr(0, kMostKeyBytes)) + "'"};
  };
  if (slice.key.empty() || slice.key.size() > kMostKeyBytes) {
    return refuse("whose key is empty or longer than 400 bytes");
  }
  if (slice.partition.size() > kMostKeyBytes ||
      slice.partition.find('\0') != std::string_view::npos) {
    return refuse("whose partition is longer than 400 bytes or holds a zero");
  }
  if (slice.series && slice.from_us >= slice.to_us) {
    return refuse("whose interval is empty");
  }
  SliceListing kept = slice;
  kept.key = keep(slice.key);
  kept.title = keep(slice.title);
  kept.partition = keep(slice.partition);
  kept.validator = keep(slice.validator);
  kept.token = keep(slice.token);
  batch_.push_back(kept);
  return batch_.size() >= kBatchSlices || text_bytes_ >= kBatchBytes ? flush() : Result<void>();
}

void ListingImpl::tally(const SliceListing& listed, const Judged& judged) {
  ++counts_.listed;
  if (judged.no != 0 && !seen_.set(judged.no)) {
    ++counts_.same;  // listed twice: the first counts
    return;
  }
  counts_.added += judged.added ? 1 : 0;
  counts_.changed += !judged.added && judged.verdict == Verdict::kChanged ? 1 : 0;
  counts_.returned += !judged.added && judged.verdict == Verdict::kReturned ? 1 : 0;
  counts_.stale += !judged.added && judged.verdict == Verdict::kStale ? 1 : 0;
  counts_.same += !judged.added && judged.verdict == Verdict::kSame ? 1 : 0;
  if (judged.work) {
    count_work(listed, counts_);
  }
}

void ListingImpl::count_work(const SliceListing& slice, ListingCounts& counts) const {
  ++counts.work;
  counts.work_rows += slice.estimated_rows;
  counts.work_bytes += slice.estimated_bytes;
  if (visit_) {
    visit_(slice);
  }
}

// Judges the batch on a snapshot. True if anything would have to be written.
Result<bool> ListingImpl::compare() {
  return shared_->env->read([&](Txn& txn) {
    const View view(txn);
    std::string as_stored;
    judged_.clear();
    bool changes = false;
    for (const SliceListing& listed : batch_) {
      Judged judged;
      if (const auto no = view.find(stream_, listed.key)) {
        const auto stored = view.bytes(*no);
        if (!stored) {
          throw_corrupt(txn, "slice " + std::to_string(*no) + " is missing");
        }
        Record record = view.decode(*no, *stored);
        judged.no = *no;
        judged.verdict = update(record, listed, stale_, 0);
        judged.work = is_work(record.state);
        if (!changes) {
          encode_record(record, stored->size(), as_stored);
          changes = as_stored != *stored && !seen_.test(*no);
        }
      } else {
        judged.added = true;
        judged.work = true;
        changes = true;
      }
      judged_.push_back(judged);
    }
    return changes;
  });
}

Result<void> ListingImpl::write() {
  const int64_t now_us = clock_.now_us();
  step("listing.begin");
  auto written = shared_->env->write(Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    BitSet in_batch;
    judged_.clear();
    std::string as_stored;
    for (const SliceListing& listed : batch_) {
      Judged judged;
      if (const auto no = book.find(stream_, listed.key)) {
        const auto stored = book.bytes(*no);
        if (!stored) {
          throw_corrupt(txn, "slice " + std::to_string(*no) + " is missing");
        }
        const Record before = book.decode(*no, *stored);
        Record after = before;
        judged.no = *no;
        judged.verdict = update(after, listed, stale_, now_us);
        judged.work = is_work(after.state);
        encode_record(after, stored->size(), as_stored);
        if (in_batch.set(*no) && !seen_.test(*no) && as_stored != *stored) {
          book.replace(*no, before, stored->size(), after);
        }
      } else {
        Record record;
        record.stream = stream_;
        record.key = listed.key;
        record.listed_us = now_us;
        record.generation = book.counters_of(stream_).generation_floor;
        record.validator = listed.validator;
        update(record, listed, {}, now_us);
        judged.no = book.add(record);
        in_batch.set(judged.no);
        judged.added = true;
        judged.work = true;
      }
      judged_.push_back(judged);
    }
    book.finish();
  });
  step("listing.end");
  return written;
}

Result<void> ListingImpl::flush() {
  if (batch_.empty()) {
    return {};
  }
  auto changes = compare();
  if (!changes) {
    return std::move(changes).error();
  }
  if (*changes && !compare_only_) {
    SLUICE_TRY(write());
  }
  for (size_t i = 0; i < batch_.size(); ++i) {
    tally(batch_[i], judged_[i]);
  }
  batch_.clear();
  text_.clear();
  text_bytes_ = 0;
  return {};
}

// Slices in a state that are no longer at the source become kGone.
Result<void> ListingImpl::vanish(SliceState state) {
  SliceNo from = 0;
  for (bool more = true; more;) {
    std::vector<SliceNo> gone;
    SliceNo next = 0;
    SLUICE_TRY(shared_->env->read([&](Txn& txn) {
      gone.clear();
      more = false;
      StateWalk walk(txn, stream_, state, from);
      for (auto no = walk.next(); no && *no <= known_; no = walk.next()) {
        if (!seen_.test(*no)) {
          gone.push_back(*no);
          next = *no + 1;
        }
        if (gone.size() >= kBatchSlices) {
          more = true;
          break;
        }
      }
    }));
    from = next;
    counts_.vanished += gone.size();
    if (gone.empty() || compare_only_) {
      continue;
    }
    SLUICE_TRY(shared_->env->write(Durability::kOrdered, [&](Txn& txn) {
      Book book(txn);
      for (const SliceNo no : gone) {
        const auto stored = book.bytes(no);
        if (!stored) {
          continue;
        }
        const Record before = book.decode(no, *stored);
        if (before.state != state) {
          continue;  // settled meanwhile
        }
        Record after = before;
        after.state = SliceState::kGone;
        book.replace(no, before, stored->size(), after);
      }
      book.finish();
    }));
  }
  return {};
}

// What was not listed and is to be read all the same, because the listing was of a part only.
Result<void> ListingImpl::finish_pending(bool complete) {
  return shared_->env->read([&](Txn& txn) {
    ListingCounts counts = counts_;
    const View view(txn);
    for (const SliceState state : {SliceState::kPending, SliceState::kFailed}) {
      if (!is_work(state)) {
        continue;
      }
      StateWalk walk(txn, stream_, state, complete ? known_ + 1 : 0);
      for (auto no = walk.next(); no; no = walk.next()) {
        if (seen_.test(*no)) {
          continue;
        }
        if (const auto record = view.record(*no)) {
          count_work(listed_as(*record), counts);
        }
      }
    }
    counts_ = counts;
  });
}

Result<void> ListingImpl::finish_landed() {
  return shared_->env->read([&](Txn& txn) {
    uint64_t vanished = 0;
    for (const SliceState state : {SliceState::kLanded, SliceState::kEmpty}) {
      StateWalk walk(txn, stream_, state, 0);
      for (auto no = walk.next(); no && *no <= known_; no = walk.next()) {
        vanished += seen_.test(*no) ? 0 : 1;
      }
    }
    counts_.vanished += vanished;
  });
}

Result<ListingCounts> ListingImpl::finish(bool complete) {
  SLUICE_TRY(flush());
  if (complete) {
    for (const SliceState state :
         {SliceState::kPending, SliceState::kFailed, SliceState::kQuarantined}) {
      SLUICE_TRY(vanish(state));
    }
    SLUICE_TRY(finish_landed());
  }
  SLUICE_TRY(finish_pending(complete));
  return counts_;
}

}  // namespace

Result<std::unique_ptr<Listing>> LedgerImpl::begin_listing(StreamNo stream, bool compare_only,
                                                           StaleBefore stale) {
  if (!compare_only) {
    SLUICE_TRY(writable());
  }
  auto known = env().read([](Txn& txn) { return View(txn).number("next_slice"); });
  if (!known) {
    return std::move(known).error();
  }
  return std::unique_ptr<Listing>(
      std::make_unique<ListingImpl>(shared_, clock_, stream, compare_only, stale, *known));
}

}  // namespace sluice::host
