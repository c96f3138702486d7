// SPDX-License-Identifier: Apache-2.0
//
// Members of small JSON objects, whatever the service made of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sluice/cpp/json.hpp"
#include "snowflake.hpp"

namespace discord {

// Null if there is none.
inline sluice::json member(const sluice::json& object, const char* name) {
  return object.is_object() ? object.value(name, sluice::json()) : sluice::json();
}

inline std::optional<std::string> text_in(const sluice::json& object, const char* name) {
  const sluice::json value = member(object, name);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

// An id or another whole number from 0, as text or number.
inline std::optional<int64_t> id_in(const sluice::json& object, const char* name) {
  const sluice::json value = member(object, name);
  if (value.is_string()) {
    return parse_id(value.get_ref<const std::string&>());
  }
  return value.is_number_integer() ? parse_id(value.dump()) : std::nullopt;
}

}  // namespace discord
