// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <set>
#include <string>

#include "tests/twin/discord/guild.hpp"

namespace sluice::twin::discord {

struct Wanted {
  std::set<std::uint64_t> channels;  // empty: all that the bot may read
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::max();  // exclusive
};

// What a correct client holds, from the model, as JSON.
std::string expect_json(const Guild& guild, const Wanted& wanted);

}  // namespace sluice::twin::discord
