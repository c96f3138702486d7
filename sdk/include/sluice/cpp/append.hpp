// SPDX-License-Identifier: Apache-2.0
//
// One value into one column, checked against the declared type: the comfortable way in.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sluice/cpp/column_types.hpp"
#include "sluice/cpp/decimal.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

template <class T>
concept JsonLike = requires(const T& value) {
  { value.is_null() } -> std::same_as<bool>;
  { value.dump() } -> std::convertible_to<std::string>;
  value.is_string();
};

[[noreturn]] inline void throw_type(const ColumnBuilder& column, std::string_view given) {
  throw Error(Code::kInternal, "The column '" + column.name() + "' is declared as " +
                                   std::string(type_name(column.type())) + ", but a row has " +
                                   std::string(given) + " for it.");
}

template <std::integral T>
void append_integer(ColumnBuilder& column, T value) {
  const auto narrow = [&] {
    if (!std::in_range<int32_t>(value)) {
      throw Error(Code::kBadData, "The column '" + column.name() + "' is declared as " +
                                      std::string(type_name(column.type())) +
                                      ", which cannot hold " + std::to_string(value) + ".");
    }
    return static_cast<int32_t>(value);
  };
  switch (column.type()) {
    case Type::kInt32:
    case Type::kDate32:
      return typed<int32_t>(column).append(narrow());
    case Type::kInt64:
    case Type::kTimestamp:
      if (!std::in_range<int64_t>(value)) {
        throw Error(Code::kBadData, "The column '" + column.name() + "' cannot hold " +
                                        std::to_string(value) + ".");
      }
      return typed<int64_t>(column).append(static_cast<int64_t>(value));
    case Type::kFloat64:
      return typed<double>(column).append(static_cast<double>(value));
    default:
      throw_type(column, "a whole number");
  }
}

inline void append_text(ColumnBuilder& column, std::string_view value, int scale, int precision) {
  switch (column.type()) {
    case Type::kLargeUtf8:
      return typed<LargeText>(column).append(value);
    case Type::kDecimal128:
      return typed<Decimal>(column).append(parse_decimal128(value, precision, scale).unscaled);
    default:
      break;
  }
  if (!is_text(column.type())) {
    throw_type(column, "text");
  }
  typed<std::string_view>(column).append(value);
}

}  // namespace detail

// Appends `value`: a number, bool, text, Decimal, Micros, Days, std::nullopt or nullptr, an
// optional of these, or a JSON value. Text for a decimal column is parsed exactly.
template <class T>
void append_value(ColumnBuilder& column, const ColumnDecl& decl, const T& value) {
  if constexpr (std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, std::nullptr_t>) {
    column.append_null();
  } else if constexpr (std::is_same_v<T, bool>) {
    column.type() == Type::kBool ? typed<bool>(column).append(value)
                                 : detail::throw_type(column, "a bool");
  } else if constexpr (std::integral<T>) {
    detail::append_integer(column, value);
  } else if constexpr (std::floating_point<T>) {
    column.type() == Type::kFloat64 ? typed<double>(column).append(static_cast<double>(value))
                                    : detail::throw_type(column, "a floating-point number");
  } else if constexpr (std::is_same_v<T, Decimal>) {
    typed<Decimal>(column).append(value.unscaled);
  } else if constexpr (std::is_same_v<T, Micros>) {
    column.type() == Type::kTimestamp
        ? typed<int64_t>(column).append(value.time_since_epoch().count())
        : detail::throw_type(column, "a time");
  } else if constexpr (std::is_same_v<T, Days>) {
    column.type() == Type::kDate32
        ? typed<int32_t>(column).append(static_cast<int32_t>(value.time_since_epoch().count()))
        : detail::throw_type(column, "a date");
  } else if constexpr (detail::JsonLike<T>) {
    if (value.is_null()) {
      column.append_null();
    } else if (column.type() == Type::kJson) {
      detail::append_text(column, value.dump(), 0, 0);
    } else if (value.is_string()) {
      detail::append_text(column, value.template get_ref<const std::string&>(), decl.options.scale,
                          decl.options.precision);
    } else if (value.is_boolean()) {
      append_value(column, decl, value.template get<bool>());
    } else if (value.is_number_unsigned()) {
      append_value(column, decl, value.template get<uint64_t>());
    } else if (value.is_number_integer()) {
      append_value(column, decl, value.template get<int64_t>());
    } else if (value.is_number()) {
      append_value(column, decl, value.template get<double>());
    } else {
      detail::throw_type(column, "a JSON object or array");
    }
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    detail::append_text(column, value, decl.options.scale, decl.options.precision);
  } else {
    if (value) {  // std::optional
      append_value(column, decl, *value);
    } else {
      column.append_null();
    }
  }
}

}  // namespace sluice::inline sdk_v0
