// SPDX-License-Identifier: Apache-2.0
#include "host/http/limits.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::host {
namespace {
constexpr double kMicros = 1e6;
constexpr size_t kManyScopes =
    4096;  // above this, scopes in which nothing is going on are forgotten
}  // namespace

Bucket::Bucket(double per_second) : per_second_(per_second), tokens_(burst()) {}

double Bucket::burst() const {
  return std::max(1.0, per_second_ / 10);
}

Bucket::Place Bucket::join(uint32_t cost) {
  return queue_.insert(queue_.end(), Ticket{static_cast<double>(std::max(cost, 1U)), false});
}

void Bucket::refill(int64_t now_us) {
  if (filled_us_ >= 0 && now_us > filled_us_) {
    tokens_ = std::min(burst(),
                       tokens_ + static_cast<double>(now_us - filled_us_) / kMicros * per_second_);
  }
  filled_us_ = std::max(filled_us_, now_us);
}

int64_t Bucket::wait_us(Place place, int64_t now_us) {
  if (place->granted) {
    return 0;
  }
  if (now_us < paused_until_us_) {
    return paused_until_us_ - now_us;
  }
  refill(now_us);
  double missing = 0;  // tokens short for those ahead, then for `place`
  double tokens = tokens_;
  for (auto ticket = queue_.begin(); ticket != queue_.end(); ++ticket) {
    if (!ticket->granted && per_second_ > 0) {
      // A cost above the whole bucket goes once the bucket is full, and leaves a debt.
      const double needed = std::min(ticket->cost, burst());
      if (tokens < needed) {
        missing += needed - tokens;
        tokens = needed;
      }
      tokens -= ticket->cost;
    }
    if (missing <= 0) {
      if (!ticket->granted) {
        ticket->granted = true;
        tokens_ = tokens;
      }
    }
    if (ticket == place) {
      break;
    }
  }
  return place->granted
             ? 0
             : std::max<int64_t>(1, std::llround(std::ceil(missing / per_second_ * kMicros)));
}

void Bucket::leave(Place place) {
  queue_.erase(place);
}

void Bucket::pause_until(int64_t until_us) {
  paused_until_us_ = std::max(paused_until_us_, until_us);
}

bool Bucket::idle(int64_t now_us) const {
  return queue_.empty() && now_us >= paused_until_us_;
}

Limits::Limits(std::map<std::string, double> per_second, const Clock& clock)
    : per_second_(std::move(per_second)), clock_(clock) {}

double Limits::rate(const std::string& scope) const {
  auto found = per_second_.find(scope);
  if (found == per_second_.end()) {
    found = per_second_.find("*");
  }
  const bool limited =
      found != per_second_.end() && std::isfinite(found->second) && found->second > 0;
  return limited ? found->second : 0;
}

std::shared_ptr<Limits::Scope> Limits::find(const std::string& scope, bool create) {
  const std::lock_guard lock(mutex_);
  const auto found = scopes_.find(scope);
  if (found != scopes_.end() || !create) {
    return found == scopes_.end() ? nullptr : found->second;
  }
  if (scopes_.size() >= kManyScopes) {
    const int64_t now = clock_.monotonic_us();
    std::erase_if(scopes_, [&](const auto& entry) {
      const std::lock_guard scope_lock(entry.second->mutex);
      return entry.second.use_count() == 1 && rate(entry.first) == 0 &&
             entry.second->bucket.idle(now);
    });
  }
  return scopes_.emplace(scope, std::make_shared<Scope>(rate(scope))).first->second;
}

bool Limits::acquire(const std::string& scope, uint32_t cost, const Cancel& cancel) {
  // A scope without a limit is known only once it was paused.
  const std::shared_ptr<Scope> found = find(scope, rate(scope) > 0);
  if (!found) {
    return !cancel.requested();
  }
  std::unique_lock lock(found->mutex);
  const Bucket::Place place = found->bucket.join(cost);
  bool granted = false;
  while (!cancel.requested()) {
    const int64_t wait = found->bucket.wait_us(place, clock_.monotonic_us());
    if (wait == 0) {
      granted = true;
      break;
    }
    lock.unlock();
    cancel.sleep_ms(static_cast<uint64_t>((wait + 999) / 1000));
    lock.lock();
  }
  found->bucket.leave(place);
  return granted;
}

void Limits::pause(const std::string& scope, int64_t us) {
  const std::shared_ptr<Scope> found = find(scope, true);
  const std::lock_guard lock(found->mutex);
  found->bucket.pause_until(clock_.monotonic_us() + us);
}

}  // namespace sluice::host
