// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::rest {

constexpr std::string_view kMount = "/rest/";

// A shop of no particular kind: shelves with items and events, listed in every style of paging that
// JSON services use.
std::unique_ptr<Service> make_service(std::uint64_t seed, const RestOptions& options, double scale);

}  // namespace sluice::twin::rest
