// SPDX-License-Identifier: Apache-2.0
//
// A file's way from text to PipelineConfig: read, parse, override, check each table, hold the
// tables against each other.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/config/checker.hpp"
#include "host/config/config.hpp"
#include "host/config/credential_check.hpp"
#include "host/config/file_text.hpp"
#include "host/config/host_keys.hpp"
#include "host/config/references.hpp"
#include "host/config/set_option.hpp"
#include "host/config/toml_tree.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr const char* kWherePlugins =
    "plugins are looked for in --plugin-dir, SLUICE_PLUGIN_PATH, [plugins] dirs, "
    "~/.local/lib/sluice/plugins and the "
    "installation's lib/sluice/plugins";

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    out += (out.empty() ? "" : ", ") + word;
  }
  return out;
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const auto& table : host_tables()) {
    names.emplace_back(table.name);
  }
  return names;
}

std::string bracketed(const HostTable& table) {
  const std::string name = table.name;
  return table.shape == Shape::kArray ? "[[" + name + "]]"
         : table.shape == Shape::kMap ? "[" + name + ".NAME]"
                                      : "[" + name + "]";
}

// A key as a part of a JSON Pointer (RFC 6901).
std::string pointer_part(const std::string& key) {
  std::string out = "/";
  for (const char c : key) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

// Where each key of a component stands, for errors of the component that name one.
void collect_places(const Findings& findings, const Node& node, const std::string& pointer,
                    std::map<std::string, std::string>& places) {
  constexpr size_t kMostPlaces = 20'000;
  if (places.size() >= kMostPlaces) {
    return;
  }
  places[pointer] = findings.text_of(node.place);
  for (const auto& [key, member] : node.members) {
    collect_places(findings, member, pointer + pointer_part(key), places);
  }
  for (size_t i = 0; i < node.elements.size(); ++i) {
    collect_places(findings, node.elements[i], pointer + "/" + std::to_string(i), places);
  }
}

class Reader {
 public:
  Reader(Findings& findings, const Schemas& schemas, PipelineConfig& config)
      : findings_(findings), schemas_(schemas), config_(config) {}

  void read(const Node& root) {
    for (const auto& table : host_tables()) {
      read_table(table, root.find(table.name));
    }
    for (const auto& [key, node] : root.members) {
      if (find_table(key) == nullptr) {
        unknown_top(key, node);
      }
    }
    check_want(root.find("want"));
    check_retry(root.find("pipeline"));
    check_breaker(root.find("http"));
    check_proxy(root.find("http"));
    check_secrets();
  }

 private:
  void read_table(const HostTable& table, const Node* node) {
    if (node == nullptr) {
      if (table.required && !findings_.partial) {
        findings_.complain({1, 1, 0}, "missing table " + bracketed(table) +
                                          "; a pipeline needs [pipeline], [[source]] and [sink]");
      }
      if (!table.required && table.shape == Shape::kSingle) {
        read_single(table, Node());
      }
      return;
    }
    switch (table.shape) {
      case Shape::kSingle:
        read_single(table, *node);
        break;
      case Shape::kArray:
        read_array(table, *node);
        break;
      case Shape::kMap:
        read_map(table, *node);
        break;
    }
  }

  bool expect_table(const Node& node, const std::string& label) {
    if (!node.is(Node::Kind::kTable)) {
      findings_.complain(
          node.place, std::string("expected a table, got ") + kind_name(node.kind) + "; " + label);
    }
    return node.is(Node::Kind::kTable);
  }

  void read_single(const HostTable& table, const Node& node) {
    const std::string label = bracketed(table);
    if (table.name == std::string_view("sink") && node.is(Node::Kind::kArray)) {
      findings_.complain(node.place, "a pipeline has one sink; write [sink] instead of [[sink]]");
    } else if (expect_table(node, label) && table.component) {
      read_component(table, node, config_.sink);
    } else if (node.is(Node::Kind::kTable)) {
      json values = check_host(table.name, node, "in " + label);
      apply_keys(table.name, values, {config_});
      if (table.name == std::string_view("want")) {
        want_ = std::move(values);
      }
    }
  }

  void read_array(const HostTable& table, const Node& node) {
    if (!node.is(Node::Kind::kArray)) {
      const std::string name = table.name;
      findings_.complain(node.place,
                         "a " + name + " stands under [[" + name + "]], with double brackets");
      return;
    }
    if (!table.component) {
      read_limits(table, node);
      return;
    }
    for (const auto& element : node.elements) {
      ComponentConfig component;
      if (expect_table(element, bracketed(table))) {
        read_component(table, element, component);
      }
      config_.sources.push_back(std::move(component));
    }
    if (node.elements.empty()) {
      findings_.complain(node.place, "at least one [[source]] is needed");
    }
  }

  void read_limits(const HostTable& table, const Node& node) {
    for (const auto& element : node.elements) {
      if (!expect_table(element, bracketed(table))) {
        continue;
      }
      LimitRule rule;
      const json values = check_host(table.name, element, "in [[limit]]");
      apply_keys(table.name, values, {.config = config_, .limit = &rule});
      const bool whole = (element.find("amount") != nullptr) == (element.find("per") != nullptr);
      if (!whole && !findings_.partial) {
        findings_.complain(element.place, "amount and per go together; in [[limit]]");
      } else if (element.find("amount") == nullptr && element.find("spacing") == nullptr &&
                 element.find("concurrent") == nullptr && !findings_.partial) {
        findings_.complain(element.place,
                           "it limits nothing; in [[limit]], give amount and per, spacing or "
                           "concurrent");
      }
      const auto same = [&rule](const LimitRule& known) {
        return known.scope == rule.scope && known.name == rule.name;
      };
      auto& limits = config_.http.limits;
      if (std::none_of(limits.begin(), limits.end(), same)) {
        limits.push_back(std::move(rule));
      } else {
        findings_.complain(element.place,
                           "a [[limit]] of this scope and name stands above; give it another name");
      }
    }
  }

  void read_map(const HostTable& table, const Node& node) {
    if (!expect_table(node, bracketed(table))) {
      return;
    }
    for (const auto& [name, member] : node.members) {
      const std::string label = "[" + std::string(table.name) + "." + name + "]";
      if (!expect_table(member, label + " is a table for each name")) {
        continue;
      }
      const bool credential = table.name == std::string_view("credential");
      const json values = check_host(table.name, member, "in " + label, credential);
      if (table.name == std::string_view("stream")) {
        auto& stream = config_.stream[name];
        stream.line = member.place.line;
        apply_keys(table.name, values, {.config = config_, .stream = &stream});
      } else if (table.name == std::string_view("endpoint")) {
        apply_keys(table.name, values,
                   {.config = config_, .endpoint = &config_.http.endpoints[name]});
      } else if (credential) {
        auto& made = config_.credentials[name];
        made.line = member.place.line;
        apply_keys(table.name, values, {.config = config_, .credential = &made});
        if (!findings_.partial) {
          check_credential(findings_, label, member, made);
        }
      } else {
        read_secret(name, member, values);
      }
    }
  }

  void read_secret(const std::string& name, const Node& node, const json& values) {
    auto& secret = config_.secrets[name];
    secret.line = node.place.line;
    apply_keys("secret", values, {.config = config_, .secret = &secret});
    std::vector<std::string> given;
    for (const char* key : {"env", "file", "credential", "command", "store"}) {
      if (node.find(key) != nullptr) {
        given.emplace_back(key);
      }
    }
    if (given.size() != 1 && !(findings_.partial && given.empty())) {
      findings_.complain(node.place,
                         (given.empty() ? "needs env, file, credential, command or store"
                                        : joined(given) + " are given; keep one") +
                             "; in [secret." + name + "], for example env = \"" + "PG_PASSWORD\"");
    }
  }

  json check_host(const char* table, const Node& node, std::string owner,
                  bool with_secrets = false) {
    const json schema = host_schema(table);
    Checker checker(findings_, std::move(owner), schema);
    checker.advise(advice_for(table));
    if (!with_secrets) {
      checker.forbid_secrets();
    }
    return checker.check(node);
  }

  void read_component(const HostTable& table, const Node& node, ComponentConfig& component) {
    const json host = host_schema(table.name);
    Node own;
    Node rest;
    own.place = rest.place = node.place;
    for (const auto& member : node.members) {
      (host["properties"].contains(member.first) ? own : rest).members.push_back(member);
    }
    component.line = node.place.line;
    collect_places(findings_, rest, "", component.places);
    component.role = "primary";
    const json values = check_host(table.name, own, "in " + bracketed(table));
    apply_keys(table.name, values, {.config = config_, .component = &component});
    const Node* plugin = own.find("plugin");
    if (component.plugin.empty() || plugin == nullptr) {
      return;
    }
    const std::string* schema = schemas_.config_schema(table.name, component.plugin);
    if (schema == nullptr) {
      unknown_plugin(table.name, *plugin);
    } else {
      component.json = check_plugin(table.name, component.plugin, *schema, rest, *plugin);
    }
  }

  std::string check_plugin(const std::string& kind, const std::string& id, const std::string& text,
                           const Node& node, const Node& plugin) {
    const json schema = text.empty() ? json{{"type", "object"}, {"additionalProperties", false}}
                                     : json::parse(text, nullptr, false);
    try {
      if (!schema.is_object()) {
        throw json::other_error::create(0, "not an object", &schema);
      }
      Checker checker(findings_, "for " + kind + " '" + id + "'", schema);
      checker.advise(advice_for(kind));
      return checker.check(node).dump();
    } catch (const json::exception&) {
      findings_.complain(plugin.place, "the configuration schema of the installed " + kind + " '" +
                                           id +
                                           "' is broken, so its keys cannot be checked; reinstall "
                                           "or rebuild the plugin (`sluice plugins "
                                           "inspect` shows the schema)");
      return "{}";
    }
  }

  void unknown_plugin(const std::string& kind, const Node& plugin) {
    const std::string other = kind == "source" ? "sink" : "source";
    if (schemas_.config_schema(other, plugin.text) != nullptr) {
      findings_.complain(plugin.place, "'" + plugin.text + "' is a " + other + ", not a " + kind +
                                           "; installed are " + joined(schemas_.ids(kind)));
      return;
    }
    auto ids = schemas_.ids(kind);
    std::sort(ids.begin(), ids.end());
    const std::string meant = did_you_mean(plugin.text, ids);
    findings_.complain(plugin.place,
                       "no " + kind + " '" + plugin.text + "' is installed" +
                           (ids.empty() ? ", nor any other" : "; installed are " + joined(ids)) +
                           "; " + kWherePlugins +
                           (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }

  void unknown_top(const std::string& key, const Node& node) {
    const bool table = node.is(Node::Kind::kTable) || node.is(Node::Kind::kArray);
    std::string what =
        table ? "unknown table [" + key + "]" : "unknown key '" + key + "' before the first table";
    const auto names = table_names();
    if (const std::string advice = advice_for_table(key); !advice.empty()) {
      what += "; " + advice;
    } else if (const std::string meant = did_you_mean(key, names); !meant.empty()) {
      what += "; did you mean " + bracketed(*find_table(meant)) + "?";
    } else {
      what += "; a pipeline has " + joined(names);
    }
    findings_.complain(table ? node.place : node.key_place, std::move(what));
  }

  void check_want(const Node* want) {
    const Node* from = want == nullptr ? nullptr : want->find("from");
    if (from == nullptr || !want_.contains("from") || !want_["from"].is_string()) {
      return;
    }
    if (want_["from"] == "now") {
      findings_.complain(from->place,
                         "the begin cannot be \"now\"; 'from' in [want] takes a date or time");
    } else if (!config_.to_now && parse_time(want_["from"].get<std::string>()) &&
               config_.to_us != 0 && config_.from_us >= config_.to_us) {
      findings_.complain(from->place, "nothing lies between: 'from' is not before 'to'; in [want]");
    }
  }

  void check_retry(const Node* pipeline) {
    if (pipeline != nullptr && pipeline->is(Node::Kind::kTable) &&
        config_.retry_base > config_.retry_cap && config_.retry_cap.count() > 0) {
      const Node* base = pipeline->find("retry_base");
      const Node* cap = pipeline->find("retry_cap");
      findings_.complain((cap != nullptr ? cap : base)->place,
                         "'retry_cap' is shorter than 'retry_base'; in [pipeline]");
    }
  }

  void check_breaker(const Node* http) {
    if (http != nullptr && http->is(Node::Kind::kTable) &&
        config_.breaker_open > config_.breaker_cap && config_.breaker_cap.count() > 0) {
      const Node* open = http->find("breaker_open");
      const Node* cap = http->find("breaker_cap");
      findings_.complain((cap != nullptr ? cap : open)->place,
                         "'breaker_cap' is shorter than 'breaker_open'; in [http]");
    }
  }

  // Without showing it: there may be a password in it.
  void check_proxy(const Node* http) {
    const std::string& proxy = config_.network.proxy;
    const size_t colon = proxy.find("://");
    const std::string scheme = proxy.substr(0, std::min(colon, proxy.size()));
    const bool known = scheme == "http" || scheme == "https" || scheme == "socks4" ||
                       scheme == "socks4a" || scheme == "socks5" || scheme == "socks5h";
    const bool whole = colon != std::string::npos && known && colon + 3 < proxy.size() &&
                       proxy.find_first_of(" \t\r\n") == std::string::npos;
    const Node* node = http == nullptr ? nullptr : http->find("proxy");
    if (node != nullptr && !proxy.empty() && !whole) {
      findings_.complain(node->place,
                         "is not a proxy; write scheme://host:port with http, https, socks4, "
                         "socks4a, socks5 or socks5h; 'proxy' in [http]");
    }
  }

  void check_secrets() {
    std::vector<std::string> names;
    for (const auto& [name, secret] : config_.secrets) {
      names.push_back(name);
    }
    for (const auto& use : findings_.secret_uses) {
      if (config_.secrets.contains(use.name) || findings_.partial) {
        continue;
      }
      const std::string meant = did_you_mean(use.name, names);
      findings_.complain(use.place,
                         "there is no table [secret." + use.name + "]; " + use.where +
                             (meant.empty() ? "; add it with env = \"VARIABLE\" or file = \"PATH\""
                                            : "; did you mean '" + meant + "'?"));
    }
    for (const auto& variable : findings_.env_secrets) {
      config_.secrets[env_secret_name(variable)] = {SecretConfig::From::kEnv, variable, {}, 0};
    }
  }

  Findings& findings_;
  const Schemas& schemas_;
  PipelineConfig& config_;
  json want_ = json::object();
};

void apply_sets(Node& root, const std::vector<std::string>& set, Findings& findings) {
  for (uint32_t i = 0; i < set.size(); ++i) {
    if (std::string problem = apply_set(root, set[i], i + 1); !problem.empty()) {
      findings.complain({0, 0, i + 1}, std::move(problem));
    }
  }
}

// A text, or the variable that `{ env = … }` names, or its default: for the keys that are needed
// before all others.
std::optional<std::string> lenient_text(const Node* node) {
  if (node == nullptr || node->is(Node::Kind::kString)) {
    return node == nullptr ? std::nullopt : std::optional(node->text);
  }
  std::string problem;
  const auto reference = looks_like(*node, "env") ? env_reference(*node, problem) : std::nullopt;
  if (!reference) {
    return std::nullopt;
  }
  auto value = environment(reference->name);
  return value || reference->fallback == nullptr ? value : lenient_text(reference->fallback);
}

}  // namespace

ConfigResult read_config(const std::filesystem::path& file, const Schemas& schemas,
                         const ConfigOptions& options) {
  ConfigResult result;
  result.config.file = file.string();
  FileText text = read_file_text(file);
  if (!text.problems.empty()) {
    result.problems = std::move(text.problems);
    return result;
  }
  Findings findings(result.config.file, options.set);
  TomlTree tree = parse_toml(text.text, result.config.file);
  findings.problems = std::move(tree.problems);
  findings.resolve_env = options.resolve_env;
  findings.partial = tree.partial;
  if (tree.usable) {
    apply_sets(tree.root, options.set, findings);
    if (tree.root.members.empty() && !tree.partial) {
      findings.complain({},
                        "the file is empty; a pipeline needs [pipeline], [[source]] and [sink]");
    } else {
      Reader(findings, schemas, result.config).read(tree.root);
    }
  }
  result.config.redact = std::move(findings.redact);
  result.problems = findings.take();
  return result;
}

HostKeys peek_host_keys(const std::filesystem::path& file, const std::vector<std::string>& set) {
  HostKeys keys;
  const FileText text = read_file_text(file);
  if (!text.problems.empty()) {
    return keys;
  }
  TomlTree tree = parse_toml(text.text, file.string());
  Findings unheard(file.string(), set);
  apply_sets(tree.root, set, unheard);
  if (const Node* state = tree.root.find("state")) {
    keys.state_dir = lenient_text(state->find("dir"));
  }
  const Node* plugins = tree.root.find("plugins");
  const Node* dirs = plugins == nullptr ? nullptr : plugins->find("dirs");
  for (size_t i = 0; dirs != nullptr && i < dirs->elements.size(); ++i) {
    if (auto dir = lenient_text(&dirs->elements[i])) {
      keys.plugin_dirs.push_back(std::move(*dir));
    }
  }
  return keys;
}

}  // namespace sluice::host
