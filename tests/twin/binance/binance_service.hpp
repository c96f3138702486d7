// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::binance {

constexpr std::string_view kApiMount = "/binance/";
constexpr std::string_view kArchiveMount = "/binance-archive/";

class World;

// The spot market's API, and the archive of its files; both show the same content. Throws
// std::invalid_argument on bad options.
std::vector<std::unique_ptr<Service>> make_services(std::uint64_t seed, double limits_scale,
                                                    const BinanceOptions& options);

std::unique_ptr<Service> make_api(std::shared_ptr<World> world, double limits_scale);
std::unique_ptr<Service> make_archive(std::shared_ptr<World> world, std::size_t cache_bytes);

}  // namespace sluice::twin::binance
