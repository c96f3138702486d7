// SPDX-License-Identifier: Apache-2.0
#include "host/http/limit_group.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::host {
namespace {

constexpr int64_t kLongestSleep = 5'000'000;  // another process or a person may change the state
constexpr int64_t kNoteEvery = 250'000;
constexpr uint32_t kLiveInARow = 9;  // then backfill that waits gets one
constexpr double kUnlimited = 1e15;

std::string rule_key(const std::string& scope, const LimitRule& rule) {
  return rule.name.empty() ? scope : scope + " " + rule.name;
}

// Does `rule` hold for `scope`, itself or as one of "above/*"?
bool holds_for(const LimitRule& rule, const std::string& scope) {
  if (rule.scope == scope || rule.scope == "*") {
    return rule.scope == scope || scope.find('/') == std::string::npos;
  }
  if (!rule.scope.ends_with("/*")) {
    return false;
  }
  const std::string above = rule.scope.substr(0, rule.scope.size() - 1);  // with its slash
  return scope.size() > above.size() && scope.starts_with(above) &&
         scope.find('/', above.size()) == std::string::npos;
}

}  // namespace

LimitGroup::LimitGroup(std::string service, std::vector<LimitRule> rules, const Clock& clock,
                       std::shared_ptr<SharedState> state, RefusalBackoff backoff)
    : service_(std::move(service)),
      clock_(clock),
      state_(std::move(state)),
      rules_(std::move(rules)),
      quota_(backoff) {}

void LimitGroup::set_rules(std::vector<LimitRule> rules) {
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  for (Ticket* ticket : line_) {
    ticket->rules = bind(ticket->chain);
  }
  hand_over();
}

std::vector<BoundRule> LimitGroup::bind(const std::vector<std::string>& chain) const {
  std::vector<BoundRule> out;
  for (const std::string& scope : chain) {
    for (const LimitRule& rule : rules_) {
      if (holds_for(rule, scope)) {
        out.push_back({rule_key(scope, rule), rule});
      }
    }
  }
  return out;
}

// Changes the quota as it is in the shared state. A state that fails is done without: politeness
// within the process is better than none.
template <class Change>
void LimitGroup::with_quota(Change change) {
  const auto update = [&](std::string& text) {
    if (text != quota_text_) {
      quota_.load(text);
    }
    change();
    quota_text_ = quota_.text(clock_.now_us());
    const bool changed = text != quota_text_;
    text = quota_text_;
    return changed;
  };
  if (!state_failed_) {
    if (state_->update(service_, update)) {
      read_us_ = clock_.now_us();
      return;
    }
    state_failed_ = true;
  }
  std::string text = quota_text_;
  update(text);
  read_us_ = clock_.now_us();
}

Result<std::shared_ptr<LimitGroup::Sent>> LimitGroup::acquire(const LimitRequest& request,
                                                              std::chrono::milliseconds patience,
                                                              const Cancel& cancel) {
  const std::stop_callback on_cancel(cancel.token(), [this] {
    const std::lock_guard lock(mutex_);
    for (Ticket* ticket : line_) {
      ticket->wake.notify_one();
    }
  });
  std::unique_lock lock(mutex_);
  Ticket ticket{request, scope_chain(request.scope), {}, {}, {}, {}, {}};
  ticket.rules = bind(ticket.chain);
  ticket.patience_us = std::chrono::microseconds(patience).count();
  const auto place = line_.insert(line_.end(), &ticket);
  if (unlimited(ticket)) {
    grant(ticket, clock_.now_us());
  } else {
    const int64_t planned_us = look_at_us_;
    look();
    if (look_at_us_ < planned_us && sleeper_ != nullptr) {
      sleeper_->wake.notify_one();  // it sleeps to the later time
    }
  }
  std::optional<Error> error;
  while (!ticket.granted && !error) {
    if (cancel.requested()) {
      error = Error{Code::kCancelled, "cancelled", 0, 0};
    } else if (ticket.in_vain()) {
      const auto wait_ms = static_cast<uint32_t>(
          std::min<int64_t>(ticket.wait.us / 1000, std::numeric_limits<uint32_t>::max()));
      error = Error{Code::kRateLimited,
                    ticket.wait.blocking + ": " + ticket.wait.why + " for another " +
                        std::to_string(ticket.wait.us / 1'000'000) + " s",
                    wait_ms, 0};
    } else {
      sleep(ticket, lock);
    }
  }
  line_.erase(place);
  if (sleeper_ == &ticket) {
    sleeper_ = nullptr;
  }
  if (line_.empty()) {
    served_.clear();
    note_waiting(std::numeric_limits<int64_t>::max());
  }
  hand_over();
  if (error) {
    return *std::move(error);
  }
  return std::move(ticket.granted);
}

