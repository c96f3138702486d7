// SPDX-License-Identifier: Apache-2.0
//
// Text and bytes on their way across the C boundary, and the UTF-8 checks they need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/abi.h"

namespace sluice::inline sdk_v0 {

inline std::string_view view(sluice_str_t text) noexcept {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

inline std::string_view view(sluice_bytes_t bytes) noexcept {
  return bytes.data == nullptr ? std::string_view{}
                               : std::string_view{static_cast<const char*>(bytes.data), bytes.size};
}

inline sluice_str_t to_c(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

// Never NULL data, so that an empty value stays apart from none.
inline sluice_bytes_t to_c_bytes(std::string_view bytes) noexcept {
  return {bytes.data() == nullptr ? "" : bytes.data(), bytes.size()};
}

// Collects what the other side puts. Lives as long as the call it is given to.
class PutText {
 public:
  PutText() noexcept : put_{this, &PutText::append} {}
  PutText(const PutText&) = delete;
  PutText& operator=(const PutText&) = delete;

  const sluice_put_t* c() const noexcept { return &put_; }
  bool called() const noexcept { return called_; }
  bool failed() const noexcept { return failed_; }
  std::string take() { return std::move(text_); }

 private:
  static void append(void* ctx, const void* data, uint64_t size) noexcept {
    auto* self = static_cast<PutText*>(ctx);
    self->called_ = true;
    try {
      if (size != 0) {
        self->text_.append(static_cast<const char*>(data), size);
      }
    } catch (...) {
      self->failed_ = true;  // out of memory must not unwind through the other side
    }
  }

  sluice_put_t put_;
  std::string text_;
  bool called_ = false;
  bool failed_ = false;
};

// Length in bytes of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none.
inline std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto trail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  if (text.empty()) {
    return 0;
  }
  const unsigned char lead = byte(0);
  if (lead < 0x80U) {
    return 1;
  }
  if (lead >= 0xC2U && lead <= 0xDFU) {
    return trail(1) ? 2 : 0;
  }
  if (lead >= 0xE0U && lead <= 0xEFU && trail(1) && trail(2)) {
    const bool overlong = lead == 0xE0U && byte(1) < 0xA0U;
    const bool surrogate = lead == 0xEDU && byte(1) > 0x9FU;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0U && lead <= 0xF4U && trail(1) && trail(2) && trail(3)) {
    const bool overlong = lead == 0xF0U && byte(1) < 0x90U;
    const bool too_high = lead == 0xF4U && byte(1) > 0x8FU;
    return overlong || too_high ? 0 : 4;
  }
  return 0;
}

inline bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

// Copies at most `capacity - 1` bytes of `text` and a NUL, cut at a character; bytes that are not
// UTF-8 become '?'. Requires: capacity > 0.
inline void copy_utf8(std::string_view text, char* out, std::size_t capacity) noexcept {
  std::size_t used = 0;
  while (!text.empty() && text.front() != '\0') {
    const std::size_t size = utf8_sequence(text);
    if (used + (size == 0 ? 1 : size) >= capacity) {
      break;
    }
    if (size == 0) {
      out[used++] = '?';
      text.remove_prefix(1);
      continue;
    }
    for (std::size_t i = 0; i < size; ++i) {
      out[used++] = text[i];
    }
    text.remove_prefix(size);
  }
  out[used] = '\0';
}

}  // namespace sluice::inline sdk_v0
