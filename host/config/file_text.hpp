// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a configuration file, judged before any parser sees them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/config/config.hpp"

namespace sluice::host {

inline constexpr size_t kMaxFileBytes = 16U << 20;

struct FileText {
  std::string text;               // UTF-8 without byte order mark
  std::vector<Problem> problems;  // not empty: `text` is not to be used
};

// Reads the whole file, or standard input for "-" (once per process, so that it may be asked for
// again).
FileText read_file_text(const std::filesystem::path& file);

// Where `text` stops being UTF-8 or has a NUL; nothing if it is fine. `file` names it in the
// problem.
std::vector<Problem> check_text(const std::string& text, const std::string& file);

// Offset of the first byte that is not part of well-formed UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

}  // namespace sluice::host
