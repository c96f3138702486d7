// SPDX-License-Identifier: Apache-2.0
//
// HTTP as a verb's pipelines get it: the layers of host/http put together for their configurations.
#pragma once

#include <vector>

#include "host/base/clock.hpp"
#include "host/config/config.hpp"
#include "host/http/cache.hpp"
#include "host/http/credential.hpp"
#include "host/http/http_client.hpp"
#include "host/secret/secrets.hpp"

namespace sluice::host {

// From below: client, credentials, cache. One for all pipelines of the process; thread-safe. What
// it is made from outlives it.
class HttpStack {
 public:
  HttpStack(const std::vector<PipelineConfig>& configs, Secrets& secrets, const Clock& clock);
  HttpStack(const HttpStack&) = delete;
  HttpStack& operator=(const HttpStack&) = delete;

  [[nodiscard]] Http& top() { return cache_; }

 private:
  HttpClient client_;
  CredentialHttp credentials_;
  CachingHttp cache_;
};

}  // namespace sluice::host
