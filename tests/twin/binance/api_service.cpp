// SPDX-License-Identifier: Apache-2.0
//
// /api/v3: klines, aggTrades, exchangeInfo, time, ping, with the service's own errors.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/twin/binance/binance_service.hpp"
#include "tests/twin/binance/text.hpp"
#include "tests/twin/binance/world.hpp"
#include "tests/twin/limits/gate.hpp"

namespace sluice::twin::binance {
namespace {

using nlohmann::json;

constexpr std::size_t kLimit = 500;
constexpr std::size_t kMostLimit = 1000;
constexpr const char* kJson = "application/json;charset=UTF-8";

// An error as the service tells it: {"code":-1121,"msg":"Invalid symbol."}
struct Refusal {
  int code;
  std::string message;
};

Response refuse(const Refusal& refusal) {
  return make_response(400, kJson,
                       "{\"code\":" + std::to_string(refusal.code) +
                           ",\"msg\":" + json(refusal.message).dump() + "}",
                       "refused");
}

// The parameters of a request, as the service checks them. Throws Refusal.
class Parameters {
 public:
  explicit Parameters(const Request& request) : request_(request) {}

  const std::string* text(const std::string& name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? nullptr : &found->second;
  }
  const std::string& needed(const std::string& name) const {
    const std::string* value = text(name);
    if (value == nullptr) {
      throw Refusal{
          -1102, "Mandatory parameter '" + name + "' was not sent, was empty/null, or malformed."};
    }
    if (value->empty()) {
      throw Refusal{-1105, "Parameter '" + name + "' was empty."};
    }
    return *value;
  }
  std::optional<std::int64_t> number(const std::string& name) const {
    const std::string* value = text(name);
    if (value == nullptr) {
      return std::nullopt;
    }
    if (value->empty()) {
      throw Refusal{-1105, "Parameter '" + name + "' was empty."};
    }
    std::int64_t out = 0;
    const auto end = std::from_chars(value->data(), value->data() + value->size(), out);
    if (end.ec != std::errc() || end.ptr != value->data() + value->size() || out < 0) {
      throw Refusal{-1100, "Illegal characters found in parameter '" + name +
                               "'; legal range is '^[0-9]{1,20}$'."};
    }
    return out;
  }
  // Microseconds are taken for what they are.
  std::optional<Millis> time(const std::string& name) const {
    const auto value = number(name);
    return value && *value >= 100'000'000'000'000 ? std::optional(*value / 1000) : value;
  }
  std::size_t limit() const {
    const auto value = number("limit").value_or(static_cast<std::int64_t>(kLimit));
    if (value == 0) {
      throw Refusal{-1130, "Data sent for parameter 'limit' is not valid."};
    }
    return std::min(static_cast<std::size_t>(value), kMostLimit);
  }
  const Symbol& symbol(const Market& market) const {
    const Symbol* found = market.find(needed("symbol"));
    if (found == nullptr) {
      throw Refusal{-1121, "Invalid symbol."};
    }
    return *found;
  }

