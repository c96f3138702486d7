// SPDX-License-Identifier: Apache-2.0
#include "host/http/limits.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "harness.hpp"
#include "host/http/limit_state.hpp"
#include "host/http/limit_view.hpp"
#include "host/http/quota.hpp"
#include "limit_rules.hpp"

using namespace sluice;
using host::LimitRule;
using host::LimitState;
using std::chrono::milliseconds;
using test::answer;
using test::rule;
using Window = host::LimitRule::Window;

namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kStart = 1'700'000'003'456'789;  // no round time

// A service that counts arrivals in any stretch of its window, the strictest there is.
class Service {
 public:
  explicit Service(const LimitRule& rule) : rule_(rule) {}
  void arrive(int64_t at_us, double cost) { arrivals_.emplace_back(at_us, cost); }
  [[nodiscard]] double most() {
    std::sort(arrivals_.begin(), arrivals_.end());
    double sum = 0, most = 0;
    size_t oldest = 0;
    for (const auto& [at_us, cost] : arrivals_) {
      sum += cost;
      while (arrivals_[oldest].first <= at_us - rule_.per.count() * 1000) {
        sum -= arrivals_[oldest++].second;
      }
      most = std::max(most, sum);
    }
    return most;
  }

 private:
  const LimitRule rule_;
  std::vector<std::pair<int64_t, double>> arrivals_;
};

// Sends as fast as the limit allows for `seconds`; each answer takes `latency_us`, and the request
// arrives at a part of it that differs from one to the next. Units sent.
double full_speed(const LimitRule& limit, Service& service, double cost, int64_t seconds,
                  int64_t latency_us) {
  LimitState state;
  double sent = 0;
  int turn = 0;
  for (int64_t now_us = kStart; now_us < kStart + seconds * kSecond;) {
    if (const int64_t wait_us = state.wait_us(limit, cost, {}, now_us); wait_us > 0) {
      now_us += wait_us;
      continue;
    }
    const int64_t slot = state.charge(limit, cost, now_us);
    service.arrive(now_us + (++turn % 3) * latency_us / 2, cost);
    now_us += latency_us;
    state.settle(limit, slot, cost, now_us);
    sent += cost;
  }
  return sent;
}

const std::vector<std::string> kChain{"api"};

}  // namespace

