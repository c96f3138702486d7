// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/intervals.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace {

using namespace sluice::host;  // NOLINT(google-build-using-namespace)

TEST_CASE("interval set: agrees with a set of points", "[unit][ledger]") {
  std::mt19937 random(7);
  const auto pick = [&random](int64_t below) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(below));
  };
  for (int round = 0; round < 50; ++round) {
    IntervalSet set;
    std::vector<bool> points(64, false);
    for (int step = 0; step < 60; ++step) {
      const Interval one{pick(64), pick(65)};
      const bool add = pick(3) != 0;
      add ? set.add(one) : set.subtract(one);
      for (int64_t at = one.from; at < one.to; ++at) {
        points[static_cast<size_t>(at)] = add;
      }
      int64_t covered = 0;
      for (int64_t at = 0; at < 64; ++at) {
        covered += points[static_cast<size_t>(at)] ? 1 : 0;
        REQUIRE(set.covers({at, at + 1}) == points[static_cast<size_t>(at)]);
      }
      REQUIRE(set.total() == covered);
      for (size_t i = 1; i < set.size(); ++i) {
        REQUIRE(set.intervals()[i - 1].to < set.intervals()[i].from);
      }
      REQUIRE(IntervalSet::decode(set.encode()) == set);
    }
  }
}

TEST_CASE("interval set: takes the ends of time", "[unit][ledger]") {
  IntervalSet set(Interval{INT64_MIN, INT64_MAX});
  CHECK(set.total() == INT64_MAX);
  CHECK(IntervalSet::decode(set.encode()) == set);
  set.subtract({-1, 1});
  CHECK(set.size() == 2);
  CHECK(IntervalSet::decode(set.encode()) == set);
  IntervalSet other = set;
  other.add(Interval{-1, 1});
  CHECK(other.covers({INT64_MIN, INT64_MAX}));
  other.subtract(set);
  CHECK(other.intervals() == std::vector<Interval>{{-1, 1}});
  set.add(set);
  set.subtract(set);
  CHECK(set.empty());
  set.add({5, 5});
  set.add({6, 5});
  CHECK(set.empty());
}

TEST_CASE("interval set: refuses what it did not write", "[unit][ledger]") {
  IntervalSet set;
  set.add({0, 10});
  set.add({20, 30});
  const std::string good = set.encode();
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(IntervalSet::decode(std::string_view(good).substr(0, length)));
  }
  CHECK_FALSE(IntervalSet::decode(good + '\0'));
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 24, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random() % 3 == 0 ? 0xFF : random() % 256);
    }
    if (const auto decoded = IntervalSet::decode(bytes)) {
      REQUIRE(IntervalSet::decode(decoded->encode()) == decoded);
    }
  }
}

}  // namespace
