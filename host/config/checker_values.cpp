// SPDX-License-Identifier: Apache-2.0
//
// The checker's judgement of single values: texts, numbers, formats, bounds.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/config/checker.hpp"
#include "host/config/pattern.hpp"
#include "host/config/schema.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr size_t kMaxListed = 12;

std::string with_time(const std::string& text) {
  std::string out = text;
  if (out.size() == 10) {
    return out + "T00:00:00Z";
  }
  out[10] = 'T';
  constexpr size_t kMinutesEnd = 16;  // "2024-01-31T12:05"
  if (out.size() == kMinutesEnd || out[kMinutesEnd] != ':') {
    out.insert(kMinutesEnd, ":00");
  }
  if (out.back() == 'z') {
    out.back() = 'Z';
  }
  const bool has_zone = out.back() == 'Z' || out.find_first_of("+-", 10) != std::string::npos;
  return has_zone ? out : out + "Z";
}

// The sentence of a parser without the value it quotes.
std::string unquoted(std::string message, const std::string& text) {
  const auto at = message.find("\" is not ");
  return at == std::string::npos || text.empty() ? message : "the value" + message.substr(at + 1);
}

}  // namespace

std::string joined(const std::vector<std::string>& words, const char* last) {
  std::string out;
  const size_t count = std::min(words.size(), kMaxListed);
  for (size_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? last : ", ") + words[i];
  }
  return out + (count < words.size() ? " …" : "");
}

std::string Checker::shown(const json& value) const {
  if (hidden_ || value.is_structured()) {
    return "";
  }
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > 60 ? "" : ", is " + text;
}

