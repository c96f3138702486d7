// SPDX-License-Identifier: Apache-2.0
#include "workspace.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sluice/cpp/error.hpp"

namespace bungie {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "sluice-bungie-";
constexpr const char* kLock = "lock";
constexpr time_t kFreshSeconds = 60;  // a folder that is just being made is not locked yet

// Whether the folder is ours and nobody uses it any more.
bool is_left_behind(const fs::path& folder) {
  struct stat about {};
  if (::lstat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode) ||
      about.st_uid != ::geteuid() || ::time(nullptr) - about.st_mtime < kFreshSeconds) {
    return false;
  }
  const OwnedFd lock(::open((folder / kLock).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock.get() >= 0 && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_left_behind(const fs::path& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (entry.path().filename().string().starts_with(kPrefix) && is_left_behind(entry.path())) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

[[noreturn]] void fail(const fs::path& parent) {
  throw sluice::Error(sluice::Code::kUnavailable,
                      "No private folder can be made in " + parent.string() + ": " +
                          std::strerror(errno) + ". Set TMPDIR to a folder with room.");
}

}  // namespace

void OwnedFd::reset(int fd) noexcept {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = fd;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

Workspace::~Workspace() {
  if (!folder_.empty()) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
}

fs::path Workspace::fresh_path() {
  std::call_once(made_, [this] {
    std::error_code none;
    const fs::path parent = fs::temp_directory_path(none);
    remove_left_behind(parent);
    std::string name = (parent / (std::string(kPrefix) + "XXXXXX")).string();
    if (none || ::mkdtemp(name.data()) == nullptr) {  // mode 0700
      fail(parent);
    }
    folder_ = name;
    lock_.reset(::open((folder_ / kLock).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (lock_.get() < 0 || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      fail(parent);
    }
  });
  return folder_ / std::to_string(next_++);
}

}  // namespace bungie
