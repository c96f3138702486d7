// SPDX-License-Identifier: Apache-2.0
//
// A component's configuration: one declaration of fields, from which its JSON Schema, its defaults
// and its parsing come.
//
//   struct Config {
//     std::string base_url;
//     int page_size = 500;
//     static constexpr auto fields() {
//       return std::tuple{
//           required("base_url", &Config::base_url, R"("format":"uri")").doc("Where it answers."),
//           optional("page_size", &Config::page_size, R"("minimum":1,"maximum":5000)")};
//     }
//   };
//
// Members: std::string, bool, integers, double, Seconds, Duration, Bytes, Date, DateTime, Secret,
// Names, structs with fields() of their own, and std::vector, std::map<std::string, …>,
// std::optional of these; json takes any value as it is.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>

namespace sluice::inline sdk_v0 {

template <class Owner, class T>
struct Field {
  using value_type = T;
  std::string_view name;
  T Owner::*member;
  bool is_required;
  // Members of a JSON Schema object without braces, such as R"("minimum":1)".
  std::string_view fragment{};
  std::string_view description{};
  std::string_view unit_name{};
  std::string_view example_text{};  // JSON

  constexpr Field doc(std::string_view sentence) const {
    Field copy = *this;
    copy.description = sentence;
    return copy;
  }
  constexpr Field unit(std::string_view name_of_unit) const {
    Field copy = *this;
    copy.unit_name = name_of_unit;
    return copy;
  }
  constexpr Field example(std::string_view json_text) const {
    Field copy = *this;
    copy.example_text = json_text;
    return copy;
  }
};

template <class Owner, class T>
constexpr Field<Owner, T> required(std::string_view name, T Owner::*member,
                                   std::string_view fragment = {}) {
  return {.name = name, .member = member, .is_required = true, .fragment = fragment};
}

// What the member is initialised with is the default.
template <class Owner, class T>
constexpr Field<Owner, T> optional(std::string_view name, T Owner::*member,
                                   std::string_view fragment = {}) {
  return {.name = name, .member = member, .is_required = false, .fragment = fragment};
}

template <class T>
concept HasFields = requires {
  T::fields();
};

// For components that need no configuration.
struct NoConfig {
  static constexpr auto fields() { return std::tuple{}; }
};

}  // namespace sluice::inline sdk_v0
