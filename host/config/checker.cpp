// SPDX-License-Identifier: Apache-2.0
//
// What a value must be before its parts count: types, references, secrets, alternatives.
#include "host/config/checker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/config/file_text.hpp"
#include "host/config/references.hpp"
#include "host/config/schema.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr size_t kMaxProblems = 200;

// How errors name what is wanted.
std::string wanted(const json& root, const json& schema) {
  const std::string format = text_of(schema, "format");
  const auto types = admitted_types(root, schema);
  const bool text_only = types.size() == 1 && types.front() == "string";
  if (text_only && format == "duration") {
    return R"(a duration like "90s")";
  }
  if (text_only && format == "size") {
    return R"(a size like "256MiB")";
  }
  if (format == "date") {
    return "a date like 2024-01-31";
  }
  if (format == "date-time") {
    return "a date or time like 2024-01-31T12:00:00Z";
  }
  if (format == "instant") {
    return R"(a date or time like 2024-01-31T12:00:00Z, or "now")";
  }
  static const std::vector<std::pair<std::string, const char*>> kNames{
      {"string", "a string"},   {"integer", "an integer"}, {"number", "a number"},
      {"boolean", "a boolean"}, {"array", "an array"},     {"object", "a table"}};
  std::vector<std::string> names;
  for (const auto& [type, name] : kNames) {
    if (std::find(types.begin(), types.end(), type) != types.end() &&
        !(type == "integer" && std::find(types.begin(), types.end(), "number") != types.end())) {
      names.emplace_back(name);
    }
  }
  return joined(names, " or ");
}

bool wants_secret(const json& root, const json& schema) {
  if (!schema.is_object()) {
    return false;
  }
  const auto branches = branches_of(root, schema);
  return flag(schema, "x-sluice-secret") ||
         std::any_of(branches.begin(), branches.end(),
                     [](const json& branch) { return flag(branch, "x-sluice-secret"); });
}

}  // namespace

void Findings::complain(Place place, std::string what) {
  if (place.set != 0) {
    problems.push_back({"--set " + set_[place.set - 1], 0, 0, std::move(what)});
  } else {
    problems.push_back({file_, place.line, place.column, std::move(what)});
  }
}

