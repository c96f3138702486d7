// SPDX-License-Identifier: Apache-2.0
#include "host/http/quota.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kShortestBan = 120 * kSecond;
constexpr int64_t kCalm = 3'600 * kSecond;  // after it, refusals are forgotten
// Resets beyond this are not believed: services have been seen to send absurd ones.
constexpr int64_t kMostReset = 3'600 * kSecond;

int64_t to_int(const json& value) {
  return value.is_number() ? value.get<int64_t>() : 0;
}
double to_double(const json& value) {
  return value.is_number() ? value.get<double>() : 0;
}

json limit_json(const LimitState& state) {
  json out = json::object();
  if (!state.slots.empty()) {
    out["slots"] = json::array();
    for (const auto& [slot, cost] : state.slots) {
      out["slots"].push_back({slot, cost});
    }
  }
  out["charged"] = state.charged_us;
  if (state.next_us != 0) {
    out["next"] = state.next_us;
  }
  if (state.filled_us != 0) {
    out["filled"] = state.filled_us;
  }
  if (state.learnt() > 0) {
    out["amount"] = state.learnt();
  }
  return out;
}

// Rules are kept with what is used of them, for processes that do not know them.
json rule_json(const LimitRule& rule) {
  return {{"scope", rule.scope},
          {"name", rule.name},
          {"amount", rule.amount},
          {"per_ms", rule.per.count()},
          {"window", static_cast<int>(rule.window)},
          {"spacing_ms", rule.spacing.count()}};
}

LimitRule rule_of(const json& in) {
  LimitRule out;
  const auto text = [&](const char* name) {
    const json value = in.value(name, json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  out.scope = text("scope");
  out.name = text("name");
  out.amount = to_double(in.value("amount", json(0)));
  out.per = std::chrono::milliseconds(to_int(in.value("per_ms", json(0))));
  const int64_t window = to_int(in.value("window", json(0)));
  out.window = window >= 0 && window <= 2 ? static_cast<LimitRule::Window>(window)
                                          : LimitRule::Window::kSliding;
  out.spacing = std::chrono::milliseconds(to_int(in.value("spacing_ms", json(0))));
  return out;
}

LimitState limit_of(const json& in) {
  LimitState out;
  for (const json& slot : in.value("slots", json::array())) {
    if (slot.is_array() && slot.size() == 2 && to_double(slot[1]) > 0) {
      out.slots[to_int(slot[0])] = to_double(slot[1]);
    }
  }
  out.charged_us = to_int(in.value("charged", json(0)));
  out.next_us = to_int(in.value("next", json(0)));
  out.filled_us = to_int(in.value("filled", json(0)));
  out.observe_amount(to_double(in.value("amount", json(0))));
  return out;
}

json scope_json(const Quota::Scope& scope) {
  return {{"paused_until", scope.paused_until_us},
          {"why", static_cast<int>(scope.why)},
          {"refusals", scope.refusals},
          {"left", scope.left},
          {"limit", scope.limit},
          {"reset", scope.reset_us}};
}

Quota::Scope scope_of(const json& in) {
  Quota::Scope out;
  out.paused_until_us = to_int(in.value("paused_until", json(0)));
  const int64_t why = to_int(in.value("why", json(0)));
  out.why = why >= 0 && why <= static_cast<int>(PauseReason::kAskedFor)
                ? static_cast<PauseReason>(why)
                : PauseReason::kNone;
  out.refusals =
      static_cast<uint32_t>(std::clamp<int64_t>(to_int(in.value("refusals", json(0))), 0, 1000));
  out.left = to_double(in.value("left", json(-1)));
  out.limit = to_double(in.value("limit", json(0)));
  out.reset_us = to_int(in.value("reset", json(0)));
  return out;
}

}  // namespace

const char* text_of(PauseReason reason) {
  switch (reason) {
    case PauseReason::kRetryAfter:
      return "the service asked to wait (Retry-After)";
    case PauseReason::kTooMany:
      return "the service answered 429 without saying how long";
    case PauseReason::kBanned:
      return "the service has banned this address";
    case PauseReason::kAskedFor:
      return "the plugin was told to wait";
    case PauseReason::kNone:
      break;
  }
  return "";
}

bool process_lives(const std::string& id) {
  const int pid = std::atoi(id.c_str());
  return pid > 0 && (kill(pid, 0) == 0 || errno != ESRCH);
}

std::vector<std::string> scope_chain(std::string_view scope) {
  std::vector<std::string> out;
  for (size_t at = scope.find('/'); at != std::string_view::npos; at = scope.find('/', at + 1)) {
    if (at > 0) {
      out.emplace_back(scope.substr(0, at));
    }
  }
  out.emplace_back(scope);
  return out;
}

bool Quota::Scope::idle(int64_t now_us) const {
  const int64_t calm_us = refusals == 0 ? 0 : kCalm;
  return paused_until_us + calm_us <= now_us && reset_us <= now_us;
}

void Quota::load(std::string_view text) {
  limits_.clear();
  scopes_.clear();
  waiting_.clear();
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object() || whole.value("format", json(0)) != kFormat) {
    return;
  }
  const auto each = [&](const char* member, auto take) {
    const auto found = whole.find(member);
    if (found != whole.end() && found->is_object()) {
      for (const auto& [key, value] : found->items()) {
        if (value.is_object()) {
          take(key, value);
        }
      }
    }
  };
  each("limits", [&](const std::string& key, const json& in) {
    limits_[key] = limit_of(in);
    rules_.emplace(key, rule_of(in.value("rule", json::object())));  // ours, if we have one
  });
  each("waiting", [&](const std::string& process, const json& in) {
    const json callers = in.value("callers", json());
    const json why = in.value("why", json());
    waiting_[process] = {static_cast<uint32_t>(to_int(in.value("requests", json(0)))),
                         callers.is_string() ? callers.get<std::string>() : "",
                         why.is_string() ? why.get<std::string>() : ""};
  });
  each("scopes", [&](const std::string& key, const json& in) { scopes_[key] = scope_of(in); });
}

