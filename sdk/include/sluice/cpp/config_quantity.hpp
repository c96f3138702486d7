// SPDX-License-Identifier: Apache-2.0
//
// Configuration values that are text of a form of their own: durations, sizes, dates, times,
// secrets.
#pragma once

#include <optional>
#include <string>

#include "sluice/cpp/config_json.hpp"
#include "sluice/cpp/quantity.hpp"
#include "sluice/cpp/time_text.hpp"

namespace sluice::inline sdk_v0::detail {

template <>
struct ConfigValue<Duration> {
  static json schema() { return {{"type", "string"}, {"format", "duration"}}; }
  static json write(Duration value) {
    return format_quantity(static_cast<uint64_t>(value.us), kWrittenTimeUnits);
  }
  static void parse(const json& in, Duration& out, const std::string& path) {
    const auto value = in.is_string() ? parse_duration(in.get<std::string>()) : std::nullopt;
    if (!value) {
      throw_config(path, "must be a duration such as \"250ms\", \"90s\", \"1h30m\" or \"7d\".");
    }
    out.us = value->count();
  }
};

template <>
struct ConfigValue<Seconds> {
  static json schema() { return ConfigValue<Duration>::schema(); }
  static json write(Seconds value) {
    return ConfigValue<Duration>::write({value.count * kMicrosPerSecond});
  }
  static void parse(const json& in, Seconds& out, const std::string& path) {
    Duration duration;
    ConfigValue<Duration>::parse(in, duration, path);
    if (duration.us % kMicrosPerSecond != 0) {
      throw_config(path, "must be a duration of whole seconds such as \"90s\" or \"1h30m\".");
    }
    out.count = duration.us / kMicrosPerSecond;
  }

 private:
  static constexpr int64_t kMicrosPerSecond = 1'000'000;
};

template <>
struct ConfigValue<Bytes> {
  static json schema() { return {{"type", "string"}, {"format", "size"}}; }
  static json write(Bytes value) { return format_quantity(value.count, kSizeUnits); }
  static void parse(const json& in, Bytes& out, const std::string& path) {
    const auto value = in.is_string() ? parse_size(in.get<std::string>()) : std::nullopt;
    if (!value) {
      throw_config(path, "must be a size such as \"64KiB\", \"256MiB\" or \"10MB\".");
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

}  // namespace sluice::inline sdk_v0::detail
