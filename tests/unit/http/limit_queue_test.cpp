// SPDX-License-Identifier: Apache-2.0
//
// Who goes when: requests of several callers, keys and priorities that wait for one limit.
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
using std::chrono::milliseconds;
using test::answer;
using test::rule;
using Window = host::LimitRule::Window;

TEST_CASE("limits: rules of a scope hold below it, and stars for each alone", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.declare("p", {rule(2, milliseconds(3'600'000), Window::kSliding, "api", "all"),
                       rule(1, milliseconds(3'600'000), Window::kSliding, "api/*", "each")});
  const host::Cancel cancel;
  const auto send = [&](const std::string& scope) {
    return static_cast<bool>(limits.acquire({scope, 1, true, "p"}, milliseconds(0), cancel));
  };
  CHECK(send("api/a"));
  CHECK_FALSE(send("api/a"));
  CHECK(send("api/b"));
  CHECK_FALSE(send("api/c"));
  CHECK(send("other"));
}

TEST_CASE("limits: a wait beyond patience fails at once and says why", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.pause("api", std::chrono::hours(5));
  const host::Cancel cancel;
  const auto granted = limits.acquire({"api/x", 1, true, "p"}, std::chrono::hours(2), cancel);
  REQUIRE_FALSE(granted);
  CHECK(granted.error().code == host::Code::kRateLimited);
  CHECK(granted.error().retry_after_ms > 4 * 3'600'000);
  CHECK(granted.error().message.find("told to wait") != std::string::npos);
}

TEST_CASE("limits: everybody who waits in vain is told at once", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.declare("p", {rule(1, milliseconds(700), Window::kSliding)});
  const host::Cancel cancel;
  std::atomic<int> failed{0};
  REQUIRE(limits.acquire({"api", 1, true, "p"}, milliseconds(0), cancel));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto granted = limits.acquire({"api", 1, true, "p"}, std::chrono::minutes(5), cancel);
      failed += granted ? 0 : 1;
    });
  }
  limits.pause("api", std::chrono::hours(1));
  threads.clear();
  CHECK(failed >= 7);  // one may have gone before the pause
}

TEST_CASE("limits: a ceiling of requests under way is kept", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  LimitRule few = rule(0, milliseconds(0));
  few.concurrent = 3;
  limits.declare("p", {few});
  const host::Cancel cancel;
  std::atomic<int> under_way{0}, most{0}, done{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        auto granted = limits.acquire({"api", 1, true, "p"}, milliseconds(0), cancel);
        if (granted) {
          const int now = ++under_way;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          std::this_thread::yield();
          --under_way;
          ++done;
        }
      }
    });
  }
  threads.clear();
  CHECK(done == 240);
  CHECK(most <= 3);
}

