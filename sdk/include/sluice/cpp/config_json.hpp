// SPDX-License-Identifier: Apache-2.0
//
// One configuration value from JSON, to JSON and as JSON Schema, by its C++ type.
#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json.hpp"

namespace sluice::inline sdk_v0::detail {

[[noreturn]] inline void throw_config(const std::string& path, const std::string& what) {
  throw Error(
      Code::kInvalidConfig,
      (path.empty() ? std::string("The configuration ") : "The key '" + path + "' ") + what);
}

// How a type stands in JSON. `parse` throws INVALID_CONFIG with the path of the key.
template <class T>
struct ConfigValue;

template <>
struct ConfigValue<std::string> {
  static json schema() { return {{"type", "string"}}; }
  static json write(const std::string& value) { return value; }
  static void parse(const json& in, std::string& out, const std::string& path) {
    if (!in.is_string()) {
      throw_config(path, "must be text.");
    }
    out = in.get<std::string>();
  }
};

template <>
struct ConfigValue<bool> {
  static json schema() { return {{"type", "boolean"}}; }
  static json write(bool value) { return value; }
  static void parse(const json& in, bool& out, const std::string& path) {
    if (!in.is_boolean()) {
      throw_config(path, "must be true or false.");
    }
    out = in.get<bool>();
  }
};

template <std::integral T>
struct ConfigValue<T> {
  static json schema() {
    json out = {{"type", "integer"}};
    if constexpr (sizeof(T) < sizeof(int64_t) || std::unsigned_integral<T>) {
      out["minimum"] = std::numeric_limits<T>::min();
    }
    if constexpr (sizeof(T) < sizeof(int64_t)) {
      out["maximum"] = std::numeric_limits<T>::max();
    }
    return out;
  }
  static json write(T value) { return value; }
  static void parse(const json& in, T& out, const std::string& path) {
    const bool fits = in.is_number_unsigned()  ? std::in_range<T>(in.get<uint64_t>())
                      : in.is_number_integer() ? std::in_range<T>(in.get<int64_t>())
                                               : false;
    if (!fits) {
      throw_config(path, "must be a whole number from " +
                             std::to_string(std::numeric_limits<T>::min()) + " to " +
                             std::to_string(std::numeric_limits<T>::max()) + ".");
    }
    out = in.get<T>();
  }
};

template <std::floating_point T>
struct ConfigValue<T> {
  static json schema() { return {{"type", "number"}}; }
  static json write(T value) { return value; }
  static void parse(const json& in, T& out, const std::string& path) {
    if (!in.is_number()) {
      throw_config(path, "must be a number.");
    }
    out = in.get<T>();
  }
};

// Anything: what stands there is the component's own matter.
template <>
struct ConfigValue<json> {
  static json schema() { return json::object(); }
  static json write(const json& value) { return value; }
  static void parse(const json& in, json& out, const std::string&) { out = in; }
};

template <class T>
struct ConfigValue<std::vector<T>> {
  static json schema() { return {{"type", "array"}, {"items", ConfigValue<T>::schema()}}; }
  static json write(const std::vector<T>& value) {
    auto out = json::array();
    for (const T& item : value) {
      out.push_back(ConfigValue<T>::write(item));
    }
    return out;
  }
  static void parse(const json& in, std::vector<T>& out, const std::string& path) {
    if (!in.is_array()) {
      throw_config(path, "must be an array.");
    }
    out.clear();
    for (std::size_t i = 0; i < in.size(); ++i) {
      T item{};
      ConfigValue<T>::parse(in[i], item, path + "[" + std::to_string(i) + "]");
      out.push_back(std::move(item));
    }
  }
};

template <class T>
struct ConfigValue<std::map<std::string, T>> {
  static json schema() {
    return {{"type", "object"}, {"additionalProperties", ConfigValue<T>::schema()}};
  }
  static json write(const std::map<std::string, T>& value) {
    auto out = json::object();
    for (const auto& [key, item] : value) {
      out[key] = ConfigValue<T>::write(item);
    }
    return out;
  }
  static void parse(const json& in, std::map<std::string, T>& out, const std::string& path) {
    if (!in.is_object()) {
      throw_config(path, "must be a table.");
    }
    out.clear();
    for (const auto& [key, item] : in.items()) {
      ConfigValue<T>::parse(item, out[key], path.empty() ? key : path + "." + key);
    }
  }
};

template <class T>
struct ConfigValue<std::optional<T>> {
  static json schema() { return ConfigValue<T>::schema(); }
  static json write(const std::optional<T>& value) {
    return value ? ConfigValue<T>::write(*value) : json();
  }
  static void parse(const json& in, std::optional<T>& out, const std::string& path) {
    if (in.is_null()) {
      out.reset();
      return;
    }
    ConfigValue<T>::parse(in, out.emplace(), path);
  }
};

}  // namespace sluice::inline sdk_v0::detail
