// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/twin/dwd/calendar.hpp"
#include "tests/twin/dwd/dataset.hpp"
#include "tests/twin/dwd/station.hpp"

namespace sluice::twin::dwd {

constexpr std::int32_t kMissing = std::numeric_limits<std::int32_t>::min();

// A stretch of time of which an archive shows at most `rows` rows, cut into `blocks` runs: the
// first at its beginning, the last (if there are several) at its end. All rows, if it has not many
// more.
struct Segment {
  Minute from = 0;
  Minute to = 0;  // last instant, inclusive
  std::uint32_t rows = 0;
  std::uint32_t blocks = 4;
};

// What a station archive holds: everything its content is computed from, besides the seed.
struct Archive {
  const Dataset* dataset = nullptr;
  const Station* station = nullptr;
  Period period = Period::kHistorical;
  Day name_from = 0;
  Day name_to = 0;
  std::vector<Segment> segments;
  std::uint32_t revision = 0;

  // Its stamps are MEZ: 1- and 10-minute data before 2000.
  bool mez() const {
    return dataset->minutes() && !segments.empty() && segments.front().from < kMezEnd;
  }
  // Rows are ranges of minutes.
  bool ranges() const { return dataset->grid == Grid::kMinute && period == Period::kHistorical; }
};

// One row as the model knows it, before it is written as text. Numbers are scaled by 10^decimals.
struct Row {
  Minute begin = 0;  // UTC; of months and days: 00:00 of the first day
  Minute end =
      0;  // UTC, inclusive: of ranges the last minute, of months the last day, else `begin`
  Minute solar = 0;  // true solar time (WOZ), hourly solar only
  std::array<std::int32_t, kMaxColumns> values{};
};

// The archive's rows in order of time.
std::vector<Row> make_rows(std::uint64_t seed, const Archive& archive);

}  // namespace sluice::twin::dwd
