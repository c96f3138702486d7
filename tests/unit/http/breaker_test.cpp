// SPDX-License-Identifier: Apache-2.0
#include "host/http/breaker.hpp"

#include <catch2/catch.hpp>

#include "host/http/retry_budget.hpp"

using namespace sluice;
using host::Breaker;
using host::BreakerOptions;
using host::RetryBudget;
using std::chrono::milliseconds;

namespace {

constexpr int64_t kSecond = 1'000'000;

// A breaker on a time of its own.
struct Bench {
  explicit Bench(const BreakerOptions& options = {}) : breaker(options, 7) {}
  bool fail() {
    const auto ticket = breaker.ask(now);
    REQUIRE(ticket);
    return breaker.failed(*ticket, now, "the connection was refused");
  }
  void succeed() {
    const auto ticket = breaker.ask(now);
    REQUIRE(ticket);
    breaker.succeeded(*ticket, now);
  }
  [[nodiscard]] Breaker::State state() const { return breaker.view(now).state; }
  void open() {
    for (int i = 0; i < 8; ++i) {
      fail();
    }
    REQUIRE(state() == Breaker::State::kOpen);
  }
  // Lets the time pass until it may be looked at.
  int64_t wait() {
    const int64_t wait = breaker.view(now).wait_us;
    now += wait;
    return wait;
  }
  Breaker breaker;
  int64_t now = 1000 * kSecond;
};

}  // namespace

TEST_CASE("breaker: failures in a row open it", "[unit][http]") {
  Bench bench;
  for (int i = 0; i < 7; ++i) {
    CHECK_FALSE(bench.fail());
  }
  bench.succeed();  // breaks the row
  for (int i = 0; i < 7; ++i) {
    CHECK_FALSE(bench.fail());
  }
  CHECK(bench.fail());
  CHECK(bench.state() == Breaker::State::kOpen);
  CHECK_FALSE(bench.breaker.ask(bench.now));
  const auto view = bench.breaker.view(bench.now);
  CHECK(view.openings == 1);
  CHECK(view.reason.find("8 failures in a row") == 0);
  CHECK(view.reason.find("the connection was refused") != std::string::npos);
}

TEST_CASE("breaker: a share of failures opens it however they are mixed", "[unit][http]") {
  Bench bench;
  int sent = 0;
  while (bench.state() == Breaker::State::kClosed && sent < 100) {
    sent++ % 2 == 0 ? bench.succeed() : void(bench.fail());
  }
  CHECK(sent == 20);  // the least that is looked at
}

TEST_CASE("breaker: fifteen of a hundred failures leave it closed", "[unit][http]") {
  Bench bench;
  std::minstd_rand random(3);
  for (int i = 0; i < 20'000; ++i) {
    bench.now += 1000;
    random() % 100 < 15 ? void(bench.fail()) : bench.succeed();
  }
  CHECK(bench.breaker.view(bench.now).openings == 0);
}

TEST_CASE("breaker: failures of long ago do not count towards the share", "[unit][http]") {
  Bench bench;
  for (int i = 0; i < 19; ++i) {
    i % 2 == 0 ? void(bench.fail()) : bench.succeed();
  }
  bench.now += 61 * kSecond;
  CHECK_FALSE(bench.fail());
  CHECK(bench.state() == Breaker::State::kClosed);
}

TEST_CASE("breaker: each kind of opening can be switched off", "[unit][http]") {
  BreakerOptions options;
  options.failures_in_row = 0;
  options.failed_share = 0;
  Bench bench(options);
  for (int i = 0; i < 1000; ++i) {
    bench.fail();
  }
  CHECK(bench.state() == Breaker::State::kClosed);
}

TEST_CASE("breaker: one probe at a time and two good ones close it", "[unit][http]") {
  Bench bench;
  bench.open();
  bench.wait();
  const auto probe = bench.breaker.ask(bench.now);
  REQUIRE(probe);
  CHECK(probe->probe);
  CHECK(bench.state() == Breaker::State::kHalfOpen);
  CHECK_FALSE(bench.breaker.ask(bench.now));
  CHECK_FALSE(bench.breaker.view(bench.now).may_probe);
  CHECK_FALSE(bench.breaker.succeeded(*probe, bench.now));
  const auto second = bench.breaker.ask(bench.now);
  REQUIRE(second);
  CHECK(second->probe);
  CHECK(bench.breaker.succeeded(*second, bench.now));
  CHECK(bench.state() == Breaker::State::kClosed);
  const auto next = bench.breaker.ask(bench.now);
  REQUIRE(next);
  CHECK_FALSE(next->probe);
}

