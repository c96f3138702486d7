// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::dwd {

constexpr std::string_view kMount = "/climate_environment/CDC/observations_germany/climate/";

// The open data tree of the German weather service. Throws std::invalid_argument on bad options.
std::unique_ptr<Service> make_service(std::uint64_t seed, const DwdOptions& options);

}  // namespace sluice::twin::dwd
