// SPDX-License-Identifier: Apache-2.0
//
// dividends and splits: what a chart tells besides its rows; instruments: what it says of the
// security.
#include <algorithm>
#include <map>

#include "chart.hpp"
#include "price.hpp"
#include "readers.hpp"
#include "sluice/cpp/candles.hpp"
#include "zone.hpp"

namespace yahoo {
namespace {

using sluice::Decimal;
using sluice::json;

// A number of an event, in whichever spelling; nothing if it is none.
std::optional<Decimal> number_of(const json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || found->is_structured() || found->is_null()) {
    return std::nullopt;
  }
  try {
    return price_of(found->is_string() ? found->get<std::string>() : found->dump(), -1, false);
  } catch (const sluice::Error&) {
    return std::nullopt;
  }
}

class Events final : public SliceReader {
 public:
  Events(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared),
        request_(request),
        security_(shared.selection.security(request.partition())),
        splits_(request.stream() == "splits") {}

  sluice::Next next(sluice::Batch& batch, sluice::json&) override {
    const int64_t now = shared_.now_s();
    const ChartQuery query{interval_named("1d").yahoo, request_.from_us() / kMicros - kDay,
                           std::min(request_.to_us() / kMicros + kDay, now), false};
    const auto body =
        query.from_s < query.to_s ? shared_.client.chart(security_, query) : std::nullopt;
    if (!body) {
      return sluice::Next::kEnd;
    }
    const Chart chart(*body, query.path(security_.symbol), request_);
    const Zone zone(chart.meta.zone, chart.meta.offset_s);
    const char* name = splits_ ? "splits" : "dividends";
    const auto found = chart.events.find(name);
    if (found != chart.events.end() && found->is_object()) {
      for (const auto& [key, event] : found->items()) {
        take(batch, chart.meta, zone, key, event);
      }
    }
    return sluice::Next::kEnd;
  }

 private:
  // By the stamp that the event has, or is filed under.
  void take(sluice::Batch& batch, const Meta& meta, const Zone& zone, const std::string& key,
            const json& event) {
    const std::string pointer =
        "/chart/result/0/events/" + std::string(splits_ ? "splits/" : "dividends/") + key;
    const auto stamp = event.is_object() && event.contains("date") && event["date"].is_number()
                           ? integer_of(event["date"].dump())
                           : integer_of(key);
    if (!event.is_object() || !stamp || std::abs(*stamp) > 32'503'680'000) {
      return request_.reject("bad_event", pointer + ": has no date.", event.dump());
    }
    const int64_t day = zone.day_of(*stamp);
    if (day * kDay * kMicros < request_.from_us() || day * kDay * kMicros >= request_.to_us()) {
      return;
    }
    const sluice::Days date{sluice::Days::duration(static_cast<int>(day))};
    const auto currency = meta.currency.empty() ? std::nullopt : std::optional(meta.currency);
    if (!splits_) {
      const auto amount = number_of(event, "amount");
      if (!amount) {
        return request_.reject("bad_event", pointer + "/amount: is no number.", event.dump());
      }
      return batch.row(security_.name, date, *amount, currency);
    }
    const auto numerator = number_of(event, "numerator");
    const auto denominator = number_of(event, "denominator");
    if (!numerator || !denominator) {
      return request_.reject("bad_event", pointer + ": has no numerator and denominator.",
                             event.dump());
    }
    batch.row(security_.name, date, *numerator, *denominator);
  }

  Shared shared_;
  const sluice::ReadRequest& request_;
  const Security& security_;
  bool splits_;
};

class Instrument final : public SliceReader {
 public:
  Instrument(const Shared& shared, const sluice::ReadRequest& request)
      : shared_(shared),
        request_(request),
        security_(shared.selection.security(request.partition())) {}

  sluice::Next next(sluice::Batch& batch, sluice::json&) override {
    const int64_t now = shared_.now_s();
    const ChartQuery query{interval_named("1d").yahoo, now - 7 * kDay, now, false};
    const auto body = shared_.client.chart(security_, query);
    if (!body) {
      return sluice::Next::kEnd;
    }
    const Meta meta = Chart(*body, query.path(security_.symbol), request_).meta;
    const auto text = [](const std::string& value) {
      return value.empty() ? std::nullopt : std::optional(value);
    };
    const auto time = [](int64_t seconds) {
      return seconds == 0 ? std::nullopt
                          : std::optional(sluice::Micros(std::chrono::seconds(seconds)));
    };
    batch.row(security_.name, security_.symbol, text(meta.name), text(meta.type),
              text(meta.exchange), text(meta.currency), text(meta.zone),
              meta.hint < 0 ? std::nullopt : std::optional(int64_t{meta.hint}),
              time(meta.first_trade_s));
    return sluice::Next::kEnd;
  }

 private:
  Shared shared_;
  const sluice::ReadRequest& request_;
  const Security& security_;
};

}  // namespace

std::unique_ptr<SliceReader> read_events(const Shared& shared, const sluice::ReadRequest& request) {
  return std::make_unique<Events>(shared, request);
}
std::unique_ptr<SliceReader> read_instrument(const Shared& shared,
                                             const sluice::ReadRequest& request) {
  return std::make_unique<Instrument>(shared, request);
}

}  // namespace yahoo
