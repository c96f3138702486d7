// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/arrow_type.hpp"

#include <charconv>

namespace sluice::host {
namespace {

// "d:P,S" with 1 to 38 digits, of which at most P stand behind the point.
bool is_decimal128(std::string_view format) {
  if (format.substr(0, 2) != "d:") {
    return false;
  }
  const char* end = format.data() + format.size();
  int precision = 0;
  int scale = 0;
  const auto first = std::from_chars(format.data() + 2, end, precision);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') {
    return false;
  }
  const auto second = std::from_chars(first.ptr + 1, end, scale);
  return second.ec == std::errc() && second.ptr == end && precision >= 1 && precision <= 38 &&
         scale >= 0 && scale <= precision;
}

}  // namespace

std::optional<ArrowType> arrow_type(std::string_view format) {
  if (format == "b") {
    return ArrowType{Layout::kBits, 0, false, false, false};
  }
  if (format == "i") {
    return ArrowType{Layout::kFixed, 4, false, true, false};
  }
  if (format == "l") {
    return ArrowType{Layout::kFixed, 8, false, true, false};
  }
  if (format == "g") {
    return ArrowType{Layout::kFixed, 8, false, false, false};
  }
  if (format == "tdD") {
    return ArrowType{Layout::kFixed, 4, false, false, true};
  }
  if (format == "tsu:UTC") {
    return ArrowType{Layout::kFixed, 8, false, false, true};
  }
  if (format == "u" || format == "z") {
    return ArrowType{Layout::kSmallOffsets, 0, format == "u", false, false};
  }
  if (format == "U") {
    return ArrowType{Layout::kLargeOffsets, 0, true, false, false};
  }
  if (is_decimal128(format)) {
    return ArrowType{Layout::kFixed, 16, false, false, false};
  }
  return std::nullopt;
}

}  // namespace sluice::host
