// SPDX-License-Identifier: Apache-2.0
#include "host/http/credential_token.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "host/http/credential_key.hpp"
#include "host/http/head.hpp"
#include "host/http/request.hpp"

namespace sluice::host {
namespace {

constexpr int kWarn = 3;  // as SLUICE_LOG_WARN
constexpr int64_t kSecond_us = 1'000'000;
constexpr int64_t kEarly_us = 60 * kSecond_us;
constexpr int64_t kQuiet_us = 5 * kSecond_us;  // between early refreshes that fail
constexpr int64_t kLookAgain_us = 10 * kSecond_us;
constexpr int64_t kLongestLife_s = 10LL * 365 * 24 * 3600;
constexpr uint64_t kMostBytes = 256U << 10;
constexpr size_t kTokensKnown = 4;  // of the last, which may still stand in texts
constexpr auto kLookForCancel = std::chrono::milliseconds(50);

// A tenth of its life before its end or a minute, whichever is earlier, but not in its first half.
int64_t refresh_early_us(int64_t life_us) {
  return std::min(std::max(life_us / 10, kEarly_us), life_us / 2);
}

bool fits_header(const std::string& token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
}

// The error code of RFC 6749, 5.2, if the body has one: a word, so that nothing else of it shows.
std::string error_code(const std::string& body) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  const std::string code =
      answer.is_object() && answer.contains("error") && answer["error"].is_string()
          ? answer["error"].get<std::string>()
          : std::string();
  constexpr std::array kCodes = {"invalid_request",     "invalid_client",         "invalid_grant",
                                 "unauthorized_client", "unsupported_grant_type", "invalid_scope"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end() ? code : std::string();
}

// These say that the client may have no token. Any other 4xx is about the address, or comes from
// something in the way, and 407 from the proxy.
bool refuses_client(int64_t status) {
  return status == 400 || status == 401 || status == 403;
}

bool refuses_client(const Error& error) {
  return error.code == Code::kAuth && refuses_client(error.vendor_code);
}

int64_t whole_seconds(const nlohmann::json& value) {
  int64_t out = -1;
  if (value.is_number()) {
    const double number = value.get<double>();
    out = number > 0 && number < 1e18 ? static_cast<int64_t>(number) : 0;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    out = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? out : -1;
  }
  return std::min(out, kLongestLife_s);
}

Result<std::string> value_of(const SecretText& text, const CredentialHttp::Lookup& lookup) {
  return text.secret.empty() ? Result<std::string>(text.text) : lookup(text.secret);
}

size_t hash_of(const std::string& id, const std::string& secret) {
  return std::hash<std::string>{}(id + '\n' + secret);
}

Result<std::string> read_body(HttpExchange& exchange) {
  std::string body;
  std::array<char, 16384> buffer{};
  while (true) {
    auto size = exchange.read(buffer);
    if (!size) {
      return std::move(size).error();
    }
    if (*size == 0) {
      return body;
    }
    body.append(buffer.data(), *size);
  }
}

}  // namespace

TokenCredential::TokenCredential(std::string name, CredentialConfig config, Http& next,
                                 const Clock& clock, CredentialHooks hooks)
    : name_(std::move(name)),
      config_(std::move(config)),
      next_(next),
      clock_(clock),
      hooks_(std::move(hooks)) {}

void TokenCredential::warn(const std::string& sentence) const {
  if (hooks_.log != nullptr) {
    hooks_.log(hooks_.log_ctx, kWarn, sentence);
  }
}

HttpProof TokenCredential::prove(const Token& token) const {
  HttpProof proof;
  proof.header = "Authorization: Bearer " + token.value;
  proof.secrets = {token.value};
  proof.origins = canonical_origins(config_.origins);
  return proof;
}

Result<HttpRequest> TokenCredential::make_request(const CredentialHttp::Lookup& lookup) {
  auto id = value_of(config_.client_id, lookup);
  auto secret = id ? value_of(config_.client_secret, lookup) : Result<std::string>(std::string());
  if (!id || !secret) {
    return std::move(id ? secret : id).error().in("credential '" + name_ + "'");
  }
  {
    const std::lock_guard lock(mutex_);
    sent_ = hash_of(*id, *secret);
  }
  const std::string encoded_id = percent_encoded(*id);
  const std::string encoded_secret = percent_encoded(*secret);
  HttpRequest request;
  request.method = "POST";
  request.url = config_.token_url;
  request.headers = "Content-Type: application/x-www-form-urlencoded\nAccept: application/json\n";
  request.body = "grant_type=client_credentials";
  if (!config_.scope.empty()) {
    request.body += "&scope=" + percent_encoded(config_.scope);
  }
  request.proof.same_origin = true;
  request.proof.secrets = {*secret};
  if (config_.form) {
    request.body += "&client_id=" + encoded_id + "&client_secret=" + encoded_secret;
  } else {
    const std::string pair = base64(encoded_id + ":" + encoded_secret);
    request.proof.header = "Authorization: Basic " + pair;
    request.proof.secrets.push_back(pair);
  }
  request.max_body_bytes = kMostBytes;
  request.repeatable = true;  // asking twice gives two tokens, which does no harm
  return request;
}

Error TokenCredential::refusal(uint32_t status, const std::string& body) const {
  const std::string code = error_code(body);
  return Error{Code::kAuth,
               "credential '" + name_ + "': the token service refused the client (" +
                   std::to_string(status) + (code.empty() ? "" : ", " + code) +
                   "); check client_id, client_secret, scope and client_auth",
               0, status};
}

Result<TokenCredential::Answer> TokenCredential::ask(const HttpRequest& request,
                                                     const Cancel& cancel, HttpCaller& caller) {
  auto exchange = next_.open(request, cancel, caller);
  if (!exchange) {
    Error error = std::move(exchange).error();
    return refuses_client(error) ? refusal(static_cast<uint32_t>(error.vendor_code), {})
                                 : std::move(error).in("credential '" + name_ + "'");
  }
  const uint32_t status = (*exchange)->status();
  auto body = read_body(**exchange);
  if (!body) {
    return std::move(body).error().in("credential '" + name_ + "'");
  }
  if (refuses_client(status)) {
    return refusal(status, *body);
  }
  if (status >= 400) {
    return Error{Code::kUnavailable,
                 "credential '" + name_ + "': the token service answered " +
                     std::to_string(status) + "; check token_url",
                 0, status};
  }
  const auto answer = nlohmann::json::parse(*body, nullptr, false);
  const Error garbage{Code::kUnavailable,
                      "credential '" + name_ +
                          "': the token service did not answer with a bearer token as JSON; check "
                          "token_url",
                      0, status};
  if (status != 200 || !answer.is_object() || !answer.contains("access_token") ||
      !answer["access_token"].is_string()) {
    return garbage;
  }
  Answer out{answer["access_token"].get<std::string>(), -1};
  const bool other_type = answer.contains("token_type") && answer["token_type"].is_string() &&
                          !equal_ignoring_case(answer["token_type"].get<std::string>(), "bearer");
  if (answer.contains("expires_in")) {
    out.life_s = whole_seconds(answer["expires_in"]);
  }
  return fits_header(out.token) && !other_type ? Result<Answer>(std::move(out)) : garbage;
}

Result<TokenCredential::Token> TokenCredential::fetch(const CredentialHttp::Lookup& lookup,
                                                      const Cancel& cancel, HttpCaller& caller) {
  auto request = make_request(lookup);
  if (!request) {
    return std::move(request).error();
  }
  const int64_t asked_us = clock_.monotonic_us();
  auto answer = ask(*request, cancel, caller);
  if (!answer) {
    return std::move(answer).error();
  }
  Token token;
  token.value = std::move(answer->token);
  token.refresh_us = token.expires_us = INT64_MAX;
  if (answer->life_s >= 0) {
    const int64_t life_us = answer->life_s * kSecond_us;
    token.expires_us = asked_us + life_us;
    token.refresh_us = token.expires_us - refresh_early_us(life_us);
  }
  return token;
}

void TokenCredential::remember(const std::string& value) {
  if (hooks_.add_secret != nullptr) {
    hooks_.add_secret(value);
  }
  known_.push_back(value);
  if (known_.size() > kTokensKnown) {
    const std::string old = known_.front();
    known_.pop_front();
    const bool again = std::find(known_.begin(), known_.end(), old) != known_.end();
    if (hooks_.forget_secret != nullptr && !again) {
      hooks_.forget_secret(old);
    }
  }
}

void TokenCredential::settle(Result<Token> fetched) {
  fetching_ = false;
  ++fetches_;
  failed_.reset();
  if (fetched) {
    fetched->number = ++numbers_;
    remember(fetched->value);
    token_ = std::make_shared<const Token>(std::move(*fetched));
  } else if (fetched.error().code != Code::kCancelled) {  // else the next in line fetches
    failed_ = std::move(fetched).error();
    quiet_until_us_ = clock_.monotonic_us() + kQuiet_us;
    if (refuses_client(*failed_) && gate_.end(static_cast<uint32_t>(failed_->vendor_code))) {
      warn(failed_->message + "; no more tokens are asked for");
    }
  }
  fetched_.notify_all();
}

// Somebody may have put in a new secret since the client was refused.
void TokenCredential::reopen(const CredentialHttp::Lookup& lookup) {
  if (gate_.open() || clock_.monotonic_us() < look_again_us_) {
    return;
  }
  look_again_us_ = clock_.monotonic_us() + kLookAgain_us;
  const auto id = value_of(config_.client_id, lookup);
  const auto secret = value_of(config_.client_secret, lookup);
  if (id && secret && hash_of(*id, *secret) != sent_) {
    gate_.renew();
    failed_.reset();
    token_.reset();
  }
}

Result<std::shared_ptr<const TokenCredential::Token>> TokenCredential::get(
    uint64_t refused, const CredentialHttp::Lookup& lookup, const Cancel& cancel,
    HttpCaller& caller) {
  std::unique_lock lock(mutex_);
  const uint64_t before = fetches_;
  while (true) {
    reopen(lookup);
    if (!gate_.open()) {
      return failed_ && refuses_client(*failed_) ? *failed_
                                                 : credential_ended(name_, gate_.status());
    }
    const int64_t now_us = clock_.monotonic_us();
    const bool holds = token_ && token_->number > refused && now_us < token_->expires_us;
    if (holds && (now_us < token_->refresh_us || fetching_ || now_us < quiet_until_us_)) {
      return token_;
    }
    if (!fetching_ && !holds && fetches_ != before && failed_) {
      return *failed_;  // what this caller waited for
    }
    if (cancel.requested()) {
      return Error{Code::kCancelled, "credential '" + name_ + "': cancelled"};
    }
    if (fetching_) {
      fetched_.wait_for(lock, kLookForCancel);
      continue;
    }
    fetching_ = true;
    lock.unlock();
    auto fetched = fetch(lookup, cancel, caller);
    lock.lock();
    const std::optional<Error> error =
        fetched ? std::nullopt : std::optional<Error>(fetched.error());
    settle(std::move(fetched));
    if (error && !(holds && clock_.monotonic_us() < token_->expires_us && gate_.open())) {
      return *error;
    }
    if (error) {
      warn("a token could not be refreshed early, the one at hand is used on: " + error->message);
    }
    return token_;
  }
}

void TokenCredential::accepted() {
  const std::lock_guard lock(mutex_);
  gate_.accepted();
}

void TokenCredential::refused(uint32_t status) {
  const std::lock_guard lock(mutex_);
  if (gate_.refused(status)) {
    warn(credential_ended(name_, status).message);
  }
}

}  // namespace sluice::host
