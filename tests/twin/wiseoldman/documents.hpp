// SPDX-License-Identifier: Apache-2.0
//
// The service's documents as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/twin/wiseoldman/world.hpp"

namespace sluice::twin::wiseoldman {

nlohmann::json player_json(const World& world, const Player& player);
nlohmann::json group_json(const World& world);
// With combat level, archive, annotations and the latest snapshot.
nlohmann::json player_details_json(const World& world, const Player& player);
nlohmann::json name_change_json(const NameChange& change);
nlohmann::json achievement_json(const Player& player, const Achievement& achievement);
nlohmann::json player_gained_json(const World& world, const Player& player, std::int64_t from_ms,
                                  std::int64_t to_ms);
nlohmann::json group_gained_json(const World& world, const Metric& metric, std::int64_t from_ms,
                                 std::int64_t to_ms);

// An array of snapshots at the given instants, in their order; about a third of the size of a page
// is names, so it is written by hand.
std::string snapshots_text(const World& world, const Player& player,
                           const std::vector<std::int64_t>& at_ms);

// The truth of what a client should hold of [from, to).
nlohmann::json expect_json(const World& world, std::int64_t from_ms, std::int64_t to_ms,
                           bool strangers);

}  // namespace sluice::twin::wiseoldman
