// SPDX-License-Identifier: Apache-2.0
#include "host/http/limits.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Bucket;

namespace {

// Sends `count` requests one after another and tells when the last one went, from 0 on.
int64_t run(Bucket& bucket, int count, uint32_t cost) {
  int64_t now_us = 0;
  for (int i = 0; i < count; ++i) {
    const auto place = bucket.join(cost);
    while (const int64_t wait = bucket.wait_us(place, now_us)) {
      now_us += wait;
    }
    bucket.leave(place);
  }
  return now_us;
}

}  // namespace

TEST_CASE("limits: a bucket keeps its rate", "[unit][http]") {
  SECTION("of whole requests") {
    Bucket bucket(50);  // 5 at once
    CHECK(run(bucket, 1005, 1) == Approx(20e6).epsilon(0.001));
  }
  SECTION("of less than one a second") {
    Bucket bucket(0.5);
    CHECK(run(bucket, 11, 1) == Approx(20e6).epsilon(0.001));
  }
  SECTION("of costs above the whole bucket") {
    Bucket bucket(10);
    CHECK(run(bucket, 101, 20) == Approx(200e6).epsilon(0.01));
  }
  SECTION("of none") {
    Bucket bucket(0);
    CHECK(run(bucket, 10'000, 5) == 0);
  }
}

TEST_CASE("limits: an idle time does not gather a burst", "[unit][http]") {
  Bucket bucket(50);
  run(bucket, 100, 1);
  int64_t now_us = 3'600'000'000;
  int at_once = 0;
  while (true) {
    const auto place = bucket.join(1);
    if (bucket.wait_us(place, now_us) > 0) {
      break;
    }
    bucket.leave(place);
    ++at_once;
  }
  CHECK(at_once == 5);
}

TEST_CASE("limits: places are granted in the order of arrival", "[unit][http]") {
  Bucket bucket(1);
  const auto first = bucket.join(1);
  const auto second = bucket.join(1);
  const auto third = bucket.join(1);
  CHECK(bucket.wait_us(third, 0) == 2'000'000);
  CHECK(first->granted);
  CHECK(bucket.wait_us(second, 0) == 1'000'000);
  SECTION("also when a later one asks first") {
    CHECK(bucket.wait_us(third, 1'000'000) == 1'000'000);
    CHECK(second->granted);
  }
  SECTION("and one that leaves frees its turn") {
    bucket.leave(second);
    CHECK(bucket.wait_us(third, 1'000'000) == 0);
  }
  SECTION("a pause holds all back") {
    bucket.pause_until(10'000'000);
    bucket.pause_until(5'000'000);  // a shorter one changes nothing
    CHECK(bucket.wait_us(second, 1'000'000) == 9'000'000);
    CHECK(bucket.wait_us(second, 10'000'000) == 0);
    CHECK(bucket.wait_us(third, 10'000'000) == 1'000'000);
  }
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
  const double rate = GENERATE(0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity());
  host::SystemClock clock;
  host::Limits limits({{"a", rate}}, clock);
  const host::Cancel cancel;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(limits.acquire("a", 1000, cancel));
  }
}
