// SPDX-License-Identifier: Apache-2.0
#include "host/cli/verb_session.hpp"

#include <algorithm>
#include <chrono>

#include "host/cli/http_network.hpp"
#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

void http_log(void*, int level, std::string_view message) {
  log(static_cast<LogLevel>(level), message, "component=http");
}

// One client serves all pipelines of the process: the strictest wish of any of them holds for all.
HttpOptions http_options(const std::vector<PipelineConfig>& configs) {
  HttpOptions options;
  for (const PipelineConfig& config : configs) {
    options.connect_timeout = config.connect_timeout;
    options.first_byte_timeout = config.first_byte_timeout;
    options.stall_timeout = config.stall_timeout;
    options.max_retries = config.http_retries;
    options.user_agent = config.user_agent.empty() ? options.user_agent : config.user_agent;
    add_network(config, options);
    options.max_connections_per_host = std::max(options.max_connections_per_host, config.workers);
    for (const auto& [scope, rate] : config.requests_per_second) {
      const auto [it, fresh] = options.requests_per_second.emplace(scope, rate);
      it->second = std::min(it->second, rate);
    }
  }
  return options;
}

std::chrono::milliseconds longest_drain(const std::vector<PipelineConfig>& configs) {
  std::chrono::milliseconds drain{0};
  for (const PipelineConfig& config : configs) {
    drain = std::max(drain, config.drain);
  }
  return drain;
}

}  // namespace

VerbSession::VerbSession(const HostOptions& host, const std::vector<std::string>& files)
    : registry_(scan_plugins(host, files)), configs_(read_configs(files, *registry_, host)) {
  if (!configs_) {
    refused_ = kExitConfig;
    return;
  }
  signals_.emplace(stop_, abort_, longest_drain(*configs_));
  auto directory = state_directory(host, *configs_);
  if (!directory) {
    refused_ = complain(directory.error());
    return;
  }
  directory_ = std::move(*directory);
  if (auto agreed = check_network(*configs_); !agreed) {
    refused_ = complain(agreed.error());
    return;
  }
  http_.emplace(http_options(*configs_), clock_, &http_log);
  cache_.emplace(*http_, cache_options(*configs_), clock_);
  environment_.emplace(Environment{*registry_, clock_, *cache_});
}

int VerbSession::ended_by(const Error& error) const {
  return signal_code() != 0 ? signal_code() : complain(error);
}

}  // namespace sluice::host
