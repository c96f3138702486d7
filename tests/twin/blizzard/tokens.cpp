// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/tokens.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/twin/hash.hpp"

namespace sluice::twin::blizzard {
namespace {

using nlohmann::json;

constexpr std::string_view kBasic = "Basic ";
constexpr std::string_view kBearer = "Bearer ";

std::string decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) {
      break;
    }
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
    }
  }
  return out;
}

// A form's field, with %XX and + undone.
std::string form_field(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), pair.size() + 1));
    if (pair.substr(0, pair.find('=')) != name || pair.size() == name.size()) {
      continue;
    }
    std::string out;
    for (std::size_t i = name.size() + 1; i < pair.size(); ++i) {
      if (pair[i] == '%' && i + 2 < pair.size()) {
        out += static_cast<char>(std::stoi(std::string(pair.substr(i + 1, 2)), nullptr, 16));
        i += 2;
      } else {
        out += pair[i] == '+' ? ' ' : pair[i];
      }
    }
    return out;
  }
  return {};
}

Response refuse(int status, const char* error, const char* text) {
  return make_response(status, "application/json;charset=UTF-8",
                       json{{"error", error}, {"error_description", text}}.dump(), "oauth");
}

}  // namespace

bool Tokens::is_client(const Request& request) const {
  const std::string_view header = request.header("authorization");
  if (header.substr(0, kBasic.size()) == kBasic) {
    return decode_base64(header.substr(kBasic.size())) ==
           options_.client_id + ":" + options_.client_secret;
  }
  return form_field(request.body, "client_id") == options_.client_id &&
         form_field(request.body, "client_secret") == options_.client_secret;
}

Response Tokens::issue(const Request& request) {
  if (request.method != "POST") {
    return refuse(405, "invalid_request", "Request method is not supported");
  }
  if (!is_client(request)) {
    return refuse(401, "invalid_client", "Bad client credentials");
  }
  if (form_field(request.body, "grant_type") != "client_credentials") {
    return refuse(400, "unsupported_grant_type", "Unsupported grant type");
  }
  const std::lock_guard lock(mutex_);
  ++given_;
  char token[40];
  std::snprintf(token, sizeof(token), "EU%016llx%016llx",
                static_cast<unsigned long long>(hash_of(seed_, 7, given_)),
                static_cast<unsigned long long>(hash_of(seed_, 8, given_)));
  ends_[token] = Clock::now() + std::chrono::seconds(options_.token_life_s);
  return make_response(200, "application/json;charset=UTF-8",
                       json{{"access_token", token},
                            {"token_type", "bearer"},
                            {"expires_in", options_.token_life_s},
                            {"sub", options_.client_id}}
                           .dump(),
                       "oauth");
}

bool Tokens::admits(const Request& request) const {
  const std::string_view header = request.header("authorization");
  if (header.substr(0, kBearer.size()) != kBearer) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  const auto found = ends_.find(header.substr(kBearer.size()));
  return found != ends_.end() && Clock::now() < found->second;
}

void Tokens::expire() {
  const std::lock_guard lock(mutex_);
  ends_.clear();
}

}  // namespace sluice::twin::blizzard
