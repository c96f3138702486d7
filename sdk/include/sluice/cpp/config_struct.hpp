// SPDX-License-Identifier: Apache-2.0
//
// Whole configurations: the JSON Schema of a struct with fields(), and its value from canonical
// JSON.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "sluice/cpp/config_json.hpp"
#include "sluice/cpp/config_names.hpp"
#include "sluice/cpp/config_quantity.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

template <class T, class F>
void for_each_field(F&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields());
}

template <class Field>
json field_schema(const Field& field, const json& standard) {
  json out = ConfigValue<typename Field::value_type>::schema();
  if (!field.description.empty()) {
    out["description"] = std::string(field.description);
  }
  if (!field.unit_name.empty()) {
    out["x-sluice-unit"] = std::string(field.unit_name);
  }
  if (!field.example_text.empty()) {
    out["x-sluice-example"] = json::parse(field.example_text);
  }
  if (!field.is_required && !standard.is_null()) {
    out["default"] = standard;
  }
  if (!field.fragment.empty()) {
    out.update(json::parse("{" + std::string(field.fragment) + "}"));
  }
  return out;
}

template <HasFields T>
struct ConfigValue<T> {
  static json schema() {
    json out = {{"type", "object"}, {"additionalProperties", false}};
    json& properties = out["properties"] = json::object();
    auto required = json::array();
    const json standard = write(T{});
    for_each_field<T>([&](const auto& field) {
      const std::string name(field.name);
      properties[name] = field_schema(field, standard.value(name, json()));
      if (field.is_required) {
        required.push_back(name);
      }
    });
    if (!required.empty()) {
      out["required"] = std::move(required);
    }
    return out;
  }

  static json write(const T& value) {
    auto out = json::object();
    for_each_field<T>([&](const auto& field) {
      using Value = typename std::decay_t<decltype(field)>::value_type;
      json member = ConfigValue<Value>::write(value.*field.member);
      if (!member.is_null()) {
        out[std::string(field.name)] = std::move(member);
      }
    });
    return out;
  }

  static void parse(const json& in, T& out, const std::string& path) {
    if (!in.is_object()) {
      throw_config(path, "must be a table.");
    }
    const auto full = [&](std::string_view name) {
      return path.empty() ? std::string(name) : path + "." + std::string(name);
    };
    std::set<std::string_view> known;
    for_each_field<T>([&](const auto& field) {
      using Value = typename std::decay_t<decltype(field)>::value_type;
      known.insert(field.name);
      const auto found = in.find(std::string(field.name));
      if (found != in.end()) {
        ConfigValue<Value>::parse(*found, out.*field.member, full(field.name));
      } else if (field.is_required) {
        throw_config(full(field.name), "is required, but missing.");
      }
    });
    for (const auto& [key, value] : in.items()) {
      if (!known.contains(key)) {
        throw_config(full(key), "is unknown.");
      }
    }
  }
};

}  // namespace detail

// The JSON Schema (2020-12) of a configuration struct.
template <HasFields Config>
json config_schema() {
  json out = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  out.update(detail::ConfigValue<Config>::schema());
  return out;
}

// Parses canonical JSON; what is missing keeps its default. Throws INVALID_CONFIG.
template <HasFields Config>
Config parse_config(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (in.is_discarded()) {
    throw Error(Code::kInvalidConfig, "The configuration is not well-formed JSON.");
  }
  Config out{};
  detail::ConfigValue<Config>::parse(in, out, {});
  return out;
}

}  // namespace sluice::inline sdk_v0
