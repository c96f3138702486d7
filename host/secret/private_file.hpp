// SPDX-License-Identifier: Apache-2.0
//
// Files that hold secrets: judged by the descriptor that is read, so that nobody exchanges them in
// between, and written so that a reader sees the old or the new, never a part.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/secret/locked_text.hpp"

namespace sluice::host {

inline constexpr size_t kLongestSecret = 64U << 10;

// Closes on its way out. -1 = none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

enum class FileGuard : uint8_t {
  kOwnerOnly,  // mode 0600 or less, owned by this user or root
  kManager,    // a service manager's: nobody else of the world may read it
};

// A regular file of at most `most` bytes. kNotFound if there is none, kAuth if others may read it,
// kIo otherwise; sentences begin with `what`, e.g. "secret 'x': its file".
Result<LockedBytes> read_private_file(const std::filesystem::path& path, FileGuard guard,
                                      size_t most, const std::string& what);

// Replaces or makes the file, mode 0600, durable when it returns.
Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes,
                                const std::string& what);

// Held until the descriptor closes; waits for other processes and threads. Makes the file.
Result<Descriptor> lock_file(const std::filesystem::path& path, const std::string& what);

}  // namespace sluice::host
