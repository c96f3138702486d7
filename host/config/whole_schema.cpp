// SPDX-License-Identifier: Apache-2.0
//
// One JSON Schema of the whole file, for editors: the host's keys and those of every installed
// plugin.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/config/config.hpp"
#include "host/config/host_keys.hpp"
#include "host/config/schema.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

const json& reference_definitions() {
  static const json definitions = json::parse(R"({
    "env": {
      "type": "object", "required": ["env"], "additionalProperties": false,
      "description": "The value of an environment variable, or else the default.",
      "properties": { "env": { "type": "string", "minLength": 1 }, "default": true }
    },
    "secret": {
      "type": "object", "required": ["secret"], "additionalProperties": false,
      "description": "The value of the secret that [secret.NAME] describes.",
      "properties": { "secret": { "type": "string", "minLength": 1 } }
    }
  })");
  return definitions;
}

// "#/$defs/x" of one plugin becomes "#/$defs/source.dwd.x" of the whole.
class Embedder {
 public:
  explicit Embedder(std::string prefix) : prefix_(std::move(prefix)) {}

  json embed(const json& schema, bool root) const {
    if (!schema.is_object()) {
      return schema;
    }
    json out = json::object();
    for (const auto& [keyword, value] : schema.items()) {
      if (keyword == "$schema" || keyword == "$id" || keyword == "$defs") {
        continue;
      }
      out[keyword] = embed_keyword(keyword, value);
    }
    // Written out, because everybody else reads the absence of the keyword as "open".
    if (out.contains("properties") && !out.contains("additionalProperties")) {
      out["additionalProperties"] = false;
    }
    return root ? out : with_references(std::move(out));
  }

 private:
  json embed_keyword(const std::string& keyword, const json& value) const {
    json out = value;
    if (keyword == "properties" && value.is_object()) {
      for (const auto& [name, schema] : value.items()) {
        out[name] = embed(schema, false);
      }
    } else if (keyword == "items" || keyword == "additionalProperties") {
      out = embed(value, false);
    } else if ((keyword == "oneOf" || keyword == "anyOf") && value.is_array()) {
      for (auto& branch : out) {
        branch = embed(branch, true);
      }
    } else if (keyword == "$ref" && value.is_string() &&
               value.get<std::string>().starts_with("#/$defs/")) {
      out = "#/$defs/" + prefix_ + value.get<std::string>().substr(8);
    }
    return out;
  }

  // Wherever a single value may stand, so may a reference.
  static json with_references(json schema) {
    if (flag(schema, "x-sluice-literal") || schema.contains("$ref") || schema.contains("const")) {
      return schema;
    }
    json outer = json::object();
    for (const char* annotation : {"title", "description", "default", "examples", "deprecated"}) {
      if (schema.contains(annotation)) {
        outer[annotation] = schema[annotation];
        schema.erase(annotation);
      }
    }
    outer["anyOf"] = json::array();
    const json branches = schema.value("anyOf", json::array());
    if (std::any_of(branches.begin(), branches.end(),
                    [](const json& branch) { return flag(branch, "x-sluice-secret"); })) {
      outer["anyOf"].push_back({{"$ref", "#/$defs/secret"}});
    }
    if (!flag(schema, "x-sluice-secret")) {
      outer["anyOf"].push_back(std::move(schema));
    } else {
      outer["x-sluice-secret"] = true;
      outer["anyOf"].push_back({{"$ref", "#/$defs/secret"}});
    }
    outer["anyOf"].push_back({{"$ref", "#/$defs/env"}});
    return outer;
  }

  std::string prefix_;
};

json host_table_schema(const HostTable& table) {
  json schema = Embedder("").embed(host_schema(table.name), true);
  schema["description"] = table.description;
  if (table.name == std::string_view("secret")) {
    schema["oneOf"] = {{{"required", {"env"}}},
                       {{"required", {"file"}}},
                       {{"required", {"credential"}}},
                       {{"required", {"command"}}},
                       {{"required", {"store"}}}};
  }
  return schema;
}

// A component's table: the host's keys, `plugin` fixed to this id, and the plugin's own.
json component_schema(const HostTable& table, const std::string& id, const std::string& text,
                      json& definitions) {
  json plugin = json::parse(text.empty() ? "{}" : text, nullptr, false);
  if (!plugin.is_object()) {
    plugin = {{"additionalProperties", true}};  // broken: read_config says so, an editor need not
  }
  const std::string prefix = std::string(table.name) + "." + id + ".";
  const Embedder embedder(prefix);
  if (plugin.contains("$defs") && plugin["$defs"].is_object()) {
    for (const auto& [name, schema] : plugin["$defs"].items()) {
      definitions[prefix + name] = embedder.embed(schema, true);
    }
  }
  json schema = embedder.embed(plugin, true);
  const json host = host_table_schema(table);
  if (!schema.contains("additionalProperties")) {
    schema["additionalProperties"] = false;
  }
  schema["type"] = "object";
  for (const auto& [key, property] : host["properties"].items()) {
    schema["properties"][key] = property;
  }
  schema["properties"]["plugin"] = {
      {"const", id}, {"description", host["properties"]["plugin"].value("description", "")}};
  json required = json::array({"plugin"});
  if (plugin.contains("required") && plugin["required"].is_array()) {
    for (const auto& key : plugin["required"]) {
      const bool has_default = key.is_string() && plugin.contains("properties") &&
                               plugin["properties"].contains(key.get<std::string>()) &&
                               plugin["properties"][key.get<std::string>()].contains("default");
      if (!has_default) {
        required.push_back(key);
      }
    }
  }
  schema["required"] = std::move(required);
  if (!schema.contains("title")) {
    schema["title"] = std::string(table.name) + " " + id;
  }
  return schema;
}

json component_choice(const HostTable& table, const Schemas& schemas, json& definitions) {
  json choice = json::array();
  for (const auto& id : schemas.ids(table.name)) {
    if (const std::string* text = schemas.config_schema(table.name, id)) {
      choice.push_back(component_schema(table, id, *text, definitions));
    }
  }
  if (choice.empty()) {
    json open =
        host_table_schema(table);  // nothing is installed: the host's keys are all that is known
    open["additionalProperties"] = true;
    return open;
  }
  return {{"description", table.description},
          {"type", "object"},
          {"required", {"plugin"}},
          {"oneOf", std::move(choice)}};
}

}  // namespace

std::string whole_schema(const Schemas& schemas) {
  json whole{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", "sluice pipeline"},
             {"type", "object"},
             {"additionalProperties", false},
             {"properties", json::object()},
             {"required", json::array()},
             {"$defs", reference_definitions()}};
  for (const auto& table : host_tables()) {
    json schema = table.component ? component_choice(table, schemas, whole["$defs"])
                                  : host_table_schema(table);
    if (table.shape == Shape::kArray) {
      schema = {{"type", "array"},
                {"minItems", table.required ? 1 : 0},
                {"items", std::move(schema)},
                {"description", table.description}};
    } else if (table.shape == Shape::kMap) {
      schema = {{"type", "object"},
                {"additionalProperties", std::move(schema)},
                {"description", table.description}};
    }
    whole["properties"][table.name] = std::move(schema);
    if (table.required) {
      whole["required"].push_back(table.name);
    }
  }
  return whole.dump(2) + "\n";
}

}  // namespace sluice::host
