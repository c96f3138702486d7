// SPDX-License-Identifier: Apache-2.0
//
// The subset of JSON Schema 2020-12 that components describe their configuration in
// (docs/schema-subset.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::host {

// Follows local references ("#/$defs/…") from `schema` inside `root`. A loop or a dangling one ends
// in the schema `true`.
const nlohmann::json& dereferenced(const nlohmann::json& root, const nlohmann::json& schema);

// Names of the JSON types that `schema` admits, looking into alternatives; empty = any.
std::vector<std::string> admitted_types(const nlohmann::json& root, const nlohmann::json& schema);

// The branches of oneOf or anyOf, each merged with what stands beside the keyword; empty if there
// are none.
std::vector<nlohmann::json> branches_of(const nlohmann::json& root, const nlohmann::json& schema);

// The property that tells tagged branches apart (a constant text, required to differ); empty if
// there is none.
std::string tag_of(const nlohmann::json& root, const std::vector<nlohmann::json>& branches);

// Is a table with key `key` meant literally here, because the schema declares such a property?
bool declares(const nlohmann::json& root, const nlohmann::json& schema, std::string_view key);

bool flag(const nlohmann::json& schema, const char* keyword);
std::string text_of(const nlohmann::json& schema, const char* keyword);

}  // namespace sluice::host
