// SPDX-License-Identifier: Apache-2.0
//
// Credentials that are values: bearer tokens, user and password, keys in headers or queries, one or
// several in rotation.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/http/credential.hpp"
#include "host/http/credential_gate.hpp"

namespace sluice::host {

// Thread-safe.
class KeyCredential {
 public:
  // Which key, with what it proves itself, and whether others could go in its place.
  struct Choice {
    size_t key = 0;
    uint64_t reading = 0;  // which reading of its value this is
    HttpProof proof;
  };

  KeyCredential(std::string name, CredentialConfig config, const Clock& clock,
                CredentialHooks hooks);

  // A key that is not among `tried`: the one with most quota left in `scope`, or else the next in
  // turn; those that wait for their quota come last. kAuth if all were refused or the value is not
  // to be had.
  Result<Choice> choose(const std::set<size_t>& tried, const std::string& scope,
                        const CredentialHttp::Lookup& lookup);
  void accepted(const Choice& choice);
  // The answer was 401 or 403. Reads the value again: true if it has changed since, so that the
  // request may go out once more with the same key. `others`: there are keys not yet tried.
  bool refused(const Choice& choice, uint32_t status, const CredentialHttp::Lookup& lookup);
  // The answer was 429; the key is not chosen for `wait` unless there is no other.
  void limited(const Choice& choice, std::chrono::milliseconds wait);
  [[nodiscard]] bool has_untried(const std::set<size_t>& tried) const;

 private:
  struct Key {
    CredentialGate gate;
    std::string value, user;  // as read last
    uint64_t reading = 0;     // 0 = never read
    int64_t read_us = 0;      // monotonic
    int64_t rests_until_us = INT64_MIN;
  };
  // All of them under mutex_.
  std::optional<size_t> pick(const std::set<size_t>& tried, const std::string& scope);
  Result<void> read(size_t key, const CredentialHttp::Lookup& lookup);
  Result<void> read_if_old(size_t key, const CredentialHttp::Lookup& lookup);
  [[nodiscard]] HttpProof prove(size_t key) const;
  void reopen(const CredentialHttp::Lookup& lookup);
  [[nodiscard]] std::string account(size_t key) const;
  [[nodiscard]] Error all_refused() const;

  const std::string name_;
  const CredentialConfig config_;
  const Clock& clock_;
  const CredentialHooks hooks_;
  mutable std::mutex mutex_;
  std::vector<Key> keys_;
  size_t next_ = 0;
};

// Each as Url::origin writes it.
std::vector<std::string> canonical_origins(const std::vector<std::string>& origins);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace sluice::host
