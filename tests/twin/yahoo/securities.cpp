// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/yahoo/securities.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

#include "tests/twin/hash.hpp"

namespace sluice::twin::yahoo {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr Zone kUtc = {"UTC", "UTC", "UTC", 0, Dst::kNone};
constexpr Zone kNewYork = {"America/New_York", "EST", "EDT", -5 * kHour, Dst::kUnitedStates};
constexpr Zone kLondon = {"Europe/London", "GMT", "BST", 0, Dst::kEurope};
constexpr Zone kCopenhagen = {"Europe/Copenhagen", "CET", "CEST", kHour, Dst::kEurope};
constexpr Zone kJakarta = {"Asia/Jakarta", "WIB", "WIB", 7 * kHour, Dst::kNone};
constexpr Zone kSydney = {"Australia/Sydney", "AEST", "AEDT", 10 * kHour, Dst::kAustralia};

// The nth Sunday of a month, the last one for 0.
std::int64_t sunday(int year, int month, int nth) {
  if (nth == 0) {
    const std::int64_t next = days_from(month == 12 ? year + 1 : year, month % 12 + 1, 1);
    return next - 1 - (weekday(next - 1) + 1) % 7;
  }
  const std::int64_t first = days_from(year, month, 1);
  return first + (6 - weekday(first)) + 7 * (nth - 1);
}

std::int64_t listed(int year, int month, int day) {
  return days_from(year, month, day);
}

std::optional<Security> known(std::string_view symbol) {
  Security s;
  s.symbol = symbol;
  s.zone = &kNewYork;
  s.first_day = listed(1980, 12, 12);
  if (symbol == "AAPL" || symbol == "MSFT" || symbol == "NVDA") {
    s.base = symbol == "AAPL" ? 11'000 : symbol == "MSFT" ? 24'000 : 4'500;
    s.dividends = true;
    s.splits = symbol != "MSFT";
  } else if (symbol == "BEKE") {
    s.base = 4'000;
    s.exchange = "NYQ";
    s.first_day = listed(2020, 8, 13);
  } else if (symbol == "OCDO.L") {
    s = {s.symbol, "GBp", "LSE", "EQUITY", &kLondon, 480, 990, 2, 150'000, listed(2010, 7, 21)};
    s.dividends = true;
  } else if (symbol == "ORSTED.CO") {
    s = {s.symbol, "DKK", "CPH", "EQUITY", &kCopenhagen, 540, 1020, 2, 90'000, listed(2016, 6, 9)};
    s.dividends = true;
  } else if (symbol == "WSKT.JK") {
    s = {s.symbol, "IDR", "JKT", "EQUITY", &kJakarta, 540, 960, 2, 148'500, listed(2012, 12, 19)};
  } else if (symbol == "BHP.AX") {
    s = {s.symbol, "AUD", "ASX", "EQUITY", &kSydney, 600, 960, 2, 4'500, listed(1988, 1, 29)};
    s.dividends = true;
  } else if (symbol == "BTC-USD" || symbol == "ETH-USD") {
    s = {s.symbol,
         "USD",
         "CCC",
         "CRYPTOCURRENCY",
         &kUtc,
         0,
         1440,
         2,
         symbol == "BTC-USD" ? 3'800'000 : 200'000,
         listed(2014, 9, 17)};
    s.every_day = true;
  } else if (symbol == "EURUSD=X") {
    s = {s.symbol, "USD", "CCY", "CURRENCY", &kLondon, 0, 1440, 4, 11'200, listed(2003, 12, 1)};
    s.no_volume = true;
  } else if (symbol == "GC=F") {
    s = {s.symbol, "USD", "CMX", "FUTURE", &kNewYork, 0, 1020, 1, 15'200, listed(2000, 8, 30)};
  } else if (symbol == "^GSPC") {
    s = {s.symbol, "USD", "SNP", "INDEX", &kNewYork, 570, 960, 2, 400'000, listed(1927, 12, 30)};
  } else if (symbol == "0P0000XTS7") {
    s = {s.symbol, "USD", "PNK", "MUTUALFUND", &kNewYork,
         570,      960,   2,     1'188'700,    listed(2019, 1, 1)};
    s.newest_null = s.no_volume = true;
  } else if (symbol == "^VXAPL" || symbol == "APS.AX" || symbol == "LUCYW") {
    s.base = 100;
    s.no_data = true;
    s.currency = symbol == "LUCYW" ? nullptr : "USD";
  } else {
    return std::nullopt;
  }
  return s;
}

}  // namespace

std::int64_t days_from(int year, int month, int day) {
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  return std::chrono::sys_days(date).time_since_epoch().count();
}

Civil civil_from(std::int64_t days) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

bool is_summer(const Zone& zone, std::int64_t utc_s) {
  const int year = civil_from(utc_s / kDay).year;
  const auto begins = [&](int month, int nth, std::int64_t hour_utc) {
    return sunday(year, month, nth) * kDay + hour_utc * kHour;
  };
  switch (zone.dst) {
    case Dst::kUnitedStates:
      return utc_s >= begins(3, 2, 7) && utc_s < begins(11, 1, 6);
    case Dst::kEurope:
      return utc_s >= begins(3, 0, 1) && utc_s < begins(10, 0, 1);
    case Dst::kAustralia:
      return utc_s >= begins(10, 1, -8) || utc_s < begins(4, 1, -8);
    case Dst::kNone:
      break;
  }
  return false;
}

std::int64_t offset_at(const Zone& zone, std::int64_t utc_s) {
  return zone.standard_s + (is_summer(zone, utc_s) ? kHour : 0);
}

std::int64_t to_utc(const Zone& zone, std::int64_t local_s) {
  return local_s - offset_at(zone, local_s - zone.standard_s);
}

std::optional<Security> find_security(std::uint64_t seed, std::string_view symbol) {
  std::optional<Security> out = known(symbol);
  const bool numbered = symbol.size() == 6 && symbol[0] == 'T' &&
                        std::all_of(symbol.begin() + 1, symbol.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!out && numbered) {
    out.emplace();
    out->symbol = symbol;
    out->zone = &kNewYork;
    out->base = static_cast<std::int64_t>(500 + hash_of(seed, hash_text(symbol), 1) % 50'000);
    out->first_day = days_from(1990, 1, 2);
    out->dividends = true;
  }
  if (out) {
    out->hash = hash_of(seed, hash_text(symbol));
  }
  return out;
}

bool is_session(const Security& security, std::int64_t day) {
  if (day < security.first_day) {
    return false;
  }
  const bool holiday = hash_of(security.hash, 3, static_cast<std::uint64_t>(day)) % 31 == 0;
  return security.every_day || (weekday(day) < 5 && !holiday);
}

std::int64_t open_of(const Security& security, std::int64_t day) {
  return to_utc(*security.zone, day * kDay + security.open_min * 60);
}
std::int64_t close_of(const Security& security, std::int64_t day) {
  return to_utc(*security.zone, day * kDay + security.close_min * 60);
}

}  // namespace sluice::twin::yahoo
