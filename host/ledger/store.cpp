// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/store.hpp"

#include <algorithm>

#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

constexpr std::string_view kNextSlice = "next_slice";
constexpr std::string_view kNextStream = "next_stream";

std::string name_key(std::string_view pipeline, std::string_view name) {
  std::string key(pipeline);
  key.push_back('\0');
  key.append(name);
  return key;
}

}  // namespace

std::vector<Env::Table> ledger_tables() {
  return {{"meta", 0},
          {"streams", 0},
          {"counters", MDB_INTEGERKEY},
          {"keys", 0},
          {"slices", MDB_INTEGERKEY},
          {"states", 0},
          {"intervals", 0},
          {"series", 0},
          {"heads", 0},
          {"runs", 0},
          {"quarantine", 0},
          {"blobs", 0}};
}

void throw_corrupt(const Txn& txn, const std::string& what) {
  Error error = txn.env().error(MDB_CORRUPTED, "reading");
  error.message += ": " + what;
  throw Failure(std::move(error));
}

std::string key_of(StreamNo stream, std::string_view text) {
  std::string key;
  key.reserve(4 + text.size());
  put_big_endian(key, stream, 4);
  key.append(text);
  return key;
}

std::string chunk_key(StreamNo stream, SliceState state, uint64_t chunk) {
  std::string key;
  put_big_endian(key, stream, 4);
  key.push_back(static_cast<char>(state));
  put_big_endian(key, chunk, 8);
  return key;
}

std::string series_key(StreamNo stream, std::string_view partition, SliceNo no) {
  std::string key = key_of(stream, partition);
  key.push_back('\0');
  put_big_endian(key, no, 8);
  return key;
}

// --- View ---

uint64_t View::number(std::string_view name) const {
  const auto value = txn_.get(kMetaTable, name);
  return value ? integer_of(*value) : 0;
}

std::optional<StreamNo> View::stream(std::string_view pipeline, std::string_view name) const {
  const auto value = txn_.get(kStreamsTable, name_key(pipeline, name));
  return value ? std::optional(static_cast<StreamNo>(integer_of(*value))) : std::nullopt;
}

std::vector<View::StreamName> View::streams() const {
  std::vector<StreamName> out;
  Cursor at(txn_, kStreamsTable);
  for (bool found = at.first(); found; found = at.next()) {
    const auto split = at.key().find('\0');
    if (split == std::string_view::npos) {
      throw_corrupt(txn_, "name of a stream");
    }
    out.push_back({std::string(at.key().substr(0, split)), std::string(at.key().substr(split + 1)),
                   static_cast<StreamNo>(integer_of(at.value()))});
  }
  return out;
}

Counters View::counters(StreamNo stream) const {
  Counters out;
  const auto value = txn_.get(kCountersTable, IntegerKey(stream));
  if (!value) {
    return out;
  }
  ByteReader in(*value);
  for (uint64_t& count : out.slices) {
    count = in.varint();
  }
  out.rows = in.varint();
  out.bytes = in.varint();
  out.generation_floor = in.signed_varint();
  if (!in.ok()) {
    throw_corrupt(txn_, "counters");
  }
  return out;
}

std::optional<SliceNo> View::find(StreamNo stream, std::string_view key) const {
  const auto value = txn_.get(kKeysTable, key_of(stream, key));
  return value ? std::optional(integer_of(*value)) : std::nullopt;
}

std::optional<std::string_view> View::bytes(SliceNo no) const {
  return txn_.get(kSlicesTable, IntegerKey(no));
}

Record View::decode(SliceNo no, std::string_view bytes) const {
  const auto record = decode_record(bytes);
  if (!record) {
    throw_corrupt(txn_, "record of slice " + std::to_string(no));
  }
  return *record;
}

std::optional<Record> View::record(SliceNo no) const {
  const auto stored = bytes(no);
  return stored ? std::optional(decode(no, *stored)) : std::nullopt;
}

Chunk View::chunk(StreamNo stream, SliceState state, uint64_t chunk) const {
  Chunk out;
  if (const auto value = txn_.get(kStatesTable, chunk_key(stream, state, chunk))) {
    if (value->size() != sizeof out.words) {
      throw_corrupt(txn_, "state index");
    }
    std::memcpy(out.words.data(), value->data(), sizeof out.words);
  }
  return out;
}

IntervalSet View::holes_of(SliceNo no, const Record& record) const {
  if (record.holes.empty()) {
    return {};
  }
  auto holes = IntervalSet::decode(record.holes);
  if (!holes) {
    throw_corrupt(txn_, "the holes of slice " + std::to_string(no));
  }
  return *std::move(holes);
}

