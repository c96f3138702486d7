// SPDX-License-Identifier: Apache-2.0
//
// candles: which rows of a chart are candles that have ended, and what of the interval is still to
// be found out.
#include "sluice/cpp/candles.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "chart.hpp"
#include "price.hpp"
#include "readers.hpp"
#include "zone.hpp"

namespace yahoo {
namespace {

constexpr int64_t kDelay = 30 * 60;      // the exchanges' data may come so much later
constexpr int64_t kLateDays = 4 * kDay;  // candles of days and more
constexpr std::size_t kSingleNulls = 4;  // more are asked for again in one go

class Candles final : public SliceReader {
 public:
  Candles(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared),
        request_(request),
        security_(shared.selection.security(request.partition())),
        interval_(*shared.selection.interval),
        from_s_(request.from_us() / kMicros),
        to_s_(request.to_us() / kMicros) {}

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (!loaded_) {
      load();
      loaded_ = true;
      at_ = rows_.lower_bound(state.value("from", std::numeric_limits<int64_t>::min()));
    }
    if (!columns_) {
      columns_.emplace(batch, shared_.selection.exchange, security_.name, interval_.name, "yahoo");
    }
    for (; at_ != rows_.end() && !batch.full(); ++at_) {
      columns_->append(at_->second);
    }
    if (at_ == rows_.end()) {
      return sluice::Next::kEnd;
    }
    state["from"] = at_->first;
    return sluice::Next::kRows;
  }

 private:
  bool by_day() const { return interval_.unit != Unit::kTimes; }

  // Days are those of the exchange, so that they may begin and end a day off in UTC.
  ChartQuery query() const {
    const int64_t margin = by_day() ? kDay : 0;
    ChartQuery out{interval_.yahoo, from_s_ - margin, std::min(to_s_ + margin, now_s_),
                   shared_.selection.pre_post};
    if (interval_.reach_s > 0) {
      out.from_s = std::max(out.from_s, now_s_ - interval_.reach_s + 60);
    }
    return out;
  }

  void load() {
    now_s_ = shared_.now_s();
    const ChartQuery query = this->query();
    if (!by_day() && query.from_s > from_s_) {
      request_.interval_outcome(from_s_ * kMicros, std::min(query.from_s, to_s_) * kMicros,
                                sluice::Outcome::kEmpty, "Yahoo no longer tells that interval.");
    }
    const auto body =
        query.from_s < query.to_s ? shared_.client.chart(security_, query) : std::nullopt;
    if (!body) {
      request_.note("no_data", "Yahoo says that it has no data of that time.");
      return tell_young();
    }
    const Chart chart(*body, query.path(security_.symbol), request_);
    const Zone zone(chart.meta.zone, chart.meta.offset_s);
    if (!zone.known() && by_day() && !chart.times.empty()) {
      request_.note("unknown_zone",
                    "The exchange's time zone is not known; its present offset is used.");
    }
    if (chart.meta.currency == "GBp") {
      request_.note("pence", "Prices are in pence (GBp), as they are quoted.");
    }
    today_ = zone.day_of(now_s_);
    if (chart.meta.session.end_s > chart.meta.session.begin_s) {
      session_day_ = zone.day_of(chart.meta.session.begin_s);
    }
    for (std::size_t i = 0; i < chart.times.size(); ++i) {
      take(chart, zone, i);
    }
    tell_nulls();
    tell_late(chart.meta);
    if (doubles_ > 0) {
      request_.note("double_candle", "Several rows are of the same time; the first counts.",
                    doubles_);
    }
  }

  // When the candle begins that a row belongs to: the row's own time, or midnight UTC of its first
  // day.
  int64_t open_of(int64_t stamp_s, const Zone& zone) const {
    return interval_.unit == Unit::kTimes ? stamp_s : first_day_of(zone.day_of(stamp_s)) * kDay;
  }

  // Of the candle that holds a day.
  int64_t first_day_of(int64_t day) const {
    return interval_.unit == Unit::kWeeks    ? monday_of(day)
           : interval_.unit == Unit::kMonths ? first_of_month(day)
                                             : day;
  }

