// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::wiseoldman {

// The Wise Old Man API, version 2 below /wiseoldman/v2, leagues below /wiseoldman/league.
std::unique_ptr<Service> make_service(std::uint64_t seed, double limits_scale,
                                      const WiseOldManOptions& options);

}  // namespace sluice::twin::wiseoldman