TEST_CASE("limits: live data goes first, and backfill still goes on", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.declare("p", {rule(400, milliseconds(1'000), Window::kRate)});
  const host::Cancel cancel;
  std::atomic<int> live{0}, backfill{0};
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    const bool is_live = i % 2 == 0;
    threads.emplace_back([&, is_live] {
      while (!stop) {
        if (limits.acquire({"api", 1, is_live, "p"}, std::chrono::minutes(1), cancel)) {
          const int sent = ++(is_live ? live : backfill);
          stop = stop || (is_live && sent >= 200);
        }
      }
    });
  }
  threads.clear();
  CHECK(backfill >= 10);
  CHECK(live > 3 * backfill);
}

TEST_CASE("limits: pipelines that wait for one quota get equal parts", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  // Slow enough that the one worker waits again before the next is let through, however busy the
  // machine.
  limits.declare("x", {rule(100, milliseconds(1'000), Window::kRate)});
  const host::Cancel cancel;
  std::atomic<int> few{0}, many{0};
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 9; ++i) {
    const bool alone = i == 0;
    threads.emplace_back([&, alone] {
      while (!stop) {
        if (limits.acquire({"api", 1, true, alone ? "few" : "many"}, std::chrono::minutes(1),
                           cancel)) {
          stop = ++(alone ? few : many) >= 80 || stop;
        }
      }
    });
  }
  threads.clear();
  CHECK(few * 2 >= many);  // one worker against eight
}

TEST_CASE("limits: the strictest of several pipelines' rules holds", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.declare("a", {rule(5, milliseconds(3'600'000))});
  limits.declare("b", {rule(2, milliseconds(3'600'000))});
  const host::Cancel cancel;
  CHECK(limits.left("api/x") == 2);
  limits.declare("b", {});
  CHECK(limits.left("api/x") == 5);
}

TEST_CASE("limits: a cancelled request leaves the line", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  limits.pause("api", std::chrono::minutes(30));
  host::Cancel cancel;
  std::atomic<int> cancelled{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto granted = limits.acquire({"api", 1, true, "p"}, std::chrono::hours(1), cancel);
        cancelled += !granted && granted.error().code == host::Code::kCancelled ? 1 : 0;
      });
    }
    cancel.request();
  }
  CHECK(cancelled == 4);
}

TEST_CASE("limits: who waits and what is left is shown from the state", "[unit][http]") {
  host::SystemClock clock;
  const auto state = std::make_shared<host::MemoryState>();
  host::Limits limits(clock, state);
  limits.declare("p", {rule(1, milliseconds(3'600'000), Window::kSliding, "api", "hour")});
  host::Cancel cancel;
  REQUIRE(limits.acquire({"api", 1, true, "candles"}, milliseconds(0), cancel));
  std::jthread waiter([&] {
    static_cast<void>(limits.acquire({"api", 1, true, "items"}, std::chrono::hours(2), cancel));
  });
  host::LimitsView view;
  while (view.waiting.empty()) {
    auto read = host::view_limits(*state, clock.now_us());
    REQUIRE(read);
    view = *read;
  }
  cancel.request();
  waiter.join();
  REQUIRE(view.limits.size() == 1);
  CHECK(view.limits[0].scope == "api");
  CHECK(view.limits[0].name == "hour");
  CHECK(view.limits[0].left == 0);
  CHECK(view.limits[0].allowed == 1);
  CHECK(view.waiting[0].pipelines == "items");
  CHECK(view.waiting[0].requests == 1);
  auto after = host::view_limits(*state, clock.now_us());
  REQUIRE(after);
  CHECK(after->waiting.empty());
}

TEST_CASE("limits: all callers of a scope share one rate", "[unit][http]") {
  test::RawHttpServer server([](test::RawConnection& connection, const test::RawRequest&) {
    connection.send(test::raw_answer(200, ""));
  });
  host::HttpOptions options = test::quick_options();
  const std::string configured = GENERATE("127.0.0.1", "*");
  options.requests_per_second[configured] = 100;  // 10 at once
  test::Caller caller(options);
  const auto start = std::chrono::steady_clock::now();
  std::atomic<int> well{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 12; ++k) {
        well += caller.get(server.url()) ? 1 : 0;
      }
    });
  }
  threads.clear();
  CHECK(well == 48);
  CHECK(server.requests() == 48);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(375));
}

TEST_CASE("limits: rates that are no positive number mean none", "[unit][http]") {
  test::RawHttpServer server([](test::RawConnection& connection, const test::RawRequest&) {
    connection.send(test::raw_answer(200, ""));
  });
  host::HttpOptions options = test::quick_options();
  options.requests_per_second["127.0.0.1"] = GENERATE(
      0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity());
  test::Caller caller(options);
  host::HttpRequest request = test::request_of(server.url());
  request.cost = 1'000'000;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(caller.open(request));
  }
}

TEST_CASE("limits: a ban of the address holds for every key", "[unit][http]") {
  host::SystemClock clock;
  const auto state = std::make_shared<host::MemoryState>();
  const host::Cancel cancel;
  {
    host::Limits limits(clock, state);
    auto first = limits.acquire({"b.com@k-1/route", 1, true, "p"}, milliseconds(0), cancel);
    REQUIRE(first);
    first->answered(answer(418), std::chrono::minutes(10));
    CHECK_FALSE(limits.acquire({"b.com@k-2", 1, true, "p"}, milliseconds(0), cancel));
    CHECK_FALSE(limits.acquire({"b.com", 1, true, "p"}, milliseconds(0), cancel));
    CHECK(limits.acquire({"c.com@k-2", 1, true, "p"}, milliseconds(0), cancel));
  }
  host::Limits after_restart(clock, state);
  CHECK_FALSE(after_restart.acquire({"b.com@k-3", 1, true, "p"}, milliseconds(0), cancel));
}

TEST_CASE("limits: a short wait is not slept through behind a long one", "[unit][http]") {
  host::SystemClock clock;
  host::Limits limits(clock, nullptr);
  LimitRule route = rule(1, milliseconds(100));
  route.scope = "api/*";
  limits.declare("p", {route});
  host::Cancel cancel;
  limits.pause("api/1", std::chrono::minutes(1));
  std::jthread waiting([&] {
    CHECK_FALSE(limits.acquire({"api/1", 1, true, "p"}, std::chrono::minutes(5), cancel));
  });
  std::this_thread::sleep_for(milliseconds(50));  // to let it fall asleep
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    CHECK(limits.acquire({"api/2", 1, true, "p"}, std::chrono::minutes(1), cancel));
  }
  // Those who sleep look up every five seconds anyway: that was the wait.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(4'500));
  cancel.request();
}
