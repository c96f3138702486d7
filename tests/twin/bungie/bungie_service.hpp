// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::bungie {

constexpr std::string_view kMount = "/bungie/";

// The manifest of a game and the files it names. Throws std::invalid_argument on bad options.
std::unique_ptr<Service> make_service(std::uint64_t seed, const BungieOptions& options,
                                      double limits_scale);

}  // namespace sluice::twin::bungie
