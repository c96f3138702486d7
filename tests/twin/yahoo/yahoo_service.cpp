// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/yahoo/yahoo_service.hpp"

#include <atomic>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "tests/twin/hash.hpp"
#include "tests/twin/service_clock.hpp"
#include "tests/twin/yahoo/chart.hpp"

namespace sluice::twin::yahoo {
namespace {

using nlohmann::json;
__extension__ using Wide = __int128;

constexpr std::string_view kMount = "/yahoo/";
constexpr std::string_view kChart = "v8/finance/chart/";

Response refusal(int status, const char* envelope, const char* code, const std::string& text) {
  return make_response(
      status, "application/json;charset=utf-8",
      json{{envelope, {{"result", nullptr}, {"error", {{"code", code}, {"description", text}}}}}}
          .dump(),
      "error");
}
Response too_many() {
  return make_response(429, "text/html", "Too Many Requests\r\n", "refused");
}

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::string decimal_text(Wide units, int digits) {
  std::string text;
  for (int i = 0; units > 0 || i <= digits; ++i, units /= 10) {
    if (i == digits && digits > 0) {
      text.insert(text.begin(), '.');
    }
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(units % 10)));
  }
  return text;
}

class YahooService final : public Service {
 public:
  YahooService(std::uint64_t seed, const YahooOptions& options)
      : seed_(seed), options_(options), clock_(options.now_s) {}

  std::string_view name() const override { return "yahoo"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    const std::string path = request.path.substr(kMount.size());
    if (options_.browsers_only &&
        request.header("user-agent").find("Mozilla") == std::string_view::npos) {
      return too_many();
    }
    if (path.rfind("quote/", 0) == 0) {
      Response page = make_response(200, "text/html; charset=utf-8",
                                    "<!doctype html><html><body>Quote</body></html>", "page");
      page.headers.emplace_back("Set-Cookie", "A1=d=" + cookie() + "&S=x; Path=/; Secure");
      page.headers.emplace_back("Set-Cookie", "A3=d=" + cookie() + "&S=x; Path=/; Secure");
      return page;
    }
    if (path == "v1/test/getcrumb") {
      return give_crumb(request);
    }
    if (path.rfind(kChart, 0) == 0) {
      return chart(request, path.substr(kChart.size()));
    }
    return refusal(404, "finance", "Not Found", "HTTP 404 Not Found");
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    if (verb == "expect") {
      return expect(request);
    }
    const json body = json::parse(request.body.empty() ? "{}" : request.body);
    if (verb == "clock") {
      if (body.contains("now")) {
        clock_.set(body.at("now").get<std::int64_t>());
      }
      clock_.advance(body.value("advance_s", std::int64_t{0}));
      return json_response(200, json{{"now", clock_.now_s()}}.dump());
    }
    if (verb == "fill") {
      filled_ = body.value("filled", true);
      return json_response(200, json{{"filled", filled_.load()}}.dump());
    }
    if (verb == "crumb") {
      crumbs_ += body.value("rotate", false) ? 1 : 0;
      refuse_crumbs_ = body.value("refuse", refuse_crumbs_.load());
      return json_response(200, json{{"crumb", crumb()}}.dump());
    }
    return std::nullopt;
  }

 private:
  std::string cookie() const { return "AQABB" + std::to_string(hash_of(seed_, 77) % 1'000'000); }
  std::string crumb() const {
    return "x/" + std::to_string(hash_of(seed_, crumbs_.load()) % 100'000'000) + ".b";
  }
  bool knows(const Request& request) const {
    return request.header("cookie").find("A3=d=" + cookie()) != std::string_view::npos;
  }

  Response give_crumb(const Request& request) {
    if (refuse_crumbs_ > 0) {
      --refuse_crumbs_;
      return too_many();
    }
    return knows(request) ? make_response(200, "text/plain;charset=utf-8", crumb(), "crumb")
                          : refusal(401, "finance", "Unauthorized", "Invalid Cookie");
  }

  Response chart(const Request& request, const std::string& symbol) {
    if (options_.crumb && (!knows(request) || request.query_or("crumb", "") != crumb())) {
      return refusal(401, "finance", "Unauthorized", "Invalid Crumb");
    }
    const auto security = find_security(seed_, symbol);
    if (!security) {
      return refusal(404, "chart", "Not Found", "No data found, symbol may be delisted");
    }
    const auto interval = find_interval(request.query_or("interval", "1d"));
    const std::int64_t now = clock_.now_s();
    const std::int64_t from = whole(request.query_or("period1", "")).value_or(now - kDay);
    const std::int64_t to = whole(request.query_or("period2", "")).value_or(now);
    if (!interval) {
      return refusal(422, "chart", "Unprocessable Entity",
                     "Invalid input - interval=" + request.query_or("interval", "") +
                         " is not supported. Valid intervals: [1m, 2m, 5m, 15m, 30m, 60m, 90m, 1h, "
                         "1d, 5d, 1wk, 1mo, 3mo]");
    }
    if (auto refused = check_range(*security, *interval, from, to, now)) {
      return std::move(*refused);
    }
    Response out = make_response(
        200, "application/json;charset=utf-8",
        chart_text(*security, *interval, make_chart(request, *security, *interval, from, to), now),
        "chart");
    out.headers.emplace_back("Cache-Control", "public, max-age=10, stale-while-revalidate=20");
    return out;
  }

