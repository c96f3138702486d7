// SPDX-License-Identifier: Apache-2.0
//
// What became of slices. The state machine is in docs/ledger-format.md, "States".
#include <algorithm>

#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/steps.hpp"

namespace sluice::host {
namespace {

using Kind = Outcome::Kind;

bool lands(Kind kind) {
  return kind == Kind::kLanded || kind == Kind::kEmpty || kind == Kind::kUnchanged;
}

// Whether the part continues the generation that the slice has parts of.
bool continues(const Record& record, const Outcome& outcome) {
  return outcome.generation == record.generation && record.part > 0;
}

// Adds a part to what the slice knows of the generation. False: it knew this part already.
bool take_part(Record& record, const Outcome& outcome, std::string_view holes, int64_t claimed_us,
               int64_t now_us) {
  const bool same = continues(record, outcome);
  if (same && outcome.part <= record.part) {
    return false;
  }
  record.rows = (same ? record.rows : 0) + outcome.rows;
  record.bytes = (same ? record.bytes : 0) + outcome.bytes;
  if (!same) {
    record.started_us = claimed_us != 0 ? claimed_us : now_us;
  }
  record.generation = outcome.generation;
  record.part = outcome.part;
  record.holes = holes;
  return true;
}

// The holes of the generation with those of this part, encoded; empty if there are none.
std::string join_holes(const Book& book, const Record& record, const Outcome& outcome) {
  IntervalSet holes;
  if (continues(record, outcome)) {
    holes = book.holes_of(outcome.no, record);
  }
  for (const Interval& hole : outcome.holes) {
    holes.add({std::max(hole.from, record.from_us), std::min(hole.to, record.to_us)});
  }
  return holes.empty() ? std::string() : holes.encode();
}

// Applies one outcome to a record. `holes`: of the generation, with this part. `held`: what this
// process saw when it claimed the slice, if it did. Returns false if it is to be dropped: it is
// late, and the ledger knows better.
bool apply(Record& record, const Outcome& outcome, std::string_view holes,
           const std::optional<Claims::Held>& held, bool others, int64_t now_us) {
  const int64_t claimed_us = held ? held->claimed_us : 0;
  // Listed with another validator while it was read: what lands is the old one, and it is work
  // still.
  const bool changed = held && held->validator != record.validator;
  if (lands(outcome.kind)) {
    if (outcome.kind != Kind::kUnchanged) {
      if (outcome.generation < record.generation ||
          (record.done() && outcome.generation == record.generation)) {
        return false;
      }
      take_part(record, outcome, holes, claimed_us, now_us);
    } else if (!record.landed() || (record.state != SliceState::kPending && !record.done())) {
      return false;  // not landed: the target has lost meanwhile what was confirmed
    }
    if (outcome.kind != Kind::kUnchanged || !record.landed()) {
      record.landed_empty = outcome.kind == Kind::kEmpty;
    }
    if (outcome.kind != Kind::kUnchanged || !outcome.validator.empty()) {
      record.read_validator = outcome.validator;
    }
    if (outcome.kind != Kind::kUnchanged) {
      record.landed_rows = record.rows;
    }
    record.landed_us = now_us;
    record.resumable = false;
    record.resume = {};
    record.state_version = 0;
    record.clear_error();
    record.landed_differs = changed;
    record.landed_validator = changed ? std::string_view(held->validator) : std::string_view();
    record.state = record.landed_empty ? SliceState::kEmpty : SliceState::kLanded;
    if (changed) {
      record.state = SliceState::kPending;
      record.restart();
    }
    return true;
  }
  if (record.state != SliceState::kPending || others || outcome.generation < record.generation) {
    return false;
  }
  switch (outcome.kind) {
    case Kind::kPart:
      if (!take_part(record, outcome, holes, claimed_us, now_us)) {
        return false;
      }
      record.resumable = outcome.resumable;
      record.resume = outcome.resume;
      record.state_version = outcome.state_version;
      record.attempts = outcome.attempts;
      if (changed) {
        record.restart();  // nobody else may go on with the old one's resume state
      }
      return true;
    case Kind::kFailed:
      record.state = SliceState::kFailed;
      if (outcome.part > 0 && outcome.generation > record.generation) {
        // The target has a record of it (a key read with others): the next reading is another.
        record.generation = outcome.generation;
        record.restart();
      }
      break;
    case Kind::kQuarantined:
      record.state = SliceState::kQuarantined;
      record.generation = outcome.generation;
      record.restart();
      break;
    case Kind::kGone:
      record.state = SliceState::kGone;
      break;
    case Kind::kRestart:
      record.generation = outcome.generation;
      record.restart();
      break;
    default:
      return false;
  }
  record.attempts = outcome.attempts;
  record.error_class = outcome.error_class;
  record.error = outcome.error;
  return true;
}

bool is_other(const Settling& one, SliceNo no) {
  return std::find(one.others.begin(), one.others.end(), no) != one.others.end();
}

void settle_one(Book& book, const Settling& one, const Outcome& outcome,
                const std::optional<Claims::Held>& held, int64_t now_us) {
  if (outcome.kind == Kind::kReleased) {
    return;
  }
  const auto stored = book.bytes(outcome.no);
  if (!stored) {
    return;  // forgotten meanwhile, or an interval that landed already
  }
  const Record before = book.decode(outcome.no, *stored);
  if (before.stream != one.stream) {
    throw Failure(Error{Code::kInternal, "slice " + std::to_string(outcome.no) +
                                             " was settled in a stream that it is not of"});
  }
  const std::string holes = join_holes(book, before, outcome);
  Record after = before;
  if (!apply(after, outcome, holes, held, is_other(one, outcome.no), now_us)) {
    return;
  }
  if (after.series && after.done()) {
    after.state = before.state;
    book.merge_series(outcome.no, after, outcome.hole_text);
  } else {
    book.replace(outcome.no, before, stored->size(), after);
  }
}

}  // namespace

// One transaction for several callers. They fail together; settle() then tries each alone.
void Shared::settle_all(const std::vector<Settling*>& batch, const Clock& clock) {
  const int64_t now_us = clock.now_us();
  const bool durable =
      std::any_of(batch.begin(), batch.end(), [](auto* one) { return one->durable; });
  std::vector<std::vector<std::optional<Claims::Held>>> held;
  for (const Settling* one : batch) {
    held.push_back(claims->held(one->outcomes));
  }
  step("settle.begin");
  auto written = env->write(durable ? Durability::kFull : Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    for (size_t i = 0; i < batch.size(); ++i) {
      const Settling& one = *batch[i];
      for (size_t j = 0; j < one.outcomes.size(); ++j) {
        settle_one(book, one, one.outcomes[j], held[i][j], now_us);
      }
      if (!one.head.empty()) {
        const auto streams = book.streams();
        const auto at = std::find_if(streams.begin(), streams.end(),
                                     [&](const auto& stream) { return stream.no == one.stream; });
        if (at == streams.end()) {
          throw Failure(Error{Code::kInternal, "slices were settled in an unknown stream"});
        }
        txn.put(kHeadsTable, at->pipeline, one.head);
      }
    }
    book.finish();
  });
  for (Settling* one : batch) {
    one->result = written;
  }
}

