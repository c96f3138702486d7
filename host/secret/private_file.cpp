// SPDX-License-Identifier: Apache-2.0
#include "host/secret/private_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::host {
namespace {

std::string reason(int number) {
  return std::system_category().message(number);
}

Error io_error(const std::string& what, const std::filesystem::path& path, const char* doing) {
  const int number = errno;
  return Error{number == ENOSPC ? Code::kNoSpace : Code::kIo,
               what + " " + path.string() + " cannot be " + doing + ": " + reason(number), 0,
               number};
}

Result<void> judge(const struct stat& info, FileGuard guard, const std::string& name, size_t most) {
  if (!S_ISREG(info.st_mode)) {
    return Error{Code::kAuth, name + " is not a file"};
  }
  if (guard == FileGuard::kOwnerOnly) {
    if ((info.st_mode & 077U) != 0) {
      return Error{Code::kAuth, name +
                                    " may be read by others; run chmod 600 on it, and change "
                                    "the secret if others had access"};
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
      return Error{Code::kAuth, name + " belongs to another user; it must be your own"};
    }
  } else if ((info.st_mode & 007U) != 0) {
    return Error{Code::kAuth, name + " may be read by everybody"};
  }
  if (info.st_size > static_cast<off_t>(most)) {
    return Error{Code::kAuth, name + " is larger than " + std::to_string(most >> 10U) + " KiB"};
  }
  return {};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

Result<LockedBytes> read_private_file(const std::filesystem::path& path, FileGuard guard,
                                      size_t most, const std::string& what) {
  // A pipe nobody writes to must not hold us for ever, hence O_NONBLOCK until it is judged.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    Error error = io_error(what, path, "opened");
    error.code = error.vendor_code == ENOENT ? Code::kNotFound : Code::kIo;
    return error;
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    return io_error(what, path, "looked at");
  }
  SLUICE_TRY(judge(info, guard, what + " " + path.string(), most));
  LockedBytes buffer(static_cast<size_t>(info.st_size) + 1);
  size_t got = 0;
  while (got < buffer.size()) {
    const ssize_t size = read(file.get(), buffer.data() + got, buffer.size() - got);
    if (size < 0 && errno != EINTR) {
      return io_error(what, path, "read");
    }
    if (size == 0) {
      return LockedBytes(buffer.view(got));
    }
    got += static_cast<size_t>(std::max<ssize_t>(size, 0));
  }
  return Error{Code::kIo, what + " " + path.string() + " changed while it was read; try again"};
}

Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes,
                                const std::string& what) {
  std::string name = path.string() + ".XXXXXX";
  const Descriptor file(mkostemp(name.data(), O_CLOEXEC));  // mode 0600
  if (file.get() < 0) {
    return io_error(what, path, "written");
  }
  if (!write_all(file.get(), bytes) || fsync(file.get()) != 0 ||
      rename(name.c_str(), path.c_str()) != 0) {
    Error error = io_error(what, path, "written");
    unlink(name.c_str());
    return error;
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (directory.get() < 0 || fsync(directory.get()) != 0) {
    return io_error(what, path, "made durable");
  }
  return {};
}

Result<Descriptor> lock_file(const std::filesystem::path& path, const std::string& what) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) {
    return io_error(what, path, "opened");
  }
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return io_error(what, path, "locked");
    }
  }
  return file;
}

}  // namespace sluice::host
