// SPDX-License-Identifier: Apache-2.0
//
// How much of one limit is used, on a time that the caller gives: microseconds of the wall clock,
// so that it means the same in every process and after a restart.
//
// A service counts a request when it arrives, which is some time between sending and answer. So
// cost is charged when the request goes, and moved to the time of its answer when that comes: it
// then leaves the window never before the service drops it, whatever the network's delays.
#pragma once

#include <cstdint>
#include <map>

#include "host/http/declaration.hpp"

namespace sluice::host {

// Not thread-safe.
class LimitState {
 public:
  // Cost of this process that has no answer yet.
  struct UnderWay {
    double all = 0;
    double dropped = 0;  // part of it that a window no longer counts: it may still arrive
  };
  // Microseconds until `cost` more may go, 0 = now. A cost above the whole limit goes when nothing
  // else is used.
  [[nodiscard]] int64_t wait_us(const LimitRule& rule, double cost, const UnderWay& under_way,
                                int64_t now_us);
  // Charges `cost`; gives the slot it stands in, for settle().
  int64_t charge(const LimitRule& rule, double cost, int64_t now_us);
  // The answer came: `cost` of `slot` counts from now on.
  void settle(const LimitRule& rule, int64_t slot, double cost, int64_t now_us);
  // The service says that `told` is used: more than known here is somebody else's. While it is
  // news, what is under way counts on top, since the service may not have seen it yet.
  void observe_used(const LimitRule& rule, double told, int64_t now_us);
  // The service says what the limit is today; 0 = back to the rule's own.
  void observe_amount(double amount) { amount_ = amount; }

  [[nodiscard]] double used(const LimitRule& rule, int64_t now_us);
  [[nodiscard]] double amount(const LimitRule& rule) const;
  // Does the window of now no longer reach back to `slot`?
  [[nodiscard]] static bool dropped(const LimitRule& rule, int64_t slot, int64_t now_us);
  // When all of it is free again; wall clock, 0 = now.
  [[nodiscard]] int64_t free_us(const LimitRule& rule, int64_t now_us);
  // Nothing is known that the rule alone would not say.
  [[nodiscard]] bool idle(const LimitRule& rule, int64_t now_us);

  // For keeping: cost by slot, when the next may go (rates and spacing), the learnt amount.
  std::map<int64_t, double> slots;
  int64_t next_us = 0;     // spacing
  int64_t filled_us = 0;   // rates: when all that was charged is worked off
  double told = 0;         // used, as the service said last
  int64_t told_us = 0;     // when
  int64_t charged_us = 0;  // when anything was charged last
  double learnt() const { return amount_; }

 private:
  [[nodiscard]] bool is_news(const LimitRule& rule, int64_t now_us) const;
  void expire(const LimitRule& rule, int64_t now_us);
  [[nodiscard]] int64_t window_wait_us(const LimitRule& rule, double cost,
                                       const UnderWay& under_way, int64_t now_us);
  [[nodiscard]] int64_t rate_wait_us(const LimitRule& rule, double cost, int64_t now_us) const;

  double amount_ = 0;
};

}  // namespace sluice::host
