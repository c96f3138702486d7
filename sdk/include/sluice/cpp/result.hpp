// SPDX-License-Identifier: Apache-2.0
//
// A value or an Error, for code that would rather return failures than throw them. Spelled like
// std::expected.
#pragma once

#include <utility>
#include <variant>

#include "sluice/cpp/error.hpp"

namespace sluice::inline sdk_v0 {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Throws the error if there is no value.
  T& value() & {
    throw_if_error();
    return std::get<0>(content_);
  }
  const T& value() const& {
    throw_if_error();
    return std::get<0>(content_);
  }
  T&& value() && {
    throw_if_error();
    return std::get<0>(std::move(content_));
  }

  // Requires: has_value().
  T& operator*() & { return *std::get_if<0>(&content_); }
  const T& operator*() const& { return *std::get_if<0>(&content_); }
  T* operator->() { return std::get_if<0>(&content_); }
  const T* operator->() const { return std::get_if<0>(&content_); }

  // Requires: !has_value().
  const Error& error() const& { return *std::get_if<1>(&content_); }
  Error&& error() && { return std::move(*std::get_if<1>(&content_)); }

 private:
  void throw_if_error() const {
    if (const auto* error = std::get_if<1>(&content_)) {
      throw Error(*error);
    }
  }

  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool has_value() const noexcept { return error_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (const auto* error = std::get_if<1>(&error_)) {
      throw Error(*error);
    }
  }
  const Error& error() const& { return *std::get_if<1>(&error_); }

 private:
  std::variant<std::monostate, Error> error_;
};

namespace detail {
template <class T>
T unwrap(Result<T>&& result) {
  return std::move(result).value();
}
template <class T>
T unwrap(T&& value) {
  return std::forward<T>(value);
}
}  // namespace detail

}  // namespace sluice::inline sdk_v0