void LimitGroup::sleep(Ticket& ticket, std::unique_lock<std::mutex>& lock) {
  if (sleeper_ != nullptr && sleeper_ != &ticket) {
    ticket.wake.wait(lock);
    return;
  }
  sleeper_ = &ticket;
  const int64_t wait_us = look_at_us_ - clock_.now_us();
  if (wait_us > 0) {
    ticket.wake.wait_for(lock, std::chrono::microseconds(std::min(wait_us, kLongestSleep)));
  }
  if (!ticket.granted) {
    look();
  }
}

// Somebody has to look when it is time.
void LimitGroup::hand_over() {
  if (sleeper_ != nullptr) {
    sleeper_->wake.notify_one();
  } else if (!line_.empty()) {
    line_.front()->wake.notify_one();
  }
}

std::vector<LimitGroup::Ticket*> LimitGroup::in_turn() const {
  std::vector<Ticket*> out;
  for (Ticket* ticket : line_) {
    if (!ticket->granted) {
      out.push_back(ticket);
    }
  }
  const bool backfill_first = live_in_a_row_ >= kLiveInARow;
  const auto served = [&](const Ticket* ticket) {
    const auto found = served_.find(ticket->request.caller);
    return found == served_.end() ? 0.0 : found->second;
  };
  std::stable_sort(out.begin(), out.end(), [&](const Ticket* left, const Ticket* right) {
    if (left->request.live != right->request.live) {
      return left->request.live != backfill_first;
    }
    return served(left) < served(right);
  });
  return out;
}

void LimitGroup::look() {
  with_quota([&] {
    const int64_t now_us = clock_.now_us();
    const UnderWay sent = under_way(now_us);
    while (grant_next(now_us, sent)) {  // whose turn it is changes with every grant
    }
    note_waiting(now_us);
  });
}

bool LimitGroup::grant_next(int64_t now_us, const UnderWay& sent) {
  look_at_us_ = std::numeric_limits<int64_t>::max();
  std::map<std::string, Quota::Wait> blocked;
  for (Ticket* ticket : in_turn()) {
    // Nobody overtakes one who waits for the same thing: a large cost would wait for ever.
    const Quota::Wait* behind = nullptr;
    const auto look_up = [&](const std::string& key) {
      const auto found = blocked.find(key);
      behind = found == blocked.end() ? behind : &found->second;
    };
    std::for_each(ticket->chain.begin(), ticket->chain.end(), look_up);
    std::for_each(ticket->rules.begin(), ticket->rules.end(),
                  [&](const BoundRule& bound) { look_up(bound.key); });
    ticket->wait = behind != nullptr ? *behind : try_grant(*ticket, now_us, sent);
    if (ticket->granted) {
      return true;
    }
    if (behind == nullptr) {
      blocked.emplace(ticket->wait.blocking, ticket->wait);
      look_at_us_ = std::min(look_at_us_, now_us + ticket->wait.us);
    }
    if (ticket->in_vain()) {
      ticket->wake.notify_one();
    }
  }
  return false;
}

Quota::Wait LimitGroup::try_grant(Ticket& ticket, int64_t now_us, const UnderWay& sent) {
  Quota::Wait wait = quota_.wait(ticket.chain, ticket.rules, ticket.request.cost, sent, now_us);
  if (wait.us == 0 && !concurrent_full(ticket, wait)) {
    grant(ticket, now_us);
  }
  return wait;
}

// Nothing is known that could hold it back, and that was so in the shared state a moment ago.
bool LimitGroup::unlimited(const Ticket& ticket) const {
  return ticket.rules.empty() && line_.size() == 1 && quota_text_.empty() &&
         clock_.now_us() < read_us_ + kNoteEvery;
}

bool LimitGroup::concurrent_full(const Ticket& ticket, Quota::Wait& wait) const {
  for (const BoundRule& bound : ticket.rules) {
    const auto count = under_way_.find(bound.key);
    if (bound.rule.concurrent > 0 && count != under_way_.end() &&
        count->second >= bound.rule.concurrent) {
      wait = {kLongestSleep, bound.key, "as many requests as may be are under way", true};
      return true;
    }
  }
  return false;
}

void LimitGroup::grant(Ticket& ticket, int64_t now_us) {
  const LimitRequest& request = ticket.request;
  auto sent = std::make_shared<Sent>();
  sent->chain = ticket.chain;
  sent->rules = ticket.rules;
  sent->cost = request.cost;
  sent->charges = quota_.charge(ticket.chain, ticket.rules, request.cost, now_us);
  for (const BoundRule& bound : ticket.rules) {
    ++under_way_[bound.key];
  }
  sent_.insert(sent);
  // A caller that comes anew begins where the others are, not at zero.
  if (!served_.contains(request.caller)) {
    double least = 0;
    for (const auto& [caller, cost] : served_) {
      least = least == 0 ? cost : std::min(least, cost);
    }
    served_[request.caller] = least;
  }
  served_[request.caller] += request.cost;
  live_in_a_row_ = request.live ? live_in_a_row_ + 1 : 0;
  ticket.granted = std::move(sent);
  ticket.wake.notify_one();
}

