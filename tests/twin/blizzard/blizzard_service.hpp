// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::blizzard {

// The base address; the paths below it are the real ones.
constexpr std::string_view kMount = "/blizzard";

// The game data service of World of Warcraft in all regions, with its token endpoint. `scale` is
// that of its limiter. Throws std::invalid_argument on bad options.
std::unique_ptr<Service> make_service(std::uint64_t seed, double scale,
                                      const BlizzardOptions& options);

}  // namespace sluice::twin::blizzard
