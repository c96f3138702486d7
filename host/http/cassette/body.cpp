// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/body.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "host/http/head.hpp"

namespace sluice::host::cassette {
namespace {

constexpr size_t kSniffed = 512;
constexpr size_t kChunk = 64U << 10;

bool looks_like_text(std::string_view begin) {
  for (const char c : begin) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') {
      return false;
    }
  }
  return true;
}

Error cannot(const std::filesystem::path& path, const char* what) {
  return Error{
      errno == ENOSPC ? Code::kNoSpace : Code::kIo,
      path.string() + ": cannot be " + what + ": " + std::generic_category().message(errno), 0,
      errno};
}

}  // namespace

BodyWriter::BodyWriter(std::filesystem::path folder, std::string name, std::string content_type,
                       const Redact& redact)
    : folder_(std::move(folder)),
      part_(folder_ / (name + ".part")),
      name_(std::move(name)),
      type_(std::move(content_type)),
      redactor_(type_, redact, [this](std::string_view clean) {
        if (error_) {
          return;
        }
        if (begin_.size() < kSniffed) {
          begin_.append(clean.substr(0, kSniffed - begin_.size()));
        }
        if (redactor_.kind() == BodyKind::kJson && !packer_.had_blanks()) {
          packer_.push(clean);
        }
        if (auto written = write_all(file_, part_, clean); !written) {
          error_ = std::move(written).error();
        }
      }) {}

BodyWriter::~BodyWriter() {
  if (file_) {
    unlink(part_.c_str());
  }
}

Result<void> BodyWriter::push(std::string_view bytes) {
  if (!file_ && !bytes.empty()) {
    auto file = create_file(part_);
    if (!file) {
      return std::move(file).error();
    }
    file_ = std::move(*file);
  }
  redactor_.push(bytes);
  return error_ ? Result<void>(*error_) : Result<void>{};
}

const char* BodyWriter::ending() const {
  struct Ending {
    const char* type;
    const char* text;
  };
  constexpr std::array<Ending, 6> kEndings = {{{"text/html", ".html"},
                                               {"text/csv", ".csv"},
                                               {"application/xml,text/xml", ".xml"},
                                               {"application/zip", ".zip"},
                                               {"application/gzip,application/x-gzip", ".gz"},
                                               {"image/*,audio/*,video/*", ".bin"}}};
  if (redactor_.kind() == BodyKind::kJson) {
    return ".json";
  }
  for (const Ending& one : kEndings) {
    if (media_type_matches(type_, one.type)) {
      return one.text;
    }
  }
  return looks_like_text(begin_) ? ".txt" : ".bin";
}

Result<BodyRef> BodyWriter::finish() {
  redactor_.finish();
  if (error_) {
    return *error_;
  }
  BodyRef ref;
  if (!file_) {
    return ref;
  }
  ref.file = name_ + ending();
  ref.packed = redactor_.kind() == BodyKind::kJson && !packer_.had_blanks();
  const std::filesystem::path target = folder_ / ref.file;
  if (ref.packed) {
    SLUICE_TRY(lay_out(target));
    unlink(part_.c_str());
  } else if (rename(part_.c_str(), target.c_str()) != 0) {
    return cannot(target, "put into place");
  }
  file_ = File();
  return ref;
}

Result<void> BodyWriter::lay_out(const std::filesystem::path& to) {
  auto from = open_file(part_);
  if (!from) {
    return std::move(from).error();
  }
  auto out = create_file(to);
  if (!out) {
    return std::move(out).error();
  }
  JsonLayout layout;
  std::array<char, kChunk> buffer{};
  while (true) {
    const ssize_t size = ::read(from->fd(), buffer.data(), buffer.size());
    if (size < 0) {
      return cannot(part_, "read");
    }
    if (size == 0) {
      return write_all(*out, to, layout.finish());
    }
    SLUICE_TRY(write_all(*out, to, layout.push({buffer.data(), static_cast<size_t>(size)})));
  }
}

Result<std::unique_ptr<BodyReader>> BodyReader::open(const std::filesystem::path& folder,
                                                     const BodyRef& body) {
  if (body.file.empty()) {
    return std::make_unique<BodyReader>(File(), std::filesystem::path(), false);
  }
  if (!is_plain_name(body.file)) {
    return Error{Code::kCorrupt, "a body's file must have a plain name"};
  }
  const std::filesystem::path path = folder / body.file;
  auto file = open_file(path);
  if (!file) {
    Error error = std::move(file).error();
    error.code = Code::kCorrupt;
    return std::move(error).in("the cassette is not whole");
  }
  return std::make_unique<BodyReader>(std::move(*file), path, body.packed);
}

Result<size_t> BodyReader::read(std::span<char> buffer) {
  while (file_) {
    const ssize_t size = ::read(file_.fd(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return cannot(path_, "read");
    }
    if (size == 0 || !packed_) {
      return static_cast<size_t>(size);
    }
    const std::string packed = packer_.push({buffer.data(), static_cast<size_t>(size)});
    if (!packed.empty()) {
      std::memcpy(buffer.data(), packed.data(), packed.size());
      return packed.size();
    }
  }
  return size_t{0};
}

}  // namespace sluice::host::cassette
