// SPDX-License-Identifier: Apache-2.0
//
// Credentials: a request says which one it wants by its name, and this layer makes it prove itself.
// What services refuse is not sent again: ten thousand refused requests ban an address.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "host/base/clock.hpp"
#include "host/http/credential_config.hpp"
#include "host/http/http.hpp"
#include "host/http/http_client.hpp"

namespace sluice::host {

class KeyCredential;
class TokenCredential;

struct CredentialHooks {
  HttpLog log = nullptr;  // sentences worth a log line
  void* log_ctx = nullptr;
  // Tokens that must be blotted out from now on, and no longer. May be null.
  void (*add_secret)(std::string_view value) = nullptr;
  void (*forget_secret)(std::string_view value) = nullptr;
  // What is left of the quota of a limit scope such as "api.example.org@api-2"; below 0 = unknown.
  // May be empty.
  std::function<double(const std::string& scope)> left;
};

// Thread-safe once all credentials are added. `next` and `clock` outlive it.
class CredentialHttp final : public Http {
 public:
  // The value of a secret by its name.
  using Lookup = std::function<Result<std::string>(const std::string& secret)>;

  CredentialHttp(Http& next, const Clock& clock, CredentialHooks hooks = {});
  CredentialHttp(const CredentialHttp&) = delete;
  CredentialHttp& operator=(const CredentialHttp&) = delete;
  ~CredentialHttp() override;

  // Makes `config` known to requests of the pipeline `caller` under `name`. Credentials of the same
  // `identity` (of several pipelines) share tokens, the choice of keys, and their end.
  void add(const std::string& caller, const std::string& name, const CredentialConfig& config,
           const std::string& identity, Lookup lookup);

  // Besides the errors of what comes next: kInvalidConfig for a credential that is not configured,
  // kAuth if its value is not to be had, or, without any request, once it was refused for good.
  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpCaller& caller) override;
  void declare(const HttpCaller& caller) override { next_.declare(caller); }
  void throttle(const std::string& scope, std::chrono::milliseconds wait) override {
    next_.throttle(scope, wait);
  }

 private:
  struct Entry;
  [[nodiscard]] Error unknown(const std::string& caller, const std::string& name) const;
  Result<std::unique_ptr<HttpExchange>> open_with_key(const HttpRequest& request,
                                                      const Entry& entry, const Cancel& cancel,
                                                      HttpCaller& caller);
  Result<std::unique_ptr<HttpExchange>> open_with_token(const HttpRequest& request,
                                                        const Entry& entry, const Cancel& cancel,
                                                        HttpCaller& caller);

  Http& next_;
  const Clock& clock_;
  const CredentialHooks hooks_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Entry>> entries_;  // by both names
  std::map<std::string, std::shared_ptr<KeyCredential>> keys_;                     // by identity
  std::map<std::string, std::shared_ptr<TokenCredential>> tokens_;
};

}  // namespace sluice::host
