// SPDX-License-Identifier: Apache-2.0
//
// What the streams are, and which time the service tells of.
#include <algorithm>
#include <string>

#include "readers.hpp"
#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/time_text.hpp"
#include "zone.hpp"

namespace yahoo {
namespace {

using sluice::Type;

constexpr int64_t kFirstEver = -1'325'635'200;  // 1927-12-30: nothing is older
constexpr int64_t kSpan = 7300 * kDay;

int64_t ceil_to(int64_t time, int64_t step) {
  return (time + step - 1) / step * step;
}

std::string time_text(int64_t seconds) {
  return sluice::to_text(sluice::DateTime{sluice::Micros(std::chrono::seconds(seconds))});
}

sluice::ColumnOptions number(const char* unit, const char* doc, bool nullable) {
  return {.nullable = nullable,
          .unit = unit,
          .doc = doc,
          .precision = sluice::kCandlePrecision,
          .scale = sluice::kCandleScale};
}

sluice::Stream event_stream(const char* name, const char* doc) {
  sluice::Stream stream(name, sluice::Kind::kSeries);
  stream.key("symbol", "ex_date")
      .time("ex_date")
      .step(std::chrono::hours(24))
      .max_span(std::chrono::seconds(kSpan))
      .partitioned()
      .unordered()
      .doc(doc)
      .col("symbol", Type::kUtf8, {.doc = "Security, as the configuration names it."})
      .col("ex_date", Type::kDate32, {.doc = "First day on which it is traded without."});
  return stream;
}

}  // namespace

sluice::Stream candle_stream(const Selection& selection) {
  const Interval& interval = *selection.interval;
  sluice::Stream stream = sluice::candle_stream();
  stream.max_span(std::chrono::seconds(interval.span_s)).partitioned();
  if (interval.unit == Unit::kTimes || interval.unit == Unit::kDays) {
    stream.step(std::chrono::seconds(interval.length_s));
  }
  return stream;
}

sluice::Stream dividend_stream() {
  return event_stream("dividends", "Dividends of a security, by their ex-date.")
      .col("amount", Type::kDecimal128,
           number("currency", "What is paid for a share of today, splits accounted for.", false))
      .col("currency", Type::kUtf8,
           {.doc = "Currency in which the security is quoted; GBp are pence."});
}

sluice::Stream split_stream() {
  return event_stream("splits", "Splits of a security.")
      .col("numerator", Type::kDecimal128, number("", "Shares after the split …", false))
      .col("denominator", Type::kDecimal128, number("", "… for so many before.", false));
}

sluice::Stream instrument_stream() {
  return sluice::Stream("instruments", sluice::Kind::kSnapshot)
      .key("symbol")
      .refresh(std::chrono::hours(24))
      .partitioned()
      .doc("What the service says of each security: its currency, exchange and time zone.")
      .col("symbol", Type::kUtf8, {.doc = "Security, as the configuration names it."})
      .col("yahoo_symbol", Type::kUtf8, {.nullable = false, .doc = "As Yahoo names it."})
      .col("name", Type::kUtf8, {.doc = "Name.", .source_name = "longName, shortName"})
      .col("type", Type::kUtf8, {.doc = "EQUITY, INDEX, …", .source_name = "instrumentType"})
      .col("exchange", Type::kUtf8, {.doc = "Market place.", .source_name = "exchangeName"})
      .col("currency", Type::kUtf8,
           {.doc = "Currency of its prices; GBp are pence.", .source_name = "currency"})
      .col("time_zone", Type::kUtf8,
           {.doc = "Time zone of its days.", .source_name = "exchangeTimezoneName"})
      .col("price_hint", Type::kInt64,
           {.unit = "digits", .doc = "Digits after the point.", .source_name = "priceHint"})
      .col("first_trade", Type::kTimestamp,
           {.doc = "First trade known, UTC.", .source_name = "firstTradeDate"});
}

Reach reach_of(const Interval& interval, int64_t now_s) {
  Reach out{kFirstEver, SLUICE_TIME_MAX / kMicros};
  if (interval.reach_s > 0) {  // an hour later, since it moves on until the last request is sent
    out.first_s = ceil_to(now_s - interval.reach_s + 3600, interval.length_s);
  }
  const int64_t day = (now_s - kDay) / kDay;  // has ended everywhere
  if (interval.unit == Unit::kWeeks) {
    out.end_s = monday_of(day) * kDay;
  } else if (interval.unit == Unit::kMonths) {
    out.end_s = first_of_month(day) * kDay;
  } else if (interval.unit == Unit::kTimes && interval.length_s >= 1800) {
    out.end_s = (now_s - interval.length_s) / interval.length_s * interval.length_s;
  }
  return out;
}

void list_securities(const Shared& shared, const sluice::ListRequest& wanted,
                     std::atomic<bool>& told, const sluice::Lister& out) {
  const int64_t now = shared.now_s();
  const bool candles = wanted.stream() == "candles";
  const Interval& interval = candles ? *shared.selection.interval : interval_named("1d");
  const Reach reach = reach_of(interval, now);
  const bool clipped = interval.reach_s > 0 && wanted.from_us() != SLUICE_TIME_MIN &&
                       wanted.from_us() < reach.first_s * kMicros;
  if (clipped && !told.exchange(true)) {
    shared.host.warn(
        "Candles of " + std::string(interval.name) + " begin at " + time_text(reach.first_s) +
        " instead of " + time_text(wanted.from_us() / kMicros) +
        ": Yahoo tells no more than the last " + std::to_string(interval.reach_s / kDay) +
        " days of them. Longer intervals reach further.");
  }
  for (const Security& security : shared.selection.securities) {
    out.partition({.key = security.name,
                   .from_us = reach.first_s * kMicros,
                   .to_us = reach.end_s >= SLUICE_TIME_MAX / kMicros ? SLUICE_TIME_MAX
                                                                     : reach.end_s * kMicros});
  }
}

}  // namespace yahoo
