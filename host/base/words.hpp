// SPDX-License-Identifier: Apache-2.0
//
// What was most likely meant by a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::host {

// The candidate that `word` was most likely meant to be; empty if none is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sluice::host
