// SPDX-License-Identifier: Apache-2.0
#include "host/base/result.hpp"

#include <array>

namespace sluice::host {
namespace {
constexpr std::array<const char*, 14> kNames = {
    "internal",     "invalid_config", "unsupported", "auth",      "unavailable",
    "rate_limited", "bad_data",       "bad_state",   "cancelled", "schema_changed",
    "not_found",    "no_space",       "corrupt",     "io"};
}

const char* to_string(Code code) {
  return kNames.at(static_cast<size_t>(code));
}

std::optional<Code> code_from_string(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) {
      return static_cast<Code>(i);
    }
  }
  return std::nullopt;
}

}  // namespace sluice::host
