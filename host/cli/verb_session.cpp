// SPDX-License-Identifier: Apache-2.0
#include "host/cli/verb_session.hpp"

#include <algorithm>
#include <chrono>

#include "host/cli/http_network.hpp"

namespace sluice::host {
namespace {

std::chrono::milliseconds longest_drain(const std::vector<PipelineConfig>& configs) {
  std::chrono::milliseconds drain{0};
  for (const PipelineConfig& config : configs) {
    drain = std::max(drain, config.drain);
  }
  return drain;
}

}  // namespace

VerbSession::VerbSession(const HostOptions& host, const std::vector<std::string>& files,
                         const CassetteOptions& cassette)
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
  secrets_.emplace(directory_);
  http_.emplace(*configs_, *secrets_, clock_, directory_);
  if (auto opened = http_->open(cassette); !opened) {
    refused_ = complain(opened.error());
    return;
  }
  environment_.emplace(
      Environment{*registry_, http_->clock(), http_->top(), *secrets_, nullptr, http_->replays()});
}

int VerbSession::ended_by(const Error& error) const {
  return signal_code() != 0 ? signal_code() : complain(error);
}

}  // namespace sluice::host