 private:
  const Request& request_;
};

json rate_limits(std::uint32_t weight) {
  return {
      {{"rateLimitType", "REQUEST_WEIGHT"},
       {"interval", "MINUTE"},
       {"intervalNum", 1},
       {"limit", weight}},
      {{"rateLimitType", "ORDERS"}, {"interval", "SECOND"}, {"intervalNum", 10}, {"limit", 100}},
      {{"rateLimitType", "RAW_REQUESTS"},
       {"interval", "MINUTE"},
       {"intervalNum", 5},
       {"limit", 300'000}}};
}

json describe(const Symbol& symbol, Millis now) {
  const bool trading = now < symbol.delisted_ms;
  const std::string tick = units_text(symbol.tick);
  return {{"symbol", symbol.name},
          {"status", trading ? "TRADING" : "BREAK"},
          {"baseAsset", symbol.base},
          {"baseAssetPrecision", 8},
          {"quoteAsset", symbol.quote},
          {"quotePrecision", 8},
          {"quoteAssetPrecision", 8},
          {"baseCommissionPrecision", 8},
          {"quoteCommissionPrecision", 8},
          {"orderTypes", {"LIMIT", "LIMIT_MAKER", "MARKET"}},
          {"icebergAllowed", true},
          {"ocoAllowed", true},
          {"isSpotTradingAllowed", trading},
          {"isMarginTradingAllowed", symbol.salt % 2 == 0},
          {"filters",
           {{{"filterType", "PRICE_FILTER"},
             {"minPrice", tick},
             {"maxPrice", units_text(Units{symbol.price} * 1000)},
             {"tickSize", tick}},
            {{"filterType", "LOT_SIZE"},
             {"minQty", "0.00001000"},
             {"maxQty", "9000.00000000"},
             {"stepSize", "0.00001000"}},
            {{"filterType", "NOTIONAL"},
             {"minNotional", "5.00000000"},
             {"applyMinToMarket", true},
             {"maxNotional", "9000000.00000000"},
             {"applyMaxToMarket", false},
             {"avgPriceMins", 5}}}},
          {"permissions", json::array()},
          {"permissionSets", {{"SPOT"}}}};
}

class Api final : public Service {
 public:
  Api(std::shared_ptr<World> world, double scale)
      : world_(std::move(world)), gate_("binance", scale, /*open=*/true) {}

  std::string_view name() const override { return "binance"; }
  std::string_view mount() const override { return kApiMount; }

  Response serve(const Request& request) override {
    return gate_.pass(request, [&] {
      try {
        return answer(request);
      } catch (const Refusal& refusal) {
        return refuse(refusal);
      }
    });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    // The verbs of a folder are offered to every service: only those named in full are meant.
    if (request.path.compare(0, 15, "/_twin/binance/") != 0) {
      return std::nullopt;
    }
    const bool post = request.method == "POST";
    if (verb == "limits") {
      return gate_.control(request);
    }
    if (verb == "expect" && !post) {
      return json_response(200, expect_json(*world_, request));
    }
    if (verb == "clock" && !post) {
      return json_response(200, json{{"now_ms", world_->clock.now()}}.dump());
    }
    if (verb == "advance" && post) {
      return advance(body_of(request));
    }
    if (verb == "archive" && post) {
      return spoil(body_of(request));
    }
    if (verb == "told-limit" && post) {
      const json body = body_of(request);
      world_->weight_limit = body.value("weight", 6000U);
      return json_response(200, "{}");
    }
    return std::nullopt;
  }

 private:
  Response answer(const Request& request) {
    const std::string path = request.path.substr(kApiMount.size());
    const Parameters parameters(request);
    if (path == "api/v3/klines") {
      return make_response(200, kJson, klines(parameters), "klines");
    }
    if (path == "api/v3/aggTrades") {
      return make_response(200, kJson, trades(parameters), "aggTrades");
    }
    if (path == "api/v3/exchangeInfo") {
      return make_response(200, kJson, exchange_info(parameters), "exchangeInfo");
    }
    if (path == "api/v3/time") {
      return make_response(200, kJson,
                           "{\"serverTime\":" + std::to_string(world_->clock.now()) + "}", "time");
    }
    if (path == "api/v3/ping") {
      return make_response(200, kJson, "{}", "ping");
    }
    return make_response(404, "text/html", "<html><body><h2>404 Not found</h2></body></html>\n",
                         "missing");
  }

  // Rising with a begin; the newest of those up to the end without.
  std::string klines(const Parameters& parameters) const {
    const Symbol& symbol = parameters.symbol(world_->market);
    const Interval* interval = find_interval(parameters.needed("interval"));
    if (interval == nullptr) {
      throw Refusal{-1120, "Invalid interval."};
    }
    const Millis now = world_->clock.now();
    const auto start = parameters.time("startTime");
    const Millis end = std::min(parameters.time("endTime").value_or(now), now);
    const std::size_t limit = parameters.limit();
    std::vector<Candle> rows;
    rows.reserve(limit);
    if (start) {
      const Millis from = std::max(*start, Market::first_slot(symbol, *interval));
      for (Millis slot = interval->floor(from);
           rows.size() < limit && slot <= end && slot < symbol.delisted_ms;
           slot = interval->next(slot)) {
        const auto candle = world_->market.candle(symbol, *interval, slot, now);
        if (candle && candle->open_ms >= *start && candle->open_ms <= end) {
          rows.push_back(*candle);
        }
      }
    } else {
      const Millis first = Market::first_slot(symbol, *interval);
      for (Millis slot = interval->floor(std::min(end, symbol.delisted_ms - 1));
           rows.size() < limit && slot >= first; slot = interval->previous(slot)) {
        const auto candle = world_->market.candle(symbol, *interval, slot, now);
        if (candle && candle->open_ms <= end) {
          rows.push_back(*candle);
        }
      }
      std::reverse(rows.begin(), rows.end());
    }
    return list(rows);
  }

  std::string trades(const Parameters& parameters) const {
    const Symbol& symbol = parameters.symbol(world_->market);
    const Market& market = world_->market;
    const Millis now = world_->clock.now();
    const auto from_id = parameters.number("fromId");
    const auto start = parameters.time("startTime");
    const auto end_time = parameters.time("endTime");
    if (from_id && (start || end_time)) {
      throw Refusal{-1128, "Combination of optional parameters invalid."};
    }
    const auto limit = static_cast<std::int64_t>(parameters.limit());
    const Millis end = std::min(end_time.value_or(now), now);
    const std::int64_t past = market.first_trade_at(symbol, end + 1);
    std::int64_t first = 0;
    if (from_id) {
      first = *from_id;
    } else if (start) {
      first = market.first_trade_at(symbol, *start);
    } else {
      first = std::max<std::int64_t>(0, past - limit);
    }
    std::vector<Trade> rows;
    for (std::int64_t id = first; id < past && id < first + limit; ++id) {
      rows.push_back(market.trade(symbol, id));
    }
    return list(rows);
  }

  template <class Row>
  static std::string list(const std::vector<Row>& rows) {
    std::string out = "[";
    out.reserve(rows.size() * 192 + 16);
    for (const Row& row : rows) {
      out += out.size() > 1 ? "," : "";
      append_json(out, row);
    }
    return out + "]";
  }

  std::string exchange_info(const Parameters& parameters) const {
    const std::string* several = parameters.text("symbols");
    const std::string* status = parameters.text("symbolStatus");
    if (several != nullptr && parameters.text("symbol") != nullptr) {
      throw Refusal{-1128, "Combination of optional parameters invalid."};
    }
    const Millis now = world_->clock.now();
    json symbols = json::array();
    const auto add = [&](const Symbol& symbol) {
      json one = describe(symbol, now);
      if (status == nullptr || one.at("status") == *status) {
        symbols.push_back(std::move(one));
      }
    };
    if (parameters.text("symbol") != nullptr) {
      add(parameters.symbol(world_->market));
    } else if (several != nullptr) {
      for (const json& name : json::parse(*several, nullptr, false)) {
        const Symbol* found =
            name.is_string() ? world_->market.find(name.get<std::string>()) : nullptr;
        if (found == nullptr) {
          throw Refusal{-1121, "Invalid symbol."};
        }
        add(*found);
      }
    } else {
      for (const Symbol& symbol : world_->market.symbols()) {
        if (symbol.listed_ms <= now) {
          add(symbol);
        }
      }
    }
    return json{{"timezone", "UTC"},
                {"serverTime", now},
                {"rateLimits", rate_limits(world_->weight_limit)},
                {"exchangeFilters", json::array()},
                {"symbols", std::move(symbols)}}
        .dump();
  }

  static json body_of(const Request& request) {
    json body = json::parse(request.body.empty() ? "{}" : request.body, nullptr, false);
    if (!body.is_object()) {
      throw std::invalid_argument("the request's body must be a JSON object");
    }
    return body;
  }

  Response advance(const json& body) {
    const auto seconds = body.value("seconds", std::int64_t{60});
    if (seconds < 1 || seconds > 40LL * 365 * 86'400) {
      throw std::invalid_argument("'seconds' must lie between 1 and forty years of them");
    }
    world_->clock.advance(seconds * 1000);
    return json_response(200, json{{"now_ms", world_->clock.now()}}.dump());
  }

  Response spoil(const json& body) {
    const std::string mode = body.value("mode", "missing");
    const FileFault fault =
        mode == "ok"               ? FileFault::kNone
        : mode == "missing"        ? FileFault::kMissing
        : mode == "wrong_checksum" ? FileFault::kWrongChecksum
        : mode == "hole"
            ? FileFault::kHole
            : throw std::invalid_argument("'mode' must be ok, missing, wrong_checksum or hole");
    const std::string symbol = body.value("symbol", "");
    const std::string period = body.value("period", "");
    if (world_->market.find(symbol) == nullptr || period.size() < 7) {
      throw std::invalid_argument("'symbol' and 'period' (2024-03 or 2024-03-15) name the file");
    }
    world_->set_fault(symbol + " " + period, fault);
    return json_response(200, "{}");
  }

  std::shared_ptr<World> world_;
  limits::Gate gate_;
};

}  // namespace

std::unique_ptr<Service> make_api(std::shared_ptr<World> world, double limits_scale) {
  return std::make_unique<Api>(std::move(world), limits_scale);
}

std::vector<std::unique_ptr<Service>> make_services(std::uint64_t seed, double limits_scale,
                                                    const BinanceOptions& options) {
  auto world = std::make_shared<World>(seed, options);
  std::vector<std::unique_ptr<Service>> out;
  out.push_back(make_api(world, limits_scale));
  out.push_back(make_archive(world, options.cache_mib << 20U));
  return out;
}

}  // namespace sluice::twin::binance
