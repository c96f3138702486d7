// SPDX-License-Identifier: Apache-2.0
//
// Failures: a status that says what the caller does next, and a sentence for the user.
#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/cpp/text.hpp"
#include "sluice/error.h"

namespace sluice::inline sdk_v0 {

enum class Code : int32_t {
  kInvalidConfig = SLUICE_INVALID_CONFIG,
  kUnsupported = SLUICE_UNSUPPORTED,
  kAuth = SLUICE_AUTH,
  kUnavailable = SLUICE_UNAVAILABLE,
  kRateLimited = SLUICE_RATE_LIMITED,
  kBadData = SLUICE_BAD_DATA,
  kBadState = SLUICE_BAD_STATE,
  kCancelled = SLUICE_CANCELLED,
  kSchemaChanged = SLUICE_SCHEMA_CHANGED,
  kInternal = SLUICE_INTERNAL,
  kNotFound = SLUICE_NOT_FOUND,
};

// Thrown by the SDK, and by plugins wherever they like: every call from the host ends in a barrier
// that turns it into the C error. The message is a sentence with its place and remedy, without
// secrets.
class Error : public std::exception {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Error& retryable() & { return add(SLUICE_ERROR_RETRYABLE); }
  Error&& retryable() && { return std::move(add(SLUICE_ERROR_RETRYABLE)); }
  Error& flag(uint32_t flags) & { return add(flags); }
  Error&& flag(uint32_t flags) && { return std::move(add(flags)); }
  Error&& retry_after(uint32_t milliseconds) && {
    retry_after_ms_ = milliseconds;
    return std::move(*this);
  }
  Error&& vendor(int64_t code) && {
    vendor_code_ = code;
    return std::move(*this);
  }
  Error&& at_row(uint64_t row) && {
    row_ = row;
    return std::move(*this);
  }
  Error&& sqlstate(std::string state) && {
    sqlstate_ = std::move(state);
    return std::move(*this);
  }

  // The key of the component's configuration that is at fault, as JSON Pointer: "/symbols/1". The
  // host adds its place in the file.
  Error&& at_config(std::string pointer) && {
    config_ = std::move(pointer);
    return std::move(*this);
  }

  Code code() const noexcept { return code_; }
  uint32_t flags() const noexcept { return flags_; }
  uint32_t retry_after_ms() const noexcept { return retry_after_ms_; }
  int64_t vendor_code() const noexcept { return vendor_code_; }
  uint64_t row() const noexcept { return row_; }
  const std::string& sqlstate() const noexcept { return sqlstate_; }
  const std::string& config() const noexcept { return config_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Error& add(uint32_t flags) {
    flags_ |= flags;
    return *this;
  }

  Code code_;
  uint32_t flags_ = 0;
  uint32_t retry_after_ms_ = 0;
  int64_t vendor_code_ = 0;
  uint64_t row_ = SLUICE_NO_ROW;
  std::string sqlstate_;
  std::string config_;
  std::string message_;
};

// An error struct ready to be handed to a function of the host.
inline sluice_error_t make_error() noexcept {
  sluice_error_t error{};
  error.struct_size = sizeof(error);
  error.row = SLUICE_NO_ROW;
  return error;
}

// The exception for a failure of a host function. Unknown codes count as internal.
inline Error from_c(sluice_status_t status, const sluice_error_t& error) {
  const bool known = status <= SLUICE_INVALID_CONFIG && status >= SLUICE_NOT_FOUND;
  const auto code = known ? static_cast<Code>(status) : Code::kInternal;
  const std::size_t size = ::strnlen(error.message, sizeof(error.message));
  std::string message(error.message, size);
  if (message.empty()) {
    message = "The host gave status " + std::to_string(status) + " without a message.";
  }
  return Error(code, std::move(message))
      .flag(error.flags)
      .retry_after(error.retry_after_ms)
      .vendor(error.vendor_code)
      .at_row(error.row)
      .sqlstate(std::string(error.sqlstate, ::strnlen(error.sqlstate, sizeof(error.sqlstate))))
      .at_config(std::string(error.config, ::strnlen(error.config, sizeof(error.config))));
}

inline void throw_if_failed(sluice_status_t status, const sluice_error_t& error) {
  if (status < 0) {
    throw from_c(status, error);
  }
}

}  // namespace sluice::inline sdk_v0
