// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a file, unpacked. How a file is packed is told by its first bytes, not by its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace sluice::files {

// One thread at a time.
class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;

  // Moves on to the next file inside: the only one, or each of an archive. False: no more.
  virtual bool next_member(std::string& name) = 0;
  // Fills at most `size` bytes of the member; 0 = its end. Throws BAD_DATA for damaged or
  // truncated packing, UNAVAILABLE for a failing disk.
  virtual std::size_t read(char* out, std::size_t size) = 0;
  // Plain files only: reading can begin anywhere.
  virtual bool can_seek() const noexcept { return false; }
  virtual void seek(uint64_t /*offset*/) {}
};

// What marks the version of a file.
struct FileVersion {
  int64_t mtime_ns = 0;
  uint64_t size = 0;
  uint64_t inode = 0;

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
  std::string text() const;
};

// Throws NOT_FOUND or UNAVAILABLE.
FileVersion version_of(const std::string& path);

std::unique_ptr<Input> open_input(const std::string& path);

}  // namespace sluice::files
