// SPDX-License-Identifier: Apache-2.0
//
// Requests per second, per scope, for all callers of the process together: a token bucket and a
// queue in the order of arrival. A pause (Retry-After) holds back everybody in the scope.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"

namespace sluice::host {

// One scope's bucket and queue, on a time that the caller gives: monotonic microseconds. Not
// thread-safe.
class Bucket {
 public:
  struct Ticket {
    double cost = 1;
    bool granted = false;
  };
  using Place = std::list<Ticket>::iterator;

  // `per_second` 0 = no limit but pauses. A tenth of a second's worth may go at once, at least one.
  explicit Bucket(double per_second);

  Place join(uint32_t cost);
  // Grants in order of arrival whatever may go at `now_us`; then the microseconds until `place` may
  // be granted, 0 = it is. The time is a lower bound while a pause or an earlier place may still
  // change it: ask again.
  int64_t wait_us(Place place, int64_t now_us);
  void leave(Place place);  // granted and sent, or given up
  void pause_until(int64_t until_us);
  [[nodiscard]] bool idle(int64_t now_us) const;  // nobody waits and no pause is on

 private:
  void refill(int64_t now_us);
  [[nodiscard]] double burst() const;

  const double per_second_;
  double tokens_;
  int64_t filled_us_ = -1;  // when tokens_ was right; -1 = never yet
  int64_t paused_until_us_ = INT64_MIN;
  std::list<Ticket> queue_;
};

// Thread-safe.
class Limits {
 public:
  // Rates by scope; "*" = every other scope. Rates that are no positive number mean no limit.
  Limits(std::map<std::string, double> per_second, const Clock& clock);

  // Waits until a request of `cost` may go. False if cancelled before.
  bool acquire(const std::string& scope, uint32_t cost, const Cancel& cancel);
  // Nobody in `scope` sends for `us` microseconds from now; a longer pause that is on stays.
  void pause(const std::string& scope, int64_t us);

 private:
  struct Scope {
    explicit Scope(double per_second) : bucket(per_second) {}
    std::mutex mutex;
    Bucket bucket;  // under mutex
  };
  [[nodiscard]] double rate(const std::string& scope) const;
  std::shared_ptr<Scope> find(const std::string& scope, bool create);

  const std::map<std::string, double> per_second_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Scope>> scopes_;  // under mutex_
};

}  // namespace sluice::host
