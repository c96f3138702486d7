// SPDX-License-Identifier: Apache-2.0
#include "host/http/retry_budget.hpp"

#include <algorithm>
#include <string_view>

namespace sluice::host {
namespace {
constexpr size_t kMany = 4096;  // above this, scopes in which nothing happens are forgotten
}

RetryBudget::Step& RetryBudget::at(int64_t now_us) {
  const int64_t number = now_us / kStepUs;
  Step& step = steps_.at(static_cast<size_t>(number) % kSteps);
  if (step.number != number) {
    step = {number, 0, 0};
  }
  return step;
}

void RetryBudget::sent(int64_t now_us) {
  ++at(now_us).sent;
}

bool RetryBudget::take(int64_t now_us) {
  Step& now = at(now_us);
  uint64_t sent = 0;
  uint64_t retries = 0;
  for (const Step& step : steps_) {
    if (step.number > now.number - static_cast<int64_t>(kSteps)) {
      sent += step.sent;
      retries += step.retries;
    }
  }
  if (static_cast<double>(retries) + 1 > share_ * static_cast<double>(sent) + floor_) {
    return false;
  }
  ++now.retries;
  return true;
}

bool RetryBudget::idle(int64_t now_us) const {
  return std::all_of(steps_.begin(), steps_.end(), [&](const Step& step) {
    return step.sent + step.retries == 0 ||
           step.number <= now_us / kStepUs - static_cast<int64_t>(kSteps);
  });
}

RetryBudget& RetryBudgets::of(const std::string& scope, int64_t now_us) {
  const std::string_view root = std::string_view(scope).substr(0, scope.find('/'));
  const auto found = all_.find(root);
  if (found != all_.end()) {
    return found->second;
  }
  if (all_.size() >= kMany) {
    std::erase_if(all_, [&](const auto& entry) { return entry.second.idle(now_us); });
  }
  return all_.emplace(root, RetryBudget(share_, floor_)).first->second;
}

void RetryBudgets::sent(const std::string& scope) {
  const int64_t now = clock_.monotonic_us();
  const std::lock_guard lock(mutex_);
  of(scope, now).sent(now);
}

bool RetryBudgets::take(const std::string& scope) {
  const int64_t now = clock_.monotonic_us();
  const std::lock_guard lock(mutex_);
  return of(scope, now).take(now);
}

}  // namespace sluice::host
