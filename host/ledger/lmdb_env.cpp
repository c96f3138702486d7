// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/lmdb_env.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "host/ledger/steps.hpp"

namespace sluice::host {
namespace {

constexpr unsigned kReaders = 510;  // read transactions at once, of all processes
constexpr mode_t kMode = 0600;

// LMDB maps its lock file and lets it be sparse: on a full disk, touching it would be a SIGBUS.
// With its blocks taken beforehand, it is an error.
int reserve_lock_file(const std::filesystem::path& file) {
  constexpr off_t kBytes = 64 * 1024;  // more than the table of kReaders
  const int fd = ::open((file.string() + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return errno;
  }
  struct stat status {};
  int rc = fstat(fd, &status) == 0 ? 0 : errno;
  if (rc == 0 && status.st_size < kBytes) {
    rc = posix_fallocate(fd, 0, kBytes);
  }
  close(fd);
  return rc;
}

MDB_val to_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view to_view(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

}  // namespace

uint64_t integer_of(std::string_view eight_bytes) {
  if (eight_bytes.size() != sizeof(uint64_t)) {
    throw Failure(MDB_CORRUPTED);
  }
  uint64_t value = 0;
  std::memcpy(&value, eight_bytes.data(), sizeof value);
  return value;
}

void put_big_endian(std::string& out, uint64_t value, unsigned bytes) {
  while (bytes-- > 0) {
    out.push_back(static_cast<char>(value >> (8 * bytes)));
  }
}

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

// --- Txn ---

MDB_dbi Txn::table(size_t index) const {
  return env_.table(index);
}

std::optional<std::string_view> Txn::get(size_t table_index, std::string_view key) const {
  MDB_val k = to_val(key);
  MDB_val v{};
  const int rc = mdb_get(txn_, table(table_index), &k, &v);
  if (rc == MDB_NOTFOUND) {
    return std::nullopt;
  }
  if (rc != 0) {
    throw Failure(rc);
  }
  return to_view(v);
}

bool Txn::put(size_t table_index, std::string_view key, std::string_view value, unsigned flags) {
  MDB_val k = to_val(key);
  MDB_val v = to_val(value);
  const int rc = mdb_put(txn_, table(table_index), &k, &v, flags);
  if (rc == MDB_KEYEXIST && (flags & MDB_NOOVERWRITE) != 0) {
    return false;
  }
  if (rc != 0) {
    throw Failure(rc);
  }
  return true;
}

bool Txn::remove(size_t table_index, std::string_view key) {
  MDB_val k = to_val(key);
  const int rc = mdb_del(txn_, table(table_index), &k, nullptr);
  if (rc != 0 && rc != MDB_NOTFOUND) {
    throw Failure(rc);
  }
  return rc == 0;
}

void Txn::clear(size_t table_index) {
  if (const int rc = mdb_drop(txn_, table(table_index), 0); rc != 0) {
    throw Failure(rc);
  }
}

uint64_t Txn::entries(size_t table_index) const {
  MDB_stat stat{};
  if (const int rc = mdb_stat(txn_, table(table_index), &stat); rc != 0) {
    throw Failure(rc);
  }
  return stat.ms_entries;
}

// --- Cursor ---

Cursor::Cursor(const Txn& txn, size_t table) {
  if (const int rc = mdb_cursor_open(txn.raw(), txn.table(table), &cursor_); rc != 0) {
    throw Failure(rc);
  }
}

bool Cursor::move(MDB_cursor_op op, std::string_view key) {
  MDB_val k = to_val(key);
  MDB_val v{};
  const int rc = mdb_cursor_get(cursor_, &k, &v, op);
  if (rc != 0 && rc != MDB_NOTFOUND) {
    throw Failure(rc);
  }
  key_ = rc == 0 ? to_view(k) : std::string_view();
  value_ = rc == 0 ? to_view(v) : std::string_view();
  return rc == 0;
}

void Cursor::remove() {
  if (const int rc = mdb_cursor_del(cursor_, 0); rc != 0) {
    throw Failure(rc);
  }
}

// --- Env ---

Result<std::unique_ptr<Env>> Env::open(const std::filesystem::path& file, const Options& options) {
  std::unique_ptr<Env> env(new Env(file));
  SLUICE_TRY(env->open_file(options));
  SLUICE_TRY(env->open_tables(options));
  return env;
}

Env::~Env() {
  for (MDB_txn* txn : pool_) {
    mdb_txn_abort(txn);
  }
  if (env_ != nullptr) {
    mdb_env_close(env_);
  }
}

Result<void> Env::open_file(const Options& options) {
  if (const int rc = mdb_env_create(&env_); rc != 0) {
    return error(rc, "opening");
  }
  struct stat status {};
  const uint64_t present =
      stat(file_.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  constexpr uint64_t kPage = 4096;
  const uint64_t wanted = std::max({options.map_bytes, present + present / 4, 64 * kPage});
  mdb_env_set_maxdbs(env_, static_cast<MDB_dbi>(options.tables.size()));
  mdb_env_set_maxreaders(env_, kReaders);
  mdb_env_set_mapsize(env_, (wanted + kPage - 1) / kPage * kPage);
  sync_ = options.sync;
  const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (sync_ ? 0U : MDB_NOSYNC);
  int rc = EACCES;
  if (!options.read_only || access(file_.c_str(), W_OK) == 0) {
    rc = reserve_lock_file(file_);
    if (rc == 0) {
      rc = mdb_env_open(env_, file_.c_str(), flags, kMode);
    }
  } else {
    read_only_ = true;
    rc = mdb_env_open(env_, file_.c_str(), flags | MDB_RDONLY, kMode);
    if (rc == EROFS || rc == EACCES) {  // nor may the lock file be written: then nobody writes
      mdb_env_close(env_);
      env_ = nullptr;
      mdb_env_create(&env_);
      mdb_env_set_maxdbs(env_, static_cast<MDB_dbi>(options.tables.size()));
      rc = mdb_env_open(env_, file_.c_str(), flags | MDB_RDONLY | MDB_NOLOCK, kMode);
    }
  }
  if (rc != 0) {
    mdb_env_close(env_);
    env_ = nullptr;
    return error(rc, "opening");
  }
  int dead = 0;
  mdb_reader_check(env_, &dead);  // slots of readers that were killed would keep old pages for ever
  return {};
}

Result<void> Env::open_tables(const Options& options) {
  const auto look = [&](Txn& txn, unsigned create) {
    std::vector<MDB_dbi> handles;
    for (const Table& table : options.tables) {
      MDB_dbi handle = 0;
      if (const int rc = mdb_dbi_open(txn.raw(), table.name, table.flags | create, &handle);
          rc != 0) {
        throw Failure(rc);
      }
      handles.push_back(handle);
    }
    tables_ = std::move(handles);
  };
  // Handles opened in a transaction are lost if it aborts, so read() will not do.
  MDB_txn* raw = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &raw);
  if (rc != 0) {
    return error(rc, "opening");
  }
  try {
    Txn txn(*this, raw);
    look(txn, 0);
    rc = mdb_txn_commit(raw);
    return rc == 0 ? Result<void>() : error(rc, "opening");
  } catch (Failure& failure) {
    mdb_txn_abort(raw);
    rc = failure.rc;
  }
  if (rc == MDB_NOTFOUND && !options.read_only) {
    return write(Durability::kOrdered, [&](Txn& txn) { look(txn, MDB_CREATE); });
  }
  return error(rc == MDB_NOTFOUND ? MDB_INVALID : rc, "opening");
}

std::shared_lock<std::shared_mutex> Env::hold_map() {
  const std::lock_guard gate(gate_);
  return std::shared_lock(map_);
}

int Env::begin_read(MDB_txn** txn) {
  {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_.empty()) {
      *txn = pool_.back();
      pool_.pop_back();
    }
  }
  if (*txn != nullptr) {
    const int rc = mdb_txn_renew(*txn);
    if (rc != 0) {
      mdb_txn_abort(*txn);
      *txn = nullptr;
    }
    return rc;
  }
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn);
  if (rc == MDB_READERS_FULL) {
    int dead = 0;
    mdb_reader_check(env_, &dead);
    rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn);
  }
  return rc;
}

