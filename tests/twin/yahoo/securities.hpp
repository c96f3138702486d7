// SPDX-License-Identifier: Apache-2.0
//
// Securities, their exchanges' time zones and trading days. Days are numbers since 1970-01-01 by
// the exchange's calendar, times are seconds since the epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::twin::yahoo {

constexpr std::int64_t kDay = 86'400;

enum class Dst : std::uint8_t { kNone, kUnitedStates, kEurope, kAustralia };

struct Zone {
  const char *name, *winter, *summer;  // "America/New_York", "EST", "EDT"
  std::int64_t standard_s;             // east of UTC
  Dst dst;
};

std::int64_t offset_at(const Zone& zone, std::int64_t utc_s);
bool is_summer(const Zone& zone, std::int64_t utc_s);
std::int64_t to_utc(const Zone& zone, std::int64_t local_s);
inline std::int64_t day_at(const Zone& zone, std::int64_t utc_s) {
  return (utc_s + offset_at(zone, utc_s)) / kDay;
}

std::int64_t days_from(int year, int month, int day);
struct Civil {
  int year, month, day;
};
Civil civil_from(std::int64_t days);
// 0 = Monday.
inline int weekday(std::int64_t day) {
  return static_cast<int>((day + 3) % 7);
}

struct Security {
  std::string symbol;
  const char* currency = "USD";  // null: not told
  const char* exchange = "NMS";
  const char* type = "EQUITY";
  const Zone* zone = nullptr;
  int open_min = 570, close_min = 960;  // of the trading day, local
  int hint = 2;                         // digits after the point
  std::int64_t base = 0;                // about its price, in units of the last digit
  std::int64_t first_day = 0;           // listed
  bool every_day = false;
  bool dividends = false;
  bool splits = false;
  bool newest_null = false;  // the newest row has no values yet
  bool no_data = false;      // known, without any rows
  bool no_volume = false;
  std::uint64_t hash = 0;
};

// Well-known symbols, and T00000 to T99999. Nothing for others and for those that were delisted.
std::optional<Security> find_security(std::uint64_t seed, std::string_view symbol);

bool is_session(const Security& security, std::int64_t day);
std::int64_t open_of(const Security& security, std::int64_t day);
std::int64_t close_of(const Security& security, std::int64_t day);

}  // namespace sluice::twin::yahoo
