// SPDX-License-Identifier: Apache-2.0
//
// The steps in which a configuration is checked and made ready, in this order. Each throws
// INVALID_CONFIG, naming the key.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model.hpp"

namespace rest {

void check_pointer(const std::string& pointer, const std::string& at);
void check_source(const Config& config);
void check_over(StreamModel& stream);
// Finds the parent and the fields that make the key. Requires: the names of all streams' fields.
void link_parent(StreamModel& stream, const std::vector<std::unique_ptr<StreamModel>>& all);
void refuse_circles(const StreamModel& stream);
// What templates of the stream may name.
Template::Names names_of(const Config& config, const StreamModel& stream);
void check_columns(StreamModel& stream);
void check_asking(const Config& config, StreamModel& stream);
void check_pages(StreamModel& stream);
void check_kind(const StreamModel& stream);
void add_rules(StreamModel& stream, const std::vector<RuleConfig>& rules, const std::string& at);

}  // namespace rest
