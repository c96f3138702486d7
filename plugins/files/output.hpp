// SPDX-License-Identifier: Apache-2.0
//
// A file that grows by whole commits: what is behind the last commit is cut off again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::files {

// Throws UNAVAILABLE for a failed call on `path`, from errno.
[[noreturn]] void throw_disk(const std::string& path, const char* action);

// A file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// Opens for reading and writing, creating the file with the rights that the umask leaves.
Descriptor open_for_append(const std::string& path);
void write_all(int fd, std::string_view data, const std::string& path);
// Makes the names in the folder of `path` durable.
void sync_folder(const std::string& path);

// Packs what is written between two ends into one gzip member or zstd frame.
class Packer {
 public:
  Packer() = default;
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  virtual ~Packer() = default;
  // Appends packed bytes of `data` to `out`; with `end`, all that is left, and the end mark.
  virtual void pack(std::string_view data, bool end, std::string& out) = 0;
  // Forgets what was not ended.
  virtual void reset() = 0;
};

// `kind` is "gzip" or "zstd"; NULL for "none".
std::unique_ptr<Packer> make_packer(const std::string& kind);

// One thread at a time.
class Output {
 public:
  // Opens the file and cuts it to `size`, which it must have at least. The path - is the standard
  // output.
  Output(std::string path, uint64_t size, const std::string& compression);

  const std::string& path() const noexcept { return path_; }
  uint64_t committed() const noexcept { return committed_; }
  bool empty() const noexcept { return written_ == 0 && buffer_.empty(); }
  bool touched() const noexcept { return written_ != committed_ || !buffer_.empty(); }

  // Appends; what is buffered is written at about 1 MiB.
  std::string& buffer() noexcept { return buffer_; }
  void flush_if_large();
  // Writes everything and waits for the disk. The size is then durable, but not yet committed.
  uint64_t sync();
  void committed_to(uint64_t size) noexcept { committed_ = size; }
  // Cuts off what was written since the last commit.
  void rollback();

 private:
  void flush(bool end);

  std::string path_;
  Descriptor file_;
  bool is_file_;
  std::unique_ptr<Packer> packer_;
  std::string buffer_, packed_;
  uint64_t written_ = 0;
  uint64_t committed_ = 0;
  bool open_member_ = false;  // packed bytes were written that no end mark closes
};

}  // namespace sluice::files
