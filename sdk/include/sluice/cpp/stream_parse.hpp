// SPDX-License-Identifier: Apache-2.0
//
// The way back: an ArrowSchema that came across the ABI as a stream's declaration, for sinks and
// transforms.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "sluice/cpp/json.hpp"
#include "sluice/cpp/metadata.hpp"
#include "sluice/cpp/stream.hpp"
#include "sluice/cpp/stream_schema.hpp"

namespace sluice::inline sdk_v0 {

namespace detail {

inline Error bad_schema(std::string_view where, const std::string& what) {
  return Error(Code::kBadData, "The schema of '" + std::string(where) + "' " + what);
}

template <class T>
T metadata_number(const Metadata& metadata, std::string_view key, std::string_view stream) {
  const std::string_view text = metadata[key];
  T value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && (failure != std::errc{} || end != text.data() + text.size())) {
    throw bad_schema(stream, "holds '" + std::string(text) + "' where " + std::string(key) +
                                 " is a whole number.");
  }
  return value;
}

inline json metadata_list(const Metadata& metadata, std::string_view key, std::string_view stream) {
  const std::string_view text = metadata[key];
  json list = text.empty() ? json::array() : json::parse(text, nullptr, false);
  if (!list.is_array()) {
    throw bad_schema(stream, "holds something else than a JSON array under " + std::string(key));
  }
  return list;
}

// Two whole numbers with a comma, as in "d:10,2".
inline bool parse_decimal(std::string_view text, ColumnOptions& out) {
  const auto* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, out.precision);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ',') {
    return false;
  }
  const auto second = std::from_chars(first.ptr + 1, end, out.scale);
  const bool plain = second.ptr == end || std::string_view(second.ptr, end) == ",128";
  return second.ec == std::errc{} && plain && out.precision >= 1 && out.precision <= 38;
}

inline Type parse_format(std::string_view format, bool is_json, ColumnOptions& options,
                         const std::string& column) {
  static constexpr struct {
    std::string_view format;
    Type type;
  } kFormats[] = {{"b", Type::kBool},    {"i", Type::kInt32},    {"l", Type::kInt64},
                  {"g", Type::kFloat64}, {"u", Type::kUtf8},     {"U", Type::kLargeUtf8},
                  {"z", Type::kBinary},  {"tdD", Type::kDate32}, {"tsu:UTC", Type::kTimestamp}};
  for (const auto& known : kFormats) {
    if (known.format == format) {
      return known.type == Type::kUtf8 && is_json ? Type::kJson : known.type;
    }
  }
  if (format.starts_with("d:") && parse_decimal(format.substr(2), options)) {
    return Type::kDecimal128;
  }
  throw Error(Code::kUnsupported, "The column '" + column + "' has the Arrow type '" +
                                      std::string(format) + "', which sluice does not carry.");
}

inline ColumnDecl parse_column(const ArrowSchema* field, std::string_view stream) {
  if (field == nullptr || field->release == nullptr || field->format == nullptr) {
    throw bad_schema(stream, "holds a column that is released or has no type.");
  }
  ColumnDecl column;
  column.name = field->name == nullptr ? "" : field->name;
  if (field->n_children != 0 || field->dictionary != nullptr) {
    throw Error(Code::kUnsupported, "The column '" + column.name +
                                        "' is nested or a dictionary, which sluice does not "
                                        "carry.");
  }
  const Metadata metadata(field->metadata);
  column.options.nullable = (field->flags & ARROW_FLAG_NULLABLE) != 0;
  column.options.unit = metadata["sluice:unit"];
  column.options.doc = metadata["sluice:doc"];
  column.options.source_name = metadata["sluice:source_name"];
  column.type = parse_format(field->format, metadata["ARROW:extension:name"] == "arrow.json",
                             column.options, column.name);
  return column;
}

inline Kind parse_kind(std::string_view text, std::string_view stream) {
  for (std::size_t i = 0; i < std::size(kKindNames); ++i) {
    if (kKindNames[i] == text) {
      return static_cast<Kind>(i);
    }
  }
  throw bad_schema(stream, "has the kind '" + std::string(text) +
                               "'; known are snapshot, keys, files and series.");
}

}  // namespace detail

// `name` wins over the schema's own. Throws BAD_DATA or UNSUPPORTED.
inline Stream from_schema(const ArrowSchema* schema, std::string_view name) {
  using std::chrono::microseconds;
  if (schema == nullptr || schema->release == nullptr || schema->format == nullptr ||
      std::string_view(schema->format) != "+s" || schema->n_children < 0 ||
      (schema->n_children > 0 && schema->children == nullptr)) {
    throw detail::bad_schema(name, "is not an Arrow struct.");
  }
  const detail::Metadata metadata(schema->metadata);
  Stream stream(std::string(name), detail::parse_kind(metadata["sluice:kind"], name));
  for (int64_t i = 0; i < schema->n_children; ++i) {
    auto column = detail::parse_column(schema->children[i], name);
    stream.col(std::move(column.name), column.type, std::move(column.options));
  }
  try {
    stream.key_columns(detail::metadata_list(metadata, "sluice:key", name).get<Stream::Names>());
    for (const auto& index : detail::metadata_list(metadata, "sluice:indexes", name)) {
      stream.index_columns(index.get<Stream::Names>());
    }
    for (const auto& reference : detail::metadata_list(metadata, "sluice:references", name)) {
      stream.references(reference.at("columns").get<Stream::Names>(),
                        reference.at("stream").get<std::string>(),
                        reference.at("to").get<Stream::Names>());
    }
  } catch (const json::exception&) {
    throw detail::bad_schema(name, "declares a key, index or reference that is not made of names.");
  }
  stream.seq(std::string(metadata["sluice:seq"]));
  stream.time(std::string(metadata["sluice:time"]));
  stream.doc(std::string(metadata["sluice:doc"]));
  const auto number = [&](std::string_view key) {
    return detail::metadata_number<int64_t>(metadata, key, name);
  };
  stream.step(microseconds(number("sluice:step")));
  stream.max_span(microseconds(number("sluice:max_span")));
  stream.lag(microseconds(number("sluice:lag")));
  stream.refresh(std::chrono::seconds(number("sluice:refresh")));
  stream.max_keys(detail::metadata_number<uint64_t>(metadata, "sluice:max_keys", name));
  stream.retry_empty(std::chrono::seconds(number("sluice:retry_empty")));
  stream.hash(std::string(metadata["sluice:hash"]));
  stream.removed(std::string(metadata["sluice:removed"]));
  stream.cuts(metadata["sluice:cuts"] == "1");
  stream.partitioned(metadata["sluice:partitioned"] == "1");
  stream.unordered(metadata["sluice:unordered"] == "1");
  stream.check();
  return stream;
}

}  // namespace sluice::inline sdk_v0