void Env::end_read(MDB_txn* txn) {
  constexpr size_t kKept = 16;
  const std::lock_guard lock(pool_mutex_);
  if (pool_.size() < kKept) {
    mdb_txn_reset(txn);
    pool_.push_back(txn);
  } else {
    mdb_txn_abort(txn);
  }
}

int Env::begin_write(MDB_txn** txn, Durability durability) {
  if (read_only_) {
    return EACCES;
  }
  const int rc = mdb_txn_begin(env_, nullptr, 0, txn);
  if (rc == 0 && sync_) {
    // Flags of the environment act when a transaction commits, and whoever has one is the only
    // writer of this process.
    mdb_env_set_flags(env_, MDB_NOMETASYNC, durability == Durability::kFull ? 0 : 1);
  }
  return rc;
}

int Env::commit(MDB_txn* txn, Durability durability) {
  step(durability == Durability::kFull ? "durable.before_commit" : "ordered.before_commit");
  const int rc = mdb_txn_commit(txn);
  step(durability == Durability::kFull ? "durable.after_commit" : "ordered.after_commit");
  return rc;
}

size_t Env::map_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_mapsize;
}

int Env::grow(size_t seen_bytes) {
  const std::lock_guard gate(gate_);
  const std::lock_guard alone(map_);
  const size_t now = map_bytes();
  if (now > seen_bytes) {
    return 0;  // another thread did
  }
  constexpr size_t kMostAtOnce = 4ULL << 30;
  return mdb_env_set_mapsize(env_, now + std::min(now, kMostAtOnce));
}

