// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/twin/dwd/calendar.hpp"
#include "tests/twin/dwd/dataset.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::dwd {

constexpr Day kOpen = std::numeric_limits<Day>::max();

// One invented station. Texts are ISO-8859-1, as the service writes them.
struct Station {
  std::uint32_t id = 0;
  std::uint64_t hash = 0;
  std::string name;
  std::string old_name;
  std::string state;
  int height = 0;
  double latitude = 0;
  double longitude = 0;
  int first_decade = 0;  // 0: the 1990s ... 3: the 2020s, of 1- and 10-minute data
  int last_decade = 3;
  Day minutes_start = 0;  // first day of 1- and 10-minute data
  Day hours_start = 0;
  Day days_start = 0;
  Day end = kOpen;           // last day of all data
  std::uint32_t chosen = 0;  // bit per dataset: takes part whatever the draw

  bool open() const { return end == kOpen; }
  // First day of data of this grid.
  Day start(Grid grid) const;
  bool takes_part(const Dataset& dataset) const;
  std::string five_digits() const;
};

// The network, ordered by id; a pure function of seed and options. Throws std::invalid_argument
// when the numbers of stations and archives do not fit together.
std::vector<Station> make_stations(std::uint64_t seed, const DwdOptions& options);

// UTF-8 with Latin-1 characters only, to ISO-8859-1.
std::string latin1(std::string_view utf8);

}  // namespace sluice::twin::dwd
