// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/worker.hpp"

#include <algorithm>

#include "host/base/utc_text.hpp"
#include "host/http/http.hpp"
#include "host/observe/log.hpp"
#include "host/pipeline/series.hpp"

namespace sluice::host {

void Worker::run() {
  while (WorkPtr work = setup_.dispatcher.next()) {
    read(work);
    setup_.dispatcher.read_ended();
  }
}

void Worker::read(const WorkPtr& work) {
  rejected_.clear();
  told_ = {};
  if (!work->resumable) {  // what an attempt that failed told is void
    work->key_outcomes.clear();
    work->read_validator.clear();
    work->lost_records = false;
  }
  auto ended = read_to_end(work);
  if (!ended) {
    fail(work, std::move(ended).error());
  } else if (!*ended && work->current_fate() == SliceWork::Fate::kReload) {
    setup_.dispatcher.reload(work);
  }
}

// True when its last part was pushed; false when it ended meanwhile (see SliceWork::Fate) or the
// run did.
Result<bool> Worker::read_to_end(const WorkPtr& work) {
  if (setup_.stream.key.empty() && setup_.stream.kind == StreamKind::kFiles &&
      work->slice().rows > 0 && !work->resumable) {
    return Error{Code::kBadData,
                 "it changed after rows of it had landed, and without a key they cannot be "
                 "replaced; declare a key, or "
                 "remove its rows and run `sluice state forget`"};
  }
  const BackfillScope backfill(work->slice().series && work->slice().to_us < setup_.live_from_us);
  auto opened = setup_.source.read(setup_.stream, request_for(*work), observer_for(work));
  if (!opened) {
    return std::move(opened).error();
  }
  const std::unique_ptr<ReadHandle, std::function<void(ReadHandle*)>> reader(
      opened->release(), [this](ReadHandle* handle) {
        set_reader(nullptr);
        delete handle;
      });
  set_reader(reader.get());
  Held held;
  for (;;) {
    if (work->current_fate() != SliceWork::Fate::kAlive) {
      return false;
    }
    ReadBatch batch;
    auto status = reader->next(batch);
    if (!status) {
      return std::move(status).error();
    }
    switch (*status) {
      case ReadStatus::kIdle:
        continue;
      case ReadStatus::kUnchanged:
        verdict(work, Outcome::Kind::kUnchanged, {Code::kInternal, ""});
        return true;
      case ReadStatus::kEnd:
        if (auto whole = guard_shrinking(*work, held.rows); !whole) {
          return std::move(whole).error();
        }
        finish(work, std::move(held));
        return true;
      case ReadStatus::kRows:
        break;
    }
    held.rows += static_cast<uint64_t>(batch.array.rows());
    held.bytes += batch.bytes;
    held.arrays.push_back(std::move(batch.array));
    // Rows without a resume point after them land alone only where a key makes reading them again
    // harmless.
    const bool whole = work->slices.size() > 1 || (!batch.resumable && setup_.stream.key.empty());
    if (whole && held.bytes > setup_.hold_bytes) {
      return Error{Code::kUnsupported,
                   "it can only land whole, since its source gives no resume points and its stream "
                   "has no key, and it is "
                   "larger than the memory for that (" +
                       std::to_string(setup_.hold_bytes) +
                       " bytes); raise limits.memory or declare a key"};
    }
    if (!whole && !push_rows(work, std::exchange(held, {}), batch)) {
      return false;
    }
  }
}

// A list that lost much of what it had is more likely incomplete than right: its rows may land, but
// none is taken for removed.
Result<void> Worker::guard_shrinking(const SliceWork& work, uint64_t last_rows) const {
  const Slice& slice = work.slice();
  const uint64_t now = work.rows_read + last_rows;
  const uint64_t before = slice.landed_rows;
  if (setup_.stream.removed.empty() || before == 0 || now >= before) {
    return {};
  }
  const auto options = setup_.config.stream.find(setup_.stream.name);
  const double most = options == setup_.config.stream.end() ? StreamConfig().max_shrink
                                                            : options->second.max_shrink;
  const double lost = 1 - static_cast<double>(now) / static_cast<double>(before);
  if (lost <= most) {
    return {};
  }
  return Error{
      Code::kUnavailable,
      "it had " + std::to_string(before) + " rows and now has " + std::to_string(now) +
          ", which looks incomplete: no row is taken for removed. If it is right, run once "
          "with --set stream." +
          setup_.stream.name + ".max_shrink=1"};
}

void Worker::set_reader(ReadHandle* reader) {
  const std::lock_guard lock(reader_mutex_);
  reader_ = reader;
}

void Worker::interrupt() {
  const std::lock_guard lock(reader_mutex_);
  if (reader_ != nullptr) {
    reader_->interrupt();
  }
}

ReadRequest Worker::request_for(const SliceWork& work) const {
  const Slice& slice = work.slice();
  ReadRequest request;
  request.stream = setup_.stream.name;
  request.partition = slice.partition;
  request.slice = slice.key;
  request.token = slice.token;
  request.validator = slice.read_validator;
  request.from_us = slice.from_us;
  request.to_us = slice.to_us;
  request.has_state = work.resumable;
  request.state = work.resume;
  request.state_version = work.state_version;
  request.target_batch_bytes = setup_.batch_bytes;
  if (setup_.stream.kind == StreamKind::kKeys) {
    for (const Slice& one : work.slices) {
      request.keys.push_back(one.key);
    }
  }
  if (work.resumable) {
    request.validator.clear();  // half of it has landed: "unchanged" would be no answer
  }
  return request;
}

ReadObserver Worker::observer_for(const WorkPtr& work) {
  ReadObserver observer;
  observer.validator = [work](std::string_view validator) { work->read_validator = validator; };
  observer.key_outcome = [this, work](std::string_view key, uint32_t outcome,
                                      std::string_view text) {
    if (work->slice().series) {
      return take_interval(*work, key, outcome, text);
    }
    work->key_outcomes[std::string(key)] = outcome;
    if (outcome == SLUICE_OUTCOME_FAILED) {
      setup_.live.add_error("unavailable", std::string(key) + ": " + std::string(text));
    }
  };
  observer.reject = [this](std::string_view rule, std::string_view reason,
                           std::string_view payload) {
    // What a service repeats of a request's credentials does not get into the ledger.
    rejected_.push_back(
        {std::string(rule), redact(std::string(reason)), redact(std::string(payload))});
  };
  observer.note = [this](std::string_view code, std::string_view text, uint64_t count) {
    setup_.live.add_note(code, text, count);
  };
  return observer;
}

// A part of a series' interval, "FROM/TO" in microseconds. What is malformed or lies outside of the
// slice is the plugin's mistake; it is logged and changes nothing.
void Worker::take_interval(const SliceWork& work, std::string_view text, uint32_t outcome,
                           std::string_view why) {
  const auto interval = parse_interval(text);
  const Slice& slice = work.slice();
  if (!interval || interval->from < slice.from_us || interval->to > slice.to_us) {
    log(LogLevel::kWarn, "A source told of an interval that is not within its slice; ignored.",
        "stream=" + setup_.stream.name + " slice=" + work.name() +
            " interval=" + std::string(text.substr(0, 64)));
    return;
  }
  const std::string place = (slice.partition.empty() ? "" : slice.partition + " ") +
                            utc_text(interval->from) + " to " + utc_text(interval->to) + ": " +
                            redact(std::string(why));
  if (outcome == SLUICE_OUTCOME_FAILED) {
    told_.holes.push_back(*interval);
    told_.hole_text = redact(std::string(why));
    setup_.live.add_note("asked_again", place, 1);
  } else if (outcome == SLUICE_OUTCOME_EMPTY) {
    told_.confirmed_empty.push_back(*interval);
    setup_.live.add_note("confirmed_empty", place, 1);
  }
}

// False when the run has failed.
bool Worker::push_rows(const WorkPtr& work, Held rows, const ReadBatch& batch) {
  // A state such as the address of the next page may repeat a credential. It is not kept then: the
  // slice would begin at its start, which is dear but right.
  const bool secret = batch.resumable && holds_secret(batch.state);
  // Which rows are gone can be told only by a sink that saw all of one reading.
  const bool resumable = batch.resumable && !secret && setup_.stream.removed.empty();
  if (secret) {
    log(LogLevel::kWarn, "A resume state holds a secret and is not kept.",
        "stream=" + setup_.stream.name);
  }
  work->resumable = resumable;
  work->resume = resumable ? batch.state : std::string();
  work->state_version = setup_.source.descriptor().state_version;
  work->rows_read += rows.rows;
  Part part;
  part.work = work;
  part.facts = work->facts();
  part.arrays = std::move(rows.arrays);
  part.rows = rows.rows;
  part.bytes = rows.bytes;
  part.rejected = take_rejected(*work);
  part.told = std::exchange(told_, {});
  part.resumable = resumable;
  part.resume = work->resume;
  return setup_.committer.push(std::move(part));
}

std::vector<RejectedRecord> Worker::take_rejected(SliceWork& work) {
  work.lost_records = work.lost_records || !rejected_.empty();
  return std::exchange(rejected_, {});
}

void Worker::finish(const WorkPtr& work, Held rows) {
  Part part;
  part.arrays = std::move(rows.arrays);
  part.rows = rows.rows;
  part.bytes = rows.bytes;
  part.rejected = take_rejected(*work);
  part.told = std::exchange(told_, {});
  part.final = true;
  part.lost_records = work->lost_records;
  push_end(work, std::move(part));
}

void Worker::verdict(const WorkPtr& work, Outcome::Kind kind, Error error) {
  Part part;
  part.verdict = true;
  part.kind = kind;
  part.error = std::move(error);
  push_end(work, std::move(part));
}

// From here on the committer answers for it.
void Worker::push_end(const WorkPtr& work, Part part) {
  part.work = work;
  part.facts = work->facts();
  switch (work->enter(SliceWork::Phase::kPushed)) {
    case SliceWork::Fate::kAlive:
      setup_.committer.push(std::move(part));
      return;
    case SliceWork::Fate::kReload:
      setup_.dispatcher.reload(work);
      return;
    case SliceWork::Fate::kDropped:
      return;
  }
}

void Worker::fail(const WorkPtr& work, Error error) {
  error.message = redact(std::move(error.message));
  if (error.code == Code::kCancelled || setup_.abort.requested()) {
    return verdict(work, Outcome::Kind::kReleased, {Code::kInternal, ""});
  }
  setup_.live.add_error(to_string(error.code), work->name() + ": " + error.message);
  log(LogLevel::kDebug, "Reading a slice failed: " + error.message,
      "stream=" + setup_.stream.name + " slice=" + work->name() + " code=" + to_string(error.code));
  if (error.code == Code::kNotFound) {
    return verdict(work, Outcome::Kind::kGone, std::move(error));
  }
  if (error.code == Code::kAuth || error.code == Code::kInvalidConfig ||
      error.code == Code::kUnsupported) {
    setup_.fatal(error);
    return verdict(work, Outcome::Kind::kFailed, std::move(error));
  }
  if (error.code == Code::kBadState || !work->resumable) {
    // From its start, as another generation: parts of this one may be on their way.
    work->resumable = false;
    work->resume.clear();
    if (work->rows_read > 0) {
      ++work->generation;
      work->rows_read = 0;
    }
  }
  const bool again =
      error.retryable() && ++work->attempts < setup_.config.attempts && !setup_.stop.requested();
  if (again) {
    setup_.live.update([](StreamReport& report) { ++report.slice_retries; });
    return setup_.dispatcher.retry(work, back_off_us(work->attempts, error.retry_after_ms));
  }
  if (work->slices.size() > 1) {
    return setup_.dispatcher.split(work);
  }
  const bool quarantine = error.code == Code::kBadData;
  verdict(work, quarantine ? Outcome::Kind::kQuarantined : Outcome::Kind::kFailed,
          std::move(error));
}

// Full jitter: anywhere between nothing and the exponential bound, so that workers do not return in
// step.
int64_t Worker::back_off_us(uint32_t attempts, uint32_t retry_after_ms) {
  const auto base = setup_.config.retry_base.count();
  const auto cap = setup_.config.retry_cap.count();
  const auto bound = std::min<int64_t>(cap, base << std::min<uint32_t>(attempts - 1, 20));
  const auto wait = std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(bound, 1))(random_);
  return std::max<int64_t>(wait, retry_after_ms) * 1000;
}

}  // namespace sluice::host
