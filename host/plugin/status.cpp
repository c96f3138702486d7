// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/status.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr std::array<std::pair<sluice_status_t, Code>, 11> kStatuses = {{
    {SLUICE_INVALID_CONFIG, Code::kInvalidConfig},
    {SLUICE_UNSUPPORTED, Code::kUnsupported},
    {SLUICE_AUTH, Code::kAuth},
    {SLUICE_UNAVAILABLE, Code::kUnavailable},
    {SLUICE_RATE_LIMITED, Code::kRateLimited},
    {SLUICE_BAD_DATA, Code::kBadData},
    {SLUICE_BAD_STATE, Code::kBadState},
    {SLUICE_CANCELLED, Code::kCancelled},
    {SLUICE_SCHEMA_CHANGED, Code::kSchemaChanged},
    {SLUICE_INTERNAL, Code::kInternal},
    {SLUICE_NOT_FOUND, Code::kNotFound},
}};

std::optional<Code> to_code(sluice_status_t status) {
  for (const auto& [number, code] : kStatuses) {
    if (number == status) {
      return code;
    }
  }
  return std::nullopt;
}

// Flags sharpen a code that says less than they do.
Code sharpened(Code code, uint32_t flags) {
  const bool vague = code == Code::kInternal || code == Code::kUnavailable;
  if (vague && (flags & SLUICE_ERROR_AUTH) != 0) {
    return Code::kAuth;
  }
  if (vague && (flags & SLUICE_ERROR_THROTTLED) != 0) {
    return Code::kRateLimited;
  }
  const bool final = code == Code::kInvalidConfig || code == Code::kUnsupported ||
                     code == Code::kBadData || code == Code::kSchemaChanged;
  if (final && (flags & SLUICE_ERROR_RETRYABLE) != 0) {
    return Code::kUnavailable;
  }
  return code;
}

}  // namespace

ErrorSlot::ErrorSlot() : raw_{} {
  raw_.struct_size = sizeof raw_;
  raw_.row = SLUICE_NO_ROW;
}

Error ErrorSlot::take(sluice_status_t status, std::string_view id) const {
  const auto code = to_code(status);
  if (!code) {
    return misbehaved(id, "it returned the unknown status " + std::to_string(status));
  }
  Error out;
  out.code = sharpened(*code, raw_.flags);
  out.retry_after_ms = raw_.retry_after_ms;
  out.vendor_code = raw_.vendor_code;
  out.message =
      clean_text({raw_.message, strnlen(raw_.message, sizeof raw_.message)}, sizeof raw_.message);
  if (out.message.empty()) {
    out.message = std::string("failed without saying why (") + to_string(*code) + ")";
  }
  out.config =
      clean_text({raw_.config, strnlen(raw_.config, sizeof raw_.config)}, sizeof raw_.config);
  if (raw_.sqlstate[0] != '\0') {
    out.message += " (SQLSTATE " +
                   clean_text({raw_.sqlstate, strnlen(raw_.sqlstate, sizeof raw_.sqlstate)}, 8) +
                   ")";
  }
  if (raw_.row != SLUICE_NO_ROW) {
    out.message += " (row " + std::to_string(raw_.row) + " of the batch)";
  }
  return out;
}

Error misbehaved(std::string_view id, const std::string& sentence) {
  return Error{Code::kInternal, "plugin " + std::string(id) + " misbehaved: " + sentence};
}

sluice_status_t to_status(Code code) {
  for (const auto& [number, known] : kStatuses) {
    if (known == code) {
      return number;
    }
  }
  // kNoSpace and kIo pass when somebody helps; a damaged file of ours does not.
  return code == Code::kCorrupt ? SLUICE_INTERNAL : SLUICE_UNAVAILABLE;
}

sluice_status_t write_error(sluice_error_t* out, const Error& error) noexcept {
  const sluice_status_t status = to_status(error.code);
  if (out == nullptr || out->struct_size < offsetof(sluice_error_t, config)) {
    return status;
  }
  out->code = status;
  out->flags = (error.retryable() ? SLUICE_ERROR_RETRYABLE : 0) |
               (error.code == Code::kAuth ? SLUICE_ERROR_AUTH : 0) |
               (error.code == Code::kRateLimited ? SLUICE_ERROR_THROTTLED : 0);
  out->retry_after_ms = error.retry_after_ms;
  out->vendor_code = error.vendor_code;
  out->row = SLUICE_NO_ROW;
  std::memset(out->sqlstate, 0, sizeof out->sqlstate);
  size_t size = std::min(error.message.size(), sizeof out->message - 1);
  while (size > 0 && size < error.message.size() &&
         (static_cast<unsigned char>(error.message[size]) & 0xC0U) == 0x80U) {
    --size;  // not within a character
  }
  std::memcpy(out->message, error.message.data(), size);
  out->message[size] = '\0';
  return status;
}

}  // namespace sluice::host
