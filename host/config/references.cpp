// SPDX-License-Identifier: Apache-2.0
#include "host/config/references.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "host/config/config.hpp"

namespace sluice::host {
namespace {

constexpr size_t kShortestRedacted = 4;

bool good_name(const std::string& name) {
  return !name.empty() && name.find_first_of("=") == std::string::npos;
}

template <class Number>
bool whole_text(const std::string& text, Number& out) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(begin, end, out);
  return parsed.ec == std::errc() && parsed.ptr == end && begin != end;
}

std::string unknown_key(const std::string& key, const std::vector<std::string>& known,
                        const char* form) {
  const std::string meant = did_you_mean(key, known);
  return "unknown key '" + key + "' in a reference, which reads " + form +
         (meant.empty() ? "" : "; did you mean '" + meant + "'?");
}

}  // namespace

bool looks_like(const Node& node, const char* key) {
  return node.is(Node::Kind::kTable) && node.find(key) != nullptr;
}

std::optional<EnvReference> env_reference(const Node& node, std::string& problem) {
  EnvReference reference;
  for (const auto& [key, value] : node.members) {
    if (key == "default") {
      reference.fallback = &value;
    } else if (key != "env") {
      problem = unknown_key(key, {"env", "default"}, R"({ env = "NAME", default = … })");
      return std::nullopt;
    } else if (!value.is(Node::Kind::kString) || !good_name(value.text)) {
      problem = R"('env' takes the name of an environment variable, like { env = "NAME" })";
      return std::nullopt;
    } else {
      reference.name = value.text;
    }
  }
  return reference;
}

std::optional<std::string> secret_reference(const Node& node, std::string& problem) {
  for (const auto& [key, value] : node.members) {
    if (key != "secret") {
      problem = unknown_key(key, {"secret"}, R"({ secret = "name" })") +
                (key == "default" ? "; a secret has no default" : "");
      return std::nullopt;
    }
    if (!value.is(Node::Kind::kString) || value.text.empty()) {
      problem = R"('secret' takes the name of a [secret.NAME] table, like { secret = "name" })";
      return std::nullopt;
    }
  }
  return node.find("secret")->text;
}

std::optional<std::string> environment(const std::string& name) {
  const char* value =
      std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): read before any thread writes
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<Node> node_from_text(const std::string& text, const std::vector<std::string>& types) {
  const auto has = [&](const char* type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  Node node;
  if (types.empty() || has("string")) {
    node.kind = Node::Kind::kString;
    node.text = text;
    return node;
  }
  if (has("integer") && whole_text(text, node.integer)) {
    node.kind = Node::Kind::kInteger;
    return node;
  }
  if (has("number") && whole_text(text, node.integer)) {
    node.kind = Node::Kind::kInteger;
    return node;
  }
  if (has("number") && whole_text(text, node.real) && std::isfinite(node.real)) {
    node.kind = Node::Kind::kFloat;
    return node;
  }
  if (has("boolean") && (text == "true" || text == "false")) {
    node.kind = Node::Kind::kBoolean;
    node.boolean = text == "true";
    return node;
  }
  return std::nullopt;
}

bool worth_redacting(const std::string& text) {
  return text.size() >= kShortestRedacted;
}

}  // namespace sluice::host
