// SPDX-License-Identifier: Apache-2.0
//
// The tree of a configuration: what TOML says, each value with the place it stands at. No TOML
// library in sight.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::host {

struct Place {
  uint32_t line = 0, column = 0;  // from 1; 0 = the whole file
  uint32_t set = 0;               // n > 0: the n-th --set option says so, not the file
};

struct Node {
  enum class Kind : uint8_t {
    kTable,
    kArray,
    kString,
    kInteger,
    kFloat,
    kBoolean,
    kDate,
    kTime,
    kDateTime
  };

  Node();  // out of the class: `members` is made of a type that is incomplete in here

  Kind kind = Kind::kTable;
  Place place;       // of the value; of a table with a header, the header
  Place key_place;   // of its key, if it has one
  std::string text;  // kString; dates and times in RFC 3339
  int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<std::pair<std::string, Node>> members;  // kTable, keys are unique
  std::vector<Node> elements;                         // kArray

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

// "a string", "an integer", …: how errors name what was found.
const char* kind_name(Node::Kind kind);

}  // namespace sluice::host
