// SPDX-License-Identifier: Apache-2.0
#include "host/config/file_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>

namespace sluice::host {
namespace {

Problem whole_file(const std::string& file, std::string what) {
  return {file, 0, 0, std::move(what)};
}

Problem open_problem(const std::string& file, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return whole_file(file, "no such file; check the path and the folder sluice is started in");
    case EACCES:
    case EPERM:
      return whole_file(file,
                        "the file may not be read; check its permissions and those of its folders");
    default:
      return whole_file(file, std::string("the file cannot be read: ") + std::strerror(error));
  }
}

FileText read_all(int fd, const std::string& file) {
  FileText result;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      result.problems.push_back(open_problem(file, errno));
      return result;
    }
    if (got == 0) {
      return result;
    }
    result.text.append(buffer.data(), static_cast<size_t>(got));
    if (result.text.size() > kMaxFileBytes) {
      result.text.clear();
      result.problems.push_back(
          whole_file(file, "the file is larger than 16 MiB; this is not a configuration"));
      return result;
    }
  }
}

FileText read_path(const std::filesystem::path& path, const std::string& file) {
  // A pipe nobody writes to must not hold `check` for ever, hence O_NONBLOCK while it is judged.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return {{}, {open_problem(file, errno)}};
  }
  struct stat info {};
  FileText result;
  if (fstat(fd, &info) != 0) {
    result.problems.push_back(open_problem(file, errno));
  } else if (S_ISDIR(info.st_mode)) {
    result.problems.push_back(whole_file(file, "this is a directory; name a file in it"));
  } else if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    result.problems.push_back(whole_file(file, "this is a device or socket; name a file"));
  } else {
    fcntl(fd, F_SETFL, 0);
    result = read_all(fd, file);
  }
  close(fd);
  return result;
}

const FileText& standard_input() {
  static std::once_flag once;
  static FileText text;
  std::call_once(once, [] { text = read_all(STDIN_FILENO, "-"); });
  return text;
}

// Bytes of the sequence that starts at `at`; 0 if it is ill-formed (overlong, surrogate, cut off,
// too large).
size_t sequence_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const bool bad = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
                   (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
  return bad ? 0 : length;
}

Problem at_offset(const std::string& file, std::string_view text, size_t offset, std::string what) {
  const auto before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto characters = std::count_if(before.begin() + static_cast<ptrdiff_t>(line_start),
                                        before.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return {file, static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
          static_cast<uint32_t>(characters + 1), std::move(what)};
}

}  // namespace

size_t find_invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    if (length == 0) {
      return at;
    }
    at += length;
  }
  return std::string_view::npos;
}

std::vector<Problem> check_text(const std::string& text, const std::string& file) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return {{file, 1, 1, "the file is UTF-16; save it as UTF-8"}};
  }
  const size_t nul = text.find('\0');
  const size_t bad = find_invalid_utf8(text);
  if (nul < bad) {
    return {at_offset(file, text, nul, "NUL byte; a configuration is text, save it as UTF-8")};
  }
  if (bad != std::string::npos) {
    std::array<char, 8> hex;
    std::snprintf(hex.data(), hex.size(), "0x%02X",
                  static_cast<unsigned>(static_cast<unsigned char>(text[bad])));
    return {at_offset(file, text, bad,
                      std::string("byte ") + hex.data() + " is not UTF-8; save the file as UTF-8")};
  }
  return {};
}

FileText read_file_text(const std::filesystem::path& file) {
  const std::string name = file.string();
  FileText result = name == "-" ? standard_input() : read_path(file, name);
  if (!result.problems.empty()) {
    return result;
  }
  result.problems = check_text(result.text, name);
  if (result.text.starts_with("\xEF\xBB\xBF")) {
    result.text.erase(0, 3);
  }
  return result;
}

}  // namespace sluice::host