IntervalSet View::coverage(StreamNo stream, std::string_view partition) const {
  const auto value = txn_.get(kIntervalsTable, key_of(stream, partition));
  if (!value) {
    return {};
  }
  auto set = IntervalSet::decode(*value);
  if (!set) {
    throw_corrupt(txn_, "intervals of a partition");
  }
  return *std::move(set);
}

// --- StateWalk ---

StateWalk::StateWalk(const Txn& txn, StreamNo stream, SliceState state, SliceNo from)
    : cursor_(txn, kStatesTable), prefix_(chunk_key(stream, state, 0).substr(0, 5)), from_(from) {}

// Goes to the next stored chunk; false at the end.
bool StateWalk::load() {
  if (!started_) {
    std::string key = prefix_;
    put_big_endian(key, from_ >> kChunkBits, 8);
    ended_ = !cursor_.seek(key);
    started_ = true;
  } else {
    ended_ = !cursor_.next();
  }
  if (ended_ || cursor_.key().size() != 13 || cursor_.key().substr(0, 5) != prefix_) {
    ended_ = true;
    return false;
  }
  if (cursor_.value().size() != sizeof chunk_.words) {
    throw Failure(MDB_CORRUPTED);
  }
  std::memcpy(chunk_.words.data(), cursor_.value().data(), sizeof chunk_.words);
  const uint64_t index = big_endian(cursor_.key().substr(5));
  base_ = index << kChunkBits;
  word_ = 0;
  if (index == from_ >> kChunkBits) {
    const uint64_t skip = from_ & ((1U << kChunkBits) - 1);
    std::fill_n(chunk_.words.begin(), skip / 64, 0);
    chunk_.words.at(skip / 64) &= ~uint64_t{0} << (skip % 64);
  }
  return true;
}

std::optional<SliceNo> StateWalk::next() {
  while (!ended_) {
    for (; word_ < Chunk::kWords; ++word_) {
      uint64_t& word = chunk_.words.at(word_);
      if (word != 0) {
        const auto bit = static_cast<unsigned>(std::countr_zero(word));
        word &= word - 1;
        return base_ + word_ * 64 + bit;
      }
    }
    if (!load()) {
      break;
    }
  }
  return std::nullopt;
}

// --- Book ---

void Book::set_number(std::string_view name, uint64_t value) {
  txn_.put(kMetaTable, name, IntegerKey(value));
}

StreamNo Book::add_stream(std::string_view pipeline, std::string_view name) {
  const uint64_t no = number(kNextStream) + 1;
  set_number(kNextStream, no);
  txn_.put(kStreamsTable, name_key(pipeline, name), IntegerKey(no));
  return static_cast<StreamNo>(no);
}

Counters& Book::counters_of(StreamNo stream) {
  const auto at = counters_.find(stream);
  return at != counters_.end() ? at->second
                               : counters_.emplace(stream, counters(stream)).first->second;
}

void Book::count(const Record& record, int sign) {
  Counters& counters = counters_of(record.stream);
  const auto by = static_cast<uint64_t>(static_cast<int64_t>(sign));
  counters.slices.at(static_cast<size_t>(record.state)) += by;
  if (record.done()) {
    counters.rows += by * record.rows;
    counters.bytes += by * record.bytes;
  }
}

void Book::mark(StreamNo stream, SliceState state, SliceNo no, bool present) {
  const std::pair<uint64_t, uint64_t> key{uint64_t{stream} << 8 | static_cast<uint64_t>(state),
                                          no >> kChunkBits};
  if (key != last_key_) {
    auto at = chunks_.find(key);
    if (at == chunks_.end()) {
      at = chunks_.emplace(key, chunk(stream, state, key.second)).first;
    }
    last_key_ = key;
    last_chunk_ = &at->second;
  }
  const uint64_t index = no & ((1U << kChunkBits) - 1);
  uint64_t& word = last_chunk_->words.at(index / 64);
  const uint64_t bit = uint64_t{1} << (index % 64);
  word = present ? word | bit : word & ~bit;
}

