// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <system_error>

#include "host/ledger/file_check.hpp"
#include "host/ledger/ledger_impl.hpp"
#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

Error io_error(const std::string& what, int number) {
  return {number == ENOSPC || number == EDQUOT ? Code::kNoSpace : Code::kIo,
          what + ": " + std::system_category().message(number) + "; check permissions and the disk",
          0, number};
}

// Removed when its last user is gone; a directory is known by device and inode, whatever path leads
// to it.
using DirectoryId = std::pair<dev_t, ino_t>;
struct Registry {
  std::mutex mutex;
  std::map<DirectoryId, std::weak_ptr<Shared>> open;
};

Registry& registry() {
  static Registry one;
  return one;
}

}  // namespace

const char* to_string(SliceState state) {
  static constexpr std::array<const char*, kSliceStates> kNames = {
      "pending", "landed", "empty", "failed", "quarantined", "gone"};
  return kNames.at(static_cast<size_t>(state));
}

// --- DirectoryLock ---

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Result<bool> DirectoryLock::take(const std::filesystem::path& directory) {
  const auto file = directory / "lock";
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (fd_ < 0) {
    return errno == EACCES || errno == EROFS || errno == ENOENT
               ? Result<bool>(false)
               : io_error("opening " + file.string(), errno);
  }
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0) {
    alone_ = true;
    return true;
  }
  while (flock(fd_, LOCK_SH) != 0) {
    if (errno != EINTR) {
      return io_error("locking " + file.string(), errno);
    }
  }
  return false;
}

void DirectoryLock::share() {
  if (alone_) {
    alone_ = false;
    while (flock(fd_, LOCK_SH) != 0 && errno == EINTR) {
    }
  }
}

// --- opening ---

Result<std::shared_ptr<Shared>> Shared::open(const std::filesystem::path& directory,
                                             const LedgerOptions& options) {
  auto shared = std::make_shared<Shared>();
  const auto file = directory / "ledger.mdb";
  auto alone = shared->directory.take(directory);
  if (!alone) {
    return std::move(alone).error();
  }
  std::string why;
  const FileState state = check_file(file, false, &why);
  if (state == FileState::kDamaged && (*alone || why.find("header") != std::string::npos)) {
    return Error{Code::kCorrupt, "the ledger " + file.string() + " is damaged: " + why +
                                     "; restore it from the target with `sluice state rebuild`"};
  }
  if (state == FileState::kMissing && options.read_only) {
    return Error{Code::kNotFound,
                 "there is no ledger in " + directory.string() + " yet; a run makes it"};
  }
  Env::Options env_options;
  env_options.read_only = options.read_only;
  env_options.sync = options.sync;
  env_options.map_bytes = options.initial_map_bytes;
  env_options.tables = ledger_tables();
  auto env = Env::open(file, env_options);
  if (!env) {
    return std::move(env).error();
  }
  shared->env = std::move(env).value();
  shared->read_only = shared->env->read_only();
  SLUICE_TRY(prepare_format(*shared->env, options.read_only, *alone));
  auto claims = Claims::open(directory, options.read_only);
  if (!claims) {
    return std::move(claims).error();
  }
  shared->claims = std::move(claims).value();
  shared->directory.share();
  return shared;
}

Result<std::unique_ptr<Ledger>> Ledger::open(const std::filesystem::path& directory,
                                             const Clock& clock, LedgerOptions options) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (options.read_only) {
      return Error{Code::kNotFound,
                   "there is no ledger in " + directory.string() + " yet; a run makes it"};
    }
    std::error_code failed;
    if (directory.has_parent_path()) {
      std::filesystem::create_directories(directory.parent_path(), failed);
    }
    if ((::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) ||
        ::stat(directory.c_str(), &status) != 0) {
      return io_error("making the state directory " + directory.string(), errno);
    }
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error{Code::kIo,
                 directory.string() + " is not a directory; name another state directory"};
  }
  const std::lock_guard lock(registry().mutex);
  auto& entry = registry().open[{status.st_dev, status.st_ino}];
  auto shared = entry.lock();
  // Opened only for reading before, and now for writing: a file may be open only once per process.
  if (shared && !options.read_only && shared->read_only) {
    return Error{Code::kIo,
                 "the ledger in " + directory.string() +
                     " is open in this process and cannot be written; check its permissions"};
  }
  if (!shared) {
    auto opened = Shared::open(directory, options);
    if (!opened) {
      return std::move(opened).error();
    }
    shared = std::move(opened).value();
    entry = shared;
  } else if (!options.read_only) {
    SLUICE_TRY(shared->claims->make_writable());
  }
  return std::unique_ptr<Ledger>(new LedgerImpl(std::move(shared), clock, options));
}

