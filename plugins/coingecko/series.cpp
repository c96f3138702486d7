// SPDX-License-Identifier: Apache-2.0
//
// What is asked for, and from when on: the rules of granularity and reach.
#include "series.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "sluice/cpp/candles.hpp"
#include "sluice/cpp/time_text.hpp"

namespace coingecko {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kFirstEver = 1'367'107'200;  // 2013-04-28: nothing is older
constexpr int64_t kHourlyLeast = 50 * kHour;   // a shorter range comes in steps of five minutes
constexpr int64_t kDailyLeast = 92 * kDay;     // a shorter range comes by the hour

int64_t ceil_to(int64_t time, int64_t step) {
  return (time + step - 1) / step * step;
}

std::string time_text(int64_t seconds) {
  return sluice::to_text(sluice::DateTime{sluice::Micros(std::chrono::seconds(seconds))});
}

// How far back candles of the length reach.
int64_t candle_reach(const Selection& selection) {
  return selection.body_s == kHour / 2   ? kDay
         : selection.body_s == 4 * kHour ? 30 * kDay
         : selection.paid                ? std::numeric_limits<int64_t>::max()
                                         : kWallDays * kDay;
}

sluice::ColumnOptions amount(const char* doc) {
  return {.unit = "vs_currency",
          .doc = doc,
          .precision = sluice::kCandlePrecision,
          .scale = sluice::kCandleScale};
}

}  // namespace

sluice::Stream chart_stream(const Selection& selection) {
  using sluice::Type;
  const int64_t span = selection.granularity == Granularity::kDaily    ? 1800 * kDay
                       : selection.granularity == Granularity::kHourly ? 80 * kDay
                       : selection.enterprise                          ? 10 * kDay
                                                                       : kDay;
  sluice::Stream stream("market_chart", sluice::Kind::kSeries);
  stream.partitioned()
      .key("coin", "vs_currency", "granularity", "time")
      .time("time")
      .step(std::chrono::seconds(selection.step_s))
      .max_span(std::chrono::seconds(span))
      .doc("Price, market capitalisation and volume of a coin on a grid of times.")
      .col("coin", Type::kUtf8, {.doc = "Id of the coin."})
      .col("vs_currency", Type::kUtf8, {.doc = "Currency of the amounts."})
      .col("granularity", Type::kUtf8, {.doc = "Distance of the grid: 5m, hourly or daily."})
      .col("time", Type::kTimestamp,
           {.doc = "Begin of the step in which the values were taken, UTC."})
      .col("price", Type::kDecimal128, amount("Price of one coin."))
      .col("market_cap", Type::kDecimal128, amount("Market capitalisation."))
      .col("total_volume", Type::kDecimal128, amount("What was traded in the 24 hours before."));
  return stream;
}

sluice::Stream candle_stream(const Selection& selection) {
  sluice::Stream stream = sluice::candle_stream();
  stream.step(std::chrono::seconds(selection.body_s)).partitioned();
  if (selection.body_s == kHour || selection.body_s == kDay) {
    stream.max_span(std::chrono::seconds(selection.body_s == kHour ? 30 * kDay : 170 * kDay));
  }
  return stream;
}

Query chart_query(const Selection& selection, int64_t from_s, int64_t to_s, int64_t now_s) {
  Query out{from_s, std::min(to_s, now_s)};
  if (selection.granularity == Granularity::kFiveMinutes) {
    if (!selection.enterprise) {  // only the present day comes that fine, which has moved on
      out.from_s = std::max(from_s, first_chart_s(selection, now_s));
      out.to_s = now_s;
    }
  } else {
    const int64_t least =
        selection.granularity == Granularity::kHourly ? kHourlyLeast : kDailyLeast;
    out.to_s = std::max(out.to_s, std::min(now_s, from_s + least));
    out.from_s = std::min(from_s, out.to_s - least);
    if (!selection.paid) {  // and not beyond the wall
      out.from_s = std::max(out.from_s, std::min(from_s, now_s - kWallDays * kDay + kHour));
    }
  }
  out.reaches_now = out.to_s >= now_s - kHour;
  out.to_s = out.reaches_now ? now_s : out.to_s;  // rows of caches may be that old
  return out;
}