int Env::adopt_size() {
  const std::lock_guard gate(gate_);
  const std::lock_guard alone(map_);
  return mdb_env_set_mapsize(env_, 0);
}

Result<void> Env::sync() {
  if (read_only_) {
    return {};
  }
  const auto held = hold_map();
  const int rc = mdb_env_sync(env_, 1);
  return rc == 0 ? Result<void>() : error(rc, "syncing");
}

// LMDB tells a write that was cut short as EIO.
bool Env::out_of_space() const {
  struct statvfs disk {};
  struct rlimit limit {};
  constexpr uint64_t kLittle = 1 << 20;
  struct stat status {};
  return (statvfs(file_.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kLittle) ||
         (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
          stat(file_.c_str(), &status) == 0 &&
          static_cast<uint64_t>(status.st_size) + kLittle > limit.rlim_cur);
}

Error Env::error(int rc, const char* doing) const {
  Error out;
  out.vendor_code = rc;
  const std::string what = std::string(doing) + " " + file_.string() + ": ";
  switch (rc) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
    case ENOMEM:
      out.code = Code::kNoSpace;
      out.message = what + mdb_strerror(rc) + "; nothing was changed; make room and start again";
      return out;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_TXN:
    case MDB_BAD_VALSIZE:
    case MDB_INCOMPATIBLE:
      out.code = Code::kCorrupt;
      out.message = what + "the file is damaged (" + mdb_strerror(rc) +
                    "); restore it from the target with `sluice state rebuild`";
      return out;
    case MDB_VERSION_MISMATCH:
      out.code = Code::kCorrupt;
      out.message =
          what + "not written by this version of LMDB; restore it with `sluice state rebuild`";
      return out;
    case EIO:
      if (out_of_space()) {
        out.code = Code::kNoSpace;
        out.message = what + "the disk is full; nothing was changed; make room and start again";
        return out;
      }
      break;
    case MDB_PANIC:
      out.code = Code::kIo;
      out.message = what + "an earlier write failed half-way; start again to reopen it";
      return out;
    default:
      break;
  }
  out.code = Code::kIo;
  out.message = what + mdb_strerror(rc) + "; check permissions and the disk";
  return out;
}

}  // namespace sluice::host
