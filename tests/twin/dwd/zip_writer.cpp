// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/zip_writer.hpp"

#include <libdeflate.h>

#include <memory>
#include <stdexcept>

#include "tests/twin/dwd/calendar.hpp"

namespace sluice::twin::dwd {
namespace {

constexpr int kLevel = 1;  // thousands of archives are built on demand: speed before size

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += static_cast<char>(value >> (8U * static_cast<unsigned>(i)) & 0xFFU);
  }
}

std::string deflate(const std::string& content) {
  thread_local const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (!compressor) {
    throw std::bad_alloc();
  }
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), content.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor.get(), content.data(), content.size(),
                                         out.data(), out.size()));
  return out;
}

}  // namespace

ZipWriter::ZipWriter(std::int64_t seconds) {
  const Day day = floor_div(seconds, 86'400);
  const Date date = date_of(day);
  const auto second = static_cast<std::uint32_t>(seconds - day * 86'400);
  const auto dos_date =
      static_cast<std::uint32_t>(((date.year - 1980) << 9) | (date.month << 5) | date.day);
  dos_time_ = dos_date << 16U | (second / 3600) << 11U | (second / 60 % 60) << 5U | second % 60 / 2;
}

void ZipWriter::add(const std::string& name, const std::string& content, bool stored) {
  const std::string data = stored ? content : deflate(content);
  std::string common;  // the fields that local header and directory share
  put(common, 20, 2);  // version needed
  put(common, 0, 2);   // flags
  put(common, stored ? 0 : 8, 2);
  put(common, dos_time_, 4);
  put(common, libdeflate_crc32(0, content.data(), content.size()), 4);
  put(common, data.size(), 4);
  put(common, content.size(), 4);
  put(common, name.size(), 2);
  put(common, 0, 2);  // extra field
  put(directory_, 0x02014B50, 4);
  put(directory_, 0x0314, 2);  // made by Unix, version 2.0
  directory_ += common;
  put(directory_, 0, 2);                  // comment
  put(directory_, 0, 2);                  // disk
  put(directory_, 0, 2);                  // internal attributes
  put(directory_, 0100644ULL << 16U, 4);  // a plain file
  put(directory_, bytes_.size(), 4);
  directory_ += name;
  put(bytes_, 0x04034B50, 4);
  bytes_ += common + name + data;
  ++members_;
}

std::string ZipWriter::finish() {
  const std::size_t start = bytes_.size();
  bytes_ += directory_;
  put(bytes_, 0x06054B50, 4);
  put(bytes_, 0, 4);  // disks
  put(bytes_, members_, 2);
  put(bytes_, members_, 2);
  put(bytes_, directory_.size(), 4);
  put(bytes_, start, 4);
  put(bytes_, 0, 2);  // comment
  return std::move(bytes_);
}

}  // namespace sluice::twin::dwd
