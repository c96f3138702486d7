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
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/quantity.hpp"

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

template <>
struct ConfigValue<Seconds> {
  static json schema() { return {{"type", "string"}, {"format", "duration"}}; }
  static json write(Seconds value) {
    return format_quantity(static_cast<uint64_t>(value.count), kTimeUnits);
  }
  static void parse(const json& in, Seconds& out, const std::string& path) {
    if (in.is_number_integer() && in.get<int64_t>() >= 0) {
      out.count = in.get<int64_t>();
      return;
    }
    const auto value = in.is_string() ? parse_quantity(in.get<std::string>(), kTimeUnits)
                                      : std::optional<uint64_t>{};
    if (!value) {
      throw_config(path, "must be a duration such as \"90s\", \"5m\", \"2h\" or \"7d\".");
    }
    out.count = static_cast<int64_t>(*value);
  }
};

template <>
struct ConfigValue<Bytes> {
  static json schema() { return {{"type", "string"}, {"format", "size"}}; }
  static json write(Bytes value) { return format_quantity(value.count, kSizeUnits); }
  static void parse(const json& in, Bytes& out, const std::string& path) {
    if (in.is_number_unsigned() || (in.is_number_integer() && in.get<int64_t>() >= 0)) {
      out.count = in.get<uint64_t>();
      return;
    }
    const auto value = in.is_string() ? parse_quantity(in.get<std::string>(), kSizeUnits)
                                      : std::optional<uint64_t>{};
    if (!value) {
      throw_config(path, "must be a size such as \"64KiB\" or \"256MiB\".");
    }
    out.count = *value;
  }
};

template <>
struct ConfigValue<Date> {
  static json schema() { return {{"type", "string"}, {"format", "date"}}; }
  static json write(Date value) { return to_text(value); }
  static void parse(const json& in, Date& out, const std::string& path) {
    const auto value = in.is_string() ? parse_date(in.get<std::string>()) : std::optional<Date>{};
    if (!value) {
      throw_config(path, "must be a date such as \"2024-01-31\".");
    }
    out = *value;
  }
};

template <>
struct ConfigValue<DateTime> {
  static json schema() { return {{"type", "string"}, {"format", "date-time"}}; }
  static json write(DateTime value) { return to_text(value); }
  static void parse(const json& in, DateTime& out, const std::string& path) {
    const auto value =
        in.is_string() ? parse_time(in.get<std::string>()) : std::optional<DateTime>{};
    if (!value) {
      throw_config(path, "must be a time such as \"2024-01-31T12:00:00Z\".");
    }
    out = *value;
  }
};

template <>
struct ConfigValue<Secret> {
  static json schema() {
    return {{"type", "object"},
            {"properties", {{"$secret", {{"type", "string"}}}}},
            {"required", {"$secret"}},
            {"additionalProperties", false},
            {"x-sluice-secret", true}};
  }
  static json write(const Secret& value) {
    return value ? json{{"$secret", value.name}} : json();  // null: no default
  }
  static void parse(const json& in, Secret& out, const std::string& path) {
    if (!in.is_object() || in.size() != 1 || !in.contains("$secret") ||
        !in["$secret"].is_string() || in["$secret"].get_ref<const std::string&>().empty()) {
      throw_config(path, "must name a secret: { secret = \"name\" }.");  // never echoes the value
    }
    out.name = in["$secret"].get<std::string>();
  }
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