std::string Findings::text_of(const Place& place) const {
  if (place.set != 0) {
    return "--set " + set_[place.set - 1];
  }
  return file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::vector<Problem> Findings::take() {
  std::stable_sort(problems.begin(), problems.end(), [&](const Problem& a, const Problem& b) {
    const bool a_file = a.file == file_;
    const bool b_file = b.file == file_;
    return a_file != b_file ? a_file : std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (problems.size() > kMaxProblems) {
    const size_t more = problems.size() - kMaxProblems;
    problems.resize(kMaxProblems);
    problems.push_back({file_, 0, 0, "and " + std::to_string(more) + " more problems"});
  }
  return std::move(problems);
}

std::string env_secret_name(const std::string& variable) {
  return "env:" + variable;
}

std::string Checker::where(const std::string& path) const {
  return path.empty() ? owner_ : "'" + path + "' " + owner_;
}

void Checker::complain(const Node& node, const std::string& what, const std::string& path,
                       const std::string& meant) {
  findings_.complain(node.place, what + "; " + where(path) +
                                     (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
}

json Checker::check(const Node& node) {
  return value(node, root_, "");
}

json Checker::value(const Node& node, const json& raw, const std::string& path) {
  const json& schema = dereferenced(root_, raw);
  const auto types =
      schema.is_object() ? admitted_types(root_, schema) : std::vector<std::string>{};
  const bool literal_only = flag(schema, "x-sluice-literal");
  for (const char* key : {"env", "secret"}) {
    if (!literal_only && looks_like(node, key) && !path.empty() && !declares(root_, schema, key)) {
      return std::string_view(key) == "env" ? reference(node, schema, path)
                                            : secret(node, schema, path);
    }
  }
  if (flag(schema, "x-sluice-secret")) {
    complain(node,
             "a secret does not stand in the file: write { secret = \"name\" } here and put a "
             "table [secret.name] with env or "
             "file beside it",
             path);
    return nullptr;
  }
  return literal(node, schema, path);
}

json Checker::literal(const Node& node, const json& schema, const std::string& path) {
  static const json kAnything = json::object();
  if (schema.is_boolean() && !schema.get<bool>()) {
    complain(node, "no value is admitted here", path);
    return nullptr;
  }
  const json& rules = schema.is_object() ? schema : kAnything;
  if (const auto branches = branches_of(root_, rules); !branches.empty()) {
    return alternatives(node, rules, branches, path);
  }
  if (!type_fits(node, rules, path)) {
    return nullptr;
  }
  switch (node.kind) {
    case Node::Kind::kTable:
      return object(node, rules, path);
    case Node::Kind::kArray:
      return array(node, rules, path);
    case Node::Kind::kInteger:
    case Node::Kind::kFloat:
      return number(node, rules, path);
    case Node::Kind::kBoolean:
      constants(node, rules, node.boolean, path);
      return node.boolean;
    default:
      return string(node, rules, path);
  }
}

bool Checker::type_fits(const Node& node, const json& schema, const std::string& path) {
  const auto types = admitted_types(root_, schema);
  const auto has = [&](const char* type) {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  };
  const std::string format = text_of(schema, "format");
  bool fits = false;
  switch (node.kind) {
    case Node::Kind::kTable:
      fits = has("object");
      break;
    case Node::Kind::kArray:
      fits = has("array");
      break;
    case Node::Kind::kString:
      fits = has("string");
      break;
    case Node::Kind::kInteger:
      fits = has("integer") || has("number");
      break;
    case Node::Kind::kFloat:
      fits = has("number");
      break;
    case Node::Kind::kBoolean:
      fits = has("boolean");
      break;
    case Node::Kind::kDate:
      fits = types.empty() ||
             (has("string") && (format == "date" || format == "date-time" || format == "instant"));
      break;
    case Node::Kind::kDateTime:
      fits = types.empty() || (has("string") && (format == "date-time" || format == "instant"));
      break;
    case Node::Kind::kTime:
      fits = types.empty();
      break;
  }
  if (!fits) {
    const std::string names = wanted(root_, schema);
    complain(
        node,
        "expected " + (names.empty() ? "another type" : names) + ", got " + kind_name(node.kind),
        path);
  }
  return fits;
}

json Checker::reference(const Node& node, const json& schema, const std::string& path) {
  std::string problem;
  const auto wanted_variable = env_reference(node, problem);
  if (!wanted_variable) {
    complain(node, problem, path);
    return nullptr;
  }
  const auto& [name, fallback] = *wanted_variable;
  if (wants_secret(root_, schema)) {
    return env_at_secret(node, name, fallback != nullptr, path);
  }
  const json otherwise = fallback == nullptr ? json() : literal(*fallback, schema, path);
  const auto text = findings_.resolve_env ? environment(name) : std::nullopt;
  if (!text) {
    if (fallback == nullptr && findings_.resolve_env) {
      complain(node,
               "the environment variable " + name +
                   " is not set; set it, or add a default: { env = \"" + name + "\", default = … }",
               path);
    }
    return fallback == nullptr ? json{{"$env", name}} : otherwise;
  }
  if (find_invalid_utf8(*text) != std::string::npos) {
    complain(node, "the value of the environment variable " + name + " is not UTF-8", path);
    return nullptr;
  }
  auto made = node_from_text(*text, admitted_types(root_, schema));
  if (!made) {
    complain(node,
             "the value of the environment variable " + name + " is not " + wanted(root_, schema),
             path);
    return nullptr;
  }
  if (made->is(Node::Kind::kString) && worth_redacting(*text)) {
    findings_.redact.push_back(*text);
  }
  made->place = node.place;
  const bool before = std::exchange(hidden_, true);
  json result = literal(*made, schema, path);
  hidden_ = before;
  return result;
}

json Checker::env_at_secret(const Node& node, const std::string& variable, bool has_default,
                            const std::string& path) {
  if (has_default) {
    complain(node, "a secret has no default; leave `default` out", path);
  }
  if (findings_.resolve_env && !environment(variable)) {
    complain(node,
             "the environment variable " + variable +
                 " is not set; set it, or name a table [secret.NAME]",
             path);
  }
  findings_.env_secrets.push_back(variable);
  return {{"$secret", env_secret_name(variable)}};
}

json Checker::secret(const Node& node, const json& schema, const std::string& path) {
  std::string problem;
  const auto name = secret_reference(node, problem);
  if (!name) {
    complain(node, problem, path);
    return nullptr;
  }
  if (!secrets_allowed_ || !wants_secret(root_, schema)) {
    complain(node,
             std::string(secrets_allowed_ ? "the plugin does not take a secret here"
                                          : "a key of the host cannot be a secret") +
                 "; write the value, or { env = \"NAME\" }",
             path);
    return nullptr;
  }
  findings_.secret_uses.push_back({*name, node.place, where(path)});
  return {{"$secret", *name}};
}

json Checker::alternatives(const Node& node, const json& schema, const std::vector<json>& branches,
                           const std::string& path) {
  if (const std::string tag = tag_of(root_, branches); !tag.empty()) {
    return tagged(node, branches, tag, path);
  }
  const auto problems = findings_.problems.size();
  const auto uses = findings_.secret_uses.size();
  const json* nearest = nullptr;
  size_t near = 0;
  for (const auto& branch : branches) {
    json result = value(node, branch, path);
    if (findings_.problems.size() == problems) {
      return result;
    }
    // The branch of the value's own type is the one whose complaints help.
    findings_.problems.resize(problems);
    findings_.secret_uses.resize(uses);
    const bool of_type = type_fits(node, branch, path);
    findings_.problems.resize(problems);
    if (of_type) {
      nearest = &branch;
      ++near;
    }
  }
  if (near == 1) {
    return value(node, *nearest, path);
  }
  const std::string names = wanted(root_, schema);
  complain(node,
           near == 0 ? "expected " + (names.empty() ? "another type" : names) + ", got " +
                           kind_name(node.kind)
                     : "none of the forms that are admitted here fits",
           path);
  return nullptr;
}

json Checker::tagged(const Node& node, const std::vector<json>& branches, const std::string& tag,
                     const std::string& path) {
  std::vector<std::string> tags;
  for (const auto& branch : branches) {
    tags.push_back(text_of(dereferenced(root_, branch["properties"][tag]), "const"));
  }
  if (!node.is(Node::Kind::kTable)) {
    complain(node, std::string("expected a table, got ") + kind_name(node.kind), path);
    return nullptr;
  }
  const std::string inner = path.empty() ? tag : path + "." + tag;
  const Node* chosen = node.find(tag);
  if (chosen == nullptr) {
    complain(node, "missing key '" + tag + "', one of " + joined(tags, " or "), path);
    return nullptr;
  }
  if (!chosen->is(Node::Kind::kString)) {
    complain(*chosen, std::string("expected a string, got ") + kind_name(chosen->kind), inner);
    return nullptr;
  }
  const auto found = std::find(tags.begin(), tags.end(), chosen->text);
  if (found == tags.end()) {
    complain(*chosen, "must be one of " + joined(tags, " or ") + shown(chosen->text), inner,
             did_you_mean(chosen->text, tags));
    return nullptr;
  }
  return value(node, branches[static_cast<size_t>(found - tags.begin())], path);
}

}  // namespace sluice::host
