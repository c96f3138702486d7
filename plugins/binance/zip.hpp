// SPDX-License-Identifier: Apache-2.0
//
// The one text in a zip file that is whole: found by the directory at the file's end, inflated a
// piece at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "spool.hpp"

namespace binance {

// Bytes that no zip file has, or a kind of it that is not read: the sentence says which.
class ZipError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Threads: those of its owner. Every call may throw ZipError.
class ZipText {
 public:
  // `file` must outlive it.
  explicit ZipText(const Spool& file);
  ZipText(const ZipText&) = delete;
  ZipText& operator=(const ZipText&) = delete;
  ~ZipText();

  // The next line without its end, until the next call; nothing after the last one, with size and
  // CRC-32 of the whole checked.
  std::optional<std::string_view> next_line();
  uint64_t line() const noexcept { return line_; }  // number of the last one, from 1

 private:
  struct Inflater;

  void find_member();
  bool fill();

  const Spool& file_;
  uint64_t at_ = 0;           // of the file: next packed byte
  uint64_t packed_left_ = 0;  // bytes
  uint64_t size_ = 0;         // bytes of the text, as told
  uint64_t unpacked_ = 0;     // bytes so far
  uint32_t crc_ = 0;          // as told
  bool stored_ = false;
  bool ended_ = false;
  std::unique_ptr<Inflater> inflater_;
  std::string text_;
  std::size_t begin_ = 0;  // of text_: what was not given yet
  uint64_t line_ = 0;
};

}  // namespace binance
