// SPDX-License-Identifier: Apache-2.0
//
// Things of a service in a configuration: a list, if they go by the service's own names, or a table
// that gives each another one.
//
//   symbols = ["AAPL", "MSFT"]
//   symbols = { BTCUSDT = "BTC-USD", ETHUSDT = "ETH-USD" }
#pragma once

#include <string>
#include <vector>

#include "sluice/cpp/config_json.hpp"

namespace sluice::inline sdk_v0 {

struct NamedThing {
  std::string name;     // as rows have it
  std::string at;       // what the service calls it
  std::string pointer;  // within the value: "/0" or "/BTCUSDT"
};

// A member of a configuration; in the order of the list, or of the names.
struct Names {
  std::vector<NamedThing> things;
  bool is_table = false;

  bool empty() const noexcept { return things.empty(); }
};

namespace detail {

template <>
struct ConfigValue<Names> {
  static json schema() {
    const json text = {{"type", "string"}, {"minLength", 1}};
    return {{"oneOf",
             {{{"type", "array"}, {"items", text}},
              {{"type", "object"}, {"additionalProperties", text}}}}};
  }
  static json write(const Names& value) {
    json out = value.is_table ? json::object() : json::array();
    for (const NamedThing& one : value.things) {
      if (value.is_table) {
        out[one.name] = one.at;
      } else {
        out.push_back(one.at);
      }
    }
    return out;
  }
  static void parse(const json& in, Names& out, const std::string& path) {
    if (!in.is_array() && !in.is_object()) {
      throw_config(path, "must be a list of names, or a table of names.");
    }
    out = {{}, in.is_object()};
    for (const auto& [key, value] : in.items()) {  // an array's keys are its positions
      if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
        throw_config(path + "." + key, "must be text.");
      }
      const auto at = value.get<std::string>();
      out.things.push_back({out.is_table ? key : at, at, "/" + pointer_part(key)});
    }
  }

 private:
  static std::string pointer_part(const std::string& key) {
    std::string out;
    for (const char c : key) {
      out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return out;
  }
};

}  // namespace detail

}  // namespace sluice::inline sdk_v0
