// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/coingecko/coingecko_service.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "tests/twin/coingecko/market.hpp"
#include "tests/twin/limits/gate.hpp"
#include "tests/twin/service_clock.hpp"

namespace sluice::twin::coingecko {
namespace {

using nlohmann::json;

constexpr std::string_view kMount = "/coingecko/";
constexpr std::int64_t kWallDays = 365;

// An answer that is an error, in one of the service's three envelopes.
struct Refusal {
  Response response;
};

Refusal flat(int status, const std::string& text) {
  return {make_response(status, "application/json; charset=utf-8", json{{"error", text}}.dump(),
                        "error")};
}
Refusal structured(int status, int code, const std::string& text) {
  return {make_response(status, "application/json",
                        json{{"status", {{"error_code", code}, {"error_message", text}}}}.dump(),
                        "error")};
}
Refusal nested(int status, int code, const std::string& text) {
  return {make_response(status, "application/json",
                        json{{"error",
                              {{"status",
                                {{"timestamp", "2026-01-01T00:00:00.000+00:00"},
                                 {"error_code", code},
                                 {"error_message", text}}}}}}
                            .dump(),
                        "error")};
}
Refusal missing(const char* parameter) {
  return flat(422, std::string("Missing parameter ") + parameter);
}
// What the candles answer to a parameter they do not like.
Refusal broken() {
  return {make_response(500, "application/json",
                        json{{"status", 500}, {"error", "Internal Server Error"}}.dump(), "error")};
}

Response answer(std::string body, std::string kind) {
  Response response =
      make_response(200, "application/json; charset=utf-8", std::move(body), std::move(kind));
  response.headers.emplace_back("Cache-Control", "public, max-age=30");
  return response;
}

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string unquoted(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::int64_t floor_to(std::int64_t time, std::int64_t step) {
  return time - time % step;
}
std::int64_t ceil_to(std::int64_t time, std::int64_t step) {
  return floor_to(time + step - 1, step);
}

class CoinGeckoService final : public Service {
 public:
  CoinGeckoService(std::uint64_t seed, const CoinGeckoOptions& options, double scale)
      : options_(options),
        market_(seed, options.coins),
        clock_(options.now_s),
        gate_("coingecko", scale, true) {}

  std::string_view name() const override { return "coingecko"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    return gate_.pass(request, [&] {
      try {
        return route(request);
      } catch (Refusal& refusal) {
        return std::move(refusal.response);
      }
    });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    if (verb == "limits") {
      return gate_.control(request);
    }
    if (verb == "expect") {
      return expect(request);
    }
    if (verb == "clock") {
      return set_clock(request);
    }
    if (verb == "move") {
      return move(request);
    }
    return std::nullopt;
  }

 private:
  struct Asked {
    const Request& request;
    bool pro = false;
    bool enterprise = false;
    std::string path;  // behind /api/v3

    std::string need(const char* name) const {
      const auto found = request.query.find(name);
      if (found == request.query.end() || found->second.empty()) {
        throw missing(name);
      }
      return found->second;
    }
    std::string currency() const {
      const std::string vs = need("vs_currency");
      if (Market::currency_divisor(vs) == 0) {
        throw flat(422, "invalid vs_currency");
      }
      return vs;
    }
  };

  // Where answers are as of: the service's caches are `stale_s` old.
  std::int64_t now() const { return clock_.now_s() - stale_s_.load(); }

  Response route(const Request& request) {
    Asked asked{request, false, false, request.path.substr(kMount.size() - 1)};
    if (asked.path.rfind("/pro/", 0) == 0) {
      asked.pro = true;
      asked.path.erase(0, 4);
    }
    if (asked.path.rfind("/api/v3/", 0) != 0) {
      throw flat(404, "Incorrect path. Please check https://www.coingecko.com/api/");
    }
    asked.path.erase(0, 7);
    check_key(asked);
    if (asked.path == "/ping") {
      return answer(R"({"gecko_says":"(V3) To the Moon!"})", "ping");
    }
    if (asked.path == "/simple/price") {
      return simple_price(asked);
    }
    if (asked.path == "/simple/supported_vs_currencies") {
      return answer(R"(["btc","eth","eur","usd"])", "currencies");
    }
    if (asked.path == "/coins/list") {
      return coin_list(asked);
    }
    if (asked.path == "/coins/markets") {
      return markets(asked);
    }
    return coin_path(asked);
  }

  void check_key(Asked& asked) const {
    const auto key_of = [&](const char* header, const char* parameter) {
      const std::string_view value = asked.request.header(header);
      return value.empty() ? asked.request.query_or(parameter, "") : std::string(value);
    };
    const std::string demo = key_of("x-cg-demo-api-key", "x_cg_demo_api_key");
    const std::string pro = key_of("x-cg-pro-api-key", "x_cg_pro_api_key");
    if (!asked.pro && !pro.empty()) {
      throw structured(400, 10010,
                       "This key is for paying customers: change the root URL to "
                       "pro-api.coingecko.com/api/v3");
    }
    if (asked.pro && !demo.empty()) {
      throw structured(400, 10011,
                       "This is a demo key: change the root URL to api.coingecko.com/api/v3");
    }
    if (!asked.pro && !demo.empty() && demo != options_.demo_key) {
      throw structured(401, 10002, "The API key is wrong");
    }
    if (asked.pro && pro != options_.pro_key && pro != options_.enterprise_key) {
      throw structured(401, 10002, "API key missing");
    }
    asked.enterprise = asked.pro && pro == options_.enterprise_key;
  }

  Response coin_path(const Asked& asked) {
    constexpr std::string_view kCoins = "/coins/";
    const std::string rest =
        asked.path.rfind(kCoins, 0) == 0 ? asked.path.substr(kCoins.size()) : "";
    const std::size_t slash = rest.find('/');
    const std::string what = slash == std::string::npos ? "" : rest.substr(slash);
    if (what == "/market_chart") {
      return chart_of_days(asked, coin(rest.substr(0, slash)));
    }
    if (what == "/market_chart/range") {
      return chart_of_range(asked, coin(rest.substr(0, slash)));
    }
    if (what == "/ohlc") {
      return candles_of_days(asked, coin(rest.substr(0, slash)));
    }
    if (what == "/ohlc/range" && asked.pro) {
      return candles_of_range(asked, coin(rest.substr(0, slash)));
    }
    throw flat(404, "Incorrect path. Please check https://www.coingecko.com/api/");
  }

  const Coin& coin(const std::string& id) const {
    const Coin* found = market_.find(id);
    if (found == nullptr) {
      throw flat(404, "coin not found");
    }
    return *found;
  }

  // ---- charts ----
  void check_wall(const Asked& asked, std::int64_t from_s) const {
    if (!asked.pro && from_s < clock_.now_s() - kWallDays * kDay) {
      throw nested(401, 10012,
                   "Your request exceeds the allowed time range. Public API users are limited to "
                   "querying historical data within the past 365 days.");
    }
  }

  static std::int64_t step_of(const Asked& asked, std::int64_t span_s, bool recent) {
    const std::string interval = asked.request.query_or("interval", "");
    if (interval == "5m" && !asked.enterprise) {
      throw structured(403, 10005, "This interval is limited to Enterprise plan subscribers");
    }
    if (!interval.empty() && (asked.pro || interval != "5m")) {
      return interval == "5m" ? kFiveMinutes : interval == "hourly" ? kHour : kDay;
    }
    if (span_s <= kDay) {
      return recent ? kFiveMinutes : kHour;
    }
    return span_s <= 90 * kDay ? kHour : kDay;
  }

  Response chart_of_days(const Asked& asked, const Coin& coin) const {
    const std::string vs = asked.currency();
    const std::string days = asked.need("days");
    const std::int64_t count = days == "max" ? 4'000 : whole(days).value_or(0);
    if (count <= 0) {
      throw flat(422, "invalid days");
    }
    const std::int64_t from = now() - count * kDay;
    if (days != "max") {
      check_wall(asked, from);
    }
    return chart(coin, vs, step_of(asked, count * kDay, true), from, now());
  }

  Response chart_of_range(const Asked& asked, const Coin& coin) const {
    const std::string vs = asked.currency();
    const auto from = whole(asked.need("from"));
    const auto to = whole(asked.need("to"));
    if (!from || !to || *from > *to) {
      throw flat(422, "invalid date range");
    }
    check_wall(asked, *from);
    const bool recent = *to >= clock_.now_s() - 15 * 60;
    return chart(coin, vs, step_of(asked, *to - *from, recent), *from, *to);
  }

  // With the present price at the end if the range reaches it, which may lie before the row above.
  Response chart(const Coin& coin, const std::string& vs, std::int64_t step, std::int64_t from,
                 std::int64_t to) const {
    const std::int64_t end = std::min(to, now());
    std::vector<Sample> rows;
    for (std::int64_t slot = floor_to(from, step); slot <= end; slot += step) {
      for (const Sample& sample : market_.slot(coin, vs, step, slot)) {
        if (sample.ms >= from * 1000 && sample.ms <= end * 1000) {
          rows.push_back(sample);
        }
      }
    }
    if (to >= now()) {
      if (step == kFiveMinutes) {
        rows.push_back(market_.sample(coin, vs, now() * 1000 + 955));
      }
      rows.push_back(market_.sample(coin, vs, now() * 1000));
    }
    return answer(chart_text(rows), "market_chart");
  }

  static std::string chart_text(const std::vector<Sample>& rows) {
    const auto series = [&](auto&& value) {
      std::string out = "[";
      for (const Sample& row : rows) {
        out += (out.size() > 1 ? ",[" : "[") + std::to_string(row.ms) + "," + value(row) + "]";
      }
      return out + "]";
    };
    return "{\"prices\":" + series([](const Sample& row) { return amount_text(row.price); }) +
           ",\"market_caps\":" + series([](const Sample& row) {
             return row.cap ? amount_text(*row.cap) : std::string("null");
           }) +
           ",\"total_volumes\":" +
           series([](const Sample& row) { return amount_text(row.volume); }) + "}";
  }

  // ---- candles: stamped with their end; the last one is still running ----
  Response candles_of_days(const Asked& asked, const Coin& coin) const {
    const std::string vs = asked.request.query_or("vs_currency", "");
    const std::string days = asked.request.query_or("days", "");
    if (Market::currency_divisor(vs) == 0 || days.empty()) {
      throw broken();
    }
    constexpr std::array<std::int64_t, 7> kDays = {1, 7, 14, 30, 90, 180, 365};
    const std::int64_t count = whole(days).value_or(0);
    if (std::find(kDays.begin(), kDays.end(), count) == kDays.end()) {
      throw flat(422, "invalid days");
    }
    const std::string interval = asked.request.query_or("interval", "");
    if (!interval.empty() && !asked.pro) {
      throw structured(401, 10005, "This interval is limited to paid plan subscribers");
    }
    const std::int64_t body = interval == "daily"    ? kDay
                              : interval == "hourly" ? kHour
                              : count <= 2           ? kHour / 2
                              : count <= 30          ? 4 * kHour
                                                     : 4 * kDay;
    return candles(coin, vs, body, ceil_to(now() - count * kDay, body), now());
  }

  Response candles_of_range(const Asked& asked, const Coin& coin) const {
    const std::string vs = asked.currency();
    const auto from = whole(asked.need("from"));
    const auto to = whole(asked.need("to"));
    const std::string interval = asked.need("interval");
    const std::int64_t body = interval == "daily" ? kDay : kHour;
    const std::int64_t most = interval == "daily" ? 180 * kDay : 31 * kDay;
    if (!from || !to || *from > *to || *to - *from > most) {
      throw flat(422, "invalid date range");
    }
    return candles(coin, vs, body, ceil_to(*from - body, body), std::min(*to, now()));
  }

  // Those that open from `first` on and before `end`.
  Response candles(const Coin& coin, const std::string& vs, std::int64_t body, std::int64_t first,
                   std::int64_t end) const {
    std::string out = "[";
    for (std::int64_t open = first; open < end; open += body) {
      const Candle c = market_.candle(coin, vs, body, open);
      out += (out.size() > 1 ? ",[" : "[") + std::to_string((open + body) * 1000) + "," +
             amount_text(c.open) + "," + amount_text(c.high) + "," + amount_text(c.low) + "," +
             amount_text(c.close) + "]";
    }
    return answer(out + "]", "ohlc");
  }

  // ---- lists ----
  Response coin_list(const Asked& asked) const {
    const bool platforms = asked.request.query_or("include_platform", "false") == "true";
    json out = json::array();
    for (const Coin& coin : market_.coins()) {
      json one{{"id", coin.id}, {"symbol", coin.symbol}, {"name", coin.name}};
      if (platforms) {
        one["platforms"] = coin.hash % 3 == 0 ? json{{"ethereum", "0x" + coin.id}} : json::object();
      }
      out.push_back(std::move(one));
    }
    return answer(out.dump(), "coins");
  }

  // Ids are compared as they are given: a blank before one hides it here, and only here.
  Response simple_price(const Asked& asked) const {
    json out = json::object();
    for (const std::string& id : split(asked.need("ids"))) {
      const Coin* found = market_.find(id);
      if (found == nullptr) {
        continue;
      }
      json& prices = out[id] = json::object();
      for (const std::string& vs : split(asked.need("vs_currencies"))) {
        if (Market::currency_divisor(vs) != 0) {
          prices[vs] = static_cast<double>(market_.price(*found, vs, now())) / kUnit;
        }
      }
    }
    return answer(out.dump(), "price");
  }

  Response markets(const Asked& asked) const {
    const std::string vs = asked.currency();
    const std::int64_t per_page = std::clamp<std::int64_t>(
        whole(asked.request.query_or("per_page", "100")).value_or(100), 1, 250);
    const std::int64_t page =
        std::max<std::int64_t>(1, whole(asked.request.query_or("page", "1")).value_or(1));
    std::vector<const Coin*> chosen = choose(asked.request.query_or("ids", ""));
    if (asked.request.query_or("order", "market_cap_desc") == "id_asc") {
      std::sort(chosen.begin(), chosen.end(),
                [](const Coin* a, const Coin* b) { return a->id < b->id; });
    }
    std::string out = "[";
    const auto first = static_cast<std::size_t>((page - 1) * per_page);
    for (std::size_t i = first; i < chosen.size() && i < first + static_cast<std::size_t>(per_page);
         ++i) {
      out += (out.size() > 1 ? "," : "") + market_text(*chosen[i], vs, i + 1);
    }
    return answer(out + "]", "markets");
  }

  std::vector<const Coin*> choose(const std::string& ids) const {
    std::vector<const Coin*> out;
    if (ids.empty()) {
      for (const Coin& coin : market_.coins()) {
        out.push_back(&coin);
      }
    }
    for (const std::string& id : split(ids)) {
      if (const Coin* found = market_.find(unquoted(id))) {
        out.push_back(found);
      }
    }
    return out;
  }

  // What a coin costs in the list; other than in charts it only changes when it is told to.
  Wide listed_price(const Coin& coin, const std::string& vs) const {
    const std::lock_guard lock(mutex_);
    const auto moved = moves_.find(coin.id);
    return market_.price(coin, vs,
                         1'700'000'000 + (moved == moves_.end() ? 0 : moved->second * kHour));
  }

  std::string market_text(const Coin& coin, const std::string& vs, std::size_t rank) const {
    const Wide price = listed_price(coin, vs);
    const auto text = [](const std::string& value) { return json(value).dump(); };
    const bool capped = coin.hash % 2 == 0;
    std::string out =
        "{\"id\":" + text(coin.id) + ",\"symbol\":" + text(coin.symbol) +
        ",\"name\":" + text(coin.name) +
        ",\"image\":" + text("https://example.org/" + coin.id + ".png") +
        ",\"current_price\":" + amount_text(price) +
        ",\"market_cap\":" + amount_text(price * coin.supply) +
        ",\"market_cap_rank\":" + std::to_string(rank) +
        ",\"fully_diluted_valuation\":null,\"total_volume\":" + amount_text(price * 1'234) +
        ",\"high_24h\":" + amount_text(price + price / 50) +
        ",\"low_24h\":" + amount_text(price - price / 50) +
        ",\"price_change_24h\":" + amount_text(-price / 70) +
        ",\"price_change_percentage_24h\":-1.42857" +
        ",\"market_cap_change_24h\":" + amount_text(-price * coin.supply / 70) +
        ",\"market_cap_change_percentage_24h\":-1.4" +
        ",\"circulating_supply\":" + amount_text(coin.supply * kUnit) +
        ",\"total_supply\":" + amount_text(coin.supply * kUnit) +
        ",\"max_supply\":" + (capped ? amount_text(coin.supply * kUnit) : std::string("null")) +
        ",\"ath\":" + amount_text(price * 2) + ",\"ath_change_percentage\":-50.0" +
        ",\"ath_date\":\"2021-04-14T11:54:46.763Z\",\"atl\":" + amount_text(price / 2 + 1) +
        ",\"atl_change_percentage\":100.0" + ",\"atl_date\":\"2013-07-06T00:00:00.000Z\",\"roi\":";
    out += coin.hash % 5 == 0
               ? R"({"times":71.52142640202713,"currency":"btc","percentage":7152.14264020271})"
               : "null";
    return out + ",\"last_updated\":\"2026-01-02T03:04:05.678Z\"}";
  }

  // ---- control ----
  Response set_clock(const Request& request) {
    const json body = json::parse(request.body.empty() ? "{}" : request.body);
    if (body.contains("now")) {
      clock_.set(body.at("now").get<std::int64_t>());
    }
    clock_.advance(body.value("advance_s", std::int64_t{0}));
    stale_s_ = body.value("stale_s", stale_s_.load());
    return json_response(200, json{{"now", clock_.now_s()}, {"stale_s", stale_s_.load()}}.dump());
  }

  Response move(const Request& request) {
    const json body = json::parse(request.body.empty() ? "{}" : request.body);
    const std::string id = body.value("coin", "");
    if (market_.find(id) == nullptr) {
      throw std::invalid_argument("there is no coin '" + id + "'");
    }
    const std::lock_guard lock(mutex_);
    ++moves_[id];
    return json_response(200, json{{"moved", id}}.dump());
  }

  Response expect(const Request& request) const {
    const std::string stream = request.query_or("stream", "market_chart");
    const std::string vs = request.query_or("vs_currency", "usd");
    if (Market::currency_divisor(vs) == 0) {
      throw std::invalid_argument("there is no currency '" + vs + "'");
    }
    if (stream == "coins") {
      return json_response(200, json{{"rows", market_.coins().size()}}.dump());
    }
    if (stream == "markets") {
      Wide sum = 0;
      for (const Coin& coin : market_.coins()) {
        sum += listed_price(coin, vs);
      }
      return json_response(
          200, json{{"rows", market_.coins().size()}, {"price_sum", sum_text(sum)}}.dump());
    }
    const Coin* coin = market_.find(request.query_or("coin", "bitcoin"));
    const auto from = whole(request.query_or("from", ""));
    const auto to = whole(request.query_or("to", ""));
    const auto step = whole(request.query_or("step", ""));
    if (coin == nullptr || !from || !to || !step || *step <= 0) {
      throw std::invalid_argument("'coin', 'from', 'to' and 'step' (seconds) say what is expected");
    }
    return stream == "candles" ? expect_candles(*coin, vs, *step, *from, *to)
                               : expect_chart(*coin, vs, *step, *from, *to);
  }

  // Of each slot from `from` on and before `to` the first row.
  Response expect_chart(const Coin& coin, const std::string& vs, std::int64_t step,
                        std::int64_t from, std::int64_t to) const {
    std::size_t rows = 0, empty = 0, twice = 0, caps = 0;
    Wide prices = 0, volumes = 0;
    for (std::int64_t slot = ceil_to(from, step); slot < to; slot += step) {
      const auto samples = market_.slot(coin, vs, step, slot);
      empty += samples.empty() ? 1 : 0;
      twice += samples.size() > 1 ? 1 : 0;
      if (!samples.empty()) {
        ++rows;
        caps += samples[0].cap ? 1 : 0;
        prices += samples[0].price;
        volumes += samples[0].volume;
      }
    }
    return json_response(200, json{{"rows", rows},
                                   {"empty_slots", empty},
                                   {"double_slots", twice},
                                   {"caps", caps},
                                   {"price_sum", sum_text(prices)},
                                   {"volume_sum", sum_text(volumes)}}
                                  .dump());
  }

  Response expect_candles(const Coin& coin, const std::string& vs, std::int64_t body,
                          std::int64_t from, std::int64_t to) const {
    std::size_t rows = 0;
    Wide closes = 0, highs = 0;
    for (std::int64_t open = ceil_to(from, body); open < to; open += body, ++rows) {
      const Candle candle = market_.candle(coin, vs, body, open);
      closes += candle.close;
      highs += candle.high;
    }
    return json_response(
        200, json{{"rows", rows}, {"close_sum", sum_text(closes)}, {"high_sum", sum_text(highs)}}
                 .dump());
  }

  CoinGeckoOptions options_;
  Market market_;
  ServiceClock clock_;
  std::atomic<std::int64_t> stale_s_{0};
  limits::Gate gate_;
  mutable std::mutex mutex_;  // guards moves_
  std::map<std::string, std::int64_t> moves_;
};

}  // namespace

std::unique_ptr<Service> make_service(std::uint64_t seed, const CoinGeckoOptions& options,
                                      double limits_scale) {
  return std::make_unique<CoinGeckoService>(seed, options, limits_scale);
}

}  // namespace sluice::twin::coingecko
