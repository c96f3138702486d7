// SPDX-License-Identifier: Apache-2.0
#include "host/http/credential_key.hpp"

#include <algorithm>
#include <limits>

#include "host/http/request.hpp"
#include "host/http/url.hpp"

namespace sluice::host {
namespace {

using Type = CredentialConfig::Type;

constexpr int kWarn = 3;                          // as SLUICE_LOG_WARN
constexpr int64_t kValueHolds_us = 60'000'000;    // then it is read again: it may be rotated
constexpr int64_t kLookAgain_us = 10'000'000;     // at a refused key, for a new value
constexpr std::chrono::milliseconds kRest{1000};  // after a 429 that does not say for how long

Result<std::string> value_of(const SecretText& text, const CredentialHttp::Lookup& lookup) {
  return text.secret.empty() ? Result<std::string>(text.text) : lookup(text.secret);
}

// Header values and queries are lines: what would end one could bring a second along.
bool one_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  });
}

}  // namespace

std::vector<std::string> canonical_origins(const std::vector<std::string>& origins) {
  std::vector<std::string> out;
  for (const std::string& origin : origins) {
    const auto url = parse_url(origin + "/");
    out.push_back(url ? url->origin : origin);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += j <= count ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return out;
}

Error credential_ended(const std::string& name, uint32_t status) {
  return Error{Code::kAuth,
               "credential '" + name + "' was refused by the service (" + std::to_string(status) +
                   ") and is not sent any more, since repeated refusals get an address banned; "
                   "check its value and what it allows, then run again",
               0, status};
}

KeyCredential::KeyCredential(std::string name, CredentialConfig config, const Clock& clock,
                             CredentialHooks hooks)
    : name_(std::move(name)), config_(std::move(config)), clock_(clock), hooks_(std::move(hooks)) {
  keys_.resize(std::max<size_t>(1, config_.keys.size()));
}

std::string KeyCredential::account(size_t key) const {
  return keys_.size() > 1 ? name_ + "-" + std::to_string(key + 1) : std::string();
}

Error KeyCredential::all_refused() const {
  Error error = credential_ended(name_, keys_.front().gate.status());
  if (keys_.size() > 1) {
    error.message.insert(0, "all " + std::to_string(keys_.size()) + " keys of ");
  }
  return error;
}

// The key to go with next; nothing if all were refused or tried.
std::optional<size_t> KeyCredential::pick(const std::set<size_t>& tried, const std::string& scope) {
  const int64_t now_us = clock_.monotonic_us();
  std::optional<size_t> best;
  double best_left = -1;
  bool best_rests = true;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const size_t key = (next_ + i) % keys_.size();
    if (!keys_[key].gate.open() || tried.contains(key)) {
      continue;
    }
    const bool rests = keys_[key].rests_until_us > now_us;
    double left = rests ? -static_cast<double>(keys_[key].rests_until_us) : 0;
    if (!rests && hooks_.left && keys_.size() > 1) {
      const double told = hooks_.left(scope_of_account(scope, account(key)));
      left = told < 0 ? std::numeric_limits<double>::max() : told;  // not used yet: all is left
    }
    if (!best || (best_rests && !rests) || (best_rests == rests && left > best_left)) {
      best = key;
      best_left = left;
      best_rests = rests;
    }
  }
  return best;
}

Result<void> KeyCredential::read(size_t key, const CredentialHttp::Lookup& lookup) {
  Key& k = keys_[key];
  const bool basic = config_.type == Type::kBasic;
  auto value = value_of(basic ? config_.password : config_.keys.at(key), lookup);
  if (!value) {
    return std::move(value).error().in("credential '" + name_ + "'");
  }
  auto user = value_of(config_.user, lookup);
  if (!user) {
    return std::move(user).error().in("credential '" + name_ + "'");
  }
  if (!one_line(*value) || !one_line(*user) || user->find(':') != std::string::npos) {
    return Error{Code::kAuth, "credential '" + name_ +
                                  "': its value holds a line break, another control character or "
                                  "a colon in the user; it cannot be sent"};
  }
  k.read_us = clock_.monotonic_us();
  if (k.reading == 0 || *value != k.value || *user != k.user) {
    ++k.reading;
    k.gate.renew();
    k.value = std::move(*value);
    k.user = std::move(*user);
  }
  return {};
}

