// SPDX-License-Identifier: Apache-2.0
#include "zip.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <vector>

namespace binance {

namespace {

constexpr uint32_t kLocalHeader = 0x04034B50;
constexpr uint32_t kCentralHeader = 0x02014B50;
constexpr uint32_t kEndRecord = 0x06054B50;
constexpr std::size_t kEndSize = 22;                    // bytes, without the comment
constexpr std::size_t kCentralSize = 46;                // bytes, without the name
constexpr std::size_t kLocalSize = 30;                  // bytes, without the name
constexpr std::size_t kMostComment = 0xFFFF;            // bytes
constexpr std::size_t kPiece = std::size_t{64} << 10U;  // bytes read or unpacked at once
constexpr std::size_t kLongestLine = 4096;              // bytes; a candle has about 130
constexpr uint32_t kFull = 0xFFFFFFFF;                  // the value stands in a field of zip64

uint32_t little16(const uint8_t* p) noexcept {
  return p[0] | static_cast<uint32_t>(p[1]) << 8U;
}
uint32_t little32(const uint8_t* p) noexcept {
  return little16(p) | little16(p + 2) << 16U;
}
uint64_t little64(const uint8_t* p) noexcept {
  return little32(p) | static_cast<uint64_t>(little32(p + 4)) << 32U;
}

std::vector<uint8_t> take(const Spool& file, uint64_t offset, std::size_t size) {
  std::vector<uint8_t> out(size);
  if (file.read(offset, reinterpret_cast<char*>(out.data()), size) != size) {
    throw ZipError("it is shorter than its directory says");
  }
  return out;
}

// Values that do not fit into 32 bits, in their order, from the extra field of zip64.
void read_zip64(const std::vector<uint8_t>& extra, std::initializer_list<uint64_t*> values) {
  for (std::size_t i = 0; i + 4 <= extra.size();) {
    const std::size_t length = little16(&extra[i + 2]);
    std::size_t at = i + 4;
    const std::size_t end = at + length;
    if (little16(&extra[i]) == 1 && end <= extra.size()) {
      for (uint64_t* value : values) {
        if (*value == kFull && at + 8 <= end) {
          *value = little64(&extra[at]);
          at += 8;
        }
      }
      return;
    }
    i = end;
  }
}

}  // namespace

struct ZipText::Inflater {
  Inflater() : input(kPiece) { isal_inflate_init(&state); }
  inflate_state state{};
  std::vector<uint8_t> input;
  uint32_t crc = 0;
};

ZipText::ZipText(const Spool& file) : file_(file), inflater_(std::make_unique<Inflater>()) {
  find_member();
}
ZipText::~ZipText() = default;

void ZipText::find_member() {
  const auto tail_size =
      static_cast<std::size_t>(std::min<uint64_t>(file_.size(), kEndSize + kMostComment));
  const std::vector<uint8_t> tail = take(file_, file_.size() - tail_size, tail_size);
  std::size_t end = tail_size < kEndSize ? 0 : tail_size - kEndSize + 1;
  while (end > 0 && little32(&tail[end - 1]) != kEndRecord) {
    --end;
  }
  if (end == 0) {
    throw ZipError("it does not end like a zip file");
  }
  const uint8_t* record = &tail[end - 1];
  const uint32_t members = little16(record + 10);
  if (members != 1) {
    throw ZipError("it holds " + std::to_string(members) + " files where one is expected");
  }
  const uint64_t directory = little32(record + 16);
  const std::vector<uint8_t> central = take(file_, directory, kCentralSize);
  if (little32(central.data()) != kCentralHeader) {
    throw ZipError("its directory is damaged");
  }
  crc_ = little32(&central[16]);
  packed_left_ = little32(&central[20]);
  size_ = little32(&central[24]);
  uint64_t local_at = little32(&central[42]);
  read_zip64(take(file_, directory + kCentralSize + little16(&central[28]), little16(&central[30])),
             {&size_, &packed_left_, &local_at});
  const uint32_t method = little16(&central[10]);
  if ((little16(&central[8]) & 1U) != 0 || (method != 0 && method != 8)) {
    throw ZipError("its file is encrypted or compressed by method " + std::to_string(method));
  }
  stored_ = method == 0;
  const std::vector<uint8_t> local = take(file_, local_at, kLocalSize);
  if (little32(local.data()) != kLocalHeader) {
    throw ZipError("its file does not begin where the directory says");
  }
  at_ = local_at + kLocalSize + little16(&local[26]) + little16(&local[28]);
}

// Unpacks a piece behind what is left of the text; false at its end.
bool ZipText::fill() {
  if (ended_) {
    return false;
  }
  text_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = text_.size();
  text_.resize(before + kPiece);
  std::size_t got = 0;
  if (stored_) {
    got = file_.read(at_, text_.data() + before,
                     static_cast<std::size_t>(std::min<uint64_t>(kPiece, packed_left_)));
    at_ += got;
    packed_left_ -= got;
  } else {
    inflate_state& state = inflater_->state;
    state.next_out = reinterpret_cast<uint8_t*>(text_.data() + before);
    state.avail_out = kPiece;
    while (state.avail_out != 0 && state.block_state != ISAL_BLOCK_FINISH) {
      if (state.avail_in == 0) {
        const auto want = static_cast<std::size_t>(std::min<uint64_t>(kPiece, packed_left_));
        const std::size_t size =
            file_.read(at_, reinterpret_cast<char*>(inflater_->input.data()), want);
        at_ += size;
        packed_left_ -= size;
        state.next_in = inflater_->input.data();
        state.avail_in = static_cast<uint32_t>(size);
      }
      const uint32_t in_before = state.avail_in;
      const uint32_t out_before = state.avail_out;
      if (isal_inflate(&state) != ISAL_DECOMP_OK) {
        throw ZipError("its file cannot be inflated");
      }
      const bool idle = state.avail_in == in_before && state.avail_out == out_before;
      if (idle && state.block_state != ISAL_BLOCK_FINISH) {
        throw ZipError("its file is shorter than the directory says");
      }
    }
    got = kPiece - state.avail_out;
  }
  text_.resize(before + got);
  inflater_->crc =
      crc32_gzip_refl(inflater_->crc, reinterpret_cast<const uint8_t*>(text_.data() + before), got);
  unpacked_ += got;
  if (unpacked_ > size_) {
    throw ZipError("its file is longer than the directory says");
  }
  ended_ = got == 0;
  if (ended_ && (unpacked_ != size_ || inflater_->crc != crc_)) {
    throw ZipError("its file has a wrong size or checksum");
  }
  return !ended_;
}

std::optional<std::string_view> ZipText::next_line() {
  std::size_t searched = begin_;
  for (;;) {
    const std::size_t end = text_.find('\n', searched);
    if (end != std::string::npos) {
      const std::string_view out = std::string_view(text_).substr(begin_, end - begin_);
      begin_ = end + 1;
      ++line_;
      return out;
    }
    if (text_.size() - begin_ > kLongestLine) {
      throw ZipError("it holds a line of more than " + std::to_string(kLongestLine) + " bytes");
    }
    const std::size_t open = text_.size() - begin_;
    if (!fill()) {
      break;
    }
    searched = begin_ + open;
  }
  if (begin_ == text_.size()) {
    return std::nullopt;
  }
  const std::string_view out = std::string_view(text_).substr(begin_);
  begin_ = text_.size();
  ++line_;
  return out;
}

}  // namespace binance
