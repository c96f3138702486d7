// SPDX-License-Identifier: Apache-2.0
//
// A private folder for files that are too large for memory: mode 0700, in TMPDIR, gone with the
// object. A folder whose process was killed is removed by the next one.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

namespace bungie {

// A file descriptor with one owner.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() { reset(); }

  int get() const noexcept { return fd_; }
  void reset(int fd = -1) noexcept;

 private:
  int release() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  int fd_;
};

// A file of a workspace; removed with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// Threads: any.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  // A path in the folder that nothing has yet; the folder is made with the first one. Throws
  // UNAVAILABLE.
  std::filesystem::path fresh_path();

 private:
  std::once_flag made_;
  std::filesystem::path folder_;
  OwnedFd lock_;  // held as long as the folder is in use
  std::atomic<uint64_t> next_{0};
};

}  // namespace bungie
