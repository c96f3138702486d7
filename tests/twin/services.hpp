// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "tests/twin/service.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin {

// The registry: every service the twin imitates. A new one adds its folder and one line in
// services.cpp.
std::vector<std::unique_ptr<Service>> make_services(const Options& options);

}  // namespace sluice::twin
