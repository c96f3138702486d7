// SPDX-License-Identifier: Apache-2.0
//
// The rows of a chart: a pure function of the security and of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/twin/yahoo/securities.hpp"

namespace sluice::twin::yahoo {

struct Bar {
  std::int64_t stamp = 0;   // as the service tells it
  std::int64_t bucket = 0;  // begin of what it covers: the stamp, or midnight UTC of its first day
  std::int64_t open = 0, high = 0, low = 0, close = 0;  // units of the security's last digit
  std::int64_t volume = 0;
  bool null = false;
};

struct Interval {
  std::string_view name;
  std::int64_t step_s;   // 0: days or more
  std::int64_t reach_s;  // how far back; 0: all
  std::int64_t span_s;   // most of a request; 0: any
};
// Nothing for an interval that the service does not have.
std::optional<Interval> find_interval(std::string_view name);

// The bars that begin in [from_s, to_s] and before `now_s`, without what is appended to them.
// `filled`: the service has found the values that it lacked.
std::vector<Bar> bars(const Security& security, const Interval& interval, std::int64_t from_s,
                      std::int64_t to_s, std::int64_t now_s, bool filled);

// When the security was last traded before `now_s`, and whether trading goes on.
struct LastTrade {
  std::int64_t day = 0, time_s = 0;
  bool open = false;
};
LastTrade last_trade(const Security& security, std::int64_t now_s);
std::int64_t price_at(const Security& security, std::int64_t time_s);

struct Dividend {
  std::int64_t day = 0, stamp = 0, amount = 0;  // ten-thousandths
};
struct Split {
  std::int64_t day = 0, stamp = 0;
  int numerator = 0, denominator = 0;
};
// Of the days from `first` on and before `end`.
std::vector<Dividend> dividends(const Security& security, std::int64_t first, std::int64_t end);
std::vector<Split> splits(const Security& security, std::int64_t first, std::int64_t end);

}  // namespace sluice::twin::yahoo