  // When it is over. A day is when its session is, as far as that is known, and told in full.
  int64_t end_of(int64_t open_s, const Meta& meta, const Zone& zone) const {
    const int64_t day = open_s / kDay;
    switch (interval_.unit) {
      case Unit::kTimes:
        return open_s + interval_.length_s;
      case Unit::kDays:
        return day == session_day_ ? meta.session.end_s + kDelay
               : day < today_      ? open_s  // long ago
                                   : zone.begin_of(day + 1);
      case Unit::kWeeks:
        return zone.begin_of(day + 7);
      case Unit::kMonths:
        break;
    }
    return zone.begin_of(first_of_next_month(day));
  }

  void take(const Chart& chart, const Zone& zone, std::size_t i) {
    const auto stamp = chart.times[i] ? integer_of(*chart.times[i]) : std::nullopt;
    if (!stamp || std::abs(*stamp) > 32'503'680'000) {
      return request_.reject("bad_time", place("/timestamp/", i) + ": is no time.",
                             chart.times[i].value_or("null"));
    }
    const int64_t open_s = open_of(*stamp, zone);
    if (open_s < from_s_ || open_s >= to_s_ || is_live(chart, i, *stamp)) {
      return;
    }
    const int64_t end_s = end_of(open_s, chart.meta, zone);
    if (end_s > now_s_ || is_delayed(end_s, chart.meta)) {
      running_ = running_ ? std::min(*running_, open_s) : open_s;
      return;
    }
    for (const Quote quote : {kOpen, kHigh, kLow, kClose}) {
      if (!chart.at(quote, i)) {
        nulls_.insert(open_s);
        return;
      }
    }
    keep(chart, i, open_s);
  }

  bool is_trading(const Meta& meta) const {
    const Session& session = shared_.selection.pre_post ? meta.day : meta.session;
    return now_s_ >= session.begin_s && now_s_ < session.end_s + kDelay;
  }

  // Whether trades of a candle that has ended are still to be told: none after its end has been,
  // and it is no older than the data may be late.
  bool is_delayed(int64_t end_s, const Meta& meta) const {
    return !by_day() && is_trading(meta) && meta.last_trade_s > 0 && end_s > meta.last_trade_s &&
           end_s > now_s_ - kDelay;
  }

  void keep(const Chart& chart, std::size_t i, int64_t open_s) {
    sluice::Candle candle;
    candle.open_time_us = open_s * kMicros;
    const auto price = [&](Quote quote) {
      return price_of(*chart.at(quote, i), chart.meta.hint, shared_.selection.always_hint);
    };
    try {
      candle.open = price(kOpen);
      candle.high = price(kHigh);
      candle.low = price(kLow);
      candle.close = price(kClose);
    } catch (const sluice::Error& error) {
      return request_.reject("bad_price",
                             place("/indicators/quote/0/open/", i) + ": " + error.message(),
                             std::string(*chart.at(kOpen, i)));
    }
    try {
      if (const Cell volume = chart.at(kVolume, i)) {
        candle.volume = sluice::parse_candle_decimal(*volume);
      }
    } catch (const sluice::Error&) {
      request_.note("bad_value", place("/indicators/quote/0/volume/", i) + ": is no number.");
    }
    doubles_ += rows_.emplace(open_s, candle).second ? 0 : 1;
  }

  static std::string place(const char* array, std::size_t i) {
    return "/chart/result/0" + std::string(array) + std::to_string(i);
  }

  // Behind the rows stands the price of the last trade, whatever was asked for: at a time between
  // the steps, or as one price without a volume after the session.
  bool is_live(const Chart& chart, std::size_t i, int64_t stamp) const {
    if (by_day() || i + 1 < chart.times.size()) {
      return false;
    }
    const bool one_price = chart.at(kOpen, i) == chart.at(kClose, i) &&
                           chart.at(kHigh, i) == chart.at(kLow, i) &&
                           chart.at(kOpen, i) == chart.at(kHigh, i);
    const bool no_volume = integer_of(chart.at(kVolume, i).value_or("0")).value_or(1) == 0;
    const bool last = chart.meta.last_trade_s > 0 && stamp >= chart.meta.last_trade_s / 60 * 60;
    return stamp % 60 != 0 || (one_price && no_volume && last);
  }

