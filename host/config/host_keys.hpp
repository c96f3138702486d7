// SPDX-License-Identifier: Apache-2.0
//
// Every key of the host, declared once: type, default, bounds and description drive the reading,
// the errors, the JSON Schema and (by a test) docs/configuration.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/checker.hpp"
#include "host/config/config.hpp"

namespace sluice::host {

// Where a key's value goes; the member that its table fills is set.
struct KeyTarget {
  PipelineConfig& config;
  ComponentConfig* component = nullptr;
  StreamConfig* stream = nullptr;
  SecretConfig* secret = nullptr;
  EndpointSet* endpoint = nullptr;
  CredentialConfig* credential = nullptr;
  LimitRule* limit = nullptr;
};

struct HostKey {
  const char* table;
  const char* key;
  bool required;
  const char* schema;  // JSON Schema of the value
  void (*set)(const KeyTarget& target, const nlohmann::json& value);
};

enum class Shape : uint8_t { kSingle, kArray, kMap };  // [table], [[table]], [table.NAME]

struct HostTable {
  const char* name;
  Shape shape;
  bool required;
  bool component;  // holds the keys of a plugin as well
  const char* description;
};

std::span<const HostTable> host_tables();
std::span<const HostKey> host_keys();
const HostTable* find_table(std::string_view name);

// The host's own keys of a table as an object schema.
nlohmann::json host_schema(std::string_view table);

// What to say of keys that are tried in a table and not known there.
std::vector<Checker::Advice> advice_for(std::string_view table);
// The same for a whole table that is not known; empty if there is nothing to say.
std::string advice_for_table(std::string_view table);

// Hands the checked values of a table to the setters of its keys.
void apply_keys(std::string_view table, const nlohmann::json& values, const KeyTarget& target);

}  // namespace sluice::host
