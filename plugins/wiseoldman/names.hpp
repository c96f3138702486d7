// SPDX-License-Identifier: Apache-2.0
//
// Names of players as the service reads them, and text in addresses.
#pragma once

#include <string>
#include <string_view>

namespace wiseoldman {

constexpr std::size_t kLongestName = 12;

// Lower case, trimmed; hyphens, underscores and the game's own hard space are blanks.
std::string standard_name(std::string_view name);

// Percent-encoded for a part of a path or query.
std::string encoded(std::string_view text);

}  // namespace wiseoldman
