// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/twin/blizzard/model.hpp"

namespace sluice::twin::blizzard {

// What a correct client holds of a region and game, summed up from the model; see README.md.
nlohmann::json expect(const World& world, const std::string& region, const std::string& game);

}  // namespace sluice::twin::blizzard
