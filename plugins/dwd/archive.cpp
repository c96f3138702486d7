// SPDX-License-Identifier: Apache-2.0
#include "archive.hpp"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace dwd {

namespace {

using Kind = ArchiveError::Kind;

constexpr uint32_t kLocalHeader = 0x04034B50;
constexpr uint32_t kDescriptor = 0x08074B50;
constexpr uint32_t kCentralHeader = 0x02014B50;
constexpr uint32_t kEndRecord = 0x06054B50;
constexpr uint32_t kZip64EndRecord = 0x06064B50;
constexpr uint32_t kUnknown32 = 0xFFFFFFFF;
constexpr uint32_t kFlagEncrypted = 1;
constexpr uint32_t kFlagDescriptor = 8;
constexpr uint32_t kStored = 0;
constexpr uint32_t kDeflated = 8;
constexpr std::size_t kInputSize = std::size_t{64} << 10U;  // bytes
constexpr std::size_t kLookBack = 8;  // bytes that ISA-L may have taken and not used

uint32_t little16(const uint8_t* p) noexcept {
  return p[0] | static_cast<uint32_t>(p[1]) << 8U;
}
uint32_t little32(const uint8_t* p) noexcept {
  return little16(p) | little16(p + 2) << 16U;
}
uint64_t little64(const uint8_t* p) noexcept {
  return little32(p) | static_cast<uint64_t>(little32(p + 4)) << 32U;
}

}  // namespace

struct Archive::State {
  explicit State(Pull source) : pull(std::move(source)), input(kLookBack + kInputSize) {}

  Pull pull;
  std::vector<uint8_t> input;
  // Unread part of `input`; the kLookBack bytes before it are always those that came before.
  std::size_t at = kLookBack, end = kLookBack;
  bool ended = false;    // `pull` has told the end
  bool started = false;  // a header was read

  // The member.
  std::string name;
  bool open = false;
  bool has_descriptor = false;
  bool zip64 = false;
  uint32_t method = 0;
  uint32_t want_crc = 0, crc = 0;
  uint64_t packed_left = 0;  // bytes; not used with a descriptor
  uint64_t want_size = 0, size = 0;
  inflate_state inflate{};

  ArchiveError corrupt(const std::string& what) const {
    return {Kind::kCorrupt, "The archive is corrupt: " + what + "."};
  }

  // Whether there are bytes to read.
  bool fill() {
    if (at < end) {
      return true;
    }
    if (ended) {
      return false;
    }
    std::memmove(input.data(), input.data() + end - kLookBack, kLookBack);
    const std::size_t got = pull(reinterpret_cast<char*>(input.data() + kLookBack), kInputSize);
    at = kLookBack;
    end = kLookBack + got;
    ended = got == 0;
    return !ended;
  }

  void take(uint8_t* out, std::size_t count) {
    while (count != 0) {
      if (!fill()) {
        throw ArchiveError(Kind::kTruncated, "The archive ends in the middle of a member.");
      }
      const std::size_t step = std::min(count, end - at);
      std::memcpy(out, input.data() + at, step);
      at += step;
      out += step;
      count -= step;
    }
  }
  uint32_t take32() {
    std::array<uint8_t, 4> bytes{};
    take(bytes.data(), bytes.size());
    return little32(bytes.data());
  }
  uint64_t take64() {
    std::array<uint8_t, 8> bytes{};
    take(bytes.data(), bytes.size());
    return little64(bytes.data());
  }

  [[noreturn]] void not_an_archive(uint32_t signature) {
    std::array<char, 4> text{};
    std::memcpy(text.data(), &signature, text.size());
    const std::string_view start(text.data(), text.size());
    const auto first = start.find_first_not_of(std::string_view(" \t\r\n\xEF\xBB\xBF", 7));
    if (first == std::string_view::npos || start[first] == '<') {
      throw ArchiveError(Kind::kMarkup, "The answer is a web page, not an archive.");
    }
    throw corrupt("it does not begin like a zip file");
  }

  bool read_header() {
    const uint32_t signature = take32();
    if (signature == kCentralHeader || signature == kEndRecord || signature == kZip64EndRecord) {
      started = true;
      if (signature == kEndRecord) {
        end_seen = 4;
      }
      return false;
    }
    if (signature != kLocalHeader) {
      if (!started) {
        not_an_archive(signature);
      }
      throw corrupt("a member does not begin where the one before ends");
    }
    started = true;
    read_local_header();
    return true;
  }

  void read_local_header() {
    std::array<uint8_t, 26> head{};
    take(head.data(), head.size());
    const uint32_t flags = little16(&head[2]);
    method = little16(&head[4]);
    want_crc = little32(&head[10]);
    packed_left = little32(&head[14]);
    want_size = little32(&head[18]);
    name.resize(little16(&head[22]));
    take(reinterpret_cast<uint8_t*>(name.data()), name.size());
    std::vector<uint8_t> extra(little16(&head[24]));
    take(extra.data(), extra.size());
    read_zip64(extra);
    has_descriptor = (flags & kFlagDescriptor) != 0;
    check_supported(flags);
    crc = 0;
    size = 0;
    open = true;
    if (method == kDeflated) {
      isal_inflate_init(&inflate);
    }
  }

  void check_supported(uint32_t flags) const {
    if ((flags & kFlagEncrypted) != 0) {
      throw ArchiveError(Kind::kUnsupported, "The member '" + name + "' is encrypted.");
    }
    if (method != kStored && method != kDeflated) {
      throw ArchiveError(Kind::kUnsupported, "The member '" + name + "' uses compression method " +
                                                 std::to_string(method) +
                                                 "; only stored and deflated are read.");
    }
    if (method == kStored && has_descriptor) {
      throw ArchiveError(Kind::kUnsupported,
                         "The member '" + name + "' is stored without saying how long it is.");
    }
  }

