// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::coingecko {

// CoinGecko's API, version 3: the public host at /coingecko/api/v3, the one for paying customers at
// /coingecko/pro/api/v3.
std::unique_ptr<Service> make_service(std::uint64_t seed, const CoinGeckoOptions& options,
                                      double limits_scale);

}  // namespace sluice::twin::coingecko
