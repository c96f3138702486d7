// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/services.hpp"

#include <iterator>

#include "tests/twin/binance/binance_service.hpp"
#include "tests/twin/blizzard/blizzard_service.hpp"
#include "tests/twin/bungie/bungie_service.hpp"
#include "tests/twin/coingecko/coingecko_service.hpp"
#include "tests/twin/discord/discord_service.hpp"
#include "tests/twin/dwd/dwd_service.hpp"
#include "tests/twin/limits/limits_service.hpp"
#include "tests/twin/rest/rest_service.hpp"
#include "tests/twin/wiseoldman/wiseoldman_service.hpp"
#include "tests/twin/yahoo/yahoo_service.hpp"

namespace sluice::twin {

std::vector<std::unique_ptr<Service>> make_services(const Options& options) {
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(dwd::make_service(options.seed, options.dwd));
  services.push_back(bungie::make_service(options.seed, options.bungie, options.limits_scale));
  services.push_back(discord::make_service(options.seed, options.limits_scale, options.discord));
  services.push_back(blizzard::make_service(options.seed, options.limits_scale, options.blizzard));
  services.push_back(limits::make_service(options.limits_scale));
  services.push_back(rest::make_service(options.seed, options.rest, options.limits_scale));
  auto binance = binance::make_services(options.seed, options.limits_scale, options.binance);
  services.insert(services.end(), std::make_move_iterator(binance.begin()),
                  std::make_move_iterator(binance.end()));
  services.push_back(
      coingecko::make_service(options.seed, options.coingecko, options.limits_scale));
  services.push_back(yahoo::make_service(options.seed, options.yahoo));
  services.push_back(
      wiseoldman::make_service(options.seed, options.limits_scale, options.wiseoldman));
  return services;
}

}  // namespace sluice::twin
