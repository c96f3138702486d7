// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/claims.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include "host/ledger/claim_owner.hpp"
#include "host/ledger/file_check.hpp"
#include "host/ledger/steps.hpp"
#include "host/ledger/store.hpp"
#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

enum ClaimsTable : size_t {
  kOwners,   // owner number -> ClaimOwner
  kClaims,   // slice number -> owner number, stream number
  kTally,    // stream number, owner number (big-endian) -> claims
  kCursors,  // stream number -> slice number to look at next
};

struct Claim {
  uint64_t owner = 0;
  StreamNo stream = 0;

  [[nodiscard]] std::string encode() const {
    std::string out;
    put_varint(out, owner);
    put_varint(out, stream);
    return out;
  }
  static Claim decode(std::string_view bytes) {
    ByteReader in(bytes);
    Claim claim;
    claim.owner = in.varint();
    claim.stream = in.varint32();
    if (!in.ok()) {
      throw Failure(MDB_CORRUPTED);
    }
    return claim;
  }
};

std::string tally_key(StreamNo stream, uint64_t owner) {
  std::string key;
  put_big_endian(key, stream, 4);
  put_big_endian(key, owner, 8);
  return key;
}

void add_to_tally(Txn& txn, StreamNo stream, uint64_t owner, int64_t by) {
  if (by == 0) {
    return;
  }
  const std::string key = tally_key(stream, owner);
  const auto stored = txn.get(kTally, key);
  const uint64_t now = (stored ? integer_of(*stored) : 0) + static_cast<uint64_t>(by);
  if (now == 0) {
    txn.remove(kTally, key);
  } else {
    txn.put(kTally, key, IntegerKey(now));
  }
}

std::vector<Env::Table> claims_tables() {
  return {{"owners", MDB_INTEGERKEY},
          {"claims", MDB_INTEGERKEY},
          {"tally", 0},
          {"cursors", MDB_INTEGERKEY}};
}

Env::Options env_options(bool read_only) {
  Env::Options options;
  options.read_only = read_only;
  options.sync = false;
  options.map_bytes = 16ULL << 20;
  options.tables = claims_tables();
  return options;
}

}  // namespace

namespace {

void put_lease(Txn& txn, uint64_t owner, int64_t lease_us) {
  // Asked once: /proc is slow, and none of it changes.
  static const ClaimOwner kSelf = ClaimOwner::self();
  ClaimOwner mine = kSelf;
  mine.lease_us = lease_us;
  txn.put(kOwners, IntegerKey(owner), mine.encode());
}

// Removes dead owners and what they claimed. Returns the highest owner number in use.
uint64_t clear_dead(Txn& txn) {
  std::set<uint64_t> dead;
  uint64_t last = 0;
  {
    Cursor at(txn, kOwners);
    for (bool found = at.first(); found; found = at.next()) {
      last = std::max(last, integer_of(at.key()));
      if (ClaimOwner::decode(at.value()).dead()) {
        dead.insert(integer_of(at.key()));
      }
    }
  }
  if (dead.empty()) {
    return last;
  }
  {
    Cursor at(txn, kClaims);
    for (bool found = at.first(); found; found = at.next()) {
      if (dead.count(Claim::decode(at.value()).owner) != 0) {
        at.remove();
      }
    }
  }
  {
    Cursor at(txn, kTally);
    for (bool found = at.first(); found; found = at.next()) {
      if (at.key().size() == 12 && dead.count(big_endian(at.key().substr(4))) != 0) {
        at.remove();
      }
    }
  }
  for (const uint64_t owner : dead) {
    txn.remove(kOwners, IntegerKey(owner));
  }
  txn.clear(kCursors);  // what was given back may lie behind them
  return last;
}

}  // namespace

// Owners as one transaction sees them; whether one is alive is asked once.
class Claims::Owners {
 public:
  Owners(const Txn& txn, uint64_t me, int64_t now_us) : txn_(txn), me_(me), now_us_(now_us) {}

