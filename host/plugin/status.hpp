// SPDX-License-Identifier: Apache-2.0
//
// Statuses and sluice_error_t on one side, Code and Error on the other.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "sluice/error.h"

namespace sluice::host {

// What a call into a plugin fills.
class ErrorSlot {
 public:
  ErrorSlot();
  [[nodiscard]] sluice_error_t* get() { return &raw_; }
  // Error for a negative status of the plugin `id`. Its text is cleaned, not redacted. An unknown
  // status is misbehaviour.
  [[nodiscard]] Error take(sluice_status_t status, std::string_view id) const;

 private:
  sluice_error_t raw_;
};

Error misbehaved(std::string_view id, const std::string& sentence);

// What a plugin gets told of an error of the host.
sluice_status_t to_status(Code code);

// Fills the plugin's error, which may be NULL, and returns its status.
sluice_status_t write_error(sluice_error_t* out, const Error& error) noexcept;

// The wall for host functions that plugins call: `body` returns Result<sluice_status_t>.
template <class Body>
sluice_status_t barrier(sluice_error_t* error, Body&& body) noexcept {
  try {
    auto result = body();
    return result ? *result : write_error(error, result.error());
  } catch (const std::exception& failure) {
    return write_error(error, Error{Code::kInternal, failure.what()});
  } catch (...) {
    return write_error(error, Error{Code::kInternal, "unknown exception in the host"});
  }
}

// The same for functions without a status: what fails is lost.
template <class Body>
void quiet_barrier(Body&& body) noexcept {
  try {
    body();
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody to tell
  }
}

}  // namespace sluice::host
