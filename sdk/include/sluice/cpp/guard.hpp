// SPDX-License-Identifier: Apache-2.0
//
// The barrier: no exception of a plugin ever reaches the host. Every function the SDK hands across
// the ABI has it as its whole body.
#pragma once

#include <cstddef>
#include <new>

#include "sluice/cpp/error.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

// Fills what fits into the caller's struct, which may be of an older or newer header.
inline sluice_status_t fail(sluice_error_t* out, Code code, std::string_view message,
                            const Error* more = nullptr) noexcept {
  const auto status = static_cast<sluice_status_t>(code);
  constexpr std::size_t kFirstRelease = offsetof(sluice_error_t, config);
  if (out == nullptr || out->struct_size < kFirstRelease) {
    return status;  // nothing of the first release is optional: a shorter struct is not one
  }
  out->code = status;
  out->flags = more == nullptr ? 0 : more->flags();
  out->retry_after_ms = more == nullptr ? 0 : more->retry_after_ms();
  out->vendor_code = more == nullptr ? 0 : more->vendor_code();
  out->row = more == nullptr ? SLUICE_NO_ROW : more->row();
  copy_utf8(more == nullptr ? std::string_view{} : std::string_view{more->sqlstate()},
            out->sqlstate, sizeof(out->sqlstate));
  copy_utf8(message, out->message, sizeof(out->message));
  if (out->struct_size >= sizeof(sluice_error_t)) {
    copy_utf8(more == nullptr ? std::string_view{} : std::string_view{more->config()}, out->config,
              sizeof(out->config));
  }
  return status;
}

}  // namespace detail

// Runs `work`, which returns a status, and turns whatever it throws into an error.
template <class F>
sluice_status_t guard(sluice_error_t* error, F&& work) noexcept {
  try {
    return work();
  } catch (const Error& e) {
    return detail::fail(error, e.code(), e.message(), &e);
  } catch (const std::bad_alloc&) {
    return detail::fail(
        error, Code::kInternal,
        "The plugin ran out of memory. Raise [limits] memory or read less at once.");
  } catch (const std::exception& e) {
    return detail::fail(error, Code::kInternal, e.what());
  } catch (...) {
    return detail::fail(error, Code::kInternal,
                        "The plugin threw something that is not a std::exception.");
  }
}

// The same for functions that cannot fail: what is thrown is dropped.
template <class F>
void guard_void(F&& work) noexcept {
  try {
    work();
  } catch (...) {  // release, close, interrupt: there is nobody left to tell
  }
}

}  // namespace sluice::inline sdk_v0