Result<void> Shared::settle(Settling& one, const Clock& clock) {
  constexpr size_t kMostAtOnce = 8;
  std::unique_lock lock(mutex);
  waiting.push_back(&one);
  settled.wait(lock, [&] { return one.done || !settling; });
  if (!one.done) {
    settling = true;
    std::vector<Settling*> batch;
    // Our own and what came before it; at most a few, but always our own.
    while (!waiting.empty() && (batch.size() < kMostAtOnce)) {
      batch.push_back(waiting.front());
      waiting.pop_front();
    }
    if (std::find(batch.begin(), batch.end(), &one) == batch.end()) {
      waiting.erase(std::find(waiting.begin(), waiting.end(), &one));
      batch.push_back(&one);
    }
    lock.unlock();
    settle_all(batch, clock);
    if (batch.size() > 1 && !one.result) {
      for (Settling* each : batch) {
        settle_all({each}, clock);
      }
    }
    lock.lock();
    settling = false;
    for (Settling* each : batch) {
      each->done = true;
    }
    lock.unlock();
    settled.notify_all();
  }
  return one.result;
}

Result<void> LedgerImpl::settle(StreamNo stream, std::span<const Outcome> outcomes, bool durable,
                                std::string_view head) {
  SLUICE_TRY(writable());
  if (outcomes.empty() && head.empty()) {
    return {};
  }
  for (const Outcome& outcome : outcomes) {
    if (outcome.generation < 0 || outcome.part < 0) {
      return Error{Code::kInternal, "slice " + std::to_string(outcome.no) +
                                        " was settled with a negative generation or part"};
    }
  }
  std::vector<SliceNo> bad_news;
  std::vector<SliceNo> ended;
  for (const Outcome& outcome : outcomes) {
    if (!lands(outcome.kind)) {
      bad_news.push_back(outcome.no);
    }
    if (outcome.kind != Kind::kPart) {
      ended.push_back(outcome.no);
    }
  }
  Settling one;
  one.stream = stream;
  one.outcomes = outcomes;
  one.durable = durable;
  one.head = head;
  if (!bad_news.empty()) {
    auto others = shared_->claims->held_by_others(bad_news, clock_.now_us());
    if (!others) {
      return std::move(others).error();
    }
    one.others = std::move(others).value();
  }
  SLUICE_TRY(shared_->settle(one, clock_));
  step("settle.before_release");
  auto released = shared_->claims->release(stream, ended);
  step("settle.end");
  return released;
}

