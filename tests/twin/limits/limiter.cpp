// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/limits/limiter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kLongestMs = 7LL * 86'400'000;

struct Maker {
  const char* name;
  std::unique_ptr<Limiter> (*make)();
};
constexpr std::array<Maker, 6> kMakers{{{"binance", make_binance},
                                        {"blizzard", make_blizzard},
                                        {"bungie", make_bungie},
                                        {"coingecko", make_coingecko},
                                        {"discord", make_discord},
                                        {"wom", make_wise_old_man}}};

[[noreturn]] void refuse(const std::string& key, const std::string& why) {
  throw std::invalid_argument("key '" + key + "' " + why);
}

// {"weight": {"amount": 6000, "per_ms": 60000}} over the quotas there are.
void change_quotas(std::vector<Quota>& quotas, const json& changes) {
  if (!changes.is_object()) {
    refuse("limits", "must be an object: {\"NAME\": {\"amount\": 10, \"per_ms\": 1000}}");
  }
  for (const auto& [name, change] : changes.items()) {
    const auto found = std::find_if(quotas.begin(), quotas.end(),
                                    [&](const Quota& quota) { return quota.name == name; });
    if (found == quotas.end()) {
      refuse("limits." + name, "names no quota of this service");
    }
    if (!change.is_object()) {
      refuse("limits." + name, "must be an object");
    }
    for (const auto& [key, value] : change.items()) {
      const std::int64_t number = whole_setting("limits." + name + "." + key, value);
      if (key == "amount") {
        found->amount = static_cast<double>(number);
      } else if (key == "per_ms" && number > 0) {
        found->per_ms = number;
      } else {
        refuse("limits." + name + "." + key, "must be amount, or per_ms of 1 or more");
      }
    }
  }
}

}  // namespace

std::int64_t whole_setting(const std::string& key, const json& value) {
  const std::int64_t number = value.is_number_integer() ? value.get<std::int64_t>() : -1;
  if (number < 0 || number > kLongestMs) {
    refuse(key, "must be a whole number from 0 to " + std::to_string(kLongestMs));
  }
  return number;
}

bool flag_setting(const std::string& key, const json& value) {
  if (!value.is_boolean()) {
    refuse(key, "must be true or false");
  }
  return value.get<bool>();
}

std::vector<std::string> limiter_names() {
  std::vector<std::string> names;
  for (const Maker& maker : kMakers) {
    names.emplace_back(maker.name);
  }
  return names;
}

std::unique_ptr<Limiter> make_limiter(std::string_view service) {
  for (const Maker& maker : kMakers) {
    if (maker.name == service) {
      return maker.make();
    }
  }
  throw std::invalid_argument("there is no limiter '" + std::string(service) + "'");
}

Limiter::Limiter(std::vector<Quota> quotas) : quotas_(std::move(quotas)) {
  for (const Quota& quota : quotas_) {
    windows_.emplace(quota.name, make_window(quota.name));
  }
}

Limiter::~Limiter() = default;

Verdict Limiter::admit(const Request& request, std::int64_t now_us) {
  ++counters_.requests;
  Verdict verdict;
  if (now_us < ban_until_us_) {
    ++counters_.during_ban;
    verdict = banned(ban_until_us_ - now_us);
  } else {
    verdict = judge(request, now_us);
  }
  ++counters_.answers[verdict.refusal ? verdict.refusal->status : 200];
  return verdict;
}

Verdict Limiter::banned(std::int64_t left_us) {
  Verdict verdict;
  verdict.refusal = make_response(429, "text/plain", "You are banned.\n", "refused");
  verdict.headers.emplace_back("Retry-After", seconds(left_us));
  return verdict;
}

Verdict Limiter::ban(std::int64_t now_us, std::int64_t unscaled_ms) {
  ++counters_.bans;
  ban_until_us_ = now_us + scaled_us(unscaled_ms);
  return banned(ban_until_us_ - now_us);
}

