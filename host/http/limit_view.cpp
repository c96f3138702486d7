// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_view.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "host/http/breaker_board.hpp"
#include "host/http/quota.hpp"

namespace sluice::host {
namespace {

LimitView view_of(const std::string& key, const LimitRule& rule, LimitState& state,
                  int64_t now_us) {
  LimitView out;
  out.scope = rule.name.empty() ? key : key.substr(0, key.rfind(' '));
  out.name = rule.name;
  out.allowed = state.amount(rule);
  out.used = state.used(rule, now_us);
  out.left = std::max(0.0, out.allowed - out.used);
  out.per_ms = rule.per.count();
  out.reset_us = state.free_us(rule, now_us);
  return out;
}

LimitView view_of(const std::string& name, const Quota::Scope& scope, int64_t now_us) {
  LimitView out;
  out.scope = name;
  out.name = "service";
  if (scope.reset_us > now_us && scope.left >= 0) {
    out.allowed = scope.limit;
    out.left = scope.left;
    out.used = std::max(0.0, scope.limit - scope.left);
    out.reset_us = scope.reset_us;
  }
  if (scope.paused_until_us > now_us) {
    out.paused_us = scope.paused_until_us;
    out.why = text_of(scope.why);
  }
  return out;
}

}  // namespace

Result<LimitsView> view_limits(SharedState& state, int64_t now_us) {
  auto texts = state.list();
  if (!texts) {
    return std::move(texts).error();
  }
  LimitsView out;
  for (const auto& [service, text] : *texts) {
    if (is_breaker_board(service)) {
      continue;
    }
    Quota quota;
    quota.load(text);
    for (auto& [key, limit] : quota.limits()) {
      out.limits.push_back(view_of(key, quota.rules().at(key), limit, now_us));
    }
    for (const auto& [name, scope] : quota.scopes()) {
      if (!scope.idle(now_us)) {
        out.limits.push_back(view_of(name, scope, now_us));
      }
    }
    for (const auto& [process, waiting] : quota.waiting()) {
      if (process_lives(process)) {
        out.waiting.push_back(
            {service, std::atoi(process.c_str()), waiting.requests, waiting.callers, waiting.why});
      }
    }
  }
  std::stable_sort(
      out.limits.begin(), out.limits.end(),
      [](const LimitView& left, const LimitView& right) { return left.scope < right.scope; });
  return out;
}

}  // namespace sluice::host
