// SPDX-License-Identifier: Apache-2.0
#include "host/config/credential_check.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace sluice::host {
namespace {

using Type = CredentialConfig::Type;

struct TypeKeys {
  Type type;
  const char* name;
  std::vector<const char*> needed;
  std::vector<const char*> others;
};

const TypeKeys& keys_of(Type type) {
  static const std::vector<TypeKeys> kAll = {
      {Type::kBearer, "bearer", {}, {"key", "keys"}},
      {Type::kBasic, "basic", {"user"}, {"password"}},
      {Type::kHeader, "header", {"header"}, {"key", "keys", "prefix"}},
      {Type::kQuery, "query", {"parameter"}, {"key", "keys"}},
      {Type::kOauth2,
       "oauth2",
       {"token_url", "client_id", "client_secret"},
       {"scope", "client_auth"}}};
  return *std::find_if(kAll.begin(), kAll.end(), [&](const TypeKeys& k) { return k.type == type; });
}

bool among(const std::vector<const char*>& keys, std::string_view key) {
  return std::any_of(keys.begin(), keys.end(), [&](const char* each) { return key == each; });
}

// The host's name or address in "scheme://host…".
std::string_view host_of(std::string_view url) {
  const size_t begin = url.find("://");
  if (begin == std::string_view::npos) {
    return {};
  }
  std::string_view rest = url.substr(begin + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.starts_with('[')) {
    return rest.substr(0, rest.find(']') + 1);
  }
  return rest.substr(0, rest.find(':'));
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

void check_keys(Findings& findings, const std::string& label, const Node& node,
                const TypeKeys& keys) {
  for (const char* key : keys.needed) {
    if (node.find(key) == nullptr) {
      findings.complain(node.place, "missing key '" + std::string(key) + "', which type \"" +
                                        keys.name + "\" needs; in " + label);
    }
  }
  if (among(keys.others, "key") &&
      (node.find("key") == nullptr) == (node.find("keys") == nullptr)) {
    findings.complain(node.place,
                      std::string(node.find("key") == nullptr
                                      ? "needs key = { secret = \"name\" }, or keys with several"
                                      : "both key and keys are given; keep one") +
                          "; in " + label);
  }
  for (const auto& [key, value] : node.members) {
    static const std::vector<const char*> kKnown = {
        "key",      "keys",      "header",    "prefix",        "parameter", "user",
        "password", "token_url", "client_id", "client_secret", "scope",     "client_auth"};
    if (among(kKnown, key) && !among(keys.needed, key) && !among(keys.others, key)) {
      findings.complain(value.key_place, "'" + key + "' means nothing to a credential of type \"" +
                                             keys.name + "\"; in " + label);
    }
  }
}

}  // namespace

void check_credential(Findings& findings, const std::string& label, const Node& node,
                      const CredentialConfig& credential) {
  const Node* type = node.find("type");
  if (type == nullptr || !type->is(Node::Kind::kString)) {
    return;  // complained of already, or known only when the environment is
  }
  const TypeKeys& keys = keys_of(credential.type);
  if (type->text != keys.name) {
    return;
  }
  check_keys(findings, label, node, keys);
  const Node* url = node.find("token_url");
  if (url != nullptr && !credential.token_url.empty()) {
    const std::string& text = credential.token_url;
    const bool safe = text.starts_with("https://") ||
                      (text.starts_with("http://") && is_this_machine(host_of(text)));
    if (!safe || text.find('@') != std::string::npos) {
      findings.complain(url->place,
                        "the client's secret goes there, so 'token_url' must begin with https:// "
                        "(http:// only on this machine) and name no user; in " +
                            label);
    }
  }
}

}  // namespace sluice::host