std::string Quota::text(int64_t now_us) {
  std::erase_if(scopes_, [&](const auto& entry) { return entry.second.idle(now_us); });
  for (auto limit = limits_.begin(); limit != limits_.end();) {
    const auto rule = rules_.find(limit->first);
    const bool useless = rule == rules_.end() || limit->second.idle(rule->second, now_us);
    limit = useless ? limits_.erase(limit) : std::next(limit);
  }
  if (limits_.empty() && scopes_.empty() && waiting_.empty()) {
    return {};
  }
  json out{{"format", kFormat}, {"limits", json::object()}, {"scopes", json::object()}};
  for (const auto& [key, state] : limits_) {
    out["limits"][key] = limit_json(state);
    out["limits"][key]["rule"] = rule_json(rules_[key]);
  }
  for (const auto& [name, scope] : scopes_) {
    out["scopes"][name] = scope_json(scope);
  }
  for (const auto& [process, waiting] : waiting_) {
    out["waiting"][process] = {
        {"requests", waiting.requests}, {"callers", waiting.callers}, {"why", waiting.why}};
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Quota::Wait Quota::wait(const std::vector<std::string>& chain, const std::vector<BoundRule>& rules,
                        double cost, const UnderWay& under_way, int64_t now_us) {
  Wait longest;
  const auto consider = [&](int64_t us, const std::string& key, auto why) {
    if (us > longest.us) {
      longest = {us, key, why()};
    }
  };
  for (const std::string& name : chain) {
    const auto found = scopes_.find(name);
    if (found == scopes_.end()) {
      continue;
    }
    const Scope& scope = found->second;
    consider(scope.paused_until_us - now_us, name, [&] { return std::string(text_of(scope.why)); });
    if (scope.reset_us > now_us && scope.left >= 0 && scope.left < std::min(cost, scope.limit)) {
      consider(scope.reset_us - now_us, name,
               [] { return std::string("the service says that nothing is left"); });
    }
  }
  for (const BoundRule& bound : rules) {
    rules_[bound.key] = bound.rule;
    const auto own = under_way.find(bound.key);
    const int64_t us = limits_[bound.key].wait_us(
        bound.rule, cost, own == under_way.end() ? LimitState::UnderWay{} : own->second, now_us);
    consider(us, bound.key, [] { return std::string("the limit is used up"); });
  }
  return longest;
}

Quota::Charges Quota::charge(const std::vector<std::string>& chain,
                             const std::vector<BoundRule>& rules, double cost, int64_t now_us) {
  Charges out;
  for (const BoundRule& bound : rules) {
    rules_[bound.key] = bound.rule;
    out.emplace_back(bound, limits_[bound.key].charge(bound.rule, cost, now_us));
  }
  for (const std::string& name : chain) {
    const auto scope = scopes_.find(name);
    if (scope != scopes_.end() && scope->second.reset_us > now_us && scope->second.left >= 0) {
      scope->second.left = std::max(0.0, scope->second.left - cost);
    }
  }
  return out;
}

void Quota::lost(const Charges& charges, double cost, int64_t now_us) {
  for (const auto& [bound, slot] : charges) {
    rules_[bound.key] = bound.rule;
    limits_[bound.key].settle(bound.rule, slot, cost, now_us);
  }
}

void Quota::answered(const std::vector<std::string>& chain, const Charges& charges, double cost,
                     double under_way, const Head& head,
                     std::optional<std::chrono::milliseconds> told_wait, int64_t now_us) {
  lost(charges, cost, now_us);
  for (const auto& [bound, slot] : charges) {
    if (!bound.rule.limit_header.empty()) {
      if (const auto amount = number_field(head, bound.rule.limit_header); amount && *amount > 0) {
        limits_[bound.key].observe_amount(*amount);
      }
    }
    if (!bound.rule.used_header.empty()) {
      if (const auto used = number_field(head, bound.rule.used_header)) {
        limits_[bound.key].observe_used(bound.rule, *used, now_us);
      }
    }
  }
  LimitFacts facts = parse_limit_facts(head, now_us);
  if (facts.left && charges.empty()) {
    // What is still on its way the service has not counted yet; with a rule it is known exactly.
    facts.left = std::max(0.0, *facts.left - under_way);
  }
  learn(chain.back(), facts, now_us);
  if (head.status == 429 || head.status == 418 || (head.status == 503 && told_wait)) {
    refuse(chain, head.status, facts, told_wait, now_us);
    return;
  }
  for (const std::string& name : chain) {
    if (const auto scope = scopes_.find(name); scope != scopes_.end()) {
      scope->second.refusals = 0;
    }
  }
}

// What a service says of its window only ever tightens what is known of it, until it begins anew:
// answers overtake each other.
void Quota::learn(const std::string& name, const LimitFacts& facts, int64_t now_us) {
  if (!facts.left || !facts.reset_us || *facts.reset_us > kMostReset) {
    return;
  }
  Scope& scope = scopes_[name];
  const int64_t reset_us = now_us + *facts.reset_us;
  const bool same_window =
      scope.reset_us > now_us && std::abs(reset_us - scope.reset_us) < 2 * kSecond;
  if (same_window) {
    scope.left = std::min(scope.left, *facts.left);
  } else {
    scope.left = *facts.left;
    scope.reset_us = reset_us;
  }
  scope.limit = facts.limit ? *facts.limit : std::max(1.0, scope.left);
}

void Quota::refuse(const std::vector<std::string>& chain, uint32_t status, const LimitFacts& facts,
                   std::optional<std::chrono::milliseconds> told_wait, int64_t now_us) {
  // A ban is of the address, whatever was asked for.
  const std::string& name = status == 418 || facts.whole_service ? chain.front() : chain.back();
  Scope& scope = scopes_[name];
  const uint32_t doublings = std::min(scope.refusals, 16U);
  scope.refusals += 1;
  int64_t wait_us = std::chrono::microseconds(std::min<std::chrono::milliseconds>(
                                                  backoff_.base * (1LL << doublings), backoff_.cap))
                        .count();
  PauseReason why = PauseReason::kTooMany;
  if (told_wait) {
    wait_us = std::chrono::microseconds(*told_wait).count();
    why = PauseReason::kRetryAfter;
  } else if (facts.reset_us && *facts.reset_us <= kMostReset) {
    wait_us = *facts.reset_us;
    why = PauseReason::kRetryAfter;
  }
  if (status == 418) {
    wait_us = told_wait ? wait_us : std::max(wait_us, kShortestBan);
    why = PauseReason::kBanned;
  }
  pause(name, now_us + wait_us, why);
}

void Quota::pause(const std::string& name, int64_t until_us, PauseReason why) {
  Scope& scope = scopes_[name];
  if (until_us > scope.paused_until_us) {
    scope.paused_until_us = until_us;
    scope.why = why;
  }
}

}  // namespace sluice::host
