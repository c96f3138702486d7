// SPDX-License-Identifier: Apache-2.0
//
// HTTP as a verb's pipelines get it: the layers of host/http put together for their configurations.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "host/base/clock.hpp"
#include "host/cli/cassette_layer.hpp"
#include "host/config/config.hpp"
#include "host/http/cache.hpp"
#include "host/http/credential.hpp"
#include "host/http/http_client.hpp"
#include "host/secret/secrets.hpp"

namespace sluice::host {

// From below: client, credentials, cassette, cache. One for all pipelines of the process;
// thread-safe. What it is made from outlives it.
class HttpStack {
 public:
  // `directory`: of the state, where quotas are remembered; nothing is made there before the first
  // request.
  HttpStack(const std::vector<PipelineConfig>& configs, Secrets& secrets, const Clock& clock,
            const std::filesystem::path& directory);
  HttpStack(const HttpStack&) = delete;
  HttpStack& operator=(const HttpStack&) = delete;

  // Due before the rest. What is wrong with the cassette, if one is wanted.
  Result<void> open(const CassetteOptions& cassette);
  [[nodiscard]] Http& top() { return *cache_; }
  // The one given, or while replaying the recording's.
  [[nodiscard]] const Clock& clock() const { return cassette_.clock(); }
  [[nodiscard]] bool replays() const { return cassette_.replays(); }
  // Ends a recording; an error if it is not whole. After the last pipeline.
  Result<void> close() { return cassette_.close(); }

 private:
  HttpClient client_;
  CredentialHttp credentials_;
  const Clock& clock_;
  const CacheOptions cache_options_;
  CassetteLayer cassette_;
  std::optional<CachingHttp> cache_;  // once open
};

}  // namespace sluice::host