TEST_CASE("breaker: a probe without an outcome lets the next one go", "[unit][http]") {
  Bench bench;
  bench.open();
  bench.wait();
  bench.breaker.dropped(*bench.breaker.ask(bench.now), bench.now);
  CHECK(bench.breaker.ask(bench.now));
}

TEST_CASE("breaker: the open time doubles up to its cap and differs by chance", "[unit][http]") {
  Bench bench;
  bench.open();
  double expected = 1e6;
  for (int i = 0; i < 12; ++i) {
    const auto waited = static_cast<double>(bench.wait());
    CHECK(waited >= expected * 0.75 - 1);
    CHECK(waited <= expected * 1.25 + 1);
    bench.fail();
    expected = std::min(expected * 2, 60e6);
  }
  CHECK(bench.breaker.view(bench.now).openings == 1);  // it never closed
  Breaker other({}, 8);
  for (int i = 0; i < 8; ++i) {
    other.failed(*other.ask(0), 0, "");
  }
  Bench same;
  same.open();
  CHECK(other.view(0).wait_us != same.breaker.view(same.now).wait_us);
}

TEST_CASE("breaker: after a calm stretch the open time is short again", "[unit][http]") {
  Bench bench;
  bench.open();
  for (int i = 0; i < 5; ++i) {
    bench.wait();
    bench.fail();
  }
  bench.wait();
  bench.succeed();
  bench.succeed();
  REQUIRE(bench.state() == Breaker::State::kClosed);
  SECTION("at once it is long") {
    bench.open();
    CHECK(bench.wait() > 20 * kSecond);
  }
  SECTION("later it is short") {
    for (int i = 0; i < 20; ++i) {
      bench.succeed();
    }
    bench.open();
    CHECK(bench.wait() < 2 * kSecond);
  }
}

TEST_CASE("breaker: what was sent before a change of state does not count after it",
          "[unit][http]") {
  Bench bench;
  const auto late = *bench.breaker.ask(bench.now);
  bench.open();
  CHECK_FALSE(bench.breaker.succeeded(late, bench.now));
  CHECK_FALSE(bench.breaker.failed(late, bench.now, ""));
  CHECK(bench.state() == Breaker::State::kOpen);
}

TEST_CASE("breaker: a firewall's refusal makes it rest for longer each time", "[unit][http]") {
  Bench bench;
  const auto ticket = *bench.breaker.ask(bench.now);
  const auto other = *bench.breaker.ask(bench.now);
  CHECK(bench.breaker.rest(ticket, bench.now, "a firewall answered 403"));
  CHECK_FALSE(bench.breaker.rest(other, bench.now, "a firewall answered 403"));
  CHECK(bench.breaker.view(bench.now).resting);
  CHECK(bench.wait() >= 45 * kSecond);
  bench.breaker.rest(*bench.breaker.ask(bench.now), bench.now, "a firewall answered 403");
  CHECK(bench.wait() >= 90 * kSecond);
}

TEST_CASE("retry budget: a share of the requests and a floor", "[unit][http]") {
  RetryBudget budget(0.2, 3);
  int64_t now = 500 * kSecond;
  int allowed = 0;
  SECTION("the floor without requests") {
    for (int i = 0; i < 10; ++i) {
      allowed += budget.take(now) ? 1 : 0;
    }
    CHECK(allowed == 3);
  }
  SECTION("the share on top") {
    for (int i = 0; i < 100; ++i) {
      budget.sent(now);
      now += 10'000;
    }
    for (int i = 0; i < 100; ++i) {
      allowed += budget.take(now) ? 1 : 0;
    }
    CHECK(allowed == 23);
  }
  SECTION("a minute later it is fresh") {
    while (budget.take(now)) {
    }
    now += 30 * kSecond;
    CHECK_FALSE(budget.take(now));
    now += 31 * kSecond;
    CHECK(budget.idle(now));
    CHECK(budget.take(now));
  }
  SECTION("none at all") {
    RetryBudget none(0, 0);
    none.sent(now);
    CHECK_FALSE(none.take(now));
  }
}