LedgerImpl::~LedgerImpl() {
  [[maybe_unused]] const auto ignored = flush_import();  // sync() is where its failure is told
  const std::lock_guard lock(
      registry().mutex);  // so that nobody opens the files while they are closed
  shared_.reset();
}

Result<void> LedgerImpl::writable() const {
  if (options_.read_only) {
    return Error{Code::kInternal, "the ledger " + env().file().string() +
                                      " was opened for reading only; open it for writing"};
  }
  return {};
}

// --- streams ---

Result<StreamNo> LedgerImpl::stream(std::string_view pipeline, std::string_view name) {
  auto found = env().read([&](Txn& txn) { return View(txn).stream(pipeline, name); });
  if (!found) {
    return std::move(found).error();
  }
  if (*found) {
    return **found;
  }
  const std::string shown = std::string(pipeline) + "." + std::string(name);
  if (options_.read_only) {
    return Error{Code::kNotFound, "the ledger knows no stream " + shown + " yet; a run makes it"};
  }
  if (pipeline.find('\0') != std::string_view::npos ||
      pipeline.size() + name.size() > kMostKeyBytes) {
    return Error{Code::kInvalidConfig, "the names of pipeline and stream are longer than " +
                                           std::to_string(kMostKeyBytes) +
                                           " bytes or hold a zero: " + shown};
  }
  StreamNo no = 0;
  SLUICE_TRY(env().write(Durability::kOrdered, [&](Txn& txn) {
    Book book(txn);
    const auto known = book.stream(pipeline, name);
    no = known ? *known : book.add_stream(pipeline, name);
    book.finish();
  }));
  return no;
}

Result<std::vector<std::pair<std::string, std::string>>> LedgerImpl::streams() {
  return env().read([](Txn& txn) {
    std::vector<std::pair<std::string, std::string>> out;
    for (auto& one : View(txn).streams()) {
      out.emplace_back(std::move(one.pipeline), std::move(one.stream));
    }
    return out;
  });
}

// --- questions ---

Result<StateCounts> LedgerImpl::counts(StreamNo stream) {
  auto counters = env().read([&](Txn& txn) { return View(txn).counters(stream); });
  if (!counters) {
    return std::move(counters).error();
  }
  auto claimed = shared_->claims->count(stream, clock_.now_us());
  if (!claimed) {
    return std::move(claimed).error();
  }
  StateCounts out;
  std::copy(counters->slices.begin(), counters->slices.end(), out.slices);
  out.claimed = std::min(*claimed, out.of(SliceState::kPending));
  out.rows = counters->rows;
  out.bytes = counters->bytes;
  return out;
}

Result<Slice> LedgerImpl::find(StreamNo stream, std::string_view key) {
  std::vector<Slice> one;
  if (key.size() <= kMostKeyBytes && !key.empty()) {
    SLUICE_TRY(env().read([&](Txn& txn) {
      one.clear();
      const View view(txn);
      if (const auto no = view.find(stream, key)) {
        const auto record = view.record(*no);
        if (!record) {
          throw_corrupt(txn, "slice " + std::to_string(*no) + " is missing");
        }
        one.push_back(to_slice(*no, *record));
      }
    }));
  }
  if (one.empty()) {
    return Error{Code::kNotFound, "the ledger has no slice '" + std::string(key) + "'"};
  }
  if (one.front().state == SliceState::kPending) {
    SLUICE_TRY(shared_->claims->describe(one, clock_.now_us()));
  }
  return std::move(one.front());
}

