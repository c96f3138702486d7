// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2 client credentials (RFC 6749, 4.4): one token for all callers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "host/base/clock.hpp"
#include "host/http/credential.hpp"
#include "host/http/credential_gate.hpp"

namespace sluice::host {

// Thread-safe.
class TokenCredential {
 public:
  struct Token {
    std::string value;
    uint64_t number = 0;     // counts from 1
    int64_t refresh_us = 0;  // monotonic: a new one is fetched from then on
    int64_t expires_us = 0;  // not used from then on
  };

  TokenCredential(std::string name, CredentialConfig config, Http& next, const Clock& clock,
                  CredentialHooks hooks);

  // A token newer than number `refused`. It is fetched by the first caller who needs one: others
  // wait for it, or go on with the one they have while it holds. kAuth if the client is refused,
  // then or before.
  Result<std::shared_ptr<const Token>> get(uint64_t refused, const CredentialHttp::Lookup& lookup,
                                           const Cancel& cancel, HttpCaller& caller);
  void accepted();
  // A token just fetched was refused (401), or what it may do (403).
  void refused(uint32_t status);
  [[nodiscard]] HttpProof prove(const Token& token) const;

 private:
  struct Answer {
    std::string token;
    int64_t life_s = -1;  // -1 = not told
  };
  Result<Token> fetch(const CredentialHttp::Lookup& lookup, const Cancel& cancel,
                      HttpCaller& caller);
  Result<HttpRequest> make_request(const CredentialHttp::Lookup& lookup);
  Result<Answer> ask(const HttpRequest& request, const Cancel& cancel, HttpCaller& caller);
  Error refusal(uint32_t status, const std::string& body) const;
  void settle(Result<Token> fetched);                 // under mutex_
  void reopen(const CredentialHttp::Lookup& lookup);  // under mutex_
  void remember(const std::string& value);
  void warn(const std::string& sentence) const;

  const std::string name_;
  const CredentialConfig config_;
  Http& next_;
  const Clock& clock_;
  const CredentialHooks hooks_;
  std::mutex mutex_;  // all below
  std::condition_variable fetched_;
  bool fetching_ = false;
  uint64_t fetches_ = 0;  // ended
  uint64_t numbers_ = 0;
  int64_t quiet_until_us_ = INT64_MIN;  // no early refresh before that: the last one failed
  int64_t look_again_us_ = INT64_MIN;   // when a refused client is looked at for a new secret
  size_t sent_ = 0;                     // hash of id and secret that were sent last
  std::shared_ptr<const Token> token_;
  std::optional<Error> failed_;    // how the last fetch ended
  std::deque<std::string> known_;  // tokens that are blotted out, newest last
  CredentialGate gate_;
};

}  // namespace sluice::host