SliceNo Book::add(const Record& record) {
  if (!next_slice_) {
    next_slice_ = number(kNextSlice) + 1;
  }
  const SliceNo no = (*next_slice_)++;
  encode_record(record, 0, scratch_);
  scratch_.append(kLandingRoom, '\0');
  txn_.put(kSlicesTable, IntegerKey(no), scratch_, MDB_APPEND);
  const std::string key = key_of(record.stream, record.key);
  // A listing in order fills pages to the brim if LMDB is told that it appends.
  Cursor end(txn_, kKeysTable);
  const bool append = !end.last() || end.key() < key;
  txn_.put(kKeysTable, key, IntegerKey(no), append ? MDB_APPEND : 0);
  if (record.series && !record.done()) {
    std::string interval;
    put_signed(interval, record.from_us);
    put_signed(interval, record.to_us);
    txn_.put(kSeriesTable, series_key(record.stream, record.partition, no), interval);
  }
  count(record, 1);
  mark(record.stream, record.state, no, true);
  return no;
}

void Book::replace(SliceNo no, const Record& before, size_t before_size, const Record& after) {
  encode_record(after, before_size, scratch_);
  count(before, -1);
  count(after, 1);
  if (before.state != after.state) {
    mark(before.stream, before.state, no, false);
    mark(before.stream, after.state, no, true);
  }
  if (after.series && (before.from_us != after.from_us || before.to_us != after.to_us ||
                       before.partition != after.partition || !before.series)) {
    const std::string old_key = series_key(before.stream, before.partition, no);
    const std::string new_key = series_key(after.stream, after.partition, no);
    std::string interval;
    put_signed(interval, after.from_us);
    put_signed(interval, after.to_us);
    txn_.remove(kSeriesTable, old_key);
    txn_.put(kSeriesTable, new_key, interval);
  }
  txn_.put(kSlicesTable, IntegerKey(no), scratch_);
}

void Book::erase(SliceNo no, const Record& record) {
  count(record, -1);
  mark(record.stream, record.state, no, false);
  Counters& counters = counters_of(record.stream);
  counters.generation_floor = std::max(counters.generation_floor, record.generation);
  const std::string key = key_of(record.stream, record.key);
  if (record.series) {
    txn_.remove(kSeriesTable, series_key(record.stream, record.partition, no));
  }
  txn_.remove(kKeysTable, key);
  txn_.remove(kSlicesTable, IntegerKey(no));
}

void Book::merge_series(SliceNo no, const Record& record, std::string_view why) {
  const std::string partition(record.partition);
  const StreamNo stream = record.stream;
  const Interval landed{record.from_us, record.to_us};
  const IntervalSet holes = holes_of(no, record);
  Counters& counters = counters_of(stream);
  counters.rows += record.rows;
  counters.bytes += record.bytes;
  const int64_t landed_us = record.landed_us;
  Record pending = record;  // what is stored did not count as landed
  erase(no, pending);
  IntervalSet set = coverage(stream, partition);
  set.add(landed);
  set.subtract(holes);
  set_coverage(stream, partition, set);
  for (const Interval& hole : holes.intervals()) {
    add_hole(stream, partition, hole, landed_us, why);
  }
}

void Book::add_hole(StreamNo stream, const std::string& partition, Interval hole, int64_t now_us,
                    std::string_view why) {
  const std::string key = interval_key(partition, hole);
  if (find(stream, key)) {
    return;
  }
  Record failed;
  failed.stream = stream;
  failed.state = SliceState::kFailed;
  failed.key = key;
  failed.partition = partition;
  failed.from_us = hole.from;
  failed.to_us = hole.to;
  failed.series = true;
  failed.generation = counters_of(stream).generation_floor;
  failed.listed_us = now_us;
  failed.attempts = 1;
  failed.error_class = "unavailable";
  failed.error = why;
  add(failed);
}

void Book::set_coverage(StreamNo stream, std::string_view partition, const IntervalSet& set) {
  const std::string key = key_of(stream, partition);
  if (set.empty()) {
    txn_.remove(kIntervalsTable, key);
  } else {
    txn_.put(kIntervalsTable, key, set.encode());
  }
}

void Book::finish() {
  if (next_slice_) {
    set_number(kNextSlice, *next_slice_ - 1);
  }
  for (const auto& [key, chunk] : chunks_) {
    const auto stored = chunk_key(static_cast<StreamNo>(key.first >> 8),
                                  static_cast<SliceState>(key.first & 0xFF), key.second);
    if (chunk.empty()) {
      txn_.remove(kStatesTable, stored);
    } else {
      txn_.put(kStatesTable, stored, chunk.bytes());
    }
  }
  for (const auto& [stream, counters] : counters_) {
    scratch_.clear();
    for (const uint64_t count : counters.slices) {
      put_varint(scratch_, count);
    }
    put_varint(scratch_, counters.rows);
    put_varint(scratch_, counters.bytes);
    put_signed(scratch_, counters.generation_floor);
    txn_.put(kCountersTable, IntegerKey(stream), scratch_);
  }
}

}  // namespace sluice::host