Result<uint64_t> LedgerImpl::retry_failed(StreamNo stream, bool quarantined) {
  SLUICE_TRY(writable());
  constexpr size_t kAtOnce = 4096;
  uint64_t total = 0;
  for (const SliceState state : {SliceState::kFailed, SliceState::kQuarantined}) {
    if (state == SliceState::kQuarantined && !quarantined) {
      continue;
    }
    for (size_t done = kAtOnce; done == kAtOnce; total += done) {
      SLUICE_TRY(env().write(Durability::kOrdered, [&](Txn& txn) {
        Book book(txn);
        std::vector<SliceNo> slices;
        {
          StateWalk walk(txn, stream, state, 0);
          for (auto no = walk.next(); no && slices.size() < kAtOnce; no = walk.next()) {
            slices.push_back(*no);
          }
        }
        for (const SliceNo no : slices) {
          const auto stored = book.bytes(no);
          if (!stored) {
            throw_corrupt(txn, "slice " + std::to_string(no) + " is missing");
          }
          const Record before = book.decode(no, *stored);
          Record after = before;
          after.state = SliceState::kPending;
          book.replace(no, before, stored->size(), after);
        }
        book.finish();
        done = slices.size();
      }));
    }
  }
  return total;
}

Result<uint64_t> LedgerImpl::forget(StreamNo stream, std::string_view key) {
  SLUICE_TRY(writable());
  constexpr size_t kAtOnce = 4096;
  uint64_t total = 0;
  const std::string prefix = key_of(stream, key);
  if (key.size() > kMostKeyBytes) {
    return total;
  }
  for (size_t done = kAtOnce; done == kAtOnce; total += done) {
    SLUICE_TRY(env().write(Durability::kOrdered, [&](Txn& txn) {
      Book book(txn);
      std::vector<SliceNo> slices;
      if (!key.empty()) {
        if (const auto no = book.find(stream, key)) {
          slices.push_back(*no);
        }
      } else {
        Cursor at(txn, kKeysTable);
        for (bool found = at.seek(prefix);
             found && at.key().substr(0, 4) == prefix && slices.size() < kAtOnce;
             found = at.next()) {
          slices.push_back(integer_of(at.value()));
        }
      }
      for (const SliceNo no : slices) {
        const auto record = book.record(no);
        if (!record) {
          throw_corrupt(txn, "slice " + std::to_string(no) + " is missing");
        }
        book.erase(no, *record);
      }
      if (key.empty() && slices.size() < kAtOnce) {
        Cursor at(txn, kIntervalsTable);
        while (at.seek(prefix) && at.key().substr(0, 4) == prefix) {
          at.remove();
        }
        Counters& counters = book.counters_of(stream);
        counters.rows = 0;
        counters.bytes = 0;
      }
      book.finish();
      done = slices.size();
    }));
  }
  SLUICE_TRY(env().sync());
  return total;
}

}  // namespace sluice::host
