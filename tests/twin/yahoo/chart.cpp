// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/yahoo/chart.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace sluice::twin::yahoo {
namespace {

using nlohmann::json;
using Members = std::vector<std::pair<std::string, std::string>>;  // name and JSON text

std::string number_text(double value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return error == std::errc() ? std::string(text, end) : "0";
}

// An object whose members begin with another one each time.
std::string object(Members members, std::uint64_t order) {
  if (!members.empty()) {
    std::rotate(members.begin(),
                members.begin() + static_cast<std::ptrdiff_t>(order % members.size()),
                members.end());
  }
  std::string out = "{";
  for (const auto& [name, text] : members) {
    out += (out.size() > 1 ? ",\"" : "\"") + name + "\":" + text;
  }
  return out + "}";
}

template <class Text>
std::string list(const std::vector<Bar>& bars, Text&& text) {
  std::string out = "[";
  for (const Bar& bar : bars) {
    out += (out.size() > 1 ? "," : "") + (bar.null ? std::string("null") : text(bar));
  }
  return out + "]";
}

json period(const Security& s, std::int64_t begin, std::int64_t end) {
  return {{"timezone", is_summer(*s.zone, begin) ? s.zone->summer : s.zone->winter},
          {"start", begin},
          {"end", end},
          {"gmtoffset", offset_at(*s.zone, begin)}};
}

std::string meta(const Security& s, const Interval& interval, const Chart& chart,
                 std::int64_t now_s) {
  const LastTrade last = last_trade(s, now_s);
  const auto text = [](const auto& value) { return json(value).dump(); };
  Members out = {
      {"currency", s.currency == nullptr ? "null" : text(s.currency)},
      {"symbol", text(s.symbol)},
      {"exchangeName", text(s.exchange)},
      {"instrumentType", text(s.type)},
      {"firstTradeDate", s.no_data ? "null" : text(open_of(s, s.first_day))},
      {"regularMarketTime", text(last.time_s)},
      {"gmtoffset", text(offset_at(*s.zone, now_s))},  // of now, not of the rows
      {"timezone", text(is_summer(*s.zone, now_s) ? s.zone->summer : s.zone->winter)},
      {"exchangeTimezoneName", text(s.zone->name)},
      {"regularMarketPrice", price_text(s, price_at(s, last.time_s))},
      {"priceHint", text(s.hint)},
      {"currentTradingPeriod",
       json{{"pre", period(s, open_of(s, last.day), open_of(s, last.day))},
            {"regular", period(s, open_of(s, last.day), close_of(s, last.day))},
            {"post", period(s, close_of(s, last.day), close_of(s, last.day))}}
           .dump()},
      {"dataGranularity", text(std::string(interval.name))},
      {"range", "\"\""},
      {"validRanges", R"(["1d","5d","1mo","3mo","6mo","1y","2y","5y","10y","ytd","max"])"}};
  if (s.currency != nullptr) {
    out.emplace_back("shortName", text(s.symbol + " Inc."));
  }
  if (interval.step_s != 0) {
    std::set<std::int64_t> days;
    json sessions = json::array();
    for (const Bar& bar : chart.bars) {
      const std::int64_t day = day_at(*s.zone, bar.stamp);
      if (days.insert(day).second) {
        sessions.push_back(json::array({period(s, open_of(s, day), close_of(s, day))}));
      }
    }
    out.emplace_back("tradingPeriods", sessions.dump());
  }
  return object(std::move(out), chart.order);
}

std::string indicators(const Security& s, const Interval& interval, const Chart& chart) {
  const bool adjusted = interval.step_s == 0;
  if (chart.bars.empty()) {
    return adjusted ? R"({"quote":[{}],"adjclose":[{}]})" : R"({"quote":[{}]})";
  }
  const auto prices = [&](std::int64_t Bar::*member) {
    return list(chart.bars, [&](const Bar& bar) { return price_text(s, bar.*member); });
  };
  const std::string quote = object(
      {{"high", prices(&Bar::high)},
       {"low", prices(&Bar::low)},
       {"open", prices(&Bar::open)},
       {"close", prices(&Bar::close)},
       {"volume", list(chart.bars, [](const Bar& bar) { return std::to_string(bar.volume); })}},
      chart.order);
  return "{\"quote\":[" + quote + "]" +
         (adjusted ? ",\"adjclose\":[{\"adjclose\":" + prices(&Bar::close) + "}]" : "") + "}";
}

std::string events(const Chart& chart) {
  Members kinds;
  Members members;
  for (const Dividend& one : chart.dividends) {
    const std::string stamp = std::to_string(one.stamp);
    members.emplace_back(
        stamp,
        object({{"amount", number_text(static_cast<double>(one.amount) / 1e4)}, {"date", stamp}},
               chart.order));
  }
  if (!members.empty()) {
    kinds.emplace_back("dividends", object(std::exchange(members, {}), 0));
  }
  for (const Split& one : chart.splits) {
    const std::string stamp = std::to_string(one.stamp);
    const char* point = chart.order % 2 == 0 ? "" : ".0";  // the same number, this way or that
    members.emplace_back(stamp, object({{"date", stamp},
                                        {"numerator", std::to_string(one.numerator) + point},
                                        {"denominator", std::to_string(one.denominator) + point},
                                        {"splitRatio", "\"" + std::to_string(one.numerator) + ":" +
                                                           std::to_string(one.denominator) + "\""}},
                                       chart.order));
  }
  if (!members.empty()) {
    kinds.emplace_back("splits", object(std::move(members), 0));
  }
  return kinds.empty() ? "" : object(std::move(kinds), chart.order);
}

}  // namespace

std::string price_text(const Security& s, std::int64_t units) {
  const double exact = static_cast<double>(units) / std::pow(10.0, s.hint);
  return number_text(static_cast<double>(static_cast<float>(exact)));
}

std::string chart_text(const Security& s, const Interval& interval, const Chart& chart,
                       std::int64_t now_s) {
  Members result = {{"meta", meta(s, interval, chart, now_s)},
                    {"indicators", indicators(s, interval, chart)}};
  if (!chart.bars.empty()) {
    std::string stamps = "[";
    for (const Bar& bar : chart.bars) {
      stamps += (stamps.size() > 1 ? "," : "") + std::to_string(bar.stamp);
    }
    result.emplace_back("timestamp", stamps + "]");
  }
  if (const std::string told = events(chart); !told.empty()) {
    result.emplace_back("events", told);
  }
  return object({{"chart", object({{"result", "[" + object(std::move(result), chart.order) + "]"},
                                   {"error", "null"}},
                                  chart.order)}},
                0);
}

}  // namespace sluice::twin::yahoo
