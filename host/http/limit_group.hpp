// SPDX-License-Identifier: Apache-2.0
//
// The line of requests of one service: whose turn it is, given what the quota allows.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/http/limits.hpp"
#include "host/http/quota.hpp"

namespace sluice::host {

// Thread-safe. The quota is looked at by whoever comes to wait, and by one waiting thread when
// something gets free; the others sleep until it is their turn.
class LimitGroup {
 public:
  // `rules`: all that begin with this service, or with "*" where none does.
  LimitGroup(std::string service, std::vector<LimitRule> rules, const Clock& clock,
             std::shared_ptr<SharedState> state, RefusalBackoff backoff);
  void set_rules(std::vector<LimitRule> rules);

  struct Sent {
    std::vector<std::string> chain;
    Quota::Charges charges;
    std::vector<BoundRule> rules;
    double cost = 0;
    bool settled = false;
  };
  Result<std::shared_ptr<Sent>> acquire(const LimitRequest& request,
                                        std::chrono::milliseconds patience, const Cancel& cancel);
  void answered(Sent& sent, const Head& head, std::optional<std::chrono::milliseconds> told_wait);
  void finished(Sent& sent);
  void pause(const std::string& scope, std::chrono::milliseconds wait, PauseReason why);
  // How long the service has still banned the address; 0 = it has not.
  std::chrono::milliseconds ban_left();
  std::optional<double> left(const std::string& scope);
  // Nothing is under way, waiting or known: may be forgotten.
  bool idle();

 private:
  struct Ticket {
    const LimitRequest& request;
    std::vector<std::string> chain;
    std::vector<BoundRule> rules;
    int64_t patience_us = 0;
    std::condition_variable wake;
    std::shared_ptr<Sent> granted;
    Quota::Wait wait;
    [[nodiscard]] bool in_vain() const { return !wait.unknown && wait.us > patience_us; }
  };
  using UnderWay = Quota::UnderWay;
  using Line = std::list<Ticket*>;

  [[nodiscard]] std::vector<BoundRule> bind(const std::vector<std::string>& chain) const;
  void look();  // grants whatever may go now, and finds out when to look again
  [[nodiscard]] std::vector<Ticket*> in_turn() const;
  bool grant_next(int64_t now_us, const UnderWay& under_way);
  Quota::Wait try_grant(Ticket& ticket, int64_t now_us, const UnderWay& under_way);
  [[nodiscard]] bool concurrent_full(const Ticket& ticket, Quota::Wait& wait) const;
  void grant(Ticket& ticket, int64_t now_us);
  [[nodiscard]] UnderWay under_way(int64_t now_us) const;
  [[nodiscard]] bool unlimited(const Ticket& ticket) const;
  void note_waiting(int64_t now_us);
  void sleep(Ticket& ticket, std::unique_lock<std::mutex>& lock);
  void hand_over();
  template <class Change>
  void with_quota(Change change);

  const std::string service_;
  const Clock& clock_;
  const std::shared_ptr<SharedState> state_;
  std::mutex mutex_;
  // All under mutex_.
  std::vector<LimitRule> rules_;
  Quota quota_;
  std::string quota_text_;       // as quota_ was read or written last
  int64_t read_us_ = INT64_MIN;  // when quota_ was held against the state last; wall clock
  bool state_failed_ = false;
  Line line_;                                  // in order of arrival
  Ticket* sleeper_ = nullptr;                  // the one that looks again when it is time
  int64_t look_at_us_ = 0;                     // wall clock
  std::map<std::string, double> served_;       // cost by caller, of those that wait
  std::map<std::string, uint32_t> under_way_;  // requests by rule's key, for concurrency
  std::set<std::shared_ptr<Sent>> sent_;       // without an answer yet
  uint32_t live_in_a_row_ = 0;
  int64_t noted_us_ = 0;
};

}  // namespace sluice::host
