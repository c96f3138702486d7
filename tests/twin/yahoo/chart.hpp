// SPDX-License-Identifier: Apache-2.0
//
// A chart as the service writes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/twin/yahoo/bars.hpp"

namespace sluice::twin::yahoo {

// A price as the service prints it: a 32-bit number, widened.
std::string price_text(const Security& security, std::int64_t units);

struct Chart {
  std::vector<Bar> bars;
  std::vector<Dividend> dividends;
  std::vector<Split> splits;
  std::uint64_t order = 0;  // another one: another order of keys
};

std::string chart_text(const Security& security, const Interval& interval, const Chart& chart,
                       std::int64_t now_s);

}  // namespace sluice::twin::yahoo
