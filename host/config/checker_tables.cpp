// SPDX-License-Identifier: Apache-2.0
//
// The checker's judgement of tables and arrays: keys, which are missing, defaults, how many.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/config/checker.hpp"
#include "host/config/references.hpp"
#include "host/config/schema.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

std::vector<std::string> keys_of(const json& schema) {
  std::vector<std::string> keys;
  if (schema.contains("properties") && schema["properties"].is_object()) {
    for (const auto& [key, unused] : schema["properties"].items()) {
      keys.push_back(key);
    }
  }
  return keys;
}

std::string plural_end(const json& count) {
  return count == 1 ? "" : "s";
}

}  // namespace

json Checker::object(const Node& node, const json& schema, const std::string& path) {
  json out = json::object();
  for (const auto& [key, child] : node.members) {
    member(key, child, schema, path, out);
  }
  missing(node, schema, path);
  defaults(schema, out);
  const size_t count = out.size();
  if (schema.contains("minProperties") && count < schema["minProperties"].get<size_t>()) {
    complain(node,
             "needs at least " + schema["minProperties"].dump() + " key" +
                 plural_end(schema["minProperties"]),
             path);
  }
  if (schema.contains("maxProperties") && count > schema["maxProperties"].get<size_t>()) {
    complain(node,
             "takes at most " + schema["maxProperties"].dump() + " key" +
                 plural_end(schema["maxProperties"]),
             path);
  }
  return out;
}

void Checker::member(const std::string& key, const Node& node, const json& schema,
                     const std::string& path, json& out) {
  const std::string inner = path.empty() ? key : path + "." + key;
  const bool listed = schema.contains("properties") && schema["properties"].is_object();
  if (listed && schema["properties"].contains(key)) {
    out[key] = value(node, schema["properties"][key], inner);
    return;
  }
  // Stricter than JSON Schema: who lists properties and says nothing about others means that there
  // are no others.
  const bool open =
      schema.contains("additionalProperties") ? schema["additionalProperties"] != false : !listed;
  if (!open) {
    unknown(key, node, schema, path);
    return;
  }
  if (schema.contains("propertyNames")) {
    Node name;
    name.kind = Node::Kind::kString;
    name.text = key;
    name.place = node.key_place;
    value(name, schema["propertyNames"], inner);
  }
  static const json kAnything = true;
  out[key] = value(
      node, schema.contains("additionalProperties") ? schema["additionalProperties"] : kAnything,
      inner);
}

void Checker::unknown(const std::string& key, const Node& node, const json& schema,
                      const std::string& path) {
  const std::string in = path.empty() ? owner_ : "in '" + path + "' " + owner_;
  std::string what = "unknown key '" + key + "' " + in;
  const auto advised = std::find_if(advice_.begin(), advice_.end(),
                                    [&](const Advice& a) { return path.empty() && key == a.key; });
  const auto keys = keys_of(schema);
  if (advised != advice_.end()) {
    what += std::string("; ") + advised->text;
  } else if (const std::string meant = did_you_mean(key, keys); !meant.empty()) {
    what += "; did you mean '" + meant + "'?";
  } else if (!keys.empty()) {
    what += "; known are " + joined(keys, " and ");
  }
  findings_.complain(node.key_place, std::move(what));
}

void Checker::missing(const Node& node, const json& schema, const std::string& path) {
  if (!schema.contains("required") || !schema["required"].is_array() || findings_.partial) {
    return;
  }
  std::set<std::string> said;
  for (const auto& name : schema["required"]) {
    if (!name.is_string() || node.find(name.get<std::string>()) != nullptr ||
        !said.insert(name.get<std::string>()).second) {
      continue;
    }
    const auto key = name.get<std::string>();
    const json& property = schema.contains("properties") && schema["properties"].contains(key)
                               ? dereferenced(root_, schema["properties"][key])
                               : json();
    if (property.is_object() && property.contains("default")) {
      continue;
    }
    const json example = property.is_object() && property.contains("x-sluice-example")
                             ? property["x-sluice-example"]
                             : json();
    const std::string in = path.empty() ? owner_ : "in '" + path + "' " + owner_;
    findings_.complain(node.place, "missing key '" + key + "' " + in +
                                       (example.is_primitive() && !example.is_null()
                                            ? "; for example " + key + " = " + example.dump()
                                            : ""));
  }
}

void Checker::defaults(const json& schema, json& out) {
  if (!schema.contains("properties") || !schema["properties"].is_object()) {
    return;
  }
  for (const auto& [key, raw] : schema["properties"].items()) {
    const json& property = dereferenced(root_, raw);
    if (!out.contains(key) && property.is_object() && property.contains("default")) {
      json filled = property["default"];
      if (filled.is_object()) {
        defaults(property, filled);
      }
      out[key] = std::move(filled);
    }
  }
}

json Checker::array(const Node& node, const json& schema, const std::string& path) {
  json out = json::array();
  static const json kAnything = true;
  const json& items = schema.contains("items") ? schema["items"] : kAnything;
  std::set<std::string> seen;
  for (size_t i = 0; i < node.elements.size(); ++i) {
    out.push_back(value(node.elements[i], items, path + "[" + std::to_string(i) + "]"));
    if (flag(schema, "uniqueItems") &&
        !seen.insert(out.back().dump(-1, ' ', false, json::error_handler_t::replace)).second) {
      complain(node.elements[i], "is there twice; keep one of them" + shown(out.back()),
               path + "[" + std::to_string(i) + "]");
    }
  }
  if (schema.contains("minItems") && out.size() < schema["minItems"].get<size_t>()) {
    complain(
        node,
        "needs at least " + schema["minItems"].dump() + " element" + plural_end(schema["minItems"]),
        path);
  }
  if (schema.contains("maxItems") && out.size() > schema["maxItems"].get<size_t>()) {
    complain(node,
             "takes at most " + schema["maxItems"].dump() + " element" +
                 plural_end(schema["maxItems"]) + ", has " + std::to_string(out.size()),
             path);
  }
  constants(node, schema, out, path);
  return out;
}

}  // namespace sluice::host
