// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/limits/window.hpp"

#include <algorithm>

namespace sluice::twin::limits {

Window::Window(Kind kind, double amount, std::int64_t per_us)
    : kind_(kind), amount_(amount), per_us_(std::max<std::int64_t>(1, per_us)) {}

void Window::begin(std::int64_t start_us) {
  if (!start_us_) {
    first_us_ = start_us;
  } else if (kind_ == Kind::kFirst || *start_us_ != first_us_) {
    finished_ += admitted_;
  }
  start_us_ = start_us;
  used_ = 0;
  admitted_ = 0;
  ++windows_;
}

// Leaves behind what is over at `now_us`.
void Window::roll(std::int64_t now_us) {
  if (kind_ == Kind::kSliding) {
    while (!events_.empty() && events_.front().first + per_us_ <= now_us) {
      used_ -= events_.front().second;
      events_.pop_front();
    }
    if (events_.empty()) {
      used_ = 0;  // no rounding error stays
    }
    return;
  }
  if (start_us_ && now_us >= *start_us_ + per_us_ && kind_ == Kind::kFirst) {
    used_ = 0;  // over; the next request begins a new one
  }
  if (kind_ == Kind::kClock && (!start_us_ || now_us >= *start_us_ + per_us_)) {
    begin(now_us / per_us_ * per_us_);
  }
}

bool Window::take(double cost, std::int64_t now_us, bool count_refused) {
  roll(now_us);
  if (kind_ == Kind::kFirst && (!start_us_ || now_us >= *start_us_ + per_us_)) {
    begin(now_us);
  }
  const bool fits = used_ + cost <= amount_ + 1e-9;
  highest_ = std::max(highest_, used_ + cost);
  if (fits || count_refused) {
    used_ += cost;
    if (kind_ == Kind::kSliding) {
      events_.emplace_back(now_us, cost);
    }
  }
  if (!fits) {
    return false;
  }
  admitted_ += cost;
  if (kind_ == Kind::kSliding) {
    first_us_ = start_us_ ? first_us_ : now_us;
    start_us_ = now_us;
    last_us_ = now_us;
    finished_ += cost;
  }
  return true;
}

double Window::used(std::int64_t now_us) {
  roll(now_us);
  return used_;
}

std::int64_t Window::left_us(std::int64_t now_us) {
  roll(now_us);
  if (kind_ == Kind::kSliding) {
    return events_.empty() ? 0 : events_.front().first + per_us_ - now_us;
  }
  return start_us_ ? std::max<std::int64_t>(0, *start_us_ + per_us_ - now_us) : 0;
}

std::optional<double> Window::share() const {
  if (!start_us_) {
    return std::nullopt;
  }
  const auto per = static_cast<double>(per_us_);
  if (kind_ == Kind::kSliding) {
    // The first windowful may go at once; from then on so much can leave as has left the window.
    const double capacity = amount_ * static_cast<double>(last_us_ - first_us_) / per;
    return capacity < amount_ ? std::nullopt : std::optional((finished_ - amount_) / capacity);
  }
  const double elapsed = static_cast<double>(*start_us_ - first_us_) / per;
  const double whole = kind_ == Kind::kClock ? elapsed - 1 : elapsed;
  return whole < 0.5 ? std::nullopt : std::optional(finished_ / (amount_ * whole));
}

}  // namespace sluice::twin::limits
