// SPDX-License-Identifier: Apache-2.0
//
// LMDB behind RAII: an environment that grows, its transactions, and errors as Error. Internal to
// host/ledger.
//
// Inside a transaction, functions throw Failure; read() and write() are the walls where it becomes
// a Result again. An LMDB value is valid until its transaction ends or, in a write transaction,
// until the next change.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/base/result.hpp"

namespace sluice::host {

// Leaves a transaction: an LMDB code, or a finished error. Caught by Env::read and Env::write.
struct Failure : std::exception {
  explicit Failure(int lmdb_code) : rc(lmdb_code) {}
  explicit Failure(Error finished) : error(std::move(finished)) {}
  [[nodiscard]] const char* what() const noexcept override { return error.message.c_str(); }
  int rc = 0;
  Error error;
};

// For keys of MDB_INTEGERKEY tables.
class IntegerKey {
 public:
  explicit IntegerKey(uint64_t value) { std::memcpy(bytes_.data(), &value, sizeof value); }
  operator std::string_view() const {  // NOLINT(google-explicit-constructor)
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, 8> bytes_{};
};
uint64_t integer_of(std::string_view eight_bytes);
void put_big_endian(std::string& out, uint64_t value, unsigned bytes);
uint64_t big_endian(std::string_view bytes);

class Env;

// A transaction. One thread.
class Txn {
 public:
  Txn(Env& env, MDB_txn* txn) : env_(env), txn_(txn) {}
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;
  ~Txn() = default;

  [[nodiscard]] std::optional<std::string_view> get(size_t table, std::string_view key) const;
  // `flags`: MDB_APPEND, MDB_NOOVERWRITE. False if MDB_NOOVERWRITE found one.
  bool put(size_t table, std::string_view key, std::string_view value, unsigned flags = 0);
  bool remove(size_t table, std::string_view key);  // false: was not there
  void clear(size_t table);
  [[nodiscard]] uint64_t entries(size_t table) const;
  [[nodiscard]] MDB_txn* raw() const { return txn_; }
  [[nodiscard]] MDB_dbi table(size_t index) const;
  [[nodiscard]] Env& env() const { return env_; }

 private:
  Env& env_;
  MDB_txn* txn_;
};

// A place in a table. Must not outlive its transaction.
class Cursor {
 public:
  Cursor(const Txn& txn, size_t table);
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() { mdb_cursor_close(cursor_); }

  bool seek(std::string_view key) { return move(MDB_SET_RANGE, key); }  // first at or after
  bool first() { return move(MDB_FIRST, {}); }
  bool next() { return move(MDB_NEXT, {}); }
  bool last() { return move(MDB_LAST, {}); }
  bool previous() { return move(MDB_PREV, {}); }
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  void remove();  // the entry; next() then goes to the one after it

 private:
  bool move(MDB_cursor_op op, std::string_view key);
  MDB_cursor* cursor_ = nullptr;
  std::string_view key_, value_;
};

// How far a commit is pushed when it returns. Whatever is chosen, what is on the disk is whole,
// except for kNone.
enum class Durability : unsigned {
  kFull,     // on the disk
  kOrdered,  // pages are written before what points to them; after a power cut the last commits may
             // be missing
  kNone,     // left to the operating system: after a power cut the file may be unusable
};

// An environment. Thread-safe. One per file and process: opening a file twice in one process breaks
// LMDB's locks.
class Env {
 public:
  struct Table {
    const char* name;
    unsigned flags;
  };
  struct Options {
    bool read_only = false;
    bool sync = true;
    uint64_t map_bytes = 64ULL << 20;
    std::vector<Table> tables;
  };
  // A missing table of a file opened read-only reads as kCorrupt.
  static Result<std::unique_ptr<Env>> open(const std::filesystem::path& file,
                                           const Options& options);
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;
  ~Env();

  // Runs `body(Txn&)` on a snapshot and returns what it returns.
  template <class Body>
  auto read(Body&& body) -> Result<std::invoke_result_t<Body, Txn&>>;
  // Runs `body(Txn&)` as the only writer of the file, and commits. The body is run again after the
  // map has grown: it must start from nothing each time. `before_commit` names a step for fault
  // tests.
  template <class Body>
  Result<void> write(Durability durability, Body&& body);

  Result<void> sync();
  [[nodiscard]] MDB_dbi table(size_t index) const { return tables_[index]; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  [[nodiscard]] Error error(int rc, const char* doing) const;

 private:
  explicit Env(std::filesystem::path file) : file_(std::move(file)) {}
  Result<void> open_file(const Options& options);
  Result<void> open_tables(const Options& options);
  // Transactions of this process hold it shared, a change of the map's size holds it alone.
  std::shared_lock<std::shared_mutex> hold_map();
  int begin_read(MDB_txn** txn);
  void end_read(MDB_txn* txn);
  int begin_write(MDB_txn** txn, Durability durability);
  int commit(MDB_txn* txn, Durability durability);
  int grow(size_t seen_bytes);  // 0 or an error
  int adopt_size();
  [[nodiscard]] size_t map_bytes() const;
  [[nodiscard]] bool out_of_space() const;

  std::filesystem::path file_;
  MDB_env* env_ = nullptr;
  std::vector<MDB_dbi> tables_;
  bool read_only_ = false;
  bool sync_ = true;
  std::mutex gate_;  // so that a stream of readers cannot keep a change of the map's size waiting
  std::shared_mutex map_;
  std::mutex pool_mutex_;
  std::vector<MDB_txn*> pool_;  // reset read transactions
};

// --- implementation of the templates ---

template <class Body>
auto Env::read(Body&& body) -> Result<std::invoke_result_t<Body, Txn&>> {
  using Value = std::invoke_result_t<Body, Txn&>;
  for (int attempt = 0;; ++attempt) {
    auto held = hold_map();
    MDB_txn* raw = nullptr;
    if (const int rc = begin_read(&raw); rc != 0) {
      held.unlock();
      if (rc == MDB_MAP_RESIZED && attempt < 8 && adopt_size() == 0) {
        continue;
      }
      return error(rc, "reading");
    }
    const auto end = [this](MDB_txn* txn) { end_read(txn); };
    const std::unique_ptr<MDB_txn, decltype(end)> guard(raw, end);
    Txn txn(*this, raw);
    try {
      if constexpr (std::is_void_v<Value>) {
        body(txn);
        return Result<void>();
      } else {
        return body(txn);
      }
    } catch (Failure& failure) {
      return failure.rc != 0 ? error(failure.rc, "reading") : std::move(failure.error);
    }
  }
}

template <class Body>
Result<void> Env::write(Durability durability, Body&& body) {
  for (int attempt = 0;; ++attempt) {
    auto held = hold_map();
    const size_t size = map_bytes();
    MDB_txn* raw = nullptr;
    int rc = begin_write(&raw, durability);
    if (rc == 0) {
      std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> guard(raw, &mdb_txn_abort);
      Txn txn(*this, raw);
      try {
        body(txn);
        rc = commit(guard.release(), durability);
        if (rc == 0) {
          return {};
        }
      } catch (Failure& failure) {
        if (failure.rc == 0) {
          return std::move(failure.error);
        }
        rc = failure.rc;
      }
    }
    held.unlock();
    if (attempt < 64 && rc == MDB_MAP_FULL) {
      if (const int grown = grow(size); grown != 0) {
        return error(grown, "growing");
      }
    } else if (attempt >= 64 || rc != MDB_MAP_RESIZED || adopt_size() != 0) {
      return error(rc, "writing");
    }
  }
}

}  // namespace sluice::host
