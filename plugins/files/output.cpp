// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sluice/cpp/error.hpp"

namespace sluice::files {

namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20U;
constexpr std::size_t kPackBlock = 64 * 1024;

class GzipPacker final : public Packer {
 public:
  GzipPacker() {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipPacker() override { deflateEnd(&stream_); }

  void pack(std::string_view data, bool end, std::string& out) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    int rc = Z_OK;
    do {
      const std::size_t before = out.size();
      out.resize(before + kPackBlock);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = kPackBlock;
      rc = deflate(&stream_, end ? Z_FINISH : Z_NO_FLUSH);
      out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_in > 0 || (end && rc != Z_STREAM_END));
    if (end) {
      deflateReset(&stream_);
    }
  }
  void reset() override { deflateReset(&stream_); }

 private:
  z_stream stream_{};
};

class ZstdPacker final : public Packer {
 public:
  ZstdPacker() {
    if (!stream_) {
      throw std::bad_alloc();
    }
    ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  }

  void pack(std::string_view data, bool end, std::string& out) override {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    std::size_t left = 0;
    do {
      const std::size_t before = out.size();
      out.resize(before + kPackBlock);
      ZSTD_outBuffer target{out.data() + before, kPackBlock, 0};
      left = ZSTD_compressStream2(stream_.get(), &target, &in, end ? ZSTD_e_end : ZSTD_e_continue);
      out.resize(before + target.pos);
      if (ZSTD_isError(left) != 0) {
        throw Error(Code::kInternal, std::string("zstd: ") + ZSTD_getErrorName(left));
      }
    } while (in.pos < in.size || (end && left != 0));
  }
  void reset() override { ZSTD_CCtx_reset(stream_.get(), ZSTD_reset_session_only); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* stream) const noexcept { ZSTD_freeCCtx(stream); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> stream_{ZSTD_createCCtx()};
};

uint64_t size_of(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw_disk(path, "read");
  }
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace

void throw_disk(const std::string& path, const char* action) {
  const int number = errno;
  throw Error(Code::kUnavailable, "The file '" + path + "' cannot be " + action + ": " +
                                      std::generic_category().message(number) +
                                      ". Check the folder, its rights and the free space.")
      .vendor(number)
      .retryable();
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor::~Descriptor() {
  if (fd_ > STDERR_FILENO) {
    ::close(fd_);
  }
}

Descriptor open_for_append(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;  // what is wrong with the folder, opening the file says better
  std::filesystem::create_directories(folder, ignored);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    throw_disk(path, "opened");
  }
  return Descriptor(fd);
}

void write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t done = ::write(fd, data.data(), data.size());
    if (done < 0 && errno != EINTR) {
      throw_disk(path, "written");
    }
    data.remove_prefix(done > 0 ? static_cast<std::size_t>(done) : 0);
  }
}

void sync_folder(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path().string();
  folder = folder.empty() ? "." : folder;
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) {
    throw_disk(folder, "made durable");
  }
}

std::unique_ptr<Packer> make_packer(const std::string& kind) {
  if (kind == "gzip") {
    return std::make_unique<GzipPacker>();
  }
  return kind == "zstd" ? std::make_unique<ZstdPacker>() : std::unique_ptr<Packer>{};
}

Output::Output(std::string path, uint64_t size, const std::string& compression)
    : path_(std::move(path)),
      file_(path_ == "-" ? Descriptor(STDOUT_FILENO) : open_for_append(path_)),
      is_file_(path_ != "-"),
      packer_(make_packer(compression)),
      written_(size),
      committed_(size) {
  if (is_file_) {
    if (size_of(file_.get(), path_) < size) {
      throw Error(Code::kBadState, "The file '" + path_ + "' is shorter than the commit log says.");
    }
    rollback();
  }
}

void Output::flush_if_large() {
  if (buffer_.size() >= kLarge) {
    flush(false);
  }
}

void Output::flush(bool end) {
  std::string_view data = buffer_;
  if (packer_ != nullptr && (!buffer_.empty() || open_member_)) {
    packed_.clear();
    packer_->pack(buffer_, end, packed_);
    open_member_ = !end;
    data = packed_;
  }
  write_all(file_.get(), data, path_);
  written_ += data.size();
  buffer_.clear();
}

uint64_t Output::sync() {
  flush(true);
  if (is_file_ && written_ != committed_ && ::fdatasync(file_.get()) != 0) {
    throw_disk(path_, "made durable");
  }
  return written_;
}

void Output::rollback() {
  buffer_.clear();
  if (packer_ != nullptr) {
    packer_->reset();
    open_member_ = false;
  }
  if (!is_file_) {
    return;
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(committed_)) != 0 ||
      ::lseek(file_.get(), static_cast<off_t>(committed_), SEEK_SET) < 0) {
    throw_disk(path_, "cut to its last commit");
  }
  written_ = committed_;
}

}  // namespace sluice::files
