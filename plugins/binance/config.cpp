// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>

#include "sluice/cpp/error.hpp"

namespace binance {

namespace {

// They answer alike. The last four are said to be faster and less stable.
constexpr std::array<const char*, 6> kHosts{kBinance,
                                            "https://api-gcp.binance.com",
                                            "https://api1.binance.com",
                                            "https://api2.binance.com",
                                            "https://api3.binance.com",
                                            "https://api4.binance.com"};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

}  // namespace

Selection::Selection(const Config& given) : config(given) {
  const auto add = [this](const std::string& name, const std::string& stream) {
    const Interval* interval = find_interval(name);
    if (interval == nullptr) {
      throw sluice::Error(sluice::Code::kInvalidConfig, "'" + name + "' is no interval.");
    }
    candles.push_back({interval, stream});
  };
  add(config.interval, "candles");
  for (std::size_t i = 0; i < config.more_intervals.size(); ++i) {
    const std::string& name = config.more_intervals[i];
    const Interval* interval = find_interval(name);
    const bool twice = std::any_of(candles.begin(), candles.end(), [&](const CandleKind& kind) {
      return kind.interval == interval;
    });
    if (twice) {
      throw sluice::Error(sluice::Code::kInvalidConfig,
                          "The interval '" + name + "' is named twice; remove one.")
          .at_config("/more_intervals/" + std::to_string(i));
    }
    add(name, "candles_" + std::string(interval == nullptr ? "" : interval->suffix));
  }
  const std::string base = without_slash(config.base_url);
  hosts = {base};
  if (base == kBinance) {
    hosts.assign(kHosts.begin(), kHosts.end());
  }
  scope = host_of(base);
  archive = without_slash(config.archive_url);
  archive_scope = host_of(archive);
}

const CandleKind* Selection::find_candles(std::string_view stream) const noexcept {
  const auto found = std::find_if(candles.begin(), candles.end(),
                                  [&](const CandleKind& kind) { return kind.stream == stream; });
  return found == candles.end() ? nullptr : &*found;
}

std::string Selection::place_of(std::string_view symbol) const {
  const auto found = std::find(config.symbols.begin(), config.symbols.end(), symbol);
  return found == config.symbols.end()
             ? std::string()
             : "/symbols/" + std::to_string(found - config.symbols.begin());
}

}  // namespace binance