  void ask_again(int64_t from_s, int64_t to_s, const char* why) const {
    request_.interval_outcome(std::max(from_s, from_s_) * kMicros, std::min(to_s, to_s_) * kMicros,
                              sluice::Outcome::kFailed, why);
  }

  int64_t length_of(int64_t open_s) const {
    return interval_.unit == Unit::kMonths ? first_of_next_month(open_s / kDay) * kDay - open_s
                                           : interval_.length_s;
  }

  // Rows without values: Yahoo fills some of them later. Few of them are asked for one by one, many
  // all at once.
  void tell_nulls() {
    std::vector<int64_t> open;
    for (const int64_t null : nulls_) {
      const bool old = shared_.selection.null_rows_for_s > 0 &&
                       now_s_ - null > shared_.selection.null_rows_for_s;
      if (rows_.contains(null)) {
        continue;
      }
      if (old) {
        request_.interval_outcome(null * kMicros, std::min(null + length_of(null), to_s_) * kMicros,
                                  sluice::Outcome::kEmpty, "The row has no values and is old.");
      } else {
        open.push_back(null);
      }
    }
    if (open.empty()) {
      return;
    }
    request_.note("null_row", "Rows without values are asked for again.", open.size());
    if (open.size() > kSingleNulls) {
      open = {open.front(), open.back()};
      return ask_again(open.front(), open.back() + length_of(open.back()),
                       "Rows have no values yet.");
    }
    for (const int64_t null : open) {
      ask_again(null, null + length_of(null), "The row has no values yet.");
    }
  }

  // Nothing was told at all; of what is young that may be for the delay.
  void tell_young() const {
    const int64_t late = by_day() ? first_day_of((now_s_ - kLateDays) / kDay) * kDay
                                  : (now_s_ - kDelay) / interval_.length_s * interval_.length_s;
    if (late < to_s_) {
      ask_again(late, to_s_, "It is so young that its data may still come.");
    }
  }

  // What is still running, and what may be delayed.
  void tell_late(const Meta& meta) {
    if (running_) {
      ask_again(*running_, to_s_, "The candle has not ended, or not been told in full.");
    } else if (interval_.unit == Unit::kTimes) {
      const int64_t after = rows_.empty() ? from_s_ : rows_.rbegin()->first + interval_.length_s;
      const int64_t late = std::max(after, now_s_ - kDelay);
      if (is_trading(meta) && late < to_s_) {
        ask_again(late / interval_.length_s * interval_.length_s, to_s_,
                  "The exchange's data come with a delay.");
      }
    } else if (interval_.unit == Unit::kDays && now_s_ - meta.session.begin_s < kLateDays) {
      const int64_t day_s = session_day_ * kDay;
      const bool there = rows_.contains(day_s) || nulls_.contains(day_s);
      if (day_s >= from_s_ && day_s < to_s_ && !there) {
        ask_again(day_s, day_s + kDay, "The last session's candle is not there yet.");
      }
    }
  }

  Shared shared_;
  const sluice::ReadRequest& request_;
  const Security& security_;
  const Interval& interval_;
  int64_t from_s_, to_s_;
  int64_t now_s_ = 0;
  int64_t today_ = 0;                       // of the exchange
  int64_t session_day_ = -1;                // of the session that the answer tells of
  std::map<int64_t, sluice::Candle> rows_;  // by the time they open, seconds
  std::map<int64_t, sluice::Candle>::const_iterator at_ = rows_.end();
  std::set<int64_t> nulls_;
  std::optional<int64_t> running_;  // the first that has not ended
  std::optional<sluice::CandleColumns> columns_;
  uint64_t doubles_ = 0;
  bool loaded_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_candles(const Shared& shared,
                                          const sluice::ReadRequest& request) {
  return std::make_unique<Candles>(shared, request);
}

}  // namespace yahoo
