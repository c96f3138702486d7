// SPDX-License-Identifier: Apache-2.0
//
// Text that came from a plugin, made fit for terminals, logs and JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/abi.h"

namespace sluice::host {

// Length of the valid UTF-8 sequence at the start of `text` (1 to 4), or 0. Refuses overlong forms,
// surrogates and what lies above U+10FFFF.
size_t utf8_sequence(std::string_view text);

bool is_utf8(std::string_view text);

// A copy of at most `max_bytes`, cut at a character and then ending in "…": control characters
// become spaces, bytes that are not UTF-8 become U+FFFD, as do characters that change the direction
// of text.
std::string clean_text(std::string_view text, size_t max_bytes);

// What a plugin's string says; a NULL pointer is empty whatever its size claims.
inline std::string_view view(const sluice_str_t& text) {
  return text.data == nullptr ? std::string_view{} : std::string_view(text.data, text.size);
}
inline std::string_view view(const sluice_bytes_t& bytes) {
  return bytes.data == nullptr ? std::string_view{}
                               : std::string_view(static_cast<const char*>(bytes.data), bytes.size);
}
inline sluice_str_t str(std::string_view text) {
  return {text.data(), text.size()};
}
inline sluice_bytes_t bytes(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace sluice::host
