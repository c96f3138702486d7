// SPDX-License-Identifier: Apache-2.0
#include "host/cli/http_network.hpp"

#include <algorithm>

#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

// The user and password of "scheme://user:password@host" are secrets wherever they turn up.
void hide_credentials(const std::string& proxy) {
  const size_t begin = proxy.find("://");
  const size_t end = proxy.rfind('@');
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    return;
  }
  const std::string both = proxy.substr(begin + 3, end - begin - 3);
  add_secret(both);
  const size_t colon = both.find(':');
  if (colon != std::string::npos && both.size() - colon > 4) {
    add_secret(both.substr(colon + 1));
  }
}

void adopt(std::string& mine, const std::string& wanted) {
  if (!wanted.empty()) {
    mine = wanted;
  }
}

}  // namespace

void add_network(const PipelineConfig& config, HttpOptions& options) {
  const NetworkConfig& network = config.network;
  options.dns_timeout = network.dns_timeout;
  options.low_speed = network.low_speed;
  options.low_speed_window = network.low_speed_window;
  options.max_redirects = network.max_redirects;
  options.deny_private = options.deny_private || network.deny_private;
  adopt(options.contact, network.contact);
  adopt(options.proxy, network.proxy);
  adopt(options.ca_file, network.ca_file);
  adopt(options.client_cert, network.client_cert);
  adopt(options.client_key, network.client_key);
  hide_credentials(network.proxy);
}

CacheOptions cache_options(const std::vector<PipelineConfig>& configs) {
  CacheOptions options;
  for (size_t i = 0; i < configs.size(); ++i) {
    const CacheConfig& cache = configs[i].cache;
    const CacheOptions wanted{cache.entries, cache.bytes, cache.ttl};
    options = i == 0 ? wanted
                     : CacheOptions{std::min(options.entries, wanted.entries),
                                    std::min(options.bytes, wanted.bytes),
                                    std::min(options.ttl, wanted.ttl)};
  }
  return options;
}

Result<void> check_network(const std::vector<PipelineConfig>& configs) {
  struct Key {
    const char* name;
    std::string NetworkConfig::*value;
  };
  constexpr Key kKeys[] = {{"proxy", &NetworkConfig::proxy},
                           {"ca_file", &NetworkConfig::ca_file},
                           {"client_cert", &NetworkConfig::client_cert},
                           {"client_key", &NetworkConfig::client_key}};
  for (const Key& key : kKeys) {
    for (const PipelineConfig& config : configs) {
      if (config.network.*key.value != configs.front().network.*key.value) {
        return Error{Code::kInvalidConfig,
                     config.file + " and " + configs.front().file + " differ in '" + key.name +
                         "' of [http]; pipelines of one run share their connections, so make them "
                         "equal or run them apart",
                     0, 0};
      }
    }
  }
  return {};
}

}  // namespace sluice::host
