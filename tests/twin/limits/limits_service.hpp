// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/twin/service.hpp"

namespace sluice::twin::limits {

// Pages of generated rows behind the limiter of each service: /svc/NAME/ANY/PATH. Control:
// /_twin/limits/NAME. Divides all of the limiters' times by `scale`.
std::unique_ptr<Service> make_service(double scale);

}  // namespace sluice::twin::limits
