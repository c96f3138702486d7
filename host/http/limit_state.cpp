// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_state.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::host {
namespace {

constexpr int64_t kSlots = 64;  // a window forgets in steps of a 64th
constexpr double kRounding = 1e-6;
constexpr int64_t kNews =
    4;  // slots: what a service told longer ago says nothing of what is under way

int64_t per_us(const LimitRule& rule) {
  return std::max<int64_t>(1, std::chrono::microseconds(rule.per).count());
}

int64_t slot_us(const LimitRule& rule) {
  return std::max<int64_t>(1, per_us(rule) / kSlots);
}

// Slots in a window, rounded up: none is forgotten early.
int64_t slots_in(const LimitRule& rule) {
  return (per_us(rule) + slot_us(rule) - 1) / slot_us(rule);
}

// Clocks differ: so much around the turn of a fixed window counts on both sides.
int64_t guard_us(const LimitRule& rule) {
  return std::min<int64_t>(per_us(rule) / 100, 1'000'000);
}

int64_t window_start_us(const LimitRule& rule, int64_t now_us) {
  const int64_t shifted = now_us - guard_us(rule);
  return shifted - shifted % per_us(rule);
}

// The oldest slot that counts.
int64_t horizon(const LimitRule& rule, int64_t now_us) {
  return rule.window == LimitRule::Window::kFixed
             ? (window_start_us(rule, now_us) - guard_us(rule)) / slot_us(rule)
             : now_us / slot_us(rule) - slots_in(rule);
}

// When `slot` stops to count.
int64_t end_us(const LimitRule& rule, int64_t slot, int64_t now_us) {
  return rule.window == LimitRule::Window::kFixed
             ? window_start_us(rule, now_us) + per_us(rule) + guard_us(rule)
             : (slot + slots_in(rule) + 1) * slot_us(rule);
}

bool windowed(const LimitRule& rule) {
  return rule.amount > 0 && rule.window != LimitRule::Window::kRate;
}

bool rated(const LimitRule& rule) {
  return rule.amount > 0 && rule.window == LimitRule::Window::kRate;
}

}  // namespace

bool LimitState::is_news(const LimitRule& rule, int64_t now_us) const {
  return told_us <= now_us && now_us - told_us < kNews * slot_us(rule);
}

double LimitState::amount(const LimitRule& rule) const {
  return amount_ > 0 ? amount_ : rule.amount;
}

bool LimitState::dropped(const LimitRule& rule, int64_t slot, int64_t now_us) {
  return windowed(rule) && slot < horizon(rule, now_us);
}

void LimitState::expire(const LimitRule& rule, int64_t now_us) {
  slots.erase(slots.begin(), slots.lower_bound(horizon(rule, now_us)));
  // What lies in the future was charged before the clock was set back.
  const int64_t current = now_us / slot_us(rule);
  double ahead = 0;
  for (auto slot = slots.upper_bound(current); slot != slots.end(); slot = slots.erase(slot)) {
    ahead += slot->second;
  }
  if (ahead > 0) {
    slots[current] += ahead;
  }
  if (charged_us > now_us) {
    filled_us -= charged_us - now_us;
    next_us -= charged_us - now_us;
    charged_us = now_us;
  }
}

double LimitState::used(const LimitRule& rule, int64_t now_us) {
  expire(rule, now_us);
  if (rated(rule)) {
    const double owed = static_cast<double>(std::max<int64_t>(0, filled_us - now_us));
    return owed / static_cast<double>(per_us(rule)) * amount(rule);
  }
  double sum = 0;
  for (const auto& [slot, cost] : slots) {
    sum += cost;
  }
  return sum;
}

int64_t LimitState::window_wait_us(const LimitRule& rule, double cost, const UnderWay& under_way,
                                   int64_t now_us) {
  const double most = amount(rule);
  double taken = under_way.dropped + used(rule, now_us);
  const double fits = std::max(0.0, most - std::min(cost, most)) + kRounding;
  if (taken <= fits) {
    const bool unsure = is_news(rule, now_us) && told + under_way.all > fits;
    return unsure ? slot_us(rule) : 0;
  }
  for (const auto& [slot, part] : slots) {
    taken -= part;
    if (taken <= fits) {
      return std::max<int64_t>(1, end_us(rule, slot, now_us) - now_us);
    }
  }
  return slot_us(rule);  // what is under way must end first
}

int64_t LimitState::rate_wait_us(const LimitRule& rule, double cost, int64_t now_us) const {
  const double unit_us = static_cast<double>(per_us(rule)) / amount(rule);
  const double burst = std::max(1.0, 1e5 / unit_us);
  const double owed = static_cast<double>(std::max<int64_t>(0, filled_us - now_us));
  const double most_owed = std::max(0.0, burst - cost) * unit_us;
  return owed <= most_owed ? 0 : static_cast<int64_t>(std::ceil(owed - most_owed));
}

int64_t LimitState::wait_us(const LimitRule& rule, double cost, const UnderWay& under_way,
                            int64_t now_us) {
  expire(rule, now_us);
  int64_t wait = std::max<int64_t>(0, next_us - now_us);
  if (windowed(rule)) {
    wait = std::max(wait, window_wait_us(rule, cost, under_way, now_us));
  } else if (rated(rule)) {
    wait = std::max(wait, rate_wait_us(rule, cost, now_us));
  }
  return wait;
}

int64_t LimitState::charge(const LimitRule& rule, double cost, int64_t now_us) {
  const int64_t slot = now_us / slot_us(rule);
  charged_us = now_us;
  if (rule.spacing.count() > 0) {
    next_us = now_us + std::chrono::microseconds(rule.spacing).count();
  }
  if (windowed(rule)) {
    slots[slot] += cost;
  } else if (rated(rule)) {
    filled_us = std::max(filled_us, now_us) +
                std::llround(cost * static_cast<double>(per_us(rule)) / amount(rule));
  }
  return slot;
}

void LimitState::settle(const LimitRule& rule, int64_t slot, double cost, int64_t now_us) {
  if (!windowed(rule)) {
    return;
  }
  const int64_t current = now_us / slot_us(rule);
  if (const auto found = slots.find(slot); found != slots.end()) {
    found->second -= cost;
    if (found->second <= kRounding) {
      slots.erase(found);
    }
  }
  slots[current] += cost;
}

void LimitState::observe_used(const LimitRule& rule, double used_there, int64_t now_us) {
  const double known = used(rule, now_us);
  const double most = std::min(used_there, 2 * amount(rule));
  if (windowed(rule) && most > known) {
    slots[now_us / slot_us(rule)] += most - known;
  }
  if (most >= told || !is_news(rule, now_us)) {  // answers overtake each other
    told = most;
    told_us = now_us;
  }
}

int64_t LimitState::free_us(const LimitRule& rule, int64_t now_us) {
  expire(rule, now_us);
  const int64_t last = slots.empty() ? 0 : end_us(rule, slots.rbegin()->first, now_us);
  const int64_t free = std::max({last, filled_us, next_us});
  return free > now_us ? free : 0;
}

bool LimitState::idle(const LimitRule& rule, int64_t now_us) {
  expire(rule, now_us);
  return slots.empty() && filled_us <= now_us && next_us <= now_us && amount_ <= 0;
}

}  // namespace sluice::host
