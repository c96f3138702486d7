// SPDX-License-Identifier: Apache-2.0
//
// `--set a.b=value`: one value of the tree, as if the file said so.
#pragma once

#include <string>

#include "host/config/node.hpp"

namespace sluice::host {

// Puts the option's value into `root`; `number` (from 1) is its place. Returns what is wrong with
// it, empty if nothing is: the tree is then changed. The value is read as TOML (8, true, [1, 2],
// "text"); what is not TOML is a text.
std::string apply_set(Node& root, const std::string& option, uint32_t number);

}  // namespace sluice::host