  static std::optional<Response> check_range(const Security& security, const Interval& interval,
                                             std::int64_t from, std::int64_t to, std::int64_t now) {
    const std::string name(interval.name);
    const std::string asked = name + " data not available for startTime=" + std::to_string(from) +
                              " and endTime=" + std::to_string(to) + ". ";
    const auto too_far = [&](const std::string& why) {
      return refusal(422, "chart", "Unprocessable Entity", asked + why);
    };
    if (from > to) {
      return refusal(400, "chart", "Bad Request",
                     "Invalid input - start date cannot be after end date. startDate = " +
                         std::to_string(from) + ", endDate = " + std::to_string(to));
    }
    if (interval.span_s > 0 && to - from > interval.span_s) {
      return too_far(
          "Only 7 days worth of 1m granularity data is allowed to be fetched per request.");
    }
    if (interval.reach_s > 0 && from < now - interval.reach_s) {
      return too_far("The requested range must be within the last " +
                     std::to_string(interval.reach_s / kDay) + " days.");
    }
    if (!security.no_data && to < open_of(security, security.first_day)) {
      return refusal(400, "chart", "Bad Request",
                     "Data doesn't exist for startDate = " + std::to_string(from) +
                         ", endDate = " + std::to_string(to));
    }
    return std::nullopt;
  }

  Chart make_chart(const Request& request, const Security& security, const Interval& interval,
                   std::int64_t from, std::int64_t to) const {
    Chart out;
    out.order = hash_text(request.target) >> 8U;
    if (security.no_data) {
      return out;
    }
    const std::int64_t now = clock_.now_s();
    out.bars = bars(security, interval, from, to, now, filled_);
    append_last(security, interval, to, now, out.bars);
    const std::string events = request.query_or("events", "");
    const std::int64_t last = std::min(to, now) / kDay + 2;
    if (events.find("div") != std::string::npos) {
      out.dividends = within(dividends(security, from / kDay - 1, last), from, std::min(to, now));
    }
    if (events.find("split") != std::string::npos) {
      out.splits = within(splits(security, from / kDay - 1, last), from, std::min(to, now));
    }
    return out;
  }

  template <class Event>
  static std::vector<Event> within(std::vector<Event> events, std::int64_t from, std::int64_t to) {
    std::erase_if(events, [&](const Event& e) { return e.stamp < from || e.stamp > to; });
    return events;
  }

  // The live price behind the rows, whatever was asked: within the day it takes the place of the
  // day's own stamp, after it and for minutes it is a row more; of a week or month a second one.
  static void append_last(const Security& security, const Interval& interval, std::int64_t to,
                          std::int64_t now, std::vector<Bar>& out) {
    const LastTrade last = last_trade(security, now);
    const bool daily = interval.name == "1d";
    if (out.empty() || (interval.step_s == 0 && to < last.time_s)) {
      return;
    }
    if (daily && last.open) {
      out.back().stamp = last.time_s;
      return;
    }
    Bar live;
    live.stamp = live.bucket = last.time_s;
    live.open = live.high = live.low = live.close = price_at(security, last.time_s - 1);
    if (interval.step_s != 0 || out.back().stamp < last.time_s) {
      out.push_back(live);
    }
  }

  // What a client holds that gives days, weeks and months by the exchange's date.
  Response expect(const Request& request) const {
    const auto security = find_security(seed_, request.query_or("symbol", "AAPL"));
    const auto interval = find_interval(request.query_or("interval", "1d"));
    const auto from = whole(request.query_or("from", ""));
    const auto to = whole(request.query_or("to", ""));
    if (!security || !interval || !from || !to) {
      throw std::invalid_argument(
          "'symbol', 'interval', 'from' and 'to' (seconds) say what is expected");
    }
    const std::int64_t now = clock_.now_s();
    std::size_t rows = 0, nulls = 0;
    Wide closes = 0, volumes = 0, opens = 0;
    const auto all = security->no_data ? std::vector<Bar>()
                                       : bars(*security, *interval, *from - 2 * kDay,
                                              *to + 2 * kDay, now, filled_);
    for (const Bar& bar : all) {
      if (bar.bucket < *from || bar.bucket >= *to) {
        continue;
      }
      nulls += bar.null ? 1 : 0;
      if (!bar.null) {
        ++rows;
        opens += bar.open;
        closes += bar.close;
        volumes += bar.volume;
      }
    }
    json out{{"rows", rows},
             {"nulls", nulls},
             {"open_sum", decimal_text(opens, security->hint)},
             {"close_sum", decimal_text(closes, security->hint)},
             {"volume_sum", decimal_text(volumes, 0)}};
    Wide paid = 0;
    const auto cash = dividends(*security, (*from + kDay - 1) / kDay, *to / kDay);
    for (const Dividend& one : cash) {
      paid += one.amount;
    }
    out["dividends"] = cash.size();
    out["dividend_sum"] = decimal_text(paid, 4);
    out["splits"] = splits(*security, (*from + kDay - 1) / kDay, *to / kDay).size();
    return json_response(200, out.dump());
  }

  std::uint64_t seed_;
  YahooOptions options_;
  ServiceClock clock_;
  std::atomic<bool> filled_{false};
  std::atomic<std::uint64_t> crumbs_{1};
  std::atomic<int> refuse_crumbs_{0};
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, const YahooOptions& options) {
  return std::make_unique<YahooService>(seed, options);
}

}  // namespace sluice::twin::yahoo