  // The lease if the owner's claims are in force.
  std::optional<int64_t> lease(uint64_t owner) {
    const auto known = leases_.find(owner);
    if (known != leases_.end()) {
      return known->second;
    }
    std::optional<int64_t> lease;
    if (const auto stored = txn_.get(kOwners, IntegerKey(owner))) {
      const ClaimOwner who = ClaimOwner::decode(*stored);
      if (owner == me_ || (who.lease_us > now_us_ && !who.dead())) {
        lease = who.lease_us;
      }
    }
    leases_.emplace(owner, lease);
    return lease;
  }

 private:
  const Txn& txn_;
  uint64_t me_;
  int64_t now_us_;
  std::map<uint64_t, std::optional<int64_t>> leases_;
};

Result<std::unique_ptr<Claims>> Claims::open(const std::filesystem::path& directory,
                                             bool read_only) {
  std::unique_ptr<Claims> claims(new Claims());
  claims->directory_ = directory;
  claims->file_ = directory / "claims.mdb";
  claims->read_only_ = read_only;
  const auto boot_file = directory / "claims.boot";
  const bool ours = is_of_this_boot(boot_file);
  if (read_only) {
    if (ours && check_file(claims->file_) == FileState::kSound) {
      if (auto env = Env::open(claims->file_, env_options(true))) {
        claims->env_ = std::move(env).value();
      }
    }
    return claims;
  }
  SLUICE_TRY(claims->open_for_writing());
  return claims;
}

Result<void> Claims::make_writable() {
  const std::lock_guard lock(mutex_);
  if (!read_only_) {
    return {};
  }
  if (env_ && !env_->read_only()) {  // one file, one environment per process
    read_only_ = false;
    struct stat status {};
    inode_ = stat(file_.c_str(), &status) == 0 ? status.st_ino : 0;
    return {};
  }
  return open_for_writing();
}

Result<void> Claims::open_for_writing() {
  const auto boot_file = directory_ / "claims.boot";
  const bool ours = is_of_this_boot(boot_file);
  const auto discard = [&] {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    std::filesystem::remove(directory_ / "claims.mdb-lock", ignored);
  };
  if (!ours || check_file(file_) == FileState::kDamaged) {
    discard();
    std::ofstream out(boot_file, std::ios::binary | std::ios::trunc);
    out << boot_id();
    if (!out.flush()) {
      return Error{Code::kIo,
                   "cannot write " + boot_file.string() + "; check permissions and the disk"};
    }
    std::error_code ignored;
    std::filesystem::permissions(boot_file, std::filesystem::perms(0600), ignored);
  }
  auto env = Env::open(file_, env_options(false));
  if (!env && env.error().code == Code::kCorrupt) {
    discard();
    env = Env::open(file_, env_options(false));
  }
  if (!env) {
    return std::move(env).error();
  }
  env_ = std::move(env).value();
  struct stat status {};
  inode_ = stat(file_.c_str(), &status) == 0 ? status.st_ino : 0;
  read_only_ = false;
  return {};
}

std::shared_ptr<Env> Claims::env() const {
  const std::lock_guard lock(mutex_);
  return env_;
}

std::vector<std::optional<Claims::Held>> Claims::held(std::span<const Outcome> outcomes) const {
  std::vector<std::optional<Held>> out;
  out.reserve(outcomes.size());
  const std::lock_guard lock(mutex_);
  for (const Outcome& outcome : outcomes) {
    const auto at = held_.find(outcome.no);
    out.push_back(at == held_.end() ? std::nullopt : std::optional(at->second));
  }
  return out;
}

// Somebody removed the file, or found it damaged and made a new one: go on in that, without the
// claims of the old.
Result<void> Claims::reopen_if_replaced() {
  struct stat status {};
  const std::lock_guard lock(mutex_);
  if (read_only_ || (stat(file_.c_str(), &status) == 0 && status.st_ino == inode_)) {
    return {};
  }
  auto env = Env::open(file_, env_options(false));
  if (!env) {
    return std::move(env).error();
  }
  env_ = std::move(env).value();
  inode_ = stat(file_.c_str(), &status) == 0 ? status.st_ino : 0;
  me_ = 0;
  held_.clear();
  return {};
}

uint64_t Claims::me() const {
  const std::lock_guard lock(mutex_);
  return me_;
}