bool Limiter::take(const std::string&, const json&) {
  return false;
}

void Limiter::forget() {
  windows_.clear();
  for (const Quota& quota : quotas_) {
    windows_.emplace(quota.name, make_window(quota.name));
  }
}

void Limiter::list_windows(std::map<std::string, Window*>& out) {
  for (auto& [name, one] : windows_) {
    out.emplace(name, &one);
  }
}

Window& Limiter::window(std::string_view quota) {
  return windows_.find(quota)->second;
}

Window Limiter::make_window(std::string_view quota) const {
  const auto found = std::find_if(quotas_.begin(), quotas_.end(),
                                  [&](const Quota& one) { return one.name == quota; });
  return Window(found->kind, found->amount, scaled_us(found->per_ms));
}

std::int64_t Limiter::scaled_us(std::int64_t ms) const {
  return std::llround(static_cast<double>(ms) * 1000.0 / scale_);
}

std::string Limiter::seconds(std::int64_t us) const {
  if (fractions_) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.3f",
                        std::ceil(static_cast<double>(us) / 1e3) / 1e3);
    return text.data();
  }
  return std::to_string((us + kMillion - 1) / kMillion);
}

void Limiter::configure(const json& settings, std::int64_t now_us) {
  if (!settings.is_object()) {
    throw std::invalid_argument("settings are a JSON object");
  }
  std::vector<Quota> quotas = quotas_;
  double factor = scale_;
  bool anew = false, zero = false, fractions = fractions_;
  std::optional<std::int64_t> ban_ms;
  for (const auto& [key, value] : settings.items()) {
    if (key == "limits") {
      change_quotas(quotas, value);
      anew = true;
    } else if (key == "scale") {
      factor = value.is_number() ? value.get<double>() : 0;
      if (!(factor >= 0.001 && factor <= 100'000)) {
        refuse(key, "must be a number from 0.001 to 100000");
      }
      anew = true;
    } else if (key == "reset") {
      zero = flag_setting(key, value);
    } else if (key == "fractions") {
      fractions = flag_setting(key, value);
    } else if (key == "ban_ms") {
      ban_ms = whole_setting(key, value);
    } else if (!take(key, value)) {
      refuse(key, "is no setting of this service");
    }
  }
  quotas_ = std::move(quotas);
  scale_ = factor;
  fractions_ = fractions;
  if (anew || zero) {
    forget();
    ban_until_us_ = 0;
  }
  if (zero) {
    counters_ = {};
  }
  if (ban_ms) {
    ban_until_us_ = *ban_ms == 0 ? 0 : now_us + *ban_ms * 1000;
    counters_.bans += *ban_ms == 0 ? 0 : 1;
  }
}

json Limiter::report(std::int64_t now_us) {
  json windows = json::object();
  std::map<std::string, Window*> listed;
  list_windows(listed);
  for (const auto& [name, one] : listed) {
    const auto share = one->share();
    windows[name] = {
        {"amount", one->amount()},   {"per_ms", static_cast<double>(one->per_us()) / 1000.0},
        {"used", one->used(now_us)}, {"left_ms", one->left_us(now_us) / 1000},
        {"highest", one->highest()}, {"highest_share", one->highest() / one->amount()},
        {"windows", one->windows()}, {"share", share ? json(*share) : json(nullptr)}};
  }
  json answers = json::object();
  for (const auto& [status, count] : counters_.answers) {
    answers[std::to_string(status)] = count;
  }
  return {{"requests", counters_.requests},
          {"answers", std::move(answers)},
          {"violations", counters_.violations},
          {"unavoidable", counters_.unavoidable},
          {"slowed", counters_.slowed},
          {"bans", counters_.bans},
          {"during_ban", counters_.during_ban},
          {"ban_left_ms", std::max<std::int64_t>(0, ban_until_us_ - now_us) / 1000},
          {"scale", scale_},
          {"windows", std::move(windows)}};
}

}  // namespace sluice::twin::limits
