// SPDX-License-Identifier: Apache-2.0
//
// One value into one column, checked against the declared type: the comfortable way in.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sluice/cpp/column.hpp"
#include "sluice/cpp/decimal.hpp"
#include "sluice/cpp/stream.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

template <class T>
struct ColumnOf;
template <>
struct ColumnOf<bool> {
  using type = BoolColumn;
  static constexpr bool fits(Type t) { return t == Type::kBool; }
};
template <>
struct ColumnOf<int32_t> {
  using type = FixedColumn<int32_t>;
  static constexpr bool fits(Type t) { return t == Type::kInt32 || t == Type::kDate32; }
};
template <>
struct ColumnOf<int64_t> {
  using type = FixedColumn<int64_t>;
  static constexpr bool fits(Type t) { return t == Type::kInt64 || t == Type::kTimestamp; }
};
template <>
struct ColumnOf<double> {
  using type = FixedColumn<double>;
  static constexpr bool fits(Type t) { return t == Type::kFloat64; }
};
template <>
struct ColumnOf<Decimal> {
  using type = FixedColumn<Int128>;
  static constexpr bool fits(Type t) { return t == Type::kDecimal128; }
};
template <>
struct ColumnOf<std::string_view> {
  using type = TextColumn<int32_t>;
  static constexpr bool fits(Type t) { return is_text(t) && t != Type::kLargeUtf8; }
};
template <>
struct ColumnOf<LargeText> {
  using type = TextColumn<int64_t>;
  static constexpr bool fits(Type t) { return t == Type::kLargeUtf8; }
};

template <class T>
concept JsonLike = requires(const T& value) {
  { value.is_null() } -> std::same_as<bool>;
  { value.dump() } -> std::convertible_to<std::string>;
  value.is_string();
};

inline std::unique_ptr<ColumnBuilder> make_column(const ColumnDecl& decl, bool nullable) {
  switch (decl.type) {
    case Type::kBool:
      return std::make_unique<BoolColumn>(decl.name, decl.type, nullable);
    case Type::kInt32:
    case Type::kDate32:
      return std::make_unique<FixedColumn<int32_t>>(decl.name, decl.type, nullable);
    case Type::kInt64:
    case Type::kTimestamp:
      return std::make_unique<FixedColumn<int64_t>>(decl.name, decl.type, nullable);
    case Type::kFloat64:
      return std::make_unique<FixedColumn<double>>(decl.name, decl.type, nullable);
    case Type::kDecimal128:
      return std::make_unique<FixedColumn<Int128>>(decl.name, decl.type, nullable);
    case Type::kLargeUtf8:
      return std::make_unique<TextColumn<int64_t>>(decl.name, decl.type, nullable);
    case Type::kUtf8:
    case Type::kBinary:
    case Type::kJson:
      break;
  }
  return std::make_unique<TextColumn<int32_t>>(decl.name, decl.type, nullable);
}

[[noreturn]] inline void throw_type(const ColumnBuilder& column, std::string_view given) {
  throw Error(Code::kInternal, "The column '" + column.name() + "' is declared as " +
                                   std::string(type_name(column.type())) + ", but a row has " +
                                   std::string(given) + " for it.");
}

}  // namespace detail

// The typed column, for hot loops. Throws INTERNAL if `T` does not fit the declared type.
template <class T>
typename detail::ColumnOf<T>::type& typed(ColumnBuilder& column) {
  if (!detail::ColumnOf<T>::fits(column.type())) {
    throw Error(Code::kInternal, "The column '" + column.name() + "' is declared as " +
                                     std::string(type_name(column.type())) +
                                     ", but is asked for as another type.");
  }
  return static_cast<typename detail::ColumnOf<T>::type&>(column);
}

namespace detail {

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
