// SPDX-License-Identifier: Apache-2.0
//
// `{ env = "NAME", default = … }` and `{ secret = "name" }`: values that stand elsewhere. Resolved
// behind the parser, so that no value can bring syntax with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/config/node.hpp"

namespace sluice::host {

struct EnvReference {
  std::string name;
  const Node* fallback = nullptr;  // `default`, if there is one
};

// Does the table look like a reference? Anything beyond its own keys makes it one only for the
// error's sake.
bool looks_like(const Node& node, const char* key);

// The reference, or what is wrong with it (one sentence) in `problem`.
std::optional<EnvReference> env_reference(const Node& node, std::string& problem);
std::optional<std::string> secret_reference(const Node& node, std::string& problem);

// The variable's value; nothing if it is not set.
std::optional<std::string> environment(const std::string& name);

// `text` as the first of `types` it can be, a string where one is admitted (so "007" stays "007");
// none given = string. Nothing if none fits.
std::optional<Node> node_from_text(const std::string& text, const std::vector<std::string>& types);

// May this text stand in the list of what is blotted out? Short ones would blot out half of every
// log.
bool worth_redacting(const std::string& text);

}  // namespace sluice::host
