// SPDX-License-Identifier: Apache-2.0
#include "host/cli/plugins_verb.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "host/cli/context.hpp"
#include "host/cli/new_plugin.hpp"
#include "host/config/config.hpp"
#include "host/plugin/library.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kMaxDepth = 8;  // of nested configuration tables

void complain(const std::string& sentence) {
  std::fprintf(stderr, "sluice: %s\n", sentence.c_str());
}

// Columns as wide as their widest cell; the last one is left ragged.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(i + 1 < row.size() ? widths[i] - row[i].size() + 2 : 0, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string joined(const std::vector<std::string>& items, const char* between) {
  std::string out;
  for (const std::string& item : items) {
    out += (out.empty() ? "" : between) + item;
  }
  return out;
}

json component_json(const ComponentInfo& component, const LibraryInfo& library) {
  return {{"kind", component.kind},       {"id", component.id},
          {"name", component.name},       {"version", component.version},
          {"vendor", component.vendor},   {"license", component.license},
          {"doc_url", component.doc_url}, {"file", library.path.string()}};
}

// --- configuration keys, from the schema ---

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string type_text(const json& schema, int depth = 0) {
  if (depth > kMaxDepth || !schema.is_object()) {
    return "any";
  }
  if (schema.value("x-sluice-secret", json(false)) == json(true)) {
    return "secret";
  }
  for (const char* key : {"oneOf", "anyOf"}) {
    const auto choices = schema.find(key);
    if (choices != schema.end() && choices->is_array()) {
      std::vector<std::string> names;
      for (const json& choice : *choices) {
        if (std::string name = type_text(choice, depth + 1);
            std::find(names.begin(), names.end(), name) == names.end()) {
          names.push_back(std::move(name));
        }
      }
      return joined(names, " or ");
    }
  }
  const std::string type = text_at(schema, "type");
  if (type == "array") {
    return "list of " + type_text(schema.value("items", json::object()), depth + 1);
  }
  if (type == "object") {
    return "table";
  }
  if (const std::string format = text_at(schema, "format"); !format.empty()) {
    return format;
  }
  return type.empty() ? "any" : type;
}

std::string range_text(const json& schema) {
  std::vector<std::string> parts;
  if (const auto choices = schema.find("enum"); choices != schema.end() && choices->is_array()) {
    std::vector<std::string> names;
    for (const json& choice : *choices) {
      names.push_back(choice.dump());
    }
    parts.push_back(joined(names, " | "));
  }
  constexpr std::pair<const char*, const char*> kBounds[] = {
      {"minimum", ">= "},         {"exclusiveMinimum", "> "},  {"maximum", "<= "},
      {"exclusiveMaximum", "< "}, {"minLength", "length >= "}, {"maxLength", "length <= "},
      {"minItems", "at least "},  {"maxItems", "at most "},    {"pattern", "matches "},
  };
  for (const auto& [key, text] : kBounds) {
    if (const auto bound = schema.find(key); bound != schema.end()) {
      parts.push_back(text + (bound->is_string() ? bound->get<std::string>() : bound->dump()));
    }
  }
  return joined(parts, ", ");
}

// One entry per key; keys of nested tables are dotted.
void collect_keys(const json& schema, const std::string& prefix, int depth, json& out) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object() || depth > kMaxDepth) {
    return;
  }
  const json required = schema.value("required", json::array());
  for (const auto& [name, key] : properties->items()) {
    if (!key.is_object()) {
      continue;
    }
    const bool must =
        required.is_array() && std::find(required.begin(), required.end(), name) != required.end();
    json entry = {{"key", prefix + name},
                  {"type", type_text(key)},
                  {"required", must},
                  {"range", range_text(key)},
                  {"unit", text_at(key, "x-sluice-unit")},
                  {"description", text_at(key, "description")}};
    if (const auto value = key.find("default"); value != key.end()) {
      entry["default"] = *value;
    }
    out.push_back(std::move(entry));
    collect_keys(key, prefix + name + ".", depth + 1, out);
    if (const auto items = key.find("items"); items != key.end() && items->is_object()) {
      collect_keys(*items, prefix + name + "[].", depth + 1, out);
    }
  }
}

