// SPDX-License-Identifier: Apache-2.0
//
// Who works on which slice: claims.mdb. Internal to host/ledger.
//
// A claim belongs to an owner (a process that opened the ledger), and the lease is the owner's:
// prolonging it is one write, however many slices it holds. A claim of an owner that is dead, or
// whose lease has ended, is free.
//
// Nothing here is synced, and the file is of one boot: after another it is thrown away, as it is
// when damaged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "host/ledger/ledger.hpp"
#include "host/ledger/lmdb_env.hpp"

namespace sluice::host {

// Thread-safe.
class Claims {
 public:
  struct Holder {
    uint64_t owner = 0;
    int64_t lease_us = 0;
  };
  // What this process remembers of a slice it claimed.
  struct Held {
    int64_t claimed_us = 0;
    std::string validator;  // as listed then
  };

  // Requires: the caller holds the lock of the directory. Read-only: a missing or old file reads as
  // no claims.
  static Result<std::unique_ptr<Claims>> open(const std::filesystem::path& directory,
                                              bool read_only);

  // Opened for reading only, and now wanted for writing.
  Result<void> make_writable();

  // Leases up to `max` pending slices of `stream`. The ledger's snapshot is taken while this is the
  // only writer of claims.mdb, and settling changes the ledger before it releases: so what is
  // unclaimed here is as the snapshot says.
  Result<std::vector<Slice>> claim(Env& ledger, StreamNo stream, size_t max, int64_t now_us,
                                   int64_t lease_us);
  // Gives back those of `slices` that this process holds.
  Result<void> release(StreamNo stream, std::span<const SliceNo> slices);
  Result<void> renew(int64_t now_us, int64_t lease_us);
  // Those that this process does not hold. A lease of ours that ended and was not taken is
  // prolonged.
  Result<std::vector<SliceNo>> lost(std::span<const SliceNo> slices, int64_t now_us,
                                    int64_t lease_us);

  // Claimed slices of a stream, those of dead owners left out.
  Result<uint64_t> count(StreamNo stream, int64_t now_us);
  // Fills in the claim of each slice that has one in force.
  Result<void> describe(std::span<Slice> slices, int64_t now_us);
  // Those of `slices` that somebody else holds.
  Result<std::vector<SliceNo>> held_by_others(std::span<const SliceNo> slices, int64_t now_us);
  // What this process saw when it claimed each of these, in their order.
  [[nodiscard]] std::vector<std::optional<Held>> held(std::span<const Outcome> outcomes) const;

 private:
  class Owners;
  struct Walk;
  Claims() = default;
  Result<void> open_for_writing();
  Result<void> reopen_if_replaced();
  std::shared_ptr<Env> env() const;
  // The owner number of this process, entered into the file if it is not yet.
  Result<uint64_t> owner(int64_t now_us, int64_t lease_us);
  [[nodiscard]] uint64_t me() const;

  std::filesystem::path directory_, file_;
  bool read_only_ = false;
  std::mutex registering_;    // held over a transaction, so that a process is entered once
  mutable std::mutex mutex_;  // of the members below; never taken inside a transaction
  std::shared_ptr<Env> env_;  // none: read-only and nothing to read
  uint64_t inode_ = 0;
  uint64_t me_ = 0;  // owner number in this file; 0 = not registered yet
  std::unordered_map<SliceNo, Held> held_;
};

}  // namespace sluice::host
