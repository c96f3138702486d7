// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/limits_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>

#include "host/ledger/file_check.hpp"
#include "host/ledger/lmdb_env.hpp"

namespace sluice::host {
namespace {

constexpr size_t kTexts = 0;
constexpr size_t kLongestName = 500;  // of an LMDB key

Env::Options env_options() {
  Env::Options options;
  options.sync = false;
  options.map_bytes = 1ULL << 20;
  options.tables = {{"limits", 0}};
  return options;
}

std::string key_of(std::string_view name) {
  return std::string(name.substr(0, kLongestName));
}

}  // namespace

LimitsFile::LimitsFile(std::filesystem::path directory, Warn warn)
    : directory_(std::move(directory)), warn_(std::move(warn)) {}

LimitsFile::~LimitsFile() {
  if (env_) {
    static_cast<void>(env_->sync());
    env_.reset();
  }
  if (lock_fd_ >= 0) {
    close(lock_fd_);
  }
}

Result<void> LimitsFile::open() {
  const std::lock_guard lock(mutex_);
  if (!opened_) {
    opened_ = open_locked();
    if (!*opened_ && warn_) {
      warn_("limits are kept for this process alone, and not beyond it: " +
            opened_->error().message);
    }
  }
  return *opened_;
}

Result<void> LimitsFile::open_locked() {
  std::error_code failed;
  std::filesystem::create_directories(directory_, failed);
  const auto lock_file = directory_ / "limits.lock";
  lock_fd_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_fd_ < 0) {
    return Error{Code::kIo,
                 "cannot open " + lock_file.string() + "; check the permissions of the folder", 0,
                 errno};
  }
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) {  // nobody else has it open
    SLUICE_TRY(check_alone());
  }
  while (flock(lock_fd_, LOCK_SH) != 0) {
    if (errno != EINTR) {
      return Error{Code::kIo, "cannot lock " + lock_file.string(), 0, errno};
    }
  }
  auto env = Env::open(directory_ / "limits.mdb", env_options());
  if (!env) {
    return std::move(env).error();
  }
  env_ = std::move(env).value();
  return {};
}

// What is in it is worth having, but never worth an error: a damaged file is begun anew.
Result<void> LimitsFile::check_alone() const {
  const auto file = directory_ / "limits.mdb";
  bool sound = check_file(file, true) != FileState::kDamaged;
  if (sound) {
    const auto env = Env::open(file, env_options());
    sound = env || env.error().code != Code::kCorrupt;
  }
  if (!sound) {
    std::error_code failed;
    std::filesystem::remove(file, failed);
    std::filesystem::remove(directory_ / "limits.mdb-lock", failed);
    if (failed) {
      return Error{Code::kIo, file.string() + " is damaged and cannot be removed", 0,
                   failed.value()};
    }
    if (warn_) {
      warn_(file.string() + " was damaged and is begun anew; what was used of quotas is forgotten");
    }
  }
  return {};
}

Result<void> LimitsFile::update(std::string_view name, const Change& change) {
  SLUICE_TRY(open());
  const std::string key = key_of(name);
  SLUICE_TRY(env_->write(Durability::kNone, [&](Txn& txn) {
    const auto before = txn.get(kTexts, key);
    std::string text(before.value_or(std::string_view()));
    if (!change(text)) {
      return;
    }
    if (text.empty()) {
      txn.remove(kTexts, key);
    } else {
      txn.put(kTexts, key, text);
    }
  }));
  sync_now_and_then();
  return {};
}

void LimitsFile::sync_now_and_then() {
  const int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count();
  const std::unique_lock lock(sync_mutex_, std::try_to_lock);
  if (lock.owns_lock() && now_s > synced_s_) {
    synced_s_ = now_s;
    static_cast<void>(env_->sync());
  }
}

Result<std::vector<std::pair<std::string, std::string>>> LimitsFile::list() {
  SLUICE_TRY(open());
  return env_->read([&](Txn& txn) {
    std::vector<std::pair<std::string, std::string>> out;
    Cursor at(txn, kTexts);
    for (bool found = at.first(); found; found = at.next()) {
      out.emplace_back(std::string(at.key()), std::string(at.value()));
    }
    return out;
  });
}

}  // namespace sluice::host
