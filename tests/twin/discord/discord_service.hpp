// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::discord {

// The REST API v10 of Discord for one bot in one guild, below /discord/api/v10. Throws
// std::invalid_argument on bad options.
std::unique_ptr<Service> make_service(std::uint64_t seed, double limits_scale,
                                      const DiscordOptions& options);

}  // namespace sluice::twin::discord
