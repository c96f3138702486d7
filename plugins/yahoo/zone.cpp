// SPDX-License-Identifier: Apache-2.0
#include "zone.hpp"

#include <date/tz.h>

#include <chrono>
#include <exception>

namespace yahoo {
namespace {

int64_t floor_days(int64_t seconds) {
  return (seconds >= 0 ? seconds : seconds - 86'399) / 86'400;
}

date::year_month_day civil(int64_t day) {
  return date::year_month_day(date::sys_days(date::days(static_cast<int>(day))));
}

}  // namespace

Zone::Zone(const std::string& name, int64_t offset_s) : offset_s_(offset_s) {
  try {
    zone_ = name.empty() ? nullptr : date::locate_zone(name);
  } catch (const std::exception&) {  // no such zone, or no database
    zone_ = nullptr;
  }
}

int64_t Zone::day_of(int64_t utc_s) const {
  if (zone_ != nullptr && (utc_s < begin_s_ || utc_s >= end_s_)) {
    const auto info = zone_->get_info(date::sys_seconds(std::chrono::seconds(utc_s)));
    offset_s_ = info.offset.count();
    begin_s_ = info.begin.time_since_epoch().count();
    end_s_ = info.end.time_since_epoch().count();
  }
  return floor_days(utc_s + offset_s_);
}

int64_t Zone::begin_of(int64_t day) const {
  if (zone_ == nullptr) {
    return day * 86'400 - offset_s_;
  }
  const date::local_days local{date::days(static_cast<int>(day))};
  return zone_->to_sys(date::local_seconds(local), date::choose::earliest)
      .time_since_epoch()
      .count();
}

int64_t monday_of(int64_t day) {
  const int64_t since_monday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  return day - since_monday;
}

int64_t first_of_month(int64_t day) {
  const auto date = civil(day);
  return date::sys_days(date.year() / date.month() / 1).time_since_epoch().count();
}

int64_t first_of_next_month(int64_t day) {
  const auto date = civil(day);
  return date::sys_days((date.year() / date.month() + date::months(1)) / 1)
      .time_since_epoch()
      .count();
}

}  // namespace yahoo