LimitGroup::UnderWay LimitGroup::under_way(int64_t now_us) const {
  UnderWay out;
  for (const auto& sent : sent_) {
    for (const auto& [bound, slot] : sent->charges) {
      LimitState::UnderWay& of_rule = out[bound.key];
      of_rule.all += sent->cost;
      of_rule.dropped += LimitState::dropped(bound.rule, slot, now_us) ? sent->cost : 0;
    }
  }
  return out;
}

void LimitGroup::note_waiting(int64_t now_us) {
  const std::string process = std::to_string(getpid());
  Quota::Waiting note;
  std::set<std::string> callers;
  for (const Ticket* ticket : line_) {
    if (!ticket->granted) {
      ++note.requests;
      callers.insert(ticket->request.caller);
      note.why = note.why.empty() ? ticket->wait.why : note.why;
    }
  }
  if (now_us == std::numeric_limits<int64_t>::max()) {  // the line is empty
    if (noted_us_ != 0) {
      noted_us_ = 0;
      with_quota([&] { quota_.waiting().erase(process); });
    }
    return;
  }
  if (note.requests == 0 || now_us < noted_us_ + kNoteEvery) {
    return;
  }
  for (const std::string& caller : callers) {
    note.callers += (note.callers.empty() ? "" : ", ") + caller;
  }
  noted_us_ = now_us;
  auto& waiting = quota_.waiting();
  std::erase_if(waiting, [](const auto& entry) { return !process_lives(entry.first); });
  waiting[process] = note;
}

void LimitGroup::answered(Sent& sent, const Head& head,
                          std::optional<std::chrono::milliseconds> told_wait) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(sent.settled, true)) {
    return;
  }
  std::erase_if(sent_, [&](const auto& other) { return other.get() == &sent; });
  const bool says_nothing =
      sent.charges.empty() && quota_text_.empty() && head.status < 400 && !speaks_of_limits(head);
  if (says_nothing) {
    return;
  }
  double under_way = 0;
  for (const auto& other : sent_) {
    under_way += other->cost;
  }
  with_quota([&] {
    quota_.answered(sent.chain, sent.charges, sent.cost, under_way, head, told_wait,
                    clock_.now_us());
  });
  hand_over();
}

void LimitGroup::finished(Sent& sent) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(sent.settled, true)) {
    std::erase_if(sent_, [&](const auto& other) { return other.get() == &sent; });
    if (!sent.charges.empty()) {
      with_quota([&] { quota_.lost(sent.charges, sent.cost, clock_.now_us()); });
    }
  }
  bool awaited = false;
  for (const BoundRule& bound : sent.rules) {
    auto& count = under_way_[bound.key];
    count -= count > 0 ? 1 : 0;
    awaited = awaited || bound.rule.concurrent > 0;
    if (count == 0) {
      under_way_.erase(bound.key);
    }
  }
  if (awaited) {
    look_at_us_ = 0;
    hand_over();
  }
}

void LimitGroup::pause(const std::string& scope, std::chrono::milliseconds wait, PauseReason why) {
  const std::lock_guard lock(mutex_);
  with_quota(
      [&] { quota_.pause(scope, clock_.now_us() + std::chrono::microseconds(wait).count(), why); });
}

std::chrono::milliseconds LimitGroup::ban_left() {
  const std::lock_guard lock(mutex_);
  if (clock_.now_us() >= read_us_ + kNoteEvery) {
    with_quota([] {});
  }
  const auto found = quota_.scopes().find(service_);
  if (found == quota_.scopes().end() || found->second.why != PauseReason::kBanned) {
    return std::chrono::milliseconds(0);
  }
  const int64_t left_us = found->second.paused_until_us - clock_.now_us();
  return std::chrono::milliseconds(left_us > 0 ? left_us / 1000 + 1 : 0);
}

std::optional<double> LimitGroup::left(const std::string& scope) {
  const std::lock_guard lock(mutex_);
  double least = kUnlimited;
  with_quota([&] {
    const int64_t now_us = clock_.now_us();
    const auto chain = scope_chain(scope);
    for (const BoundRule& bound : bind(chain)) {
      if (bound.rule.amount > 0) {
        LimitState& state = quota_.limits()[bound.key];
        least = std::min(least, state.amount(bound.rule) - state.used(bound.rule, now_us));
      }
    }
    for (const std::string& name : chain) {
      const auto found = quota_.scopes().find(name);
      if (found == quota_.scopes().end()) {
        continue;
      }
      if (found->second.paused_until_us > now_us) {
        least = 0;
      } else if (found->second.reset_us > now_us && found->second.left >= 0) {
        least = std::min(least, found->second.left);
      }
    }
  });
  return least < kUnlimited ? std::optional(std::max(0.0, least)) : std::nullopt;
}

bool LimitGroup::idle() {
  const std::lock_guard lock(mutex_);
  return line_.empty() && sent_.empty() && under_way_.empty() && rules_.empty() &&
         quota_text_.empty();
}

}  // namespace sluice::host