  void read_zip64(const std::vector<uint8_t>& extra) {
    zip64 = false;
    for (std::size_t i = 0; i + 4 <= extra.size();) {
      const std::size_t length = little16(&extra[i + 2]);
      const std::size_t field = i + 4;
      if (length > extra.size() - field) {
        return;  // padding that some writers leave
      }
      if (little16(&extra[i]) == 1) {
        zip64 = true;
        std::size_t next_value = field;
        for (uint64_t* value : {&want_size, &packed_left}) {
          if (*value == kUnknown32 && next_value + 8 <= field + length) {
            *value = little64(&extra[next_value]);
            next_value += 8;
          }
        }
      }
      i = field + length;
    }
  }

  std::size_t read_stored(char* buffer, std::size_t capacity) {
    if (packed_left == 0) {
      return 0;
    }
    if (!fill()) {
      throw ArchiveError(Kind::kTruncated, "The archive ends within the member '" + name + "'.");
    }
    const auto left = static_cast<std::size_t>(std::min<uint64_t>(packed_left, capacity));
    const std::size_t step = std::min(left, end - at);
    std::memcpy(buffer, input.data() + at, step);
    at += step;
    packed_left -= step;
    return step;
  }

  // Fills `buffer` unless the member ends.
  std::size_t read_deflated(char* buffer, std::size_t capacity) {
    inflate.next_out = reinterpret_cast<uint8_t*>(buffer);
    inflate.avail_out = static_cast<uint32_t>(std::min<std::size_t>(capacity, 1U << 30U));
    const uint32_t room = inflate.avail_out;
    while (inflate.avail_out != 0 && inflate.block_state != ISAL_BLOCK_FINISH) {
      const bool input_left = has_descriptor || packed_left != 0;
      if (input_left && !fill()) {
        throw ArchiveError(Kind::kTruncated, "The archive ends within the member '" + name + "'.");
      }
      std::size_t given = input_left ? end - at : 0;
      if (!has_descriptor) {
        given = static_cast<std::size_t>(std::min<uint64_t>(given, packed_left));
      }
      inflate_some(given);
    }
    return room - inflate.avail_out;
  }

  void inflate_some(std::size_t given) {
    const uint32_t before = inflate.avail_out;
    inflate.next_in = input.data() + at;
    inflate.avail_in = static_cast<uint32_t>(given);
    if (isal_inflate(&inflate) != ISAL_DECOMP_OK) {
      throw corrupt("the member '" + name + "' cannot be inflated");
    }
    const std::size_t used = given - inflate.avail_in;
    at += used;
    packed_left -= has_descriptor ? 0 : used;
    if (inflate.block_state == ISAL_BLOCK_FINISH) {  // whole bytes it took beyond the end
      const auto unused = static_cast<std::size_t>(std::max(inflate.read_in_length, 0)) / 8;
      at -= unused;
      packed_left += has_descriptor ? 0 : unused;
    }
    const bool idle = used == 0 && before == inflate.avail_out;
    if (idle && inflate.block_state != ISAL_BLOCK_FINISH) {
      throw corrupt("the member '" + name + "' is shorter than its header says");
    }
  }

  void finish_member() {
    open = false;
    if (has_descriptor) {
      uint32_t first = take32();
      if (first == kDescriptor) {
        first = take32();
      }
      want_crc = first;
      packed_left = zip64 ? take64() : take32();
      want_size = zip64 ? take64() : take32();
      packed_left = 0;
    }
    if (packed_left != 0) {
      throw corrupt("the member '" + name + "' is longer than its data");
    }
    if (size != want_size || crc != want_crc) {
      throw corrupt("the member '" + name + "' has a wrong size or checksum");
    }
  }

  uint32_t end_seen = 0;  // how much of the end record's signature was read
};

Archive::Archive(Pull pull) : state_(std::make_unique<State>(std::move(pull))) {}
Archive::~Archive() = default;

std::optional<std::string> Archive::next() {
  std::array<char, 8192> skipped{};
  while (state_->open && read(skipped.data(), skipped.size()) != 0) {
  }
  if (!state_->read_header()) {
    return std::nullopt;
  }
  return state_->name;
}

std::size_t Archive::read(char* buffer, std::size_t capacity) {
  if (!state_->open) {
    return 0;
  }
  const std::size_t size = state_->method == kDeflated ? state_->read_deflated(buffer, capacity)
                                                       : state_->read_stored(buffer, capacity);
  if (size == 0) {
    state_->finish_member();
    return 0;
  }
  state_->crc = libdeflate_crc32(state_->crc, buffer, size);
  state_->size += size;
  return size;
}

void Archive::finish() {
  constexpr std::array<uint8_t, 4> kEnd{0x50, 0x4B, 0x05, 0x06};
  uint32_t seen = state_->end_seen;
  for (; state_->fill(); ++state_->at) {
    const uint8_t byte = state_->input[state_->at];
    if (seen < kEnd.size()) {
      seen = byte == kEnd[seen] ? seen + 1 : static_cast<uint32_t>(byte == kEnd[0] ? 1 : 0);
    }
  }
  if (seen < kEnd.size()) {
    throw ArchiveError(Kind::kTruncated, "The archive ends before its directory does.");
  }
}

}  // namespace dwd
