// SPDX-License-Identifier: Apache-2.0
//
// All limits of one service, that is of one scope's first part and everything below it: what is
// used, what was learnt from answers, until when it wants to be left alone. Kept as a text, so that
// it outlives the process and other processes go on from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/http/declaration.hpp"
#include "host/http/limit_headers.hpp"
#include "host/http/limit_state.hpp"

namespace sluice::host {

// Why nobody sends.
enum class PauseReason : uint8_t { kNone, kRetryAfter, kTooMany, kBanned, kAskedFor };
const char* text_of(PauseReason reason);

// Is there a process of this number?
bool process_lives(const std::string& id);

// The scope and all above it: "a/b/c" gives "a", "a/b", "a/b/c".
std::vector<std::string> scope_chain(std::string_view scope);

// A rule as it holds for one scope.
struct BoundRule {
  std::string key;  // scope and rule's name: what its state goes by
  LimitRule rule;
};

// How long to leave a service alone that answers 429 without saying how long; doubles with each.
struct RefusalBackoff {
  std::chrono::milliseconds base{1'000};
  std::chrono::milliseconds cap{60'000};
};

// Not thread-safe.
class Quota {
 public:
  explicit Quota(RefusalBackoff backoff = {}) : backoff_(backoff) {}
  // What a scope knows of itself without rules.
  struct Scope {
    int64_t paused_until_us = 0;  // wall clock
    PauseReason why = PauseReason::kNone;
    uint32_t refusals = 0;  // answers of 429 and 418 in a row
    double left = -1;       // as the service said last, less what went since; -1 = unknown
    double limit = 0;       // 0 = unknown
    int64_t reset_us = 0;   // when `left` begins anew; 0 = unknown
    [[nodiscard]] bool idle(int64_t now_us) const;
  };
  struct Wait {
    int64_t us = 0;        // 0 = may go
    std::string blocking;  // key or scope that it waits for
    std::string why;       // for people
    bool unknown = false;  // it ends with another request, nobody can say when
  };
  // The requests of one process that wait, for people.
  struct Waiting {
    uint32_t requests = 0;
    std::string callers;  // "candles, items"
    std::string why;
    bool operator==(const Waiting&) const = default;
  };
  using UnderWay = std::map<std::string, LimitState::UnderWay>;  // by rule's key
  // A request's cost under way, by rule.
  using Charges = std::vector<std::pair<BoundRule, int64_t>>;  // with its slot

  // `text` as text() gave it; whatever it does not understand is forgotten.
  void load(std::string_view text);
  [[nodiscard]] std::string text(int64_t now_us);

  [[nodiscard]] Wait wait(const std::vector<std::string>& chain,
                          const std::vector<BoundRule>& rules, double cost,
                          const UnderWay& under_way, int64_t now_us);
  Charges charge(const std::vector<std::string>& chain, const std::vector<BoundRule>& rules,
                 double cost, int64_t now_us);
  // An answer came for a request that was charged. `under_way` is the cost of others that wait for
  // theirs, `told_wait` its Retry-After.
  void answered(const std::vector<std::string>& chain, const Charges& charges, double cost,
                double under_way, const Head& head,
                std::optional<std::chrono::milliseconds> told_wait, int64_t now_us);
  // There will be no answer.
  void lost(const Charges& charges, double cost, int64_t now_us);
  void pause(const std::string& scope, int64_t until_us, PauseReason why);

  [[nodiscard]] const std::map<std::string, Scope>& scopes() const { return scopes_; }
  [[nodiscard]] std::map<std::string, LimitState>& limits() { return limits_; }
  [[nodiscard]] const std::map<std::string, LimitRule>& rules() const { return rules_; }
  [[nodiscard]] std::map<std::string, Waiting>& waiting() { return waiting_; }

 private:
  void learn(const std::string& scope, const LimitFacts& facts, int64_t now_us);
  void refuse(const std::vector<std::string>& chain, uint32_t status, const LimitFacts& facts,
              std::optional<std::chrono::milliseconds> told_wait, int64_t now_us);

  RefusalBackoff backoff_;
  std::map<std::string, LimitState> limits_;  // by key
  std::map<std::string, LimitRule> rules_;    // of limits_, as last used
  std::map<std::string, Scope> scopes_;
  std::map<std::string, Waiting> waiting_;  // by process id
};

}  // namespace sluice::host