json Checker::string(const Node& node, const json& schema, const std::string& path) {
  const auto length = static_cast<size_t>(
      std::count_if(node.text.begin(), node.text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  if (schema.contains("minLength") && length < schema["minLength"].get<size_t>()) {
    complain(node,
             length == 0 ? "must not be empty"
                         : "must have at least " + schema["minLength"].dump() + " characters",
             path);
  }
  if (schema.contains("maxLength") && length > schema["maxLength"].get<size_t>()) {
    complain(node,
             "must have at most " + schema["maxLength"].dump() + " characters, has " +
                 std::to_string(length),
             path);
  }
  if (const std::string pattern = text_of(schema, "pattern");
      !pattern.empty() && matches(pattern, node.text) == Match::kNo) {
    const json example = schema.value("x-sluice-example", json());
    complain(node,
             "does not match " + pattern + shown(node.text) +
                 (example.is_string() ? "; for example " + example.dump() : ""),
             path);
  }
  const std::string format = text_of(schema, "format");
  if (!format.empty()) {
    return formatted(node, schema, format, path);
  }
  constants(node, schema, node.text, path);
  return node.text;
}

json Checker::formatted(const Node& node, const json& schema, const std::string& format,
                        const std::string& path) {
  std::string error;
  json out = node.text;
  if (format == "duration") {
    const auto parsed = parse_duration(node.text);
    error = parsed ? "" : parsed.error().message;
  } else if (format == "size") {
    const auto parsed = parse_size(node.text);
    error = parsed ? "" : parsed.error().message;
  } else if ((format == "date-time" || format == "instant") &&
             !(format == "instant" && node.text == "now")) {
    const auto parsed = parse_time(node.text);
    error = parsed ? "" : parsed.error().message;
    out = parsed ? with_time(node.text) : node.text;
  } else if (format == "date") {
    const auto parsed = parse_time(node.text);
    error = parsed && node.text.size() == 10
                ? ""
                : "\"" + node.text.substr(0, 40) + "\" is not a date; write it like 2024-01-31";
  } else if (format == "uri" && (node.text.find("://") == std::string::npos ||
                                 node.text.find_first_of(" \t\r\n") != std::string::npos)) {
    error = "\"" + node.text.substr(0, 40) +
            "\" is not an address; write it like https://example.org/path";
  }
  if (!error.empty()) {
    complain(node, hidden_ ? unquoted(error, node.text) : error, path);
    return out;
  }
  text_bounds(node, schema, format, path);
  constants(node, schema, out, path);
  return out;
}

// Durations and sizes are texts, for which JSON Schema has no bounds: annotations of ours give
// them, in the same writing.
void Checker::text_bounds(const Node& node, const json& schema, const std::string& format,
                          const std::string& path) {
  const auto measure = [&](const std::string& text) -> uint64_t {
    if (format == "duration") {
      const auto parsed = parse_duration(text);
      return parsed ? static_cast<uint64_t>(parsed->count()) : 0;
    }
    const auto parsed = parse_size(text);
    return parsed ? *parsed : 0;
  };
  const std::string least = text_of(schema, "x-sluice-minimum");
  const std::string most = text_of(schema, "x-sluice-maximum");
  if ((format != "duration" && format != "size") || (least.empty() && most.empty())) {
    return;
  }
  const uint64_t amount = measure(node.text);
  const bool low = !least.empty() && amount < measure(least);
  const bool high = !most.empty() && amount > measure(most);
  if (low || high) {
    const std::string range = !least.empty() && !most.empty()
                                  ? "must be between " + least + " and " + most
                              : low ? "must be at least " + least
                                    : "must be at most " + most;
    complain(node, range + shown(node.text), path);
  }
}

json Checker::number(const Node& node, const json& schema, const std::string& path) {
  if (node.is(Node::Kind::kFloat) && !std::isfinite(node.real)) {
    complain(node, "must be a finite number", path);
    return nullptr;
  }
  json out = node.is(Node::Kind::kFloat) ? json(node.real) : json(node.integer);
  bounds(node, schema, out, path);
  constants(node, schema, out, path);
  return out;
}

void Checker::bounds(const Node& node, const json& schema, const json& number,
                     const std::string& path) {
  const auto bound = [&](const char* keyword) -> const json* {
    return schema.contains(keyword) && schema[keyword].is_number() ? &schema[keyword] : nullptr;
  };
  const json* least = bound("minimum");
  const json* most = bound("maximum");
  const json* above = bound("exclusiveMinimum");
  const json* below = bound("exclusiveMaximum");
  const std::string is = shown(number);
  if (least != nullptr && most != nullptr && (number < *least || number > *most)) {
    complain(node, "must be between " + least->dump() + " and " + most->dump() + is, path);
  } else if (least != nullptr && number < *least) {
    complain(node, "must be at least " + least->dump() + is, path);
  } else if (most != nullptr && number > *most) {
    complain(node, "must be at most " + most->dump() + is, path);
  }
  if (above != nullptr && number <= *above) {
    complain(node, "must be more than " + above->dump() + is, path);
  }
  if (below != nullptr && number >= *below) {
    complain(node, "must be less than " + below->dump() + is, path);
  }
  const json* step = bound("multipleOf");
  if (step != nullptr && step->get<double>() > 0 &&
      std::abs(std::remainder(number.get<double>(), step->get<double>())) >
          1e-9 * step->get<double>()) {
    complain(node, "must be a multiple of " + step->dump() + is, path);
  }
}

void Checker::constants(const Node& node, const json& schema, const json& value,
                        const std::string& path) {
  if (schema.contains("const") && schema["const"] != value) {
    complain(node, "must be " + schema["const"].dump() + shown(value), path);
  }
  if (!schema.contains("enum") || !schema["enum"].is_array() ||
      std::find(schema["enum"].begin(), schema["enum"].end(), value) != schema["enum"].end()) {
    return;
  }
  std::vector<std::string> listed;
  std::vector<std::string> texts;
  for (const auto& choice : schema["enum"]) {
    listed.push_back(choice.dump());
    texts.push_back(choice.is_string() ? choice.get<std::string>() : choice.dump());
  }
  const std::string meant =
      hidden_ || !value.is_string() ? "" : did_you_mean(value.get<std::string>(), texts);
  complain(
      node,
      (listed.size() == 1 ? "must be " : "must be one of ") + joined(listed, " or ") + shown(value),
      path, meant);
}

}  // namespace sluice::host