Result<uint64_t> Claims::owner(int64_t now_us, int64_t lease_us) {
  const std::lock_guard once(registering_);
  if (const uint64_t known = me(); known != 0) {
    return known;
  }
  uint64_t number = 0;
  SLUICE_TRY(env()->write(Durability::kNone, [&](Txn& txn) {
    number = std::max(clear_dead(txn) + 1, static_cast<uint64_t>(now_us > 0 ? now_us : 0));
    put_lease(txn, number, now_us + lease_us);
  }));
  const std::lock_guard lock(mutex_);
  me_ = number;
  return number;
}

// Collects free pending slices of a stream from one snapshot of the ledger.
struct Claims::Walk {
  Txn& txn;
  StreamNo stream;
  size_t max;
  uint64_t me;
  int64_t now_us;
  Owners owners;
  std::vector<Slice> out;
  std::map<uint64_t, int64_t> taken_from;  // owner -> claims

  // Takes what is free in [from, to).
  void take(const View& ledger, SliceNo from, SliceNo to) {
    StateWalk pending(ledger.txn(), stream, SliceState::kPending, from);
    while (out.size() < max) {
      const auto no = pending.next();
      if (!no || *no >= to) {
        return;
      }
      if (const auto stored = txn.get(kClaims, IntegerKey(*no))) {
        const uint64_t owner = Claim::decode(*stored).owner;
        if (owners.lease(owner)) {
          continue;
        }
        ++taken_from[owner];
      }
      const auto record = ledger.record(*no);
      if (!record) {
        throw_corrupt(ledger.txn(), "slice " + std::to_string(*no) + " is missing");
      }
      out.push_back(to_slice(*no, *record));
    }
  }
};

Result<std::vector<Slice>> Claims::claim(Env& ledger, StreamNo stream, size_t max, int64_t now_us,
                                         int64_t lease_us) {
  SLUICE_TRY(reopen_if_replaced());
  std::vector<Slice> slices;
  const auto registered = owner(now_us, lease_us);
  if (!registered) {
    return registered.error();
  }
  const uint64_t me = *registered;
  const auto body = [&](Txn& txn) {
    put_lease(txn, me, now_us + lease_us);
    Walk walk{txn, stream, max, me, now_us, Owners(txn, me, now_us), {}, {}};
    const auto cursor = txn.get(kCursors, IntegerKey(stream));
    const SliceNo from = cursor ? integer_of(*cursor) : 0;
    auto read = ledger.read([&](Txn& snapshot) {
      const View view(snapshot);
      walk.take(view, from, UINT64_MAX);
      if (walk.out.size() < max && from > 0) {
        walk.take(view, 0, from);
      }
    });
    if (!read) {
      throw Failure(std::move(read).error());
    }
    slices = std::move(walk.out);
    if (slices.empty()) {
      return;
    }
    const std::string mine = Claim{me, stream}.encode();
    for (Slice& slice : slices) {
      txn.put(kClaims, IntegerKey(slice.no), mine);
      slice.claimed = true;
      slice.owner = me;
      slice.lease_us = now_us + lease_us;
    }
    for (const auto& [owner, claims] : walk.taken_from) {
      add_to_tally(txn, stream, owner, -claims);
    }
    add_to_tally(txn, stream, me, static_cast<int64_t>(slices.size()));
    txn.put(kCursors, IntegerKey(stream), IntegerKey(slices.back().no + 1));
  };
  step("claim.begin");
  SLUICE_TRY(env()->write(Durability::kNone, body));
  step("claim.end");
  const std::lock_guard lock(mutex_);
  for (const Slice& slice : slices) {
    held_[slice.no] = {now_us, slice.validator};
  }
  return slices;
}

Result<void> Claims::release(StreamNo stream, std::span<const SliceNo> slices) {
  if (slices.empty()) {
    return {};
  }
  SLUICE_TRY(reopen_if_replaced());
  uint64_t me = 0;
  {
    const std::lock_guard lock(mutex_);
    me = me_;
    for (const SliceNo no : slices) {
      held_.erase(no);
    }
  }
  if (me == 0) {
    return {};
  }
  return env()->write(Durability::kNone, [&](Txn& txn) {
    int64_t released = 0;
    for (const SliceNo no : slices) {
      const auto stored = txn.get(kClaims, IntegerKey(no));
      if (stored && Claim::decode(*stored).owner == me) {
        txn.remove(kClaims, IntegerKey(no));
        ++released;
      }
    }
    add_to_tally(txn, stream, me, -released);
  });
}

