// SPDX-License-Identifier: Apache-2.0
//
// A zip archive read front to back while it arrives, in memory that does not grow with it.
//
// Members are found by their local headers, since the central directory comes last; sizes may stand
// before the data or in a descriptor after it. Why not libarchive: it inflates through zlib, and
// ISA-L needs less than a third of zlib's time for these texts (docs/adr/0004 has the figures), at
// the price of this header's few rules. libdeflate is as fast, but wants a whole member in memory
// (a decade of ten-minute rows has 37 MB).
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace dwd {

class ArchiveError : public std::exception {
 public:
  enum class Kind : uint8_t {
    kTruncated,    // the bytes ended before the archive did
    kMarkup,       // a web page instead of an archive
    kCorrupt,      // bytes that no archive has, or a wrong checksum
    kUnsupported,  // encrypted, or a compression other than deflate
  };
  ArchiveError(Kind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  Kind kind() const noexcept { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Kind kind_;
  std::string message_;
};

// Threads: those of its owner. Every call may throw ArchiveError, or what `pull` throws.
class Archive {
 public:
  // Puts the next bytes of the archive into the buffer and returns how many; 0 = its end.
  using Pull = std::function<std::size_t(char* buffer, std::size_t capacity)>;

  explicit Archive(Pull pull);
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  ~Archive();

  // The name of the next member; what is left of the one before is skipped. Nothing once the
  // central directory is reached.
  std::optional<std::string> next();

  // Next bytes of the member; 0 = its end, with its size and CRC-32 checked. Requires: next() gave
  // a name.
  std::size_t read(char* buffer, std::size_t capacity);

  // Reads the archive to its end, so that a missing tail is noticed. Requires: next() gave nothing.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dwd
