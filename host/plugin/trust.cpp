// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "host/plugin/library.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr const char* kOverride = ", or pass --trust-plugins if you know who wrote it";

// Judges one path, which holds no symbolic links any more. `named` is what the user wrote.
Result<void> check_one(const std::filesystem::path& path, const std::string& named) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    const int number = errno;
    return Error{number == ENOENT ? Code::kNotFound : Code::kIo,
                 named + ": cannot be examined: " + std::generic_category().message(number), 0,
                 number};
  }
  const bool folder = S_ISDIR(status.st_mode);
  const std::string what = named + ": not trusted: the " + (folder ? "folder " : "file ") +
                           clean_text(path.string(), 4096);
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return Error{Code::kInvalidConfig, what + " belongs to another user (uid " +
                                           std::to_string(status.st_uid) +
                                           "), who could change what runs here; copy it to a "
                                           "place of your own" +
                                           kOverride};
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return {};
  }
  const std::string who =
      (status.st_mode & S_IWOTH) != 0 ? "every user of this machine" : "its group";
  if (folder && (status.st_mode & S_ISVTX) != 0) {
    return Error{Code::kInvalidConfig,
                 what + " may be written to by " + who +
                     " (the sticky bit keeps others from replacing files, not from adding "
                     "plugins); move the plugins to a folder of your own" +
                     kOverride};
  }
  return Error{Code::kInvalidConfig, what + " may be written to by " + who + "; run `chmod go-w " +
                                         clean_text(path.string(), 4096) + "`" + kOverride};
}

}  // namespace

// Judges the path itself and, for a file, the folder it is in: who can write there can replace it.
Result<void> check_trust(const std::filesystem::path& file_or_folder) {
  const std::string named = clean_text(file_or_folder.string(), 4096);
  std::error_code ec;
  const auto real = std::filesystem::canonical(file_or_folder, ec);
  if (ec) {
    return Error{ec == std::errc::no_such_file_or_directory ? Code::kNotFound : Code::kIo,
                 named + ": cannot be examined: " + ec.message(), 0, ec.value()};
  }
  SLUICE_TRY(check_one(real, named));
  if (!std::filesystem::is_directory(real, ec)) {
    SLUICE_TRY(check_one(real.parent_path(), named));
  }
  return {};
}

}  // namespace sluice::host
