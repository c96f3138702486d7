// SPDX-License-Identifier: Apache-2.0
#include "host/http/limits.hpp"

#include <algorithm>
#include <utility>

#include "host/http/answer.hpp"
#include "host/http/limit_group.hpp"

namespace sluice::host {
namespace {

constexpr size_t kManyServices =
    4096;  // above this, services of which nothing is known are forgotten

std::string service_of(const std::string& scope) {
  return scope.substr(0, scope.find('/', 1));
}

// "host" of "host@account/route", one of several keys; empty if the scope is of none.
std::string address_of(const std::string& scope) {
  const std::string service = service_of(scope);
  const auto at = service.find('@');
  return at == std::string::npos ? std::string() : service.substr(0, at);
}

// The tighter of two rules that speak of the same thing.
const LimitRule& stricter(const LimitRule& left, const LimitRule& right) {
  const auto rate = [](const LimitRule& rule) {
    return rule.amount > 0 ? rule.amount / static_cast<double>(rule.per.count()) : 1e300;
  };
  return rate(right) < rate(left) ? right : left;
}

}  // namespace

struct Grant::Inside {
  std::shared_ptr<LimitGroup> group;
  std::shared_ptr<LimitGroup::Sent> sent;
  // With one of several keys: the host's own, where bans are kept. They are of the address and hold
  // for every key.
  std::string address;
  std::shared_ptr<LimitGroup> bans;
};

Grant::Grant(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Grant::Grant(Grant&&) noexcept = default;
Grant& Grant::operator=(Grant&& other) noexcept {
  std::swap(inside_, other.inside_);
  return *this;
}

Grant::~Grant() {
  if (inside_) {
    inside_->group->finished(*inside_->sent);
  }
}

void Grant::answered(const Head& head, std::optional<std::chrono::milliseconds> told_wait) {
  if (inside_) {
    inside_->group->answered(*inside_->sent, head, told_wait);
    if (head.status == kBannedStatus && inside_->bans) {
      inside_->bans->pause(inside_->address, inside_->group->ban_left(), PauseReason::kBanned);
    }
  }
}

Limits::Limits(const Clock& clock, std::shared_ptr<SharedState> state, RefusalBackoff backoff)
    : clock_(clock),
      state_(state ? std::move(state) : std::make_shared<MemoryState>()),
      backoff_(backoff) {}

Limits::~Limits() = default;

std::vector<LimitRule> Limits::rules_for(const std::string& service) const {
  // "host@account" has the rules of "host", for itself: one of several keys.
  const std::string plain = service.substr(0, service.find('@'));
  std::vector<LimitRule> named, others;
  for (const auto& [owner, rules] : declared_) {
    for (const LimitRule& rule : rules) {
      auto& into = rule.scope == "*" ? others : named;
      if (rule.scope != "*" && service_of(rule.scope) != plain) {
        continue;
      }
      const auto same = std::find_if(into.begin(), into.end(), [&](const LimitRule& known) {
        return known.scope == rule.scope && known.name == rule.name;
      });
      if (same == into.end()) {
        into.push_back(rule);
      } else {
        *same = stricter(*same, rule);
      }
    }
  }
  for (LimitRule& rule : named) {
    rule.scope.insert(plain.size(), service.substr(plain.size()));
  }
  return named.empty() ? others : named;
}

void Limits::declare(const std::string& owner, const std::vector<LimitRule>& rules) {
  const std::lock_guard lock(mutex_);
  declared_[owner] = rules;
  for (const auto& [service, group] : groups_) {
    group->set_rules(rules_for(service));
  }
}

std::shared_ptr<LimitGroup> Limits::group(const std::string& scope) {
  const std::string service = service_of(scope);
  const std::lock_guard lock(mutex_);
  if (const auto found = groups_.find(service); found != groups_.end()) {
    return found->second;
  }
  if (groups_.size() >= kManyServices) {
    std::erase_if(groups_, [](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->idle();
    });
  }
  return groups_
      .emplace(service,
               std::make_shared<LimitGroup>(service, rules_for(service), clock_, state_, backoff_))
      .first->second;
}

Result<Grant> Limits::acquire(const LimitRequest& request, std::chrono::milliseconds patience,
                              const Cancel& cancel) {
  auto inside = std::make_unique<Grant::Inside>();
  inside->group = group(request.scope);
  inside->address = address_of(request.scope);
  if (!inside->address.empty()) {
    inside->bans = group(inside->address);
    if (const auto left = inside->bans->ban_left(); left.count() > 0) {
      inside->group->pause(service_of(request.scope), left, PauseReason::kBanned);
    }
  }
  auto sent = inside->group->acquire(request, patience, cancel);
  if (!sent) {
    return std::move(sent).error();
  }
  inside->sent = std::move(*sent);
  return Grant(std::move(inside));
}

void Limits::pause(const std::string& scope, std::chrono::milliseconds wait) {
  group(scope)->pause(scope, wait, PauseReason::kAskedFor);
}

std::optional<double> Limits::left(const std::string& scope) {
  return group(scope)->left(scope);
}

}  // namespace sluice::host
