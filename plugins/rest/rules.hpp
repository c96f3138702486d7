// SPDX-License-Identifier: Apache-2.0
//
// What answers and records mean beyond their status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "sluice/cpp/host.hpp"

namespace rest {

// The value at a JSON Pointer, or null for none.
sluice::json value_at(const sluice::json& document, const std::string& pointer);
// A text or number as text, empty for anything else; so cursors and addresses are read.
std::string text_at(const sluice::json& document, const std::string& pointer);

// An answer or a record that a rule may be about.
struct Subject {
  uint32_t status = 0;  // 0: a record
  sluice::json document;
  std::string_view url{};
  uint32_t retry_after_ms = 0;  // that the answer tells
};

// The first rule that fits, or nullptr.
const Rule* find_rule(const std::vector<Rule>& rules, const Subject& subject);

// Throws what the rule asks for; returns for empty, reject and skip.
void apply_rule(const sluice::Host& host, const Rule& rule, const Subject& subject);

// What is to be told of it, as the service says it.
std::string rule_text(const Rule& rule, const Subject& subject);

}  // namespace rest
