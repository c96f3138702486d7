// SPDX-License-Identifier: Apache-2.0
//
// candles: [end, open, high, low, close]. The stamp is the candle's end, the last one may still
// run.
#include "sluice/cpp/candles.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "answer.hpp"
#include "series.hpp"

namespace coingecko {
namespace {

constexpr int64_t kMicros = 1'000'000;
// An answer may have been made so long before it is read, when a candle of it was still running:
// CoinGecko keeps answers for 15 minutes, and completes days 35 minutes after midnight.
constexpr int64_t kStale = 20 * kMinute;
constexpr int64_t kStaleOfDays = 40 * kMinute;

class Candles final : public SliceReader {
 public:
  Candles(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared), request_(request), pair_(shared.selection.pair(request.partition())) {}

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (!loaded_) {
      load();
      at_ = rows_.lower_bound(state.value("from", int64_t{0}));
    }
    if (!columns_) {
      columns_.emplace(batch, shared_.selection.exchange, pair_.name, shared_.selection.interval,
                       "coingecko");
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
  void load() {
    const Selection& selection = shared_.selection;
    now_us_ = shared_.now_s() * kMicros;
    const std::string path = candle_path(selection, pair_, request_.from_us() / kMicros,
                                         request_.to_us() / kMicros, now_us_ / kMicros);
    const std::string body = shared_.client.get(path, pair_.pointer);
    visit_array(body, selection.base_url + path, [&](const Element& element) { take(element); });
    std::vector<int64_t> have;
    for (const auto& [open, candle] : rows_) {
      have.push_back(open / kMicros);
    }
    tell_gaps(request_, request_.from_us() / kMicros, have, selection.body_s,
              std::min(now_us_ / kMicros - kHour, unsettled_s_));
    if (doubles_ > 0) {
      request_.note("double_candle", "Several candles end at the same time; the last counts.",
                    doubles_);
    }
    loaded_ = true;
  }

  void take(const Element& element) {
    const auto reject = [&](const std::string& why) {
      request_.reject("bad_candle", element.place() + why, element.text());
    };
    const auto end_ms =
        element.good && element.cells.size() >= 5 ? time_of(element.cells[0]) : std::nullopt;
    if (!end_ms) {
      return reject(": is not [time, open, high, low, close].");
    }
    const int64_t open_us = *end_ms * 1000 - shared_.selection.body_s * kMicros;
    if (open_us < request_.from_us() || open_us >= request_.to_us()) {
      return;
    }
    const int64_t stale_s = shared_.selection.body_s < kDay ? kStale : kStaleOfDays;
    if (*end_ms * 1000 > now_us_ - stale_s * kMicros) {
      unsettled_s_ = std::min(unsettled_s_, open_us / kMicros);
      return;
    }
    sluice::Candle candle;
    candle.open_time_us = open_us;
    sluice::Decimal* const prices[] = {&candle.open, &candle.high, &candle.low, &candle.close};
    for (std::size_t i = 0; i < 4; ++i) {
      if (!element.cells[i + 1]) {
        return request_.note("null_candle", "A candle without prices is asked for again.");
      }
      try {
        *prices[i] = *amount_of(element.cells[i + 1]);
      } catch (const sluice::Error& error) {
        return reject("/" + std::to_string(i + 1) + ": " + error.message());
      }
    }
    doubles_ += rows_.insert_or_assign(open_us, candle).second ? 0 : 1;
  }

  Shared shared_;
  const sluice::ReadRequest& request_;
  const Pair& pair_;
  std::map<int64_t, sluice::Candle> rows_;  // by the time they open, microseconds
  std::map<int64_t, sluice::Candle>::const_iterator at_ = rows_.end();
  std::optional<sluice::CandleColumns> columns_;
  int64_t now_us_ = 0;
  int64_t unsettled_s_ = std::numeric_limits<int64_t>::max();  // the first that may still run opens
  uint64_t doubles_ = 0;
  bool loaded_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_candles(const Shared& shared,
                                          const sluice::ReadRequest& request) {
  return std::make_unique<Candles>(shared, request);
}

}  // namespace coingecko