Result<std::vector<Slice>> LedgerImpl::page(StreamNo stream, SliceState state, SliceNo after,
                                            size_t limit) {
  auto slices = env().read([&](Txn& txn) {
    const View view(txn);
    std::vector<Slice> out;
    StateWalk walk(txn, stream, state, after == UINT64_MAX ? after : after + 1);
    while (out.size() < limit) {
      const auto no = walk.next();
      if (!no) {
        break;
      }
      const auto record = view.record(*no);
      if (!record) {
        throw_corrupt(txn, "slice " + std::to_string(*no) + " is missing");
      }
      out.push_back(to_slice(*no, *record));
    }
    return out;
  });
  if (slices && state == SliceState::kPending) {
    SLUICE_TRY(shared_->claims->describe(*slices, clock_.now_us()));
  }
  return slices;
}

// --- series ---

Result<IntervalSet> LedgerImpl::coverage(StreamNo stream, std::string_view partition) {
  if (partition.size() > kMostKeyBytes) {
    return IntervalSet();
  }
  return env().read([&](Txn& txn) { return View(txn).coverage(stream, partition); });
}

Result<IntervalSet> LedgerImpl::outstanding(StreamNo stream, std::string_view partition,
                                            bool gone) {
  if (partition.size() > kMostKeyBytes) {
    return IntervalSet();
  }
  return env().read([&](Txn& txn) {
    const View view(txn);
    IntervalSet out;
    const std::string first = series_key(stream, partition, 0);
    const std::string_view prefix(first.data(), first.size() - 8);
    Cursor at(txn, kSeriesTable);
    for (bool found = at.seek(first);
         found && at.key().size() == first.size() && at.key().substr(0, prefix.size()) == prefix;
         found = at.next()) {
      const SliceNo no = big_endian(at.key().substr(prefix.size()));
      const auto record = view.record(no);
      if (record && (gone || record->state != SliceState::kGone)) {
        out.add({record->from_us, record->to_us});
      }
    }
    return out;
  });
}

Result<std::vector<std::string>> LedgerImpl::partitions(StreamNo stream) {
  return env().read([&](Txn& txn) {
    std::set<std::string> out;
    const std::string prefix = key_of(stream, "");
    Cursor landed(txn, kIntervalsTable);
    for (bool found = landed.seek(prefix); found && landed.key().substr(0, 4) == prefix;
         found = landed.next()) {
      out.emplace(landed.key().substr(4));
    }
    Cursor open(txn, kSeriesTable);
    bool found = open.seek(prefix);
    while (found && open.key().substr(0, 4) == prefix && open.key().size() >= 13) {
      std::string partition(open.key().substr(4, open.key().size() - 13));
      // To the next partition: the last number is followed by a one where the zero is.
      const std::string beyond = key_of(stream, partition) + '\1';
      out.insert(std::move(partition));
      found = open.seek(beyond);
    }
    return std::vector<std::string>(out.begin(), out.end());
  });
}

// --- working ---

Result<std::vector<Slice>> LedgerImpl::claim(StreamNo stream, size_t max) {
  SLUICE_TRY(writable());
  if (max == 0) {
    return std::vector<Slice>();
  }
  return shared_->claims->claim(env(), stream, max, clock_.now_us(), options_.lease_us);
}

Result<void> LedgerImpl::renew() {
  SLUICE_TRY(writable());
  return shared_->claims->renew(clock_.now_us(), options_.lease_us);
}

Result<std::vector<SliceNo>> LedgerImpl::lost(std::span<const SliceNo> slices) {
  SLUICE_TRY(writable());
  return shared_->claims->lost(slices, clock_.now_us(), options_.lease_us);
}

Result<void> LedgerImpl::sync() {
  SLUICE_TRY(flush_import());
  return env().sync();
}

}  // namespace sluice::host
