// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_estimate.hpp"

#include <algorithm>

namespace sluice::host {
namespace {

// Of one scope among many, each with a limit of its own.
bool is_for_each(const LimitRule& rule) {
  return rule.scope.size() > 1 && rule.scope.ends_with("/*");
}

const LimitView* find(const LimitsView& known, const std::string& scope, const std::string& name) {
  const auto found =
      std::find_if(known.limits.begin(), known.limits.end(),
                   [&](const LimitView& one) { return one.scope == scope && one.name == name; });
  return found == known.limits.end() ? nullptr : &*found;
}

double seconds_of(const LimitRule& rule, double left, double requests) {
  const double spaced =
      static_cast<double>(rule.spacing.count()) / 1000 * std::max(0.0, requests - 1);
  if (rule.amount <= 0 || requests <= left) {
    return spaced;
  }
  const double per_s = static_cast<double>(rule.per.count()) / 1000;
  return std::max(spaced, (requests - left) / rule.amount * per_s);
}

LimitEstimate estimate(const LimitRule& rule, const LimitsView& known, double requests) {
  const LimitView* use = find(known, rule.scope, rule.name);
  LimitEstimate out;
  out.scope = rule.scope;
  out.name = rule.name;
  out.amount = use != nullptr && use->allowed > 0 ? use->allowed : rule.amount;
  out.per_ms = rule.per.count();
  const double per_s = static_cast<double>(rule.per.count()) / 1000;
  if (rule.window == LimitRule::Window::kRate && per_s > 0) {
    out.amount = rule.amount / per_s;  // as people say it
    out.per_ms = 1000;
  }
  // A rate has no window to be empty or full.
  out.left = rule.window == LimitRule::Window::kRate ? 0 : use != nullptr ? use->left : rule.amount;
  LimitRule today = rule;
  today.amount = out.amount;
  today.per = std::chrono::milliseconds(out.per_ms);
  out.seconds = seconds_of(today, out.left, requests);
  return out;
}

// Bans and Retry-After of the services that the rules speak of.
void add_pause(const std::vector<LimitRule>& rules, const LimitsView& known, int64_t now_us,
               std::optional<LimitEstimate>& best) {
  for (const LimitView& one : known.limits) {
    const bool ours = std::any_of(rules.begin(), rules.end(), [&](const LimitRule& rule) {
      return rule.scope == one.scope || one.scope.starts_with(rule.scope + "/");
    });
    const double seconds = static_cast<double>(one.paused_us - now_us) / 1e6;
    if (ours && seconds > 0 && (!best || seconds > best->seconds)) {
      best = LimitEstimate{.seconds = seconds, .scope = one.scope, .paused_us = one.paused_us};
    }
  }
}

}  // namespace

std::optional<LimitEstimate> estimate_limits(const std::vector<LimitRule>& rules,
                                             const LimitsView& known, uint64_t requests,
                                             int64_t now_us) {
  std::optional<LimitEstimate> best;
  for (const LimitRule& rule : rules) {
    if (is_for_each(rule) || requests == 0) {
      continue;
    }
    LimitEstimate one = estimate(rule, known, static_cast<double>(requests));
    if (one.seconds > 0 && (!best || one.seconds > best->seconds)) {
      best = std::move(one);
    }
  }
  if (requests > 0) {
    add_pause(rules, known, now_us, best);
  }
  return best;
}

}  // namespace sluice::host
