// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/bounded_queue.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using sluice::host::BoundedQueue;

namespace {
auto far() {
  return std::chrono::steady_clock::now() + std::chrono::hours(1);
}
auto now() {
  return std::chrono::steady_clock::now();
}
}  // namespace

TEST_CASE("bounded queue: push waits for room and nothing is lost", "[unit][pipeline][queue]") {
  BoundedQueue<int> queue(100);
  std::atomic<uint64_t> most{0};
  std::atomic<int> refused{0};  // assertions are for one thread
  std::vector<std::jthread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < 500; ++i) {
        refused += queue.push(p * 500 + i, 40) ? 0 : 1;
        uint64_t seen = queue.bytes();
        for (uint64_t old = most; seen > old && !most.compare_exchange_weak(old, seen);) {
        }
      }
    });
  }
  std::vector<bool> got(2000);
  for (int i = 0; i < 2000; ++i) {
    const auto item = queue.pop_until(far());
    REQUIRE(item);
    REQUIRE_FALSE(got[static_cast<size_t>(*item)]);
    got[static_cast<size_t>(*item)] = true;
  }
  producers.clear();
  CHECK(refused == 0);
  CHECK(most <= 100);
  CHECK(queue.empty());
}

TEST_CASE("bounded queue: an item larger than the queue passes alone", "[unit][pipeline][queue]") {
  BoundedQueue<int> queue(10);
  REQUIRE(queue.push(1, 1000));
  std::jthread second([&] { queue.push(2, 1); });
  CHECK(*queue.pop_until(far()) == 1);
  CHECK(*queue.pop_until(far()) == 2);
}

TEST_CASE("bounded queue: close lets the rest out and wakes everybody", "[unit][pipeline][queue]") {
  BoundedQueue<int> queue(10);
  REQUIRE(queue.push(1, 10));
  std::atomic<bool> refused{false};
  std::jthread waiting([&] { refused = !queue.push(2, 10); });
  queue.close();
  waiting.join();
  CHECK(refused);
  CHECK_FALSE(queue.drained());
  CHECK(*queue.pop_until(now()) == 1);
  CHECK(queue.drained());
  CHECK_FALSE(queue.pop_until(far()));
}

TEST_CASE("bounded queue: wake ends a wait without an item", "[unit][pipeline][queue]") {
  BoundedQueue<int> queue(10);
  queue.wake();
  CHECK_FALSE(queue.pop_until(far()));
  CHECK_FALSE(queue.pop_until(now()));
}
