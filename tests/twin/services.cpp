// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/services.hpp"

#include "tests/twin/dwd/dwd_service.hpp"
#include "tests/twin/limits/limits_service.hpp"

namespace sluice::twin {

std::vector<std::unique_ptr<Service>> make_services(const Options& options) {
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(dwd::make_service(options.seed, options.dwd));
  services.push_back(limits::make_service(options.limits_scale));
  return services;
}

}  // namespace sluice::twin
