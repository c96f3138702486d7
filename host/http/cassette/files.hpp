// SPDX-License-Identifier: Apache-2.0
//
// A cassette's files: its own only (mode 0600), regular ones only, by plain names only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.hpp"

namespace sluice::host::cassette {

inline constexpr const char* kAboutFile = "cassette.json";
inline constexpr const char* kTimingFile = "timing.ndjson";
inline constexpr const char* kExchangesFolder = "exchanges";
inline constexpr const char* kBodiesFolder = "bodies";
inline constexpr uint64_t kMostHeadBytes = 1U << 20;
inline constexpr uint64_t kMostExchanges = 1'000'000;

// An open file descriptor.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();
  [[nodiscard]] int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Creates or empties it, mode 0600.
Result<File> create_file(const std::filesystem::path& path);
// kCorrupt unless it is a regular file (no link); kNotFound if there is none.
Result<File> open_file(const std::filesystem::path& path);
Result<void> write_all(const File& file, const std::filesystem::path& path, std::string_view text);
// Whole, beside and renamed into place.
Result<void> write_file(const std::filesystem::path& path, std::string_view text);
// kCorrupt if it is longer than `most`.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t most);

// May a cassette name a file so? [A-Za-z0-9._-]+ without a dot in front, at most 200 bytes.
bool is_plain_name(std::string_view name);

// Makes `folder` ready for a new recording: an empty folder, or what an earlier recording left,
// which is removed. kInvalidConfig if it holds anything else.
Result<void> prepare_folder(const std::filesystem::path& folder);

}  // namespace sluice::host::cassette
