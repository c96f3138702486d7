// SPDX-License-Identifier: Apache-2.0
//
// From [http] and [cache] of all pipelines to the options of the one client and cache they share.
#pragma once

#include <vector>

#include "host/base/result.hpp"
#include "host/config/config.hpp"
#include "host/http/cache.hpp"
#include "host/http/http_client.hpp"

namespace sluice::host {

// Timeouts and speeds are the last pipeline's, deny_private holds for all if one wants it.
void add_network(const PipelineConfig& config, HttpOptions& options);

// The least that any pipeline allows.
CacheOptions cache_options(const std::vector<PipelineConfig>& configs);

// kInvalidConfig if pipelines of one process name different proxies, CA files or client
// certificates: requests of one would go by the other's.
Result<void> check_network(const std::vector<PipelineConfig>& configs);

}  // namespace sluice::host
