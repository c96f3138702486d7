// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a value or an Error, spelled like std::expected so that a later swap is one alias.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace sluice::host {

// What the caller does next. The numbers are ours; ABI statuses are mapped in host/plugin.
enum class Code : uint8_t {
  kInternal,       // a defect
  kInvalidConfig,  // stop, show the user
  kUnsupported,    // stop, show the user
  kAuth,           // stop after one refresh
  kUnavailable,    // retry
  kRateLimited,    // retry after Error::retry_after_ms
  kBadData,        // quarantine or stop
  kBadState,       // start the slice anew
  kCancelled,      // normal end of a cancelled call
  kSchemaChanged,  // apply the schema policy
  kNotFound,       // it no longer exists
  kNoSpace,        // disk or map full
  kCorrupt,        // a file of ours is damaged
  kIo,             // any other failure of the operating system
};

// Snake-case name of a code, e.g. "rate_limited": what reports and the ledger show.
const char* to_string(Code code);
std::optional<Code> code_from_string(std::string_view name);

struct Error {
  Code code = Code::kInternal;
  std::string message;  // a sentence with place and remedy; no secrets
  uint32_t retry_after_ms = 0;
  int64_t vendor_code = 0;  // HTTP status, errno or driver code
  std::string config = {};  // JSON Pointer to the key of a component's configuration at fault

  // May the same thing succeed later without anybody's help?
  [[nodiscard]] bool retryable() const {
    return code == Code::kUnavailable || code == Code::kRateLimited || code == Code::kInternal ||
           code == Code::kBadState;
  }
  // Puts what was being done in front: "reading slice x: " + message.
  [[nodiscard]] Error in(const std::string& what) && {
    message.insert(0, what + ": ");
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace sluice::host

// The one propagation macro: returns the error of a Result to the caller.
#define SLUICE_TRY(expression)                               \
  do {                                                       \
    if (auto sluice_result_ = (expression); !sluice_result_) \
      return std::move(sluice_result_).error();              \
  } while (false)
