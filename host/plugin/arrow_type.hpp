// SPDX-License-Identifier: Apache-2.0
//
// The Arrow types that every component understands (sluice/arrow.h), and how an array of each is
// laid out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::host {

enum class Layout : uint8_t {
  kBits,          // validity, one bit per value
  kFixed,         // validity, `width` bytes per value
  kSmallOffsets,  // validity, int32 offsets, bytes
  kLargeOffsets,  // validity, int64 offsets, bytes
};

struct ArrowType {
  Layout layout = Layout::kFixed;
  uint32_t width = 0;    // bytes, for kFixed
  bool text = false;     // its bytes are UTF-8
  bool integer = false;  // may be a `seq`
  bool time = false;     // may be a `time`
};

// Null for a format that sluice does not speak.
std::optional<ArrowType> arrow_type(std::string_view format);

}  // namespace sluice::host