Result<void> Claims::renew(int64_t now_us, int64_t lease_us) {
  SLUICE_TRY(reopen_if_replaced());
  const uint64_t mine = me();
  if (mine == 0) {
    return {};
  }
  return env()->write(Durability::kNone,
                      [&](Txn& txn) { put_lease(txn, mine, now_us + lease_us); });
}

Result<std::vector<SliceNo>> Claims::lost(std::span<const SliceNo> slices, int64_t now_us,
                                          int64_t lease_us) {
  SLUICE_TRY(reopen_if_replaced());
  const uint64_t me = this->me();
  const auto env = this->env();
  if (me == 0 || !env) {
    return std::vector<SliceNo>(slices.begin(), slices.end());
  }
  std::vector<SliceNo> gone;
  bool ended = false;
  const auto look = [&](Txn& txn) {
    gone.clear();
    const auto owner = txn.get(kOwners, IntegerKey(me));
    ended = owner && ClaimOwner::decode(*owner).lease_us <= now_us;
    for (const SliceNo no : slices) {
      const auto stored = txn.get(kClaims, IntegerKey(no));
      if (!owner || !stored || Claim::decode(*stored).owner != me) {
        gone.push_back(no);
      }
    }
  };
  SLUICE_TRY(env->read(look));
  if (ended) {
    // Looked at again by the only writer, so that nobody takes one in between.
    SLUICE_TRY(env->write(Durability::kNone, [&](Txn& txn) {
      look(txn);
      if (ended) {
        put_lease(txn, me, now_us + lease_us);
      }
    }));
  }
  return gone;
}

Result<uint64_t> Claims::count(StreamNo stream, int64_t now_us) {
  const auto env = this->env();
  if (!env) {
    return uint64_t{0};
  }
  const uint64_t me = this->me();
  return env->read([&](Txn& txn) {
    Owners owners(txn, me, now_us);
    const std::string prefix = tally_key(stream, 0).substr(0, 4);
    uint64_t sum = 0;
    Cursor at(txn, kTally);
    for (bool found = at.seek(prefix); found && at.key().substr(0, 4) == prefix;
         found = at.next()) {
      if (owners.lease(big_endian(at.key().substr(4)))) {
        sum += integer_of(at.value());
      }
    }
    return sum;
  });
}

Result<void> Claims::describe(std::span<Slice> slices, int64_t now_us) {
  const auto env = this->env();
  if (!env || slices.empty()) {
    return {};
  }
  const uint64_t me = this->me();
  return env->read([&](Txn& txn) {
    Owners owners(txn, me, now_us);
    for (Slice& slice : slices) {
      const auto stored = txn.get(kClaims, IntegerKey(slice.no));
      if (!stored) {
        continue;
      }
      const uint64_t owner = Claim::decode(*stored).owner;
      if (const auto lease = owners.lease(owner)) {
        slice.claimed = true;
        slice.owner = owner;
        slice.lease_us = *lease;
      }
    }
  });
}

Result<std::vector<SliceNo>> Claims::held_by_others(std::span<const SliceNo> slices,
                                                    int64_t now_us) {
  const auto env = this->env();
  if (!env || slices.empty()) {
    return std::vector<SliceNo>();
  }
  const uint64_t me = this->me();
  return env->read([&](Txn& txn) {
    std::vector<SliceNo> out;
    Owners owners(txn, me, now_us);
    for (const SliceNo no : slices) {
      const auto stored = txn.get(kClaims, IntegerKey(no));
      if (stored) {
        const uint64_t owner = Claim::decode(*stored).owner;
        if (owner != me && owners.lease(owner)) {
          out.push_back(no);
        }
      }
    }
    return out;
  });
}

}  // namespace sluice::host