std::string candle_path(const Selection& selection, const Pair& pair, int64_t from_s, int64_t to_s,
                        int64_t now_s) {
  const std::string start = "/coins/" + escaped(pair.coin) + "/ohlc";
  const std::string currency = "?vs_currency=" + escaped(pair.vs);
  if (selection.body_s == kHour || selection.body_s == kDay) {
    return start + "/range" + currency + "&from=" + std::to_string(from_s) +
           "&to=" + std::to_string(std::min(to_s + selection.body_s, now_s)) +
           "&interval=" + (selection.body_s == kHour ? "hourly" : "daily");
  }
  // Only so many days back from now can be asked for, and their number decides on the length.
  const std::array<int64_t, 3> days =
      selection.body_s == kHour / 2   ? std::array<int64_t, 3>{1, 1, 1}
      : selection.body_s == 4 * kHour ? std::array<int64_t, 3>{7, 14, 30}
                                      : std::array<int64_t, 3>{90, 180, 365};
  const auto enough =
      std::find_if(days.begin(), days.end(), [&](int64_t d) { return now_s - d * kDay <= from_s; });
  const bool max = enough == days.end() && selection.paid && selection.body_s == 4 * kDay;
  return start + currency +
         "&days=" + (max ? "max" : std::to_string(enough == days.end() ? days.back() : *enough));
}

int64_t first_chart_s(const Selection& selection, int64_t now_s) {
  if (selection.granularity == Granularity::kFiveMinutes && !selection.enterprise) {
    return ceil_to(now_s - kDay + kMinute, selection.step_s);
  }
  // A while later than the wall, which moves on until the last request is sent.
  return selection.paid ? kFirstEver
                        : ceil_to(now_s - kWallDays * kDay + 2 * kHour, selection.step_s);
}

int64_t first_candle_s(const Selection& selection, int64_t now_s) {
  const int64_t reach = candle_reach(selection);
  return reach > now_s - kFirstEver ? kFirstEver
                                    : ceil_to(now_s - reach + 5 * kMinute, selection.body_s);
}

void list_pairs(const Shared& shared, const sluice::ListRequest& wanted, std::atomic<bool>& told,
                const sluice::Lister& out) {
  const Selection& selection = shared.selection;
  const int64_t now = shared.now_s();
  const bool chart = wanted.stream() == "market_chart";
  const int64_t first = chart ? first_chart_s(selection, now) : first_candle_s(selection, now);
  const bool clipped = wanted.from_us() != SLUICE_TIME_MIN && wanted.from_us() < first * kMicros &&
                       first > kFirstEver;
  if (clipped && !told.exchange(true)) {
    const bool fine = chart && selection.granularity == Granularity::kFiveMinutes;
    const int64_t days = fine ? 1 : chart ? kWallDays : candle_reach(selection) / kDay;
    shared.host.warn(
        std::string(wanted.stream()) + " of " +
        (chart ? selection.granularity_name : selection.interval) + " begins at " +
        time_text(first) + " instead of " + time_text(wanted.from_us() / kMicros) +
        ": with plan = \"" + selection.plan + "\" CoinGecko tells no more than the last " +
        std::to_string(days) + " days of it. " +
        (days == kWallDays ? "plan = \"pro\" reaches further." : "Longer steps reach further."));
  }
  for (const Pair& pair : selection.pairs) {
    out.partition({.key = pair.name, .from_us = first * kMicros});
  }
}

void tell_gaps(const sluice::ReadRequest& request, int64_t asked_from_s,
               const std::vector<int64_t>& have, int64_t step_s, int64_t settled_s) {
  const int64_t begin = request.from_us() / kMicros;
  const int64_t end = request.to_us() / kMicros;
  if (begin < asked_from_s) {
    request.interval_outcome(request.from_us(), std::min(asked_from_s, end) * kMicros,
                             sluice::Outcome::kFailed,
                             "It was out of reach when its turn came to be asked for.");
  }
  const auto tell = [&](int64_t from, int64_t to) {
    const int64_t cut = std::clamp(settled_s / step_s * step_s, from, to);
    if (from < cut && !have.empty()) {
      request.interval_outcome(from * kMicros, cut * kMicros, sluice::Outcome::kEmpty,
                               "The answer has no row for it.");
    }
    if (cut < to) {
      request.interval_outcome(
          cut * kMicros, to * kMicros, sluice::Outcome::kFailed,
          "The answer does not have it yet; CoinGecko keeps answers for a while.");
    }
  };
  int64_t at = ceil_to(std::max(begin, asked_from_s), step_s);
  for (const int64_t slot : have) {
    if (slot > at) {
      tell(at, slot);
    }
    at = slot + step_s;
  }
  if (at < end) {
    tell(at, end);
  }
}

}  // namespace coingecko
