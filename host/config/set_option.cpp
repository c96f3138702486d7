// SPDX-License-Identifier: Apache-2.0
#include "host/config/set_option.hpp"

#include <algorithm>
#include <charconv>

#include "host/config/file_text.hpp"
#include "host/config/toml_tree.hpp"

namespace sluice::host {
namespace {

constexpr const char* kForm = "write it like pipeline.workers=8 or source.0.station=\"00044\"";

// Position of the '=' behind the key, which may have quoted parts.
size_t find_equals(const std::string& option) {
  char quote = 0;
  for (size_t i = 0; i < option.size(); ++i) {
    const char c = option[i];
    if (quote != 0) {
      i += c == '\\' && quote == '"' ? 1 : 0;
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '=') {
      return i;
    }
  }
  return std::string::npos;
}

void mark(Node& node, Place place) {
  node.place = place;
  node.key_place = place;
  for (auto& [key, member] : node.members) {
    mark(member, place);
  }
  for (auto& element : node.elements) {
    mark(element, place);
  }
}

Node read_value(const std::string& text, Place place) {
  Node node;
  if (!parse_toml_value(text, node)) {
    node = Node();
    node.kind = Node::Kind::kString;
    node.text = text;
  }
  mark(node, place);
  return node;
}

// The element that `part` counts to; null with a sentence if there is none.
Node* element_at(Node& array, const std::string& part, const std::string& walked,
                 std::string& problem) {
  size_t index = 0;
  const auto parsed = std::from_chars(part.data(), part.data() + part.size(), index);
  const std::string have = std::to_string(array.elements.size());
  if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size()) {
    problem = "'" + walked + "' is a list; name one of its " + have + " elements by number, like " +
              walked + ".0." + part;
    return nullptr;
  }
  if (index >= array.elements.size()) {
    problem = "'" + walked + "' has " + have + " elements, counted from 0; there is no " + part;
    return nullptr;
  }
  return &array.elements[index];
}

Node* child(Node& node, const std::string& part, const std::string& walked, Place place,
            std::string& problem) {
  if (node.is(Node::Kind::kArray)) {
    return element_at(node, part, walked, problem);
  }
  if (!node.is(Node::Kind::kTable)) {
    problem =
        "'" + walked + "' is " + kind_name(node.kind) + " and has nothing named '" + part + "'";
    return nullptr;
  }
  if (Node* found = node.find(part)) {
    return found;
  }
  Node made;
  made.place = place;
  made.key_place = place;
  node.members.emplace_back(part, std::move(made));
  return &node.members.back().second;
}

}  // namespace

std::string apply_set(Node& root, const std::string& option, uint32_t number) {
  if (find_invalid_utf8(option) != std::string::npos) {
    return "this is not UTF-8";
  }
  const size_t equals = find_equals(option);
  if (equals == std::string::npos) {
    return std::string("the '=' is missing; ") + kForm;
  }
  const auto path = parse_toml_key(option.substr(0, equals));
  if (path.empty()) {
    return std::string("the part before '=' is not a key; ") + kForm;
  }
  const Place place{0, 0, number};
  Node changed = root;
  Node* at = &changed;
  std::string walked;
  for (const auto& part : path) {
    std::string problem;
    at = child(*at, part, walked, place, problem);
    if (at == nullptr) {
      return problem;
    }
    walked += (walked.empty() ? "" : ".") + part;
  }
  *at = read_value(option.substr(equals + 1), place);
  root = std::move(changed);
  return {};
}

}  // namespace sluice::host
