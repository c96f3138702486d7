// SPDX-License-Identifier: Apache-2.0
#include "host/config/schema.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "host/config/config.hpp"
#include "host/config/pattern.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr size_t kMaxSchemaDepth = 32;

const json& anything() {
  static const json any = true;
  return any;
}

const json* alternatives(const json& schema) {
  for (const char* keyword : {"oneOf", "anyOf"}) {
    if (schema.is_object() && schema.contains(keyword) && schema[keyword].is_array() &&
        !schema[keyword].empty()) {
      return &schema[keyword];
    }
  }
  return nullptr;
}

json merged(const json& base, const json& branch) {
  if (!branch.is_object()) {
    return base;
  }
  json out = base;
  for (const auto& [keyword, value] : branch.items()) {
    if (keyword == "properties" && out.contains(keyword) && out[keyword].is_object() &&
        value.is_object()) {
      out[keyword].update(value);
    } else if (keyword == "required" && out.contains(keyword) && out[keyword].is_array() &&
               value.is_array()) {
      out[keyword].insert(out[keyword].end(), value.begin(), value.end());
    } else {
      out[keyword] = value;
    }
  }
  return out;
}

const char* json_type(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return "string";
    case json::value_t::boolean:
      return "boolean";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return "integer";
    case json::value_t::number_float:
      return "number";
    case json::value_t::array:
      return "array";
    case json::value_t::object:
      return "object";
    default:
      return "null";
  }
}

void collect_types(const json& root, const json& raw, std::set<std::string>& types, bool& any,
                   size_t depth) {
  const json& schema = dereferenced(root, raw);
  if (depth > kMaxSchemaDepth || !schema.is_object()) {
    any = true;
    return;
  }
  if (const json* branches = alternatives(schema);
      branches != nullptr && !schema.contains("type")) {
    for (const auto& branch : *branches) {
      collect_types(root, branch, types, any, depth + 1);
    }
    return;
  }
  if (schema.contains("type") && schema["type"].is_string()) {
    types.insert(schema["type"].get<std::string>());
  } else if (schema.contains("type") && schema["type"].is_array()) {
    for (const auto& type : schema["type"]) {
      types.insert(type.is_string() ? type.get<std::string>() : "");
    }
  } else if (schema.contains("const")) {
    types.insert(json_type(schema["const"]));
  } else if (schema.contains("enum") && schema["enum"].is_array()) {
    for (const auto& value : schema["enum"]) {
      types.insert(json_type(value));
    }
  } else if (schema.contains("properties")) {
    types.insert("object");
  } else {
    any = true;
  }
}

// What the schema of a plugin may say, and the form of it. Everything else would be silently
// unchecked, so it is named.
class SchemaJudge {
 public:
  explicit SchemaJudge(const json& root) : root_(root) {}

  std::vector<std::string> judge() {
    if (!root_.is_object()) {
      return {"the schema must be a JSON object"};
    }
    visit(root_, "#", 0);
    return std::move(found_);
  }

 private:
  void complain(const std::string& at, const std::string& what) {
    found_.push_back(at + ": " + what);
  }

  void visit(const json& schema, const std::string& at, size_t depth) {
    if (schema.is_boolean()) {
      return;
    }
    if (!schema.is_object() || depth > kMaxSchemaDepth) {
      complain(at,
               depth > kMaxSchemaDepth ? "nested too deep" : "a schema is an object or a boolean");
      return;
    }
    for (const auto& [keyword, value] : schema.items()) {
      visit_keyword(keyword, value, at + "/" + keyword, depth);
    }
  }

