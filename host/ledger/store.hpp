// SPDX-License-Identifier: Apache-2.0
//
// The tables of ledger.mdb and the rules that keep them consistent. Internal to host/ledger;
// docs/ledger-format.md says what is stored. Everything here belongs to one transaction and one
// thread, and throws Failure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/ledger/ledger.hpp"
#include "host/ledger/lmdb_env.hpp"
#include "host/ledger/record.hpp"

namespace sluice::host {

enum Table : size_t {
  kMetaTable,       // name -> number
  kStreamsTable,    // pipeline \0 stream -> stream number
  kCountersTable,   // stream number -> Counters
  kKeysTable,       // stream number, key -> slice number
  kSlicesTable,     // slice number -> Record
  kStatesTable,     // stream number, state, chunk -> bitmap of slice numbers
  kIntervalsTable,  // stream number, partition -> IntervalSet: what landed
  kSeriesTable,  // stream number, partition, \0, slice number -> interval of a slice that has not
                 // landed
  kHeadsTable,   // pipeline -> head
  kRunsTable,    // pipeline \0 start, id -> Run
  kQuarantineTable,  // pipeline \0 number -> QuarantinedRow
  kBlobsTable,       // scope \0 name -> value
};
std::vector<Env::Table> ledger_tables();

inline constexpr size_t kMostKeyBytes =
    400;  // LMDB takes 511, and what stands before the key is ours

// Slice numbers of one (stream, state), 2048 to a chunk: a state costs a slice one bit.
inline constexpr unsigned kChunkBits = 11;
struct Chunk {
  static constexpr size_t kWords = (1U << kChunkBits) / 64;
  std::array<uint64_t, kWords> words{};
  [[nodiscard]] bool empty() const { return words == std::array<uint64_t, kWords>{}; }
  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(words.data()), sizeof words};
  }
};

struct Counters {
  std::array<uint64_t, kSliceStates> slices{};
  uint64_t rows = 0, bytes = 0;
  int64_t generation_floor =
      0;  // new slices begin with it: above that of any slice that was removed
};

[[noreturn]] void throw_corrupt(const Txn& txn, const std::string& what);

// Reading. Cheap to make.
class View {
 public:
  explicit View(Txn& txn) : txn_(txn) {}
  [[nodiscard]] Txn& txn() const { return txn_; }
  [[nodiscard]] uint64_t number(std::string_view name) const;  // of kMetaTable; 0 if missing
  [[nodiscard]] std::optional<StreamNo> stream(std::string_view pipeline,
                                               std::string_view name) const;
  // (pipeline, stream, number) of every stream.
  struct StreamName {
    std::string pipeline, stream;
    StreamNo no = 0;
  };
  [[nodiscard]] std::vector<StreamName> streams() const;
  [[nodiscard]] Counters counters(StreamNo stream) const;
  [[nodiscard]] std::optional<SliceNo> find(StreamNo stream, std::string_view key) const;
  // Bytes of a record: valid until the next change.
  [[nodiscard]] std::optional<std::string_view> bytes(SliceNo no) const;
  [[nodiscard]] std::optional<Record> record(SliceNo no) const;
  [[nodiscard]] Record decode(SliceNo no, std::string_view bytes) const;
  [[nodiscard]] Chunk chunk(StreamNo stream, SliceState state, uint64_t chunk) const;
  [[nodiscard]] IntervalSet coverage(StreamNo stream, std::string_view partition) const;
  [[nodiscard]] IntervalSet holes_of(SliceNo no, const Record& record) const;

 protected:
  Txn& txn_;
};

std::string key_of(StreamNo stream, std::string_view text);
std::string chunk_key(StreamNo stream, SliceState state, uint64_t chunk);
std::string series_key(StreamNo stream, std::string_view partition, SliceNo no);

// The slices of one (stream, state), ascending. A change of the state table ends its validity.
class StateWalk {
 public:
  StateWalk(const Txn& txn, StreamNo stream, SliceState state, SliceNo from);
  std::optional<SliceNo> next();

 private:
  bool load();
  Cursor cursor_;
  std::string prefix_;
  SliceNo from_;
  bool started_ = false, ended_ = false;
  uint64_t base_ = 0;
  Chunk chunk_;
  size_t word_ = Chunk::kWords;
};

// Writing: changes of records keep counters, states and the series index in step. Counters and
// states are held back and written by finish(), which must be the last call.
class Book : public View {
 public:
  explicit Book(Txn& txn) : View(txn) {}
  StreamNo add_stream(std::string_view pipeline, std::string_view name);
  void set_number(std::string_view name, uint64_t value);
  SliceNo add(const Record& record);
  // `before` as decoded from the stored bytes, whose size is `before_size`; views of both may point
  // into them.
  void replace(SliceNo no, const Record& before, size_t before_size, const Record& after);
  void erase(SliceNo no, const Record& record);
  Counters& counters_of(StreamNo stream);
  // Series: the slice's interval becomes coverage, but for its holes, and the slice is forgotten.
  // The holes become failed slices with `why`.
  void merge_series(SliceNo no, const Record& record, std::string_view why);
  void set_coverage(StreamNo stream, std::string_view partition, const IntervalSet& set);
  void finish();

 private:
  void add_hole(StreamNo stream, const std::string& partition, Interval hole, int64_t now_us,
                std::string_view why);
  void count(const Record& record, int sign);
  void mark(StreamNo stream, SliceState state, SliceNo no, bool present);

  std::optional<uint64_t> next_slice_;
  std::map<StreamNo, Counters> counters_;
  std::map<std::pair<uint64_t, uint64_t>, Chunk> chunks_;  // (stream and state, chunk)
  std::pair<uint64_t, uint64_t> last_key_{UINT64_MAX, UINT64_MAX};
  Chunk* last_chunk_ = nullptr;
  std::string scratch_;
};

}  // namespace sluice::host
