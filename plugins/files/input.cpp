// SPDX-License-Identifier: Apache-2.0
#include "input.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"

namespace sluice::files {

namespace {

constexpr std::size_t kPackedBlock = 128 * 1024;

Error disk_error(const std::string& path, const char* action, int number) {
  const bool gone = number == ENOENT || number == ENOTDIR;
  Error error(gone ? Code::kNotFound : Code::kUnavailable,
              "The file '" + path + "' cannot be " + action + ": " +
                  std::generic_category().message(number) + ".");
  return std::move(error).vendor(number);
}

class File {
 public:
  explicit File(std::string path)
      : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) {
      throw disk_error(path_, "opened", errno);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }

  const std::string& path() const noexcept { return path_; }
  std::size_t read(void* out, std::size_t size) const {
    for (;;) {
      const ssize_t got = ::read(fd_, out, size);
      if (got >= 0) {
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) {
        throw disk_error(path_, "read", errno);
      }
    }
  }
  void seek(uint64_t offset) const {
    if (::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {
      throw disk_error(path_, "read", errno);
    }
  }

 private:
  std::string path_;
  int fd_;
};

Error damaged(const std::string& path, const std::string& what) {
  return Error(Code::kBadData, "The file '" + path + "' is damaged: " + what + ".");
}

// A file that holds one stream of bytes.
class Single : public Input {
 public:
  explicit Single(const std::string& path) : file_(path) {}
  bool next_member(std::string& name) override {
    name = file_.path();
    return std::exchange(first_, false);
  }

 protected:
  File file_;

 private:
  bool first_ = true;
};

class Plain final : public Single {
 public:
  using Single::Single;
  std::size_t read(char* out, std::size_t size) override { return file_.read(out, size); }
  bool can_seek() const noexcept override { return true; }
  void seek(uint64_t offset) override { file_.seek(offset); }
};

// Several members in a row are one file, as gzip itself has it; their checksums are checked.
class Gzip final : public Single {
 public:
  explicit Gzip(const std::string& path) : Single(path), packed_(kPackedBlock) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Gzip() override { inflateEnd(&stream_); }

  std::size_t read(char* out, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30U));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) {
        stream_.next_in = packed_.data();
        stream_.avail_in = static_cast<uInt>(file_.read(packed_.data(), packed_.size()));
        if (stream_.avail_in == 0) {
          if (inside_) {
            throw damaged(file_.path(), "the gzip data ends early");
          }
          return 0;
        }
      }
      if (!inside_) {
        inflateReset(&stream_);
        inside_ = true;
      }
      const int rc = inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_STREAM_END) {
        inside_ = false;
      } else if (rc != Z_OK) {
        throw damaged(file_.path(), stream_.msg == nullptr ? "it is no gzip data" : stream_.msg);
      }
    }
    return room - stream_.avail_out;
  }

 private:
  std::vector<Bytef> packed_;
  z_stream stream_{};
  bool inside_ = true;  // a member has begun and not ended
};

class Zstd final : public Single {
 public:
  explicit Zstd(const std::string& path) : Single(path), packed_(kPackedBlock) {
    if (!stream_) {
      throw std::bad_alloc();
    }
  }

  std::size_t read(char* out, std::size_t size) override {
    ZSTD_outBuffer target{out, size, 0};
    while (target.pos == 0) {
      if (in_.pos == in_.size) {
        in_ = {packed_.data(), file_.read(packed_.data(), packed_.size()), 0};
        if (in_.size == 0) {
          if (inside_) {
            throw damaged(file_.path(), "the zstd data ends early");
          }
          return 0;
        }
      }
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &target, &in_);
      if (ZSTD_isError(left) != 0) {
        throw damaged(file_.path(), ZSTD_getErrorName(left));
      }
      inside_ = left != 0;
    }
    return target.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
  };
  std::vector<char> packed_;
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool inside_ = true;  // a frame has begun and not ended
};

class Zip final : public Input {
 public:
  explicit Zip(std::string path) : path_(std::move(path)), archive_(archive_read_new()) {
    if (!archive_) {
      throw std::bad_alloc();
    }
    archive_read_support_format_zip(archive_.get());
    if (archive_read_open_filename(archive_.get(), path_.c_str(), kPackedBlock) != ARCHIVE_OK) {
      throw damaged(path_, text());
    }
  }

  bool next_member(std::string& name) override {
    archive_entry* entry = nullptr;
    for (;;) {
      const int rc = archive_read_next_header(archive_.get(), &entry);
      if (rc == ARCHIVE_EOF) {
        return false;
      }
      if (rc < ARCHIVE_WARN) {
        throw damaged(path_, text());
      }
      const char* member = archive_entry_pathname(entry);
      if (archive_entry_filetype(entry) == AE_IFREG) {
        name = member == nullptr ? path_ : member;
        return true;
      }
    }
  }
  std::size_t read(char* out, std::size_t size) override {
    const la_ssize_t got = archive_read_data(archive_.get(), out, size);
    if (got < 0) {
      throw damaged(path_, text());
    }
    return static_cast<std::size_t>(got);
  }

 private:
  std::string text() const {
    const char* why = archive_error_string(archive_.get());
    return why == nullptr ? "it is no zip archive" : why;
  }
  struct Free {
    void operator()(archive* a) const noexcept { archive_read_free(a); }
  };
  std::string path_;
  std::unique_ptr<archive, Free> archive_;
};

}  // namespace

std::string FileVersion::text() const {
  return std::to_string(mtime_ns) + "-" + std::to_string(size) + "-" + std::to_string(inode);
}

FileVersion version_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw disk_error(path, "read", errno);
  }
  return {.mtime_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          .size = static_cast<uint64_t>(status.st_size),
          .inode = status.st_ino};
}

std::unique_ptr<Input> open_input(const std::string& path) {
  std::array<char, 4> magic{};
  std::size_t got = 0;
  {
    const File file(path);
    while (got < magic.size()) {
      const std::size_t more = file.read(magic.data() + got, magic.size() - got);
      if (more == 0) {
        break;
      }
      got += more;
    }
  }
  const std::string_view start(magic.data(), got);
  if (start.starts_with("\x1F\x8B")) {
    return std::make_unique<Gzip>(path);
  }
  if (start == "\x28\xB5\x2F\xFD") {
    return std::make_unique<Zstd>(path);
  }
  if (start == "PK\x03\x04" || start == "PK\x05\x06") {
    return std::make_unique<Zip>(path);
  }
  return std::make_unique<Plain>(path);
}

}  // namespace sluice::files
