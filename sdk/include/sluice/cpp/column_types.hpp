// SPDX-License-Identifier: Apache-2.0
//
// Which C++ type stands for which column type, and columns made from declarations.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sluice/cpp/column.hpp"
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

}  // namespace sluice::inline sdk_v0