TEST_CASE("limits: a window is used to the full and never beyond", "[unit][http]") {
  const auto [amount, per_ms, cost, latency_us] =
      GENERATE(table<double, int, double, int64_t>({{20, 60'000, 1, 3'000},
                                                    {100, 1'000, 1, 200},
                                                    {6'000, 60'000, 2, 500},
                                                    {6'000, 60'000, 20, 30'000},
                                                    {36'000, 3'600'000, 1, 20'000},
                                                    {250, 10'000, 1, 1'000}}));
  const LimitRule limit = rule(amount, milliseconds(per_ms));
  Service service(limit);
  const int64_t seconds = std::max<int64_t>(4, 4 * per_ms / 1000);
  const double sent = full_speed(limit, service, cost, seconds, latency_us);
  CAPTURE(amount, per_ms, cost);
  CHECK(service.most() <= amount);
  const double allowed =
      std::min(amount * static_cast<double>(seconds) * 1000 / per_ms,
               cost * static_cast<double>(seconds * kSecond) / static_cast<double>(latency_us));
  CHECK(sent >= 0.95 * allowed);
}

TEST_CASE("limits: a fixed window begins anew by the wall clock", "[unit][http]") {
  const LimitRule limit = rule(10, milliseconds(60'000), Window::kFixed);
  LimitState state;
  const int64_t minute = 1'700'000'040 * kSecond;  // :00
  for (int i = 0; i < 10; ++i) {
    const int64_t now_us = minute + 50 * kSecond + i;
    REQUIRE(state.wait_us(limit, 1, {}, now_us) == 0);
    state.charge(limit, 1, now_us);
  }
  const int64_t wait_us = state.wait_us(limit, 1, {}, minute + 50 * kSecond + 10);
  CHECK(wait_us >= 10 * kSecond - 10);  // not before the minute turns
  CHECK(wait_us <= 12 * kSecond);       // and little after: clocks differ
}

TEST_CASE("limits: what went around the turn of a fixed window counts on both sides",
          "[unit][http]") {
  const LimitRule limit = rule(10, milliseconds(60'000), Window::kFixed);
  LimitState state;
  const int64_t turn = 1'700'000'040 * kSecond;
  for (int i = 0; i < 10; ++i) {
    state.charge(limit, 1, turn - 1000);  // the service's clock may say that it is after the turn
  }
  CHECK(state.wait_us(limit, 1, {}, turn + kSecond) > 30 * kSecond);
}

TEST_CASE("limits: a rate goes evenly, with a small burst", "[unit][http]") {
  const auto [amount, per_ms, cost, count, expected_us] =
      GENERATE(table<double, int, double, int, double>({{50, 1'000, 1, 1005, 20e6},
                                                        {500, 1'000'000, 1, 11, 20e6},
                                                        {10, 1'000, 20, 101, 200e6}}));
  const LimitRule limit = rule(amount, milliseconds(per_ms), Window::kRate);
  LimitState state;
  int64_t now_us = kStart;
  for (int i = 0; i < count; ++i) {
    while (const int64_t wait_us = state.wait_us(limit, cost, {}, now_us)) {
      now_us += wait_us;
    }
    state.charge(limit, cost, now_us);
  }
  CHECK(static_cast<double>(now_us - kStart) == Approx(expected_us).epsilon(0.01));
}

TEST_CASE("limits: requests keep their spacing", "[unit][http]") {
  LimitRule limit = rule(0, milliseconds(0));
  limit.spacing = milliseconds(250);
  LimitState state;
  CHECK(state.wait_us(limit, 1, {}, kStart) == 0);
  state.charge(limit, 1, kStart);
  CHECK(state.wait_us(limit, 1, {}, kStart + 100'000) == 150'000);
}

TEST_CASE("limits: a cost above the whole limit goes when nothing else is used", "[unit][http]") {
  const LimitRule limit = rule(10, milliseconds(1'000));
  LimitState state;
  state.charge(limit, 1, kStart);
  CHECK(state.wait_us(limit, 50, {}, kStart + 1) > 0);
  CHECK(state.wait_us(limit, 50, {}, kStart + 2 * kSecond) == 0);
}

TEST_CASE("limits: a clock that is set back by a year stops nobody for a year", "[unit][http]") {
  const Window window = GENERATE(Window::kSliding, Window::kFixed, Window::kRate);
  LimitRule limit = rule(10, milliseconds(1'000), window);
  limit.spacing = milliseconds(100);
  LimitState state;
  for (int i = 0; i < 10; ++i) {
    state.charge(limit, 1, kStart);
  }
  int64_t now_us = kStart - 365LL * 86'400 * kSecond;
  const int64_t before = now_us;
  while (const int64_t wait_us = state.wait_us(limit, 1, {}, now_us)) {
    now_us += wait_us;
  }
  CHECK(now_us - before <= 3 * kSecond);
}

TEST_CASE("limits: what others use of a quota is learnt from the service", "[unit][http]") {
  LimitRule limit = rule(6000, milliseconds(60'000));
  limit.used_header = "X-MBX-USED-WEIGHT-1M";
  host::Quota quota;
  const std::vector<host::BoundRule> rules{{"api", limit}};
  const auto charges = quota.charge(kChain, rules, 2, kStart);
  quota.answered(kChain, charges, 2, 0, answer(200, {{"x-mbx-used-weight-1m", "5999"}}), {},
                 kStart + 1000);
  CHECK(quota.wait(kChain, rules, 1, {}, kStart + 2000).us == 0);
  CHECK(quota.wait(kChain, rules, 2, {}, kStart + 2000).us > 50 * kSecond);
}

TEST_CASE("limits: what is under way may be missing from what a service told", "[unit][http]") {
  const LimitRule limit = rule(100, milliseconds(60'000));
  LimitState state;
  for (int i = 0; i < 10; ++i) {
    state.charge(limit, 1, kStart);  // eight of these have no answer yet
  }
  // Somebody else has used at least 88; what is under way may be among the 98 or not.
  state.observe_used(limit, 98, kStart + 1000);
  CHECK(state.wait_us(limit, 1, {8, 0}, kStart + 2000) > 0);
  CHECK(state.wait_us(limit, 1, {0, 0}, kStart + 2000) == 0);
}

TEST_CASE("limits: a service may change its limit by a header", "[unit][http]") {
  LimitRule limit = rule(1200, milliseconds(60'000));
  limit.limit_header = "X-Limit";
  host::Quota quota;
  const std::vector<host::BoundRule> rules{{"api", limit}};
  const auto charges = quota.charge(kChain, rules, 1000, kStart);
  CHECK(quota.wait(kChain, rules, 1000, {}, kStart).us > 0);
  quota.answered(kChain, charges, 1000, 0, answer(200, {{"X-Limit", "6000"}}), {}, kStart + 1);
  CHECK(quota.wait(kChain, rules, 1000, {}, kStart + 2).us == 0);
}

TEST_CASE("limits: remaining and reset are read in all dialects", "[unit][http]") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const auto [fields, seconds] = GENERATE(table<Fields, double>({
      {{{"RateLimit-Limit", "20"}, {"RateLimit-Remaining", "0"}, {"RateLimit-Reset", "42"}}, 43},
      {{{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset-after", "1.25"}}, 1.25},
      {{{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1700000033.456789"}}, 30},
      {{{"X-RateLimit-Remaining", "0"},
        {"X-RateLimit-Reset", "1700000133"},
        {"Date", "Tue, 14 Nov 2023 22:15:23 GMT"}},  // 1700000123: the service's clock is ahead
       11},
      {{{"X-Rate-Limit-Remaining", "0"}, {"X-Rate-Limit-Reset", "1700000033456"}}, 30},
      {{{"RateLimit", "limit=10, remaining=0, reset=7"}}, 8},
      {{{"RateLimit", "\"default\";r=0;t=7"}}, 8},
      {{{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "Tue, 14 Nov 2023 22:13:53 GMT"}},
       31},
  }));
  host::Quota quota;
  quota.answered(kChain, {}, 1, 0, answer(200, fields), {}, kStart);
  const auto wait = quota.wait(kChain, {}, 1, {}, kStart);
  CAPTURE(fields.front().first);
  CHECK(static_cast<double>(wait.us) / 1e6 == Approx(seconds).margin(1.01));
  CHECK(wait.us > 0);
  CHECK(quota.wait(kChain, {}, 1, {}, kStart + wait.us).us == 0);
}

TEST_CASE("limits: nonsense in limit headers is not believed", "[unit][http]") {
  const std::string reset =
      GENERATE("-5", "soon", "1e9", "0x10", "99999999999999999999", "5 s", "1500000000", "NaN", "");
  const std::string left = GENERATE("0", "-3", "none");
  host::Quota quota;
  quota.answered(kChain, {}, 1, 0,
                 answer(200, {{"X-RateLimit-Remaining", left}, {"X-RateLimit-Reset", reset}}), {},
                 kStart);
  CHECK(quota.wait(kChain, {}, 1, {}, kStart).us == 0);
}

TEST_CASE("limits: an advice of plenty does not outlive a 429", "[unit][http]") {
  host::Quota quota;
  const std::vector<std::string> route{"discord.com", "discord.com/channels/1"};
  quota.answered(route, {}, 1, 0,
                 answer(200, {{"X-RateLimit-Remaining", "999"},
                              {"X-RateLimit-Limit", "1000"},
                              {"X-RateLimit-Reset-After", "5.5"}}),
                 {}, kStart);
  CHECK(quota.wait(route, {}, 1, {}, kStart).us == 0);
  SECTION("of the route alone") {
    quota.answered(route, {}, 1, 0,
                   answer(429, {{"X-RateLimit-Remaining", "0"},
                                {"X-RateLimit-Limit", "5"},
                                {"X-RateLimit-Scope", "user"},
                                {"X-RateLimit-Reset-After", "2.5"}}),
                   {}, kStart);
    CHECK(quota.wait(route, {}, 1, {}, kStart).us == 2'500'000);
    CHECK(quota.wait({"discord.com", "discord.com/channels/2"}, {}, 1, {}, kStart).us == 0);
  }
  SECTION("of everything, if it is global") {
    quota.answered(route, {}, 1, 0, answer(429, {{"X-RateLimit-Global", "true"}}),
                   milliseconds(64'570), kStart);
    CHECK(quota.wait({"discord.com", "discord.com/channels/2"}, {}, 1, {}, kStart).us ==
          64'570'000);
  }
}

TEST_CASE("limits: a ban outlives the process", "[unit][http]") {
  std::string kept;
  {
    host::Quota quota;
    quota.answered({"binance.com", "binance.com/x"}, {}, 1, 0, answer(418), milliseconds(120'000),
                   kStart);
    kept = quota.text(kStart);
  }
  host::Quota quota;
  quota.load(kept);
  const auto wait = quota.wait({"binance.com", "binance.com/y"}, {}, 1, {}, kStart + kSecond);
  CHECK(wait.us == 119 * kSecond);
  CHECK(wait.why.find("banned") != std::string::npos);
  CHECK(quota.text(kStart + 4'000 * kSecond).empty());
}

TEST_CASE("limits: a ban of unknown length lasts at least two minutes and grows", "[unit][http]") {
  host::Quota quota;
  quota.answered(kChain, {}, 1, 0, answer(418), {}, kStart);
  CHECK(quota.wait(kChain, {}, 1, {}, kStart).us == 120 * kSecond);
  host::Quota tired;
  int64_t last = 0;
  int64_t now_us = kStart;
  for (int i = 0; i < 10; ++i) {
    tired.answered(kChain, {}, 1, 0, answer(429), {}, now_us);
    const int64_t wait_us = tired.wait(kChain, {}, 1, {}, now_us).us;
    CHECK(wait_us >= last);
    last = wait_us;
    now_us += wait_us;
  }
  CHECK(last == 60 * kSecond);
}

TEST_CASE("limits: what is kept of a quota is read back as it was", "[unit][http]") {
  const std::vector<host::BoundRule> rules{
      {"api minute", rule(20, milliseconds(60'000), Window::kSliding, "api", "minute")},
      {"api rate", rule(5, milliseconds(10'000), Window::kRate, "api", "rate")}};
  host::Quota quota;
  for (int i = 0; i < 7; ++i) {
    quota.charge(kChain, rules, 1, kStart + i);
  }
  const std::string text = quota.text(kStart + 10);
  host::Quota again;
  again.load(text);
  CHECK(again.text(kStart + 10) == text);
  CHECK(again.limits()["api minute"].used(rules[0].rule, kStart + 10) == 7);
  CHECK(again.wait(kChain, rules, 14, {}, kStart + 10).us > 50 * kSecond);
}

TEST_CASE("limits: a damaged state counts as none", "[unit][http]") {
  const std::string text = GENERATE(
      "", "{", "[]", "null", R"({"format":2})", R"({"format":"1"})",
      R"({"format":1,"limits":{"api":{"slots":[[1],"x",[1,"2"],[3,-4]],"next":"now"}}})",
      R"({"format":1,"limits":[],"scopes":{"api":{"paused_until":"x","why":99,"left":null}}})",
      R"({"format":1,"limits":{"api":7},"scopes":{"api":[]},"waiting":{"1":{"requests":-1}}})");
  host::Quota quota;
  quota.load(text);
  CHECK(quota.wait(kChain, {{"api", rule(1, milliseconds(1000))}}, 1, {}, kStart).us == 0);
}
