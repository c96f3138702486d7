// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/series.hpp"

#include <catch2/catch.hpp>
#include <random>

using sluice::host::cut;
using sluice::host::Interval;
using sluice::host::IntervalSet;
using sluice::host::missing;
using sluice::host::SeriesWant;
using sluice::host::Stream;
using sluice::host::wanted;

namespace {

constexpr int64_t kMinute = 60'000'000;

Stream minutes() {
  Stream stream;
  stream.step_us = kMinute;
  return stream;
}

}  // namespace

TEST_CASE("series: what is wanted ends with the last whole step", "[unit][pipeline]") {
  const SeriesWant want{.from_us = 0, .to_us = INT64_MAX, .lag_us = 0, .now_us = 10 * kMinute + 1};
  CHECK(wanted(minutes(), want, INT64_MIN, INT64_MAX) == IntervalSet(Interval{0, 10 * kMinute}));
  const SeriesWant sharp{.from_us = 0, .to_us = INT64_MAX, .lag_us = 0, .now_us = 10 * kMinute};
  CHECK(wanted(minutes(), sharp, INT64_MIN, INT64_MAX) == IntervalSet(Interval{0, 10 * kMinute}));
}

TEST_CASE("series: what is wanted lies on the grid and within what exists", "[unit][pipeline]") {
  const SeriesWant want{
      .from_us = -90'000'000, .to_us = INT64_MAX, .lag_us = 0, .now_us = 5 * kMinute};
  CHECK(wanted(minutes(), want, INT64_MIN, INT64_MAX) ==
        IntervalSet(Interval{-kMinute, 5 * kMinute}));
  CHECK(wanted(minutes(), want, kMinute + 1, 3 * kMinute) ==
        IntervalSet(Interval{2 * kMinute, 3 * kMinute}));
  CHECK(wanted(minutes(), want, 9 * kMinute, INT64_MAX).empty());
}

TEST_CASE("series: without any beginning nothing is wanted", "[unit][pipeline]") {
  const SeriesWant want{
      .from_us = INT64_MIN, .to_us = INT64_MAX, .lag_us = 0, .now_us = 5 * kMinute};
  CHECK(wanted(minutes(), want, INT64_MIN, INT64_MAX).empty());
}

TEST_CASE("series: the lag window counts as missing and never reaches before the wanted",
          "[unit][pipeline]") {
  const IntervalSet want(Interval{0, 100});
  CHECK(missing(want, want, 10) == IntervalSet(Interval{90, 100}));
  CHECK(missing(want, want, 1000) == want);
  CHECK(missing(want, want, 0).empty());
}

TEST_CASE("series: pieces cover the whole once and are cut at the same places each time",
          "[unit][pipeline]") {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int64_t> time(-1000, 1000);
  for (int round = 0; round < 200; ++round) {
    IntervalSet set;
    for (int i = 0; i < 4; ++i) {
      const int64_t from = time(random);
      set.add(Interval{from, from + 1 + (time(random) + 1000) % 300});
    }
    IntervalSet covered;
    int64_t total = 0;
    for (const Interval& piece : cut(set, 64)) {
      REQUIRE(piece.from < piece.to);
      REQUIRE(piece.to - piece.from <= 64);
      const int64_t place = piece.to % 64;
      REQUIRE((place == 0 || !set.covers(Interval{piece.to, piece.to + 1})));
      total += piece.to - piece.from;
      covered.add(piece);
    }
    CHECK(covered == set);
    CHECK(total == set.total());
  }
}
