// SPDX-License-Identifier: Apache-2.0
#include "host/http/credential.hpp"

#include <atomic>
#include <set>

#include "host/http/credential_key.hpp"
#include "host/http/credential_token.hpp"

namespace sluice::host {
namespace {

constexpr int kWarn = 3;  // as SLUICE_LOG_WARN

using Opened = Result<std::unique_ptr<HttpExchange>>;

// The HTTP status an open() ended with; 0 = none came.
uint32_t status_of(const Opened& opened) {
  return opened ? (*opened)->status() : static_cast<uint32_t>(opened.error().vendor_code);
}

// Does the answer refuse the credential, rather than what was asked for?
bool refuses(const HttpRequest& request, uint32_t status) {
  return is_refusal(status) && !(status == 403 && request.forbidden_is_answer);
}

bool is_answer(const Opened& opened) {
  return opened.has_value();
}

// What the limits take for a request's scope, as far as it is known before an endpoint is chosen.
std::string scope_of(const HttpRequest& request) {
  if (!request.scope.empty()) {
    return request.scope;
  }
  const size_t begin = request.url.find("://");
  if (begin == std::string::npos) {
    return request.endpoint;
  }
  const std::string host = request.url.substr(begin + 3);
  return host.substr(0, host.find_first_of("/?#:"));
}

// Is what is sent readable on the way?
bool in_clear(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return false;
  }
  const std::string host = url.substr(kScheme.size());
  return !host.starts_with("127.") && !host.starts_with("localhost") && !host.starts_with("[::1]");
}

}  // namespace

// A credential as one pipeline knows it: one of both is set.
struct CredentialHttp::Entry {
  Lookup lookup;
  std::shared_ptr<KeyCredential> keys;
  std::shared_ptr<TokenCredential> token;
  std::atomic<bool> told_of_clear{false};
};

CredentialHttp::CredentialHttp(Http& next, const Clock& clock, CredentialHooks hooks)
    : next_(next), clock_(clock), hooks_(std::move(hooks)) {}

CredentialHttp::~CredentialHttp() = default;

void CredentialHttp::add(const std::string& caller, const std::string& name,
                         const CredentialConfig& config, const std::string& identity,
                         Lookup lookup) {
  auto entry = std::make_unique<Entry>();
  entry->lookup = std::move(lookup);
  if (config.type == CredentialConfig::Type::kOauth2) {
    auto& shared = tokens_[identity];
    if (!shared) {
      shared = std::make_shared<TokenCredential>(name, config, next_, clock_, hooks_);
    }
    entry->token = shared;
  } else {
    auto& shared = keys_[identity];
    if (!shared) {
      shared = std::make_shared<KeyCredential>(name, config, clock_, hooks_);
    }
    entry->keys = shared;
  }
  entries_[{caller, name}] = std::move(entry);
}

Error CredentialHttp::unknown(const std::string& caller, const std::string& name) const {
  std::string names;
  for (const auto& [both, entry] : entries_) {
    if (both.first == caller) {
      names += (names.empty() ? "" : ", ") + both.second;
    }
  }
  return Error{
      Code::kInvalidConfig,
      "a request names the credential '" + name + "', which is not configured; " +
          (names.empty() ? "add a table [credential." + name + "]" : "configured are " + names)};
}

Result<std::unique_ptr<HttpExchange>> CredentialHttp::open(const HttpRequest& request,
                                                           const Cancel& cancel,
                                                           HttpCaller& caller) {
  if (request.credential.empty()) {
    return next_.open(request, cancel, caller);
  }
  const auto found = entries_.find({caller.name, request.credential});
  if (found == entries_.end()) {
    ++caller.stats.failed;
    return unknown(caller.name, request.credential);
  }
  if (in_clear(request.url) && hooks_.log != nullptr &&
      !found->second->told_of_clear.exchange(true)) {
    hooks_.log(hooks_.log_ctx, kWarn,
               "credential '" + request.credential +
                   "' is sent over http, readable by everybody on the way; use https");
  }
  return found->second->token ? open_with_token(request, *found->second, cancel, caller)
                              : open_with_key(request, *found->second, cancel, caller);
}

Result<std::unique_ptr<HttpExchange>> CredentialHttp::open_with_key(const HttpRequest& request,
                                                                    const Entry& entry,
                                                                    const Cancel& cancel,
                                                                    HttpCaller& caller) {
  KeyCredential& keys = *entry.keys;
  const std::string scope = scope_of(request);
  std::set<size_t> tried;
  std::set<size_t> renewed;
  while (true) {
    auto choice = keys.choose(tried, scope, entry.lookup);
    if (!choice) {
      ++caller.stats.failed;
      return std::move(choice).error();
    }
    HttpRequest proven = request;
    proven.proof = choice->proof;
    auto opened = next_.open(proven, cancel, caller);
    const uint32_t status = status_of(opened);
    if (refuses(request, status)) {
      const bool changed = keys.refused(*choice, status, entry.lookup);
      if (changed && renewed.insert(choice->key).second) {
        continue;
      }
    } else if (status == 429 && choice->proof.move_on) {
      keys.limited(*choice, std::chrono::milliseconds(
                                is_answer(opened) ? 0 : opened.error().retry_after_ms));
    } else {
      if (is_answer(opened) && status < 400) {
        keys.accepted(*choice);
      }
      return opened;
    }
    tried.insert(choice->key);
    if (!keys.has_untried(tried)) {
      return opened;
    }
  }
}

Result<std::unique_ptr<HttpExchange>> CredentialHttp::open_with_token(const HttpRequest& request,
                                                                      const Entry& entry,
                                                                      const Cancel& cancel,
                                                                      HttpCaller& caller) {
  TokenCredential& tokens = *entry.token;
  uint64_t refused = 0;
  while (true) {
    auto token = tokens.get(refused, entry.lookup, cancel, caller);
    if (!token) {
      return std::move(token).error();
    }
    HttpRequest proven = request;
    proven.proof = tokens.prove(**token);
    auto opened = next_.open(proven, cancel, caller);
    const uint32_t status = status_of(opened);
    if (status == 401 && refused == 0) {
      refused = (*token)->number;  // revoked or run out before its time: one new one
      continue;
    }
    if (refuses(request, status)) {
      tokens.refused(status);
    } else if (is_answer(opened) && status < 400) {
      tokens.accepted();
    }
    return opened;
  }
}

}  // namespace sluice::host