  void visit_keyword(const std::string& keyword, const json& value, const std::string& at,
                     size_t depth) {
    static const std::set<std::string> kAnnotations{
        "$schema", "$id",      "$comment", "title",     "description",
        "default", "examples", "readOnly", "writeOnly", "deprecated"};
    static const std::set<std::string> kNumbers{
        "minimum",  "maximum",   "exclusiveMinimum", "exclusiveMaximum", "multipleOf",   "minItems",
        "maxItems", "minLength", "maxLength",        "minProperties",    "maxProperties"};
    if (kAnnotations.contains(keyword) || keyword.starts_with("x-") || keyword == "const") {
      return;
    }
    if (kNumbers.contains(keyword)) {
      expect(value.is_number(), at, "a number");
    } else if (keyword == "properties" || keyword == "$defs") {
      static const json kEmpty = json::object();
      expect(value.is_object(), at, "an object of schemas");
      for (const auto& [name, schema] : (value.is_object() ? value : kEmpty).items()) {
        visit(schema, at + "/" + name, depth + 1);
      }
    } else if (keyword == "oneOf" || keyword == "anyOf") {
      expect(value.is_array() && !value.empty(), at, "an array of schemas");
      for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
        visit(value[i], at + "/" + std::to_string(i), depth + 1);
      }
    } else if (keyword == "items" || keyword == "additionalProperties" ||
               keyword == "propertyNames") {
      visit(value, at, depth + 1);
    } else {
      visit_simple(keyword, value, at);
    }
  }

  void visit_simple(const std::string& keyword, const json& value, const std::string& at) {
    if (keyword == "type") {
      expect(value.is_string() || value.is_array(), at, "a type or an array of types");
      for (const auto& type : value.is_array() ? value : json::array({value})) {
        static const std::set<std::string> kTypes{"object",  "array",  "string",
                                                  "integer", "number", "boolean"};
        expect(type.is_string() && kTypes.contains(type.get<std::string>()), at,
               "object, array, string, integer, number or boolean (TOML has no null)");
      }
    } else if (keyword == "required") {
      expect(value.is_array() && std::all_of(value.begin(), value.end(),
                                             [](const json& v) { return v.is_string(); }),
             at, "an array of key names");
    } else if (keyword == "enum") {
      expect(value.is_array() && !value.empty(), at, "an array of values");
    } else if (keyword == "uniqueItems") {
      expect(value.is_boolean(), at, "a boolean");
    } else if (keyword == "pattern") {
      expect(value.is_string() && matches(value.get<std::string>(), "") != Match::kBadPattern, at,
             "a regular expression");
    } else if (keyword == "format") {
      static const std::set<std::string> kFormats{"duration",  "size",    "date",
                                                  "date-time", "instant", "uri"};
      expect(value.is_string() && kFormats.contains(value.get<std::string>()), at,
             "duration, size, date, date-time, instant or uri");
    } else if (keyword == "$ref") {
      expect(value.is_string() && value.get<std::string>().starts_with("#/$defs/") &&
                 &dereferenced(root_, json{{"$ref", value}}) != &anything(),
             at, "the place of a schema under #/$defs/");
    } else {
      complain(at,
               "this keyword is not part of the subset that is checked (docs/schema-subset.md)");
    }
  }

  void expect(bool good, const std::string& at, const char* what) {
    if (!good) {
      complain(at, std::string("must be ") + what);
    }
  }

  const json& root_;
  std::vector<std::string> found_;
};

}  // namespace

const json& dereferenced(const json& root, const json& schema) {
  const json* at = &schema;
  for (size_t hops = 0; at->is_object() && at->contains("$ref"); ++hops) {
    const json& reference = (*at)["$ref"];
    const std::string text = reference.is_string() ? reference.get<std::string>() : "";
    constexpr std::string_view kPrefix = "#/$defs/";
    const bool local = text.starts_with(kPrefix) && root.is_object() && root.contains("$defs") &&
                       root["$defs"].is_object();
    const std::string name = local ? text.substr(kPrefix.size()) : "";
    if (hops > kMaxSchemaDepth || !local || !root["$defs"].contains(name)) {
      return anything();
    }
    at = &root["$defs"][name];
  }
  return *at;
}

std::vector<std::string> admitted_types(const json& root, const json& schema) {
  std::set<std::string> types;
  bool any = false;
  collect_types(root, schema, types, any, 0);
  return any ? std::vector<std::string>{} : std::vector<std::string>(types.begin(), types.end());
}

std::vector<json> branches_of(const json& root, const json& schema) {
  std::vector<json> out;
  const json* branches = alternatives(schema);
  if (branches == nullptr) {
    return out;
  }
  json base = schema;
  base.erase("oneOf");
  base.erase("anyOf");
  base.erase("default");
  for (const auto& branch : *branches) {
    out.push_back(merged(base, dereferenced(root, branch)));
  }
  return out;
}

std::string tag_of(const json& root, const std::vector<json>& branches) {
  if (branches.size() < 2 || !branches.front().contains("properties") ||
      !branches.front()["properties"].is_object()) {
    return {};
  }
  for (const auto& [name, unused] : branches.front()["properties"].items()) {
    std::set<std::string> seen;
    for (const auto& branch : branches) {
      const bool has = branch.contains("properties") && branch["properties"].is_object() &&
                       branch["properties"].contains(name);
      const json& property = has ? dereferenced(root, branch["properties"][name]) : anything();
      if (!property.is_object() || text_of(property, "const").empty() ||
          !seen.insert(text_of(property, "const")).second) {
        break;
      }
    }
    if (seen.size() == branches.size()) {
      return name;
    }
  }
  return {};
}

bool declares(const json& root, const json& raw, std::string_view key) {
  const json& schema = dereferenced(root, raw);
  if (!schema.is_object()) {
    return false;
  }
  if (schema.contains("properties") && schema["properties"].is_object() &&
      schema["properties"].contains(std::string(key))) {
    return true;
  }
  const json* branches = alternatives(schema);
  return branches != nullptr &&
         std::any_of(branches->begin(), branches->end(), [&](const json& branch) {
           const json& b = dereferenced(root, branch);
           return b.is_object() && b.contains("properties") && b["properties"].is_object() &&
                  b["properties"].contains(std::string(key));
         });
}

bool flag(const json& schema, const char* keyword) {
  return schema.is_object() && schema.contains(keyword) && schema[keyword].is_boolean() &&
         schema[keyword].get<bool>();
}

std::string text_of(const json& schema, const char* keyword) {
  return schema.is_object() && schema.contains(keyword) && schema[keyword].is_string()
             ? schema[keyword].get<std::string>()
             : std::string();
}

std::vector<std::string> schema_problems(std::string_view schema) {
  const json parsed = json::parse(schema, nullptr, false);
  return parsed.is_discarded() ? std::vector<std::string>{"the schema is not JSON"}
                               : SchemaJudge(parsed).judge();
}

}  // namespace sluice::host
