// SPDX-License-Identifier: Apache-2.0
//
// Where a station stood and what it was called at each time, for readings that are to carry it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metadata.hpp"

namespace dwd {

// What a station list or a position says of a place; columns of enriched streams.
struct Place {
  std::string name, state;       // may be empty
  std::optional<double> height;  // m above sea level
  double latitude = 0, longitude = 0;
};

// What the members of a station's archive say, unchecked against each other.
struct StationHistory {
  std::vector<PositionRow> positions;
  std::vector<NameRow> names;  // of the station only
};

// Reads both kinds of members of `set`; lines that cannot be read are left out and told. Throws
// sluice::Error (BAD_DATA) for tables that are none, or longer than any station's.
StationHistory read_history(const MemberSet& set, int32_t station, const RejectLine& reject);

// The life of a station, cut where something changes. Immutable.
class PlaceTimeline {
 public:
  struct Segment {
    int64_t from_us = INT64_MIN, to_us = INT64_MAX;  // [from, to), UTC
    Place place{};
    bool known = false;
  };

  // `listed`, from the station list, may be null: it gives the state, and everything for times that
  // no position covers. Of positions that overlap the one that began last holds; of those that
  // began on one day, the later line.
  PlaceTimeline(const StationHistory& history, const Place* listed);

  // Segments cover all of time.
  const Segment& at(int64_t time_us) const noexcept;

 private:
  std::vector<Segment> segments_;  // ordered, without gaps
};

}  // namespace dwd
