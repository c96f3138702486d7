// SPDX-License-Identifier: Apache-2.0
#include "interval.hpp"

#include <algorithm>
#include <array>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/quantity.hpp"
#include "sluice/cpp/time_text.hpp"

namespace binance {

namespace {

namespace chrono = std::chrono;

constexpr int64_t kMonday = 4 * kDay;  // the first one since 1970

constexpr std::array<Interval, 16> kIntervals{{{"1s", "1s", "1s", kSecond},
                                               {"1m", "1m", "1m", kMinute},
                                               {"3m", "3m", "3m", 3 * kMinute},
                                               {"5m", "5m", "5m", 5 * kMinute},
                                               {"15m", "15m", "15m", 15 * kMinute},
                                               {"30m", "30m", "30m", 30 * kMinute},
                                               {"1h", "1h", "1h", kHour},
                                               {"2h", "2h", "2h", 2 * kHour},
                                               {"4h", "4h", "4h", 4 * kHour},
                                               {"6h", "6h", "6h", 6 * kHour},
                                               {"8h", "8h", "8h", 8 * kHour},
                                               {"12h", "12h", "12h", 12 * kHour},
                                               {"1d", "1d", "1d", kDay},
                                               {"3d", "3d", "3d", 3 * kDay, false},
                                               {"1w", "1w", "1w", 7 * kDay, false},
                                               {"1M", "1mo", "1mo", 31 * kDay, false}}};

int64_t floor_to(int64_t time, int64_t step, int64_t offset = 0) noexcept {
  const int64_t rest = (time - offset) % step;
  return time - (rest < 0 ? rest + step : rest);
}

chrono::year_month_day date_of(int64_t time_us) noexcept {
  return chrono::floor<chrono::days>(
      chrono::sys_time<chrono::microseconds>(chrono::microseconds(time_us)));
}
int64_t us_of(chrono::sys_days day) noexcept {
  return chrono::sys_time<chrono::microseconds>(day).time_since_epoch().count();
}

}  // namespace

int64_t Interval::floor(int64_t time_us) const noexcept {
  return is_month() ? month_of(time_us).from_us
                    : floor_to(time_us, length_us, name == "1w" ? kMonday : 0);
}

int64_t Interval::next(int64_t time_us) const noexcept {
  return is_month() ? month_of(time_us).to_us : floor(time_us) + length_us;
}

const Interval* find_interval(std::string_view name) {
  const auto* found = std::find_if(kIntervals.begin(), kIntervals.end(),
                                   [&](const Interval& one) { return one.name == name; });
  return found == kIntervals.end() ? nullptr : found;
}

Period day_of(int64_t time_us) {
  const int64_t from = floor_to(time_us, kDay);
  const chrono::sys_days day{chrono::days(from / kDay)};
  return {from, from + kDay, sluice::to_text(sluice::Date{day})};
}

Period month_of(int64_t time_us) {
  const auto date = date_of(time_us);
  const auto first = date.year() / date.month() / 1;
  Period out{us_of(first), us_of(first + chrono::months(1)), {}};
  out.name = day_of(out.from_us).name.substr(0, 7);
  return out;
}

Period period_of(std::string_view name) {
  const bool month = name.size() == 7;
  const auto day = sluice::parse_date(std::string(name) + (month ? "-01" : ""));
  if (!day) {
    throw sluice::Error(sluice::Code::kBadState,
                        "'" + std::string(name) + "' is neither a day nor a month.");
  }
  const int64_t from = us_of(day->day);
  return month ? month_of(from) : day_of(from);
}

int64_t published_us(const Period& period) noexcept {
  const bool month = period.name.size() == 7;
  const int64_t monday = floor_to(period.to_us + 6 * kDay, 7 * kDay, kMonday);
  return (month ? monday : period.to_us) + kDay;
}

}  // namespace binance