void print_keys(const json& keys) {
  if (keys.empty()) {
    print("\nIt has no configuration keys.\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"KEY", "TYPE", "DEFAULT", "RANGE", "WHAT IT IS"}};
  for (const json& key : keys) {
    const std::string unit = key["unit"];
    rows.push_back(
        {key["key"], key["type"].get<std::string>() + (unit.empty() ? "" : " (" + unit + ")"),
         key["required"] == json(true) ? "required"
         : key.contains("default")     ? key["default"].dump()
                                       : "-",
         key["range"].get<std::string>().empty() ? "-" : key["range"], key["description"]});
  }
  print("\n" + table(rows));
}

// --- inspect ---

json details_json(const LibraryDetails& d) {
  json components = json::array();
  for (const ComponentInfo& component : d.components) {
    json entry = component_json(component, d);
    entry.erase("file");
    entry["config_schema"] = json::parse(component.config_schema, nullptr, false);
    components.push_back(std::move(entry));
  }
  return {{"file", d.path.string()},
          {"sha256", d.sha256},
          {"size_bytes", d.size_bytes},
          {"architecture", d.architecture},
          {"abi", {d.abi_major, d.abi_minor}},
          {"min_host_minor", d.min_host_minor},
          {"sdk", d.sdk_version},
          {"components", std::move(components)},
          {"exported", d.exported},
          {"needed", d.needed},
          {"glibc_floor", d.glibc_floor},
          {"glibcxx_floor", d.glibcxx_floor},
          {"warnings", d.warnings}};
}

void print_details(const LibraryDetails& d) {
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  print(table({{"file", d.path.string()},
               {"sha256", d.sha256},
               {"size", std::to_string(d.size_bytes) + " bytes"},
               {"architecture", d.architecture},
               {"plugin ABI", "built with " + std::to_string(d.abi_major) + "." +
                                  std::to_string(d.abi_minor) + ", needs a host of " +
                                  std::to_string(d.abi_major) + "." +
                                  std::to_string(d.min_host_minor) + " or newer"},
               {"SDK", or_none(d.sdk_version)},
               {"exports", or_none(joined(d.exported, " "))},
               {"needs", or_none(joined(d.needed, " "))},
               {"glibc", d.glibc_floor.empty() ? "any" : d.glibc_floor + " or newer"},
               {"GLIBCXX", d.glibcxx_floor.empty() ? "none" : d.glibcxx_floor + " or newer"}}));
  std::vector<std::vector<std::string>> rows;
  for (const ComponentInfo& component : d.components) {
    rows.push_back({component.kind, component.id, component.version, component.name});
  }
  print("\n" + table(rows));
  for (const std::string& warning : d.warnings) {
    print("\nwarning: " + warning);
  }
  print(d.warnings.empty() ? "" : "\n");
}

// --- describe ---

struct Match {
  const ComponentInfo* component;
  const LibraryInfo* library;
};

std::vector<Match> find_all(const Registry& registry, const std::string& wanted) {
  const size_t slash = wanted.find('/');
  const std::string id = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
  std::vector<Match> out;
  for (const char* kind : {"source", "sink", "transform"}) {
    if (slash != std::string::npos && wanted.substr(0, slash) != kind) {
      continue;
    }
    const LibraryInfo* library = nullptr;
    if (const ComponentInfo* found = registry.find(kind, id, &library)) {
      out.push_back({found, library});
    }
  }
  return out;
}

void print_component(const ComponentInfo& component, const LibraryInfo& library, const json& keys) {
  std::vector<std::vector<std::string>> rows = {
      {component.kind, component.id},
      {"name", component.name},
      {"version", component.version},
      {"file", library.path.string()},
  };
  for (const auto& [label, text] :
       {std::pair<const char*, const std::string&>{"vendor", component.vendor},
        {"license", component.license},
        {"more", component.doc_url}}) {
    if (!text.empty()) {
      rows.push_back({label, text});
    }
  }
  print(table(rows));
  print_keys(keys);
}

int not_installed(const Registry& registry, const std::string& wanted) {
  std::vector<std::string> known;
  for (const char* kind : {"source", "sink", "transform"}) {
    for (std::string& id : registry.ids(kind)) {
      known.push_back(std::move(id));
    }
  }
  const std::string near = did_you_mean(wanted.substr(wanted.find('/') + 1), known);
  complain("No component \"" + wanted + "\" is installed" +
           (near.empty() ? "; `sluice plugins list` shows those that are."
                         : "; did you mean \"" + near + "\"?"));
  return kFailed;
}

}  // namespace

int plugins_list(const Registry& registry, bool as_json) {
  std::vector<std::vector<std::string>> rows = {{"KIND", "ID", "VERSION", "NAME", "FILE"}};
  json components = json::array();
  for (const char* kind : {"source", "sink", "transform"}) {
    for (const std::string& id : registry.ids(kind)) {
      const LibraryInfo* library = nullptr;
      const ComponentInfo* component = registry.find(kind, id, &library);
      if (component == nullptr || library == nullptr) {
        continue;
      }
      rows.push_back({kind, id, component->version, component->name, library->path.string()});
      components.push_back(component_json(*component, *library));
    }
  }
  if (as_json) {
    json folders = json::array();
    for (const auto& folder : registry.folders()) {
      folders.push_back(folder.string());
    }
    print_json({{"components", std::move(components)},
                {"problems", registry.problems()},
                {"folders", std::move(folders)}});
    return 0;
  }
  if (rows.size() == 1) {
    print("No plugins are installed. Looked in:\n");
    for (const auto& folder : registry.folders()) {
      print("  " + folder.string() + "\n");
    }
  } else {
    print(table(rows));
  }
  return 0;
}

int plugins_inspect(const std::string& file, bool as_json) {
  const auto details = inspect_library(file);
  if (!details) {
    complain(details.error().message);
    return kFailed;
  }
  if (as_json) {
    print_json(details_json(*details));
  } else {
    print_details(*details);
  }
  return details->abi_major == SLUICE_ABI_MAJOR && details->min_host_minor <= SLUICE_ABI_MINOR
             ? 0
             : kFailed;
}

int plugins_describe(const Registry& registry, const std::string& wanted, bool as_json) {
  const std::vector<Match> matches = find_all(registry, wanted);
  if (matches.empty()) {
    return not_installed(registry, wanted);
  }
  json all = json::array();
  for (const Match& match : matches) {
    const json schema = json::parse(match.component->config_schema, nullptr, false);
    json keys = json::array();
    if (schema.is_object()) {
      collect_keys(schema, "", 0, keys);
    }
    if (as_json) {
      json entry = component_json(*match.component, *match.library);
      entry["keys"] = std::move(keys);
      entry["config_schema"] = schema;
      all.push_back(std::move(entry));
    } else {
      print(&match == &matches.front() ? "" : "\n");
      print_component(*match.component, *match.library, keys);
    }
  }
  if (as_json) {
    print_json(all);
  }
  return 0;
}

int plugins_new(const std::string& kind, const std::string& name, const std::string& into) {
  const auto templates = template_folder();
  if (!templates) {
    complain(templates.error().message);
    return kFailed;
  }
  const auto made = new_plugin(*templates, kind, name, into.empty() ? "." : into);
  if (!made) {
    complain(made.error().message);
    return made.error().code == Code::kInvalidConfig ? kUsage : kFailed;
  }
  const std::string folder = made->string();
  print("Made " + folder + ". Next:\n\n  cmake -S " + folder + " -B " + folder +
        "/build\n  cmake --build " + folder + "/build\n  ctest --test-dir " + folder +
        "/build\n  sluice plugins list --plugin-dir " + folder + "/build/lib/sluice/plugins\n");
  return 0;
}

}  // namespace sluice::host
