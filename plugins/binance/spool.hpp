// SPDX-License-Identifier: Apache-2.0
//
// A download that must be whole before any of it may be used: small ones are kept in memory, larger
// ones in a file without a name. With its SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace binance {

// Threads: those of its owner.
class Spool {
 public:
  // At most `memory` bytes are kept in memory.
  explicit Spool(std::size_t memory = std::size_t{8} << 20U);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  // Throws UNAVAILABLE if there is no room in the directory for temporary files.
  void append(std::string_view bytes);
  uint64_t size() const noexcept { return size_; }
  // In hexadecimal digits, of all that was appended. Call once, last.
  std::string sha256();

  // Copies bytes from `offset` on; fewer than wanted at the end only.
  std::size_t read(uint64_t offset, char* buffer, std::size_t capacity) const;

 private:
  struct Hash;
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
  };

  const std::size_t most_memory_;
  std::string memory_;
  std::unique_ptr<std::FILE, CloseFile> file_;  // holds all, once memory_ is full
  uint64_t size_ = 0;
  std::unique_ptr<Hash> hash_;
};

}  // namespace binance
