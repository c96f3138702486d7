// SPDX-License-Identifier: Apache-2.0
//
// market_chart: three arrays of [time, value], joined by the step that the time falls into.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "answer.hpp"
#include "series.hpp"

namespace coingecko {
namespace {

constexpr std::array<std::string_view, 3> kArrays = {"prices", "market_caps", "total_volumes"};
constexpr int64_t kMidnight = 10 * kMinute;  // a daily value lies so close behind it

struct Value {
  int64_t ms = 0;  // 0: none yet
  std::optional<sluice::Decimal> amount;
};
using Row = std::array<Value, kArrays.size()>;

class Chart final : public SliceReader {
 public:
  Chart(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared), request_(request), pair_(shared.selection.pair(request.partition())) {}

  sluice::Next next(sluice::Batch& batch, sluice::json& state) override {
    if (!loaded_) {
      load();
      at_ = rows_.lower_bound(state.value("from", int64_t{0}));
    }
    for (; at_ != rows_.end() && !batch.full(); ++at_) {
      const auto& [slot, row] = *at_;
      batch.row(pair_.coin, pair_.vs, shared_.selection.granularity_name,
                sluice::Micros(std::chrono::seconds(slot)), row[0].amount, row[1].amount,
                row[2].amount);
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
    const int64_t now = shared_.now_s();
    query_ =
        chart_query(selection, request_.from_us() / 1'000'000, request_.to_us() / 1'000'000, now);
    const bool fine = selection.enterprise && selection.granularity == Granularity::kFiveMinutes;
    const std::string path =
        "/coins/" + escaped(pair_.coin) + "/market_chart/range?vs_currency=" + escaped(pair_.vs) +
        "&from=" + std::to_string(query_.from_s) + "&to=" + std::to_string(query_.to_s) +
        "&precision=full" + (fine ? "&interval=5m" : "");
    const std::string body = shared_.client.get(path, pair_.pointer);
    const unsigned found = visit_members(body, selection.base_url + path, kArrays, request_,
                                         [&](const Element& element) { take(element); });
    check(found);
    check_steps();
    std::vector<int64_t> have;
    for (const auto& [slot, row] : rows_) {
      have.push_back(slot);
    }
    const int64_t settling = selection.granularity == Granularity::kDaily    ? 14 * kHour
                             : selection.granularity == Granularity::kHourly ? 90 * kMinute
                                                                             : 15 * kMinute;
    tell_gaps(request_, query_.from_s, have, selection.step_s, now - settling);
    if (doubles_ > 0) {
      request_.note("double_step", "Several rows fall into one step; the earliest counts.",
                    doubles_);
    }
    loaded_ = true;
  }

  void check(unsigned found) const {
    if ((found & 1U) == 0) {
      // Not bad data: a configuration that is corrected is to read it.
      throw sluice::Error(sluice::Code::kUnavailable, "CoinGecko's answer has no prices of " +
                                                          pair_.coin + " in " + pair_.vs +
                                                          "; look whether it knows that currency.")
          .at_config(pair_.pointer);
    }
    for (std::size_t i = 1; i < kArrays.size(); ++i) {
      if ((found & (1U << i)) == 0) {
        request_.note("missing_field", "/" + std::string(kArrays[i]));
      }
    }
  }

  // How fine an answer is follows from the range as the service saw it, which may have been longer
  // than the present day by the time: steps that are missing then tell nothing.
  void check_steps() {
    const Selection& selection = shared_.selection;
    if (selection.granularity != Granularity::kFiveMinutes || selection.enterprise ||
        stamps_ms_.size() < 3) {
      return;
    }
    std::sort(stamps_ms_.begin(), stamps_ms_.end());
    std::vector<int64_t> apart;
    for (std::size_t i = 1; i < stamps_ms_.size(); ++i) {
      apart.push_back(stamps_ms_[i] - stamps_ms_[i - 1]);
    }
    const auto median = apart.begin() + static_cast<std::ptrdiff_t>(apart.size() / 2);
    std::nth_element(apart.begin(), median, apart.end());
    if (*median > 3 * selection.step_s * 1000) {
      throw sluice::Error(sluice::Code::kUnavailable,
                          "CoinGecko answered in steps of " + std::to_string(*median / 60'000) +
                              " minutes where five minutes were asked for; it is asked again.")
          .retryable();
    }
  }

  void take(const Element& element) {
    const auto array = static_cast<std::size_t>(
        std::find(kArrays.begin(), kArrays.end(), element.array.substr(1)) - kArrays.begin());
    const auto ms =
        element.good && element.cells.size() >= 2 ? time_of(element.cells[0]) : std::nullopt;
    if (!ms) {
      return request_.reject("bad_element", element.place() + ": is not [time, value].",
                             element.text());
    }
    const bool goes_back = element.index > 0 && *ms < last_ms_[array];
    last_ms_[array] = *ms;
    if (element.is_last && (query_.reaches_now || goes_back)) {
      return;  // the present price
    }
    if (array == 0) {
      stamps_ms_.push_back(*ms);
    }
    keep(element, array, *ms);
  }

  void keep(const Element& element, std::size_t array, int64_t ms) {
    const int64_t step = shared_.selection.step_s;
    const int64_t slot = ms / 1000 / step * step;
    const bool wanted =
        slot * 1'000'000 >= request_.from_us() && slot * 1'000'000 < request_.to_us();
    const bool daily = shared_.selection.granularity == Granularity::kDaily;
    if (!wanted || (daily && ms / 1000 - slot > kMidnight)) {
      return;
    }
    Value value{ms, std::nullopt};
    try {
      value.amount = amount_of(element.cells[1]);
    } catch (const sluice::Error& error) {
      return request_.reject("bad_value", element.place() + "/1: " + error.message(),
                             element.text());
    }
    Value& kept = rows_[slot][array];
    doubles_ += kept.ms != 0 && array == 0 ? 1 : 0;
    if (kept.ms == 0 || ms < kept.ms) {
      kept = value;
    }
  }

  Shared shared_;
  const sluice::ReadRequest& request_;
  const Pair& pair_;
  Query query_;
  std::array<int64_t, kArrays.size()> last_ms_{};
  std::vector<int64_t> stamps_ms_;  // of all prices, also of those that are not wanted
  std::map<int64_t, Row> rows_;     // by the step's begin, seconds
  std::map<int64_t, Row>::const_iterator at_ = rows_.end();
  uint64_t doubles_ = 0;
  bool loaded_ = false;
};

}  // namespace

std::unique_ptr<SliceReader> read_chart(const Shared& shared, const sluice::ReadRequest& request) {
  return std::make_unique<Chart>(shared, request);
}

}  // namespace coingecko
