// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::host::cassette {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 200;

Error failed(const fs::path& path, const char* what, int number) {
  return Error{number == ENOSPC ? Code::kNoSpace : Code::kIo,
               path.string() + ": " + what + ": " + std::generic_category().message(number), 0,
               number};
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) {
      close(fd_);
    }
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

Result<File> create_file(const fs::path& path) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);  // NOLINT
  if (fd < 0) {
    return failed(path, "cannot be written", errno);
  }
  return File(fd);
}

Result<File> open_file(const fs::path& path) {
  // Without O_NONBLOCK a pipe in the place of a file would hold the run for ever.
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));  // NOLINT
  if (!file) {
    if (errno == ENOENT) {
      return Error{Code::kNotFound, path.string() + " does not exist", 0, ENOENT};
    }
    return failed(path, "cannot be read", errno);
  }
  struct stat info {};
  if (fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{Code::kCorrupt,
                 path.string() + " is not a file; a cassette holds plain files only"};
  }
  return file;
}

Result<void> write_all(const File& file, const fs::path& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = write(file.fd(), text.data(), text.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return failed(path, "cannot be written", errno);
    }
    text.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  fs::path part = path;
  part += ".part";
  {
    auto file = create_file(part);
    if (!file) {
      return std::move(file).error();
    }
    SLUICE_TRY(write_all(*file, part, text));
  }
  return rename(part.c_str(), path.c_str()) == 0 ? Result<void>{}
                                                 : failed(path, "cannot be put into place", errno);
}

Result<std::string> read_file(const fs::path& path, uint64_t most) {
  auto file = open_file(path);
  if (!file) {
    return std::move(file).error();
  }
  std::string text;
  constexpr size_t kStep = 64U << 10;
  while (true) {
    const size_t before = text.size();
    text.resize(before + kStep);
    const ssize_t size = read(file->fd(), text.data() + before, kStep);
    if (size < 0 && errno != EINTR) {
      return failed(path, "cannot be read", errno);
    }
    text.resize(before + static_cast<size_t>(size < 0 ? 0 : size));
    if (size == 0) {
      return text;
    }
    if (text.size() > most) {
      return Error{Code::kCorrupt,
                   path.string() + " is longer than " + std::to_string(most) + " bytes"};
    }
  }
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.front() == '.') {
    return false;
  }
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!good) {
      return false;
    }
  }
  return true;
}

Result<void> prepare_folder(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) {
    return failed(folder, "cannot be made", ec.value());
  }
  const bool ours = fs::exists(folder / kAboutFile, ec);
  if (!ours && !fs::is_empty(folder, ec)) {
    return Error{Code::kInvalidConfig,
                 folder.string() +
                     " holds files and no cassette; name an empty folder, or one to record anew"};
  }
  for (const char* inner : {kExchangesFolder, kBodiesFolder}) {
    fs::remove_all(folder / inner, ec);
    if (ec || mkdir((folder / inner).c_str(), 0700) != 0) {
      return failed(folder / inner, "cannot be made anew", ec ? ec.value() : errno);
    }
  }
  fs::remove(folder / kTimingFile, ec);
  return {};
}

}  // namespace sluice::host::cassette
