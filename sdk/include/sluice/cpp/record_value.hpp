// SPDX-License-Identifier: Apache-2.0
//
// One value of a record of JSON into one column, as far as its meaning is plain: services write 5,
// "5" and 5.0 for the same number.
#pragma once

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/cpp/append.hpp"
#include "sluice/cpp/json_text.hpp"
#include "sluice/cpp/time_text.hpp"

namespace sluice::inline sdk_v0 {

enum class JsonShape : uint8_t { kMissing, kNull, kBool, kNumber, kText, kArray, kObject };

// A value that was found in a record.
struct RecordValue {
  JsonShape shape = JsonShape::kMissing;
  std::string_view raw{};   // as it stands in the record
  std::string_view text{};  // kText: unescaped; else the same as `raw`
};

namespace detail {

inline std::string_view shape_name(JsonShape shape) noexcept {
  static constexpr std::string_view kNames[] = {"nothing", "null",     "true or false", "a number",
                                                "a text",  "an array", "an object"};
  return kNames[static_cast<std::size_t>(shape)];
}

inline std::string_view trim(std::string_view text) noexcept {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The number that a value stands for as text, empty if it is none.
inline std::string_view number_text(const RecordValue& value) noexcept {
  if (value.shape == JsonShape::kNumber) {
    return value.raw;
  }
  std::string_view text = value.shape == JsonShape::kText ? trim(value.text) : std::string_view{};
  if (text.size() > 1 && text.front() == '+') {
    text.remove_prefix(1);
  }
  return is_json_number(text) ? text : std::string_view{};
}

// `text` times 10^scale if that is whole and fits 64 bits; `cut`: digits beyond the scale fall
// away.
inline std::optional<int64_t> scaled_integer(std::string_view text, int scale, bool cut) {
  int64_t plain = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), plain);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (whole && scale == 0) {
    return plain;
  }
  const std::size_t point = cut ? text.find('.') : std::string_view::npos;
  if (point != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos) {
    text = text.substr(0, point + 1 + static_cast<std::size_t>(scale));
  }
  try {
    const Int128 value = parse_decimal128(text, 38, scale).unscaled;
    const bool fits = value >= std::numeric_limits<int64_t>::min() &&
                      value <= std::numeric_limits<int64_t>::max();
    return fits ? std::optional(static_cast<int64_t>(value)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

inline std::optional<bool> lenient_bool(const RecordValue& value) {
  std::string word(value.text.substr(0, 8));
  for (char& c : word) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool yes = word == "true" || word == "1";
  const bool no = word == "false" || word == "0";
  return yes || no ? std::optional(yes) : std::nullopt;
}

// Finite, and not zero by being too small to hold: a decimal that says so would be a lie.
inline std::optional<double> lenient_double(const RecordValue& value) {
  const std::string_view text = number_text(value);
  double out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool fine = !text.empty() && parsed.ec == std::errc{} && std::isfinite(out);
  return fine ? std::optional(out) : std::nullopt;
}

// RFC 3339, also with a blank for T, an offset without a colon, or none at all: then UTC is meant.
inline std::optional<Micros> lenient_time(std::string_view text) {
  text = trim(text);
  auto time = parse_time(text);
  const std::size_t sign = text.size() < 5 ? 0 : text.size() - 5;
  if (!time && text.size() > 19 && (text[sign] == '+' || text[sign] == '-')) {
    std::string with_colon(text);
    time = parse_time(with_colon.insert(with_colon.size() - 2, ":"));
  }
  if (!time && text.size() >= 16) {
    std::string zoned(text);
    zoned += text.size() == 16 ? ":00Z" : "Z";
    time = parse_time(zoned);
  }
  return time ? std::optional(time->time) : std::nullopt;
}

// `epoch`: the unit in which numbers count from 1970; zero = numbers are no times.
inline std::optional<int64_t> lenient_micros(const RecordValue& value,
                                             std::chrono::microseconds epoch) {
  const std::string_view number = number_text(value);
  if (!number.empty()) {
    const int scale = epoch.count() == 1'000'000 ? 6 : epoch.count() == 1'000 ? 3 : 0;
    return epoch.count() == 0 ? std::nullopt : scaled_integer(number, scale, true);
  }
  const auto time =
      value.shape == JsonShape::kText ? lenient_time(value.text) : std::optional<Micros>{};
  return time ? std::optional(time->time_since_epoch().count()) : std::nullopt;
}

// The day that a date or time names, as days from 1970; the time's own day, whatever it is in UTC.
inline std::optional<int64_t> lenient_day(const RecordValue& value,
                                          std::chrono::microseconds epoch) {
  const auto written =
      value.shape == JsonShape::kText ? parse_date(value.text.substr(0, 10)) : std::nullopt;
  if (written) {
    return written->day.time_since_epoch().count();
  }
  const auto us = lenient_micros(value, epoch);
  return us ? std::optional<int64_t>(
                  std::chrono::floor<std::chrono::days>(std::chrono::microseconds(*us)).count())
            : std::nullopt;
}

template <class T, class From>
bool append_if(ColumnBuilder& column, const std::optional<From>& value) {
  if (value) {
    typed<T>(column).append(*value);
  }
  return value.has_value();
}

inline bool append_record_int32(ColumnBuilder& column, std::optional<int64_t> value) {
  return value && std::in_range<int32_t>(*value) &&
         append_if<int32_t>(column, std::optional(static_cast<int32_t>(*value)));
}

inline bool append_record_decimal(ColumnBuilder& column, const ColumnDecl& decl,
                                  std::string_view number) {
  if (number.empty()) {
    return false;
  }
  try {
    typed<Decimal>(column).append(
        parse_decimal128(number, decl.options.precision, decl.options.scale).unscaled);
    return true;
  } catch (const Error&) {  // more digits than the column holds
    return false;
  }
}

inline bool append_record_text(ColumnBuilder& column, const RecordValue& value) {
  const bool nested = value.shape == JsonShape::kArray || value.shape == JsonShape::kObject;
  const std::string_view text = column.type() == Type::kJson ? value.raw : value.text;
  if (nested && column.type() != Type::kJson) {
    return false;
  }
  if (column.type() == Type::kLargeUtf8) {
    typed<LargeText>(column).append(text);
  } else {
    typed<std::string_view>(column).append(text);
  }
  return true;
}

}  // namespace detail

// The instant that a value means in a timestamp or date column, in microseconds.
inline std::optional<int64_t> record_micros(const RecordValue& value, Type type,
                                            std::chrono::microseconds epoch) {
  if (type != Type::kDate32) {
    return detail::lenient_micros(value, epoch);
  }
  const auto day = detail::lenient_day(value, epoch);
  const auto in_range = [](int64_t d) { return d > -100'000'000 && d < 100'000'000; };
  return day && in_range(*day) ? std::optional(*day * 86'400'000'000) : std::nullopt;
}

// Appends `value` to the column; false, and nothing is appended, if it does not mean anything of
// the column's type, or does not fit without loss. Requires: neither missing nor null.
inline bool append_record_value(ColumnBuilder& column, const ColumnDecl& decl,
                                const RecordValue& value, std::chrono::microseconds epoch) {
  const std::string_view number = detail::number_text(value);
  const auto integer = [&] {
    return number.empty() ? std::nullopt : detail::scaled_integer(number, 0, false);
  };
  switch (column.type()) {
    case Type::kBool:
      return detail::append_if<bool>(column, detail::lenient_bool(value));
    case Type::kInt32:
      return detail::append_record_int32(column, integer());
    case Type::kInt64:
      return detail::append_if<int64_t>(column, integer());
    case Type::kFloat64:
      return detail::append_if<double>(column, detail::lenient_double(value));
    case Type::kDecimal128:
      return detail::append_record_decimal(column, decl, number);
    case Type::kTimestamp:
      return detail::append_if<int64_t>(column, detail::lenient_micros(value, epoch));
    case Type::kDate32:
      return detail::append_record_int32(column, detail::lenient_day(value, epoch));
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kBinary:
    case Type::kJson:
      break;
  }
  return detail::append_record_text(column, value);
}

}  // namespace sluice::inline sdk_v0
