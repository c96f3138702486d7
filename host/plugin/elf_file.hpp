// SPDX-License-Identifier: Apache-2.0
//
// Read-only view of an ELF file for what concerns plugins: the note and the dynamic section. Reads
// through the descriptor, never maps: a file that is truncated meanwhile is an error, not a signal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/base/result.hpp"

struct Elf;

namespace sluice::host {

// A shared library of this machine's class, byte order and architecture. One thread at a time.
class ElfFile {
 public:
  // kNotFound, kIo, or kInvalidConfig with one sentence that says what the file is instead.
  static Result<ElfFile> open(const std::filesystem::path& path);
  ElfFile(ElfFile&& other) noexcept;
  ElfFile& operator=(ElfFile&&) = delete;
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;
  ~ElfFile();

  // Content of the note of sluice/note.h. Looks for the section by name, then through PT_NOTE, so
  // that a library without section headers is found too.
  [[nodiscard]] Result<std::string> note() const;

  struct Dynamic {
    std::vector<std::string> exported, needed;
    std::string glibc_floor, glibcxx_floor;
    bool has_sections = true, has_rpath = false, text_relocations = false, static_tls = false,
         executable_stack = false;
  };
  [[nodiscard]] Dynamic dynamic() const;
  [[nodiscard]] std::string architecture() const;
  [[nodiscard]] uint64_t size_bytes() const { return size_; }
  [[nodiscard]] int descriptor() const { return fd_; }  // borrowed

 private:
  ElfFile(int fd, Elf* elf, uint64_t size) : fd_(fd), elf_(elf), size_(size) {}
  int fd_ = -1;
  Elf* elf_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace sluice::host
