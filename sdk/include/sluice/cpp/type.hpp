// SPDX-License-Identifier: Apache-2.0
//
// The column types that every component understands.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/cpp/error.hpp"

namespace sluice::inline sdk_v0 {

enum class Type : uint8_t {
  kBool,
  kInt32,
  kInt64,
  kFloat64,
  kDecimal128,  // precision and scale stand in the column's options
  kUtf8,        // at most 2 GiB of text in one batch
  kLargeUtf8,
  kBinary,     // at most 2 GiB in one batch
  kDate32,     // days since 1970-01-01
  kTimestamp,  // microseconds since the epoch, UTC
  kJson,       // utf8 that holds one JSON value
};

__extension__ typedef __int128 Int128;

// An unscaled decimal: value = unscaled * 10^-scale of its column.
struct Decimal {
  Int128 unscaled = 0;
};

using Micros = std::chrono::sys_time<std::chrono::microseconds>;
using Days = std::chrono::sys_days;

inline std::string_view type_name(Type type) noexcept {
  switch (type) {
    case Type::kBool:
      return "bool";
    case Type::kInt32:
      return "int32";
    case Type::kInt64:
      return "int64";
    case Type::kFloat64:
      return "float64";
    case Type::kDecimal128:
      return "decimal128";
    case Type::kUtf8:
      return "utf8";
    case Type::kLargeUtf8:
      return "large_utf8";
    case Type::kBinary:
      return "binary";
    case Type::kDate32:
      return "date32";
    case Type::kTimestamp:
      return "timestamp[us, UTC]";
    case Type::kJson:
      return "json";
  }
  return "unknown";
}

// The Arrow format string; kJson is told apart by the field's metadata.
inline std::string arrow_format(Type type, int precision, int scale) {
  switch (type) {
    case Type::kBool:
      return "b";
    case Type::kInt32:
      return "i";
    case Type::kInt64:
      return "l";
    case Type::kFloat64:
      return "g";
    case Type::kDecimal128:
      return "d:" + std::to_string(precision) + "," + std::to_string(scale);
    case Type::kUtf8:
    case Type::kJson:
      return "u";
    case Type::kLargeUtf8:
      return "U";
    case Type::kBinary:
      return "z";
    case Type::kDate32:
      return "tdD";
    case Type::kTimestamp:
      return "tsu:UTC";
  }
  throw Error(Code::kInternal, "A column has a type that this SDK does not know.");
}

constexpr bool is_text(Type type) noexcept {
  return type == Type::kUtf8 || type == Type::kLargeUtf8 || type == Type::kBinary ||
         type == Type::kJson;
}

}  // namespace sluice::inline sdk_v0