Result<void> KeyCredential::read_if_old(size_t key, const CredentialHttp::Lookup& lookup) {
  const Key& k = keys_[key];
  const bool fresh = k.reading > 0 && clock_.monotonic_us() - k.read_us < kValueHolds_us;
  return fresh ? Result<void>{} : read(key, lookup);
}

HttpProof KeyCredential::prove(size_t key) const {
  const Key& k = keys_[key];
  HttpProof proof;
  proof.account = account(key);
  proof.origins = canonical_origins(config_.origins);
  proof.secrets = {k.value};
  switch (config_.type) {
    case Type::kBasic: {
      const std::string pair = base64(k.user + ":" + k.value);
      proof.header = "Authorization: Basic " + pair;
      proof.secrets.push_back(pair);
      break;
    }
    case Type::kHeader:
      proof.header = config_.header + ": " + config_.prefix + k.value;
      break;
    case Type::kQuery:
      proof.parameter = config_.parameter;
      proof.value = k.value;
      break;
    default:
      proof.header = "Authorization: Bearer " + k.value;
  }
  return proof;
}

// Somebody may have put in a new value since all were refused.
void KeyCredential::reopen(const CredentialHttp::Lookup& lookup) {
  for (size_t key = 0; key < keys_.size(); ++key) {
    if (!keys_[key].gate.open() && clock_.monotonic_us() - keys_[key].read_us > kLookAgain_us) {
      keys_[key].read_us = clock_.monotonic_us();
      (void)read(key, lookup);  // what cannot be read stays refused
    }
  }
}

Result<KeyCredential::Choice> KeyCredential::choose(const std::set<size_t>& tried,
                                                    const std::string& scope,
                                                    const CredentialHttp::Lookup& lookup) {
  const std::lock_guard lock(mutex_);
  auto key = pick(tried, scope);
  if (!key && tried.empty()) {
    reopen(lookup);
    key = pick(tried, scope);
  }
  if (!key) {
    return all_refused();
  }
  SLUICE_TRY(read_if_old(*key, lookup));
  next_ = (*key + 1) % keys_.size();
  HttpProof proof = prove(*key);
  const int64_t now_us = clock_.monotonic_us();
  for (size_t other = 0; other < keys_.size(); ++other) {
    proof.move_on =
        proof.move_on || (other != *key && !tried.contains(other) && keys_[other].gate.open() &&
                          keys_[other].rests_until_us <= now_us);
  }
  return Choice{*key, keys_[*key].reading, std::move(proof)};
}

void KeyCredential::accepted(const Choice& choice) {
  const std::lock_guard lock(mutex_);
  Key& key = keys_[choice.key];
  if (key.reading == choice.reading) {
    key.gate.accepted();
    key.rests_until_us = INT64_MIN;
  }
}

bool KeyCredential::refused(const Choice& choice, uint32_t status,
                            const CredentialHttp::Lookup& lookup) {
  const std::lock_guard lock(mutex_);
  Key& key = keys_[choice.key];
  if (status == 401 && key.reading == choice.reading) {
    (void)read(choice.key, lookup);  // what cannot be read anew counts as unchanged
  }
  if (key.reading != choice.reading) {
    return true;
  }
  if (key.gate.refused(status) && hooks_.log != nullptr) {
    hooks_.log(hooks_.log_ctx, kWarn,
               (keys_.size() > 1 ? "key " + std::to_string(choice.key + 1) + " of " : "") +
                   credential_ended(name_, status).message);
  }
  return false;
}

void KeyCredential::limited(const Choice& choice, std::chrono::milliseconds wait) {
  const std::lock_guard lock(mutex_);
  keys_[choice.key].rests_until_us = clock_.monotonic_us() + std::max(wait, kRest).count() * 1000;
}

bool KeyCredential::has_untried(const std::set<size_t>& tried) const {
  const std::lock_guard lock(mutex_);
  for (size_t key = 0; key < keys_.size(); ++key) {
    if (keys_[key].gate.open() && !tried.contains(key)) {
      return true;
    }
  }
  return false;
}

}  // namespace sluice::host
