// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::yahoo {

// Yahoo Finance's charts, below /yahoo; both of its hosts in one.
std::unique_ptr<Service> make_service(std::uint64_t seed, const YahooOptions& options);

}  // namespace sluice::twin::yahoo
