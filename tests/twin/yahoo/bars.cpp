// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/yahoo/bars.hpp"

#include <algorithm>
#include <array>

#include "tests/twin/hash.hpp"

namespace sluice::twin::yahoo {
namespace {

std::uint64_t bits(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

std::int64_t wave(std::int64_t time_s, std::int64_t period_s, std::uint64_t phase) {
  const auto shifted = time_s + static_cast<std::int64_t>(phase % 10'000'000);
  const std::int64_t at = ((shifted % period_s) + period_s) % period_s * 4000 / period_s;
  return at < 2000 ? at - 1000 : 3000 - at;
}

Bar make_bar(const Security& s, std::int64_t begin, std::int64_t end, bool filled) {
  const auto hash = hash_of(s.hash, bits(begin), bits(end - begin));
  Bar bar;
  bar.stamp = bar.bucket = begin;
  bar.open = price_at(s, begin);
  bar.close = price_at(s, end - 1);
  const std::int64_t spread = bar.open * static_cast<std::int64_t>(hash % 20) / 2000;
  bar.high = std::max(bar.open, bar.close) + spread;
  bar.low = std::max<std::int64_t>(1, std::min(bar.open, bar.close) - spread);
  bar.volume = s.no_volume ? 0 : static_cast<std::int64_t>(1'000 + (hash >> 16U) % 90'000'000);
  bar.null = !filled && (hash >> 40U) % 64 == 0;
  return bar;
}

Bar day_bar(const Security& s, std::int64_t day, bool filled) {
  Bar bar = make_bar(s, open_of(s, day), close_of(s, day), filled);
  bar.bucket = day * kDay;
  return bar;
}

// The first day of the week or month that `day` is in, and the day after its last.
std::int64_t first_of(std::string_view interval, std::int64_t day) {
  if (interval == "1wk") {
    return day - weekday(day);
  }
  const Civil date = civil_from(day);
  return days_from(date.year, date.month, 1);
}
std::int64_t after(std::string_view interval, std::int64_t first) {
  return interval == "1wk" ? first + 7 : first_of(interval, first + 31);
}

// A bar over several days, of those that have begun by now.
std::optional<Bar> long_bar(const Security& s, std::int64_t first, std::int64_t end,
                            std::int64_t now_s) {
  std::optional<Bar> out;
  for (std::int64_t day = first; day < end; ++day) {
    if (!is_session(s, day) || open_of(s, day) > now_s) {
      continue;
    }
    const Bar bar = day_bar(s, day, true);
    if (!out) {
      out = bar;
      out->stamp = to_utc(*s.zone, first * kDay);
      out->bucket = first * kDay;
      continue;
    }
    out->high = std::max(out->high, bar.high);
    out->low = std::min(out->low, bar.low);
    out->close = bar.close;
    out->volume += bar.volume;
  }
  return out;
}

}  // namespace

std::optional<Interval> find_interval(std::string_view name) {
  constexpr std::array<Interval, 11> kIntervals = {{{"1m", 60, 30 * kDay, 7 * kDay},
                                                    {"2m", 120, 60 * kDay, 0},
                                                    {"5m", 300, 60 * kDay, 0},
                                                    {"15m", 900, 60 * kDay, 0},
                                                    {"30m", 1800, 60 * kDay, 0},
                                                    {"90m", 5400, 60 * kDay, 0},
                                                    {"60m", 3600, 730 * kDay, 0},
                                                    {"1h", 3600, 730 * kDay, 0},
                                                    {"1d", 0, 0, 0},
                                                    {"1wk", 0, 0, 0},
                                                    {"1mo", 0, 0, 0}}};
  const auto found = std::find_if(kIntervals.begin(), kIntervals.end(),
                                  [&](const Interval& one) { return one.name == name; });
  return found == kIntervals.end() ? std::nullopt : std::optional(*found);
}

std::int64_t price_at(const Security& s, std::int64_t time_s) {
  const auto noise = static_cast<std::int64_t>(hash_of(s.hash, bits(time_s)) % 101) - 50;
  const std::int64_t factor = 10'000 + wave(time_s, 700 * kDay, s.hash) +
                              wave(time_s, 50 * kDay, s.hash >> 8U) / 4 +
                              wave(time_s, 2 * kDay, s.hash >> 16U) / 20 + noise;
  return std::max<std::int64_t>(1, s.base * factor / 10'000);
}

LastTrade last_trade(const Security& s, std::int64_t now_s) {
  std::int64_t day = day_at(*s.zone, now_s);
  while (!is_session(s, day) || open_of(s, day) > now_s - 60) {
    --day;
  }
  const bool open = now_s < close_of(s, day);
  return {day, open ? now_s - 37 : close_of(s, day), open};
}

std::vector<Bar> bars(const Security& s, const Interval& interval, std::int64_t from_s,
                      std::int64_t to_s, std::int64_t now_s, bool filled) {
  std::vector<Bar> out;
  const auto inside = [&](std::int64_t stamp) {
    return stamp >= from_s && stamp <= to_s && stamp <= now_s;
  };
  const std::int64_t first_day = std::max(s.first_day, from_s / kDay - 33);
  const std::int64_t last_day = std::min(to_s, now_s) / kDay + 2;
  const bool longer = interval.name == "1wk" || interval.name == "1mo";
  if (longer) {
    for (std::int64_t first = first_of(interval.name, first_day); first <= last_day;
         first = after(interval.name, first)) {
      if (auto bar = long_bar(s, first, after(interval.name, first), now_s);
          bar && inside(bar->stamp)) {
        out.push_back(*bar);
      }
    }
    return out;
  }
  for (std::int64_t day = first_day; day <= last_day; ++day) {
    if (!is_session(s, day)) {
      continue;
    }
    if (interval.step_s == 0) {
      if (Bar bar = day_bar(s, day, filled); inside(bar.stamp)) {
        bar.null = bar.null || (s.newest_null && day == last_trade(s, now_s).day);
        out.push_back(bar);
      }
      continue;
    }
    const std::int64_t close = close_of(s, day);
    for (std::int64_t at = open_of(s, day); at < close; at += interval.step_s) {
      if (inside(at)) {
        out.push_back(make_bar(s, at, std::min(at + interval.step_s, close), filled));
      }
    }
  }
  return out;
}

std::vector<Dividend> dividends(const Security& s, std::int64_t first, std::int64_t end) {
  std::vector<Dividend> out;
  for (std::int64_t day = std::max(first, s.first_day); s.dividends && day < end; ++day) {
    const Civil date = civil_from(day);
    std::int64_t due = days_from(date.year, date.month, 5);
    while (!is_session(s, due)) {
      ++due;
    }
    if (date.month % 3 == 2 && day == due) {
      out.push_back({day, open_of(s, day),
                     static_cast<std::int64_t>(1'000 + hash_of(s.hash, 7, bits(day)) % 3'000)});
    }
  }
  return out;
}

std::vector<Split> splits(const Security& s, std::int64_t first, std::int64_t end) {
  std::vector<Split> out;
  for (const int year : {1987, 2000, 2005, 2014, 2020, 2024}) {
    std::int64_t day = days_from(year, 6, 9);
    while (!is_session(s, day)) {
      ++day;
    }
    if (s.splits && day >= first && day < end && day >= s.first_day) {
      const bool reverse = hash_of(s.hash, 9, bits(day)) % 4 == 0;
      out.push_back({day, open_of(s, day), reverse ? 1 : 2 + year % 6, reverse ? 8 : 1});
    }
  }
  return out;
}

}  // namespace sluice::twin::yahoo
