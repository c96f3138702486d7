// SPDX-License-Identifier: Apache-2.0
//
// Who may send when: the quotas of all services, for all pipelines of the process and, through the
// shared state, for all processes on the state directory. A request waits in a line; live data
// goes before backfill, and pipelines that wait for one quota share it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/base/shared_state.hpp"
#include "host/http/declaration.hpp"
#include "host/http/head.hpp"
#include "host/http/quota.hpp"

namespace sluice::host {

struct LimitRequest {
  std::string scope;
  double cost = 1;
  bool live = true;
  std::string caller;  // pipelines that wait for one quota get equal parts of it
};

class LimitGroup;  // of one service; internal

// Leave to send one request. Given up by its end; answered() at most once, by one thread.
class Grant {
 public:
  struct Inside;
  explicit Grant(std::unique_ptr<Inside> inside);
  Grant(Grant&&) noexcept;
  Grant& operator=(Grant&&) noexcept;
  Grant(const Grant&) = delete;
  Grant& operator=(const Grant&) = delete;
  ~Grant();
  // The answer's head came: it tells what is left. `told_wait`: its Retry-After. The place among
  // requests under way is kept until the end.
  void answered(const Head& head, std::optional<std::chrono::milliseconds> told_wait);

 private:
  std::unique_ptr<Inside> inside_;
};

// Thread-safe.
class Limits {
 public:
  // `state` null: of this process alone. A state that fails later is told once by the next
  // acquire() and then done without.
  Limits(const Clock& clock, std::shared_ptr<SharedState> state, RefusalBackoff backoff = {});
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;
  ~Limits();

  // The rules that `owner` (a pipeline) knows of; replaces what it said before. Where several
  // owners speak of one rule, the strictest holds. Scope "*" is for every service of which no rule
  // speaks.
  void declare(const std::string& owner, const std::vector<LimitRule>& rules);

  // Waits until a request may go. kCancelled, or kRateLimited at once (with retry_after_ms) if the
  // wait is known to be longer than `patience`.
  Result<Grant> acquire(const LimitRequest& request, std::chrono::milliseconds patience,
                        const Cancel& cancel);
  // Nobody in `scope` sends for `wait`.
  void pause(const std::string& scope, std::chrono::milliseconds wait);
  // Units of the tightest limit that are free in `scope`; nothing if there is none.
  std::optional<double> left(const std::string& scope);

 private:
  std::shared_ptr<LimitGroup> group(const std::string& scope);
  [[nodiscard]] std::vector<LimitRule> rules_for(const std::string& service) const;

  const Clock& clock_;
  const std::shared_ptr<SharedState> state_;
  const RefusalBackoff backoff_;
  std::mutex mutex_;
  std::map<std::string, std::vector<LimitRule>> declared_;     // by owner; under mutex_
  std::map<std::string, std::shared_ptr<LimitGroup>> groups_;  // by service; under mutex_
};

}  // namespace sluice::host
