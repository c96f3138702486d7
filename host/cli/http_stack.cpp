// SPDX-License-Identifier: Apache-2.0
#include "host/cli/http_stack.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "host/cli/http_network.hpp"
#include "host/ledger/limits_file.hpp"
#include "host/observe/log.hpp"

namespace sluice::host {
namespace {

void http_log(void*, int level, std::string_view message) {
  log(static_cast<LogLevel>(level), message, "component=http");
}

// One client serves all pipelines of the process: the strictest wish of any of them holds for all.
HttpOptions http_options(const std::vector<PipelineConfig>& configs,
                         const std::filesystem::path& directory) {
  HttpOptions options;
  options.state = std::make_shared<LimitsFile>(directory, [](std::string_view text) {
    http_log(nullptr, static_cast<int>(LogLevel::kWarn), text);
  });
  options.retry_budget = 1;
  for (const PipelineConfig& config : configs) {
    options.connect_timeout = config.connect_timeout;
    options.first_byte_timeout = config.first_byte_timeout;
    options.stall_timeout = config.stall_timeout;
    options.max_retries = config.http_retries;
    options.limit_patience = config.limit_patience;
    options.retry_budget = std::min(options.retry_budget, config.retry_budget);
    options.breaker.failures_in_row = config.breaker_failures;
    options.breaker.failed_share = config.breaker_share;
    options.breaker.open_base = config.breaker_open;
    options.breaker.open_cap = config.breaker_cap;
    options.breaker_wait = config.breaker_wait;
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

CredentialHooks credential_hooks(HttpClient& client) {
  CredentialHooks hooks;
  hooks.log = &http_log;
  hooks.add_secret = &add_secret;
  hooks.forget_secret = &forget_secret;
  hooks.left = [&client](const std::string& scope) { return client.left(scope); };
  return hooks;
}

// Where a value comes from, so that pipelines that mean the same credential are seen to.
std::string origin_of(const SecretText& text, const PipelineConfig& config) {
  const auto found = config.secrets.find(text.secret);
  std::string out = text.text;
  if (found != config.secrets.end()) {
    out += '\1' + std::to_string(static_cast<int>(found->second.from)) + found->second.value;
    for (const std::string& argument : found->second.command) {
      out += '\2' + argument;
    }
  }
  return out + '\n';
}

std::string identity_of(const CredentialConfig& credential, const PipelineConfig& config) {
  std::string out = std::to_string(static_cast<int>(credential.type)) + '\n' + credential.header +
                    '\n' + credential.prefix + '\n' + credential.parameter + '\n' +
                    credential.token_url + '\n' + credential.scope + '\n' +
                    (credential.form ? "form" : "basic") + '\n';
  for (const SecretText* text :
       {&credential.user, &credential.password, &credential.client_id, &credential.client_secret}) {
    out += origin_of(*text, config);
  }
  for (const SecretText& key : credential.keys) {
    out += origin_of(key, config);
  }
  for (const std::string& origin : credential.origins) {
    out += origin + '\n';
  }
  return out;
}

}  // namespace

HttpStack::HttpStack(const std::vector<PipelineConfig>& configs, Secrets& secrets,
                     const Clock& clock, const std::filesystem::path& directory)
    : client_(http_options(configs, directory), clock, &http_log),
      credentials_(client_, clock, credential_hooks(client_)),
      clock_(clock),
      cache_options_(cache_options(configs)) {
  for (const PipelineConfig& config : configs) {
    for (const auto& [name, credential] : config.credentials) {
      credentials_.add(config.name, name, credential, identity_of(credential, config),
                       [&secrets, &config](const std::string& secret) -> Result<std::string> {
                         const auto found = config.secrets.find(secret);
                         if (found == config.secrets.end()) {
                           return Error{Code::kInvalidConfig,
                                        "the configuration has no secret '" + secret + "'"};
                         }
                         return secrets.get(secret, found->second);
                       });
    }
  }
}

Result<void> HttpStack::open(const CassetteOptions& cassette) {
  SLUICE_TRY(cassette_.open(cassette, credentials_, clock_));
  cache_.emplace(cassette_.top(), cache_options_, cassette_.clock());
  return {};
}

}  // namespace sluice::host
