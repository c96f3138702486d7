// SPDX-License-Identifier: Apache-2.0
//
// [credential.NAME] of a configuration: how a request that names it proves who it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::host {

// A text of the configuration, or the name of a secret whose value is asked for when it is needed.
struct SecretText {
  std::string text;    // as it stands in the file; empty if `secret` is set
  std::string secret;  // name of a [secret.NAME]
  [[nodiscard]] bool empty() const { return text.empty() && secret.empty(); }
  bool operator==(const SecretText&) const = default;
};

struct CredentialConfig {
  enum class Type : uint8_t { kBearer, kBasic, kHeader, kQuery, kOauth2 } type = Type::kBearer;
  std::vector<SecretText> keys;  // bearer, header, query: one, or several in rotation
  std::string header;            // header: name of the field
  std::string prefix;            // header: stands before the key, e.g. "Bot "
  std::string parameter;         // query: name of the parameter
  SecretText user, password;     // basic
  std::string token_url;         // oauth2, from here on
  SecretText client_id, client_secret;
  std::string scope;
  bool form = false;  // the client's id and secret go in the form, not by basic
  std::vector<std::string>
      origins;  // "https://host[:port]" it may go to; empty = any it is asked for
  uint32_t line = 0;
};

}  // namespace sluice::host
