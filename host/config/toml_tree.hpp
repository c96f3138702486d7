// SPDX-License-Identifier: Apache-2.0
//
// TOML text to a tree with places. The one place that includes toml++.
#pragma once

#include <string>
#include <vector>

#include "host/config/config.hpp"
#include "host/config/node.hpp"

namespace sluice::host {

struct TomlTree {
  Node root;                      // a table
  std::vector<Problem> problems;  // syntax errors and duplicates
  bool partial = false;  // lines in error were left out: do not complain of what is missing
  bool usable = true;    // false: the tree says nothing
};

// `text` is well-formed UTF-8 without NUL. After an error the parser goes on behind the broken
// line, so that one run shows them all.
TomlTree parse_toml(const std::string& text, const std::string& file);

// A single value, as behind `key =`; nothing if `text` is not exactly one.
bool parse_toml_value(const std::string& text, Node& out);

// A dotted key, as before `=`; empty if `text` is not exactly one.
std::vector<std::string> parse_toml_key(const std::string& text);

}  // namespace sluice::host
