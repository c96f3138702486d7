// SPDX-License-Identifier: Apache-2.0
// The spot market: pages and archives over HTTP, held against each other and against
// /_twin/binance/expect, which is computed from the model.
#include <sodium.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kNow = 1'741'608'030'000;    // 2025-03-10T12:00:30Z
constexpr std::int64_t kMarch = 1'709'251'200'000;  // 2024-03-01

Options market_options() {
  Options options;
  options.binance.now = "2025-03-10T12:00:30Z";
  return options;
}

json get(const Twin& twin, const std::string& path, int status = 200) {
  const Answer answer = fetch(twin, "/binance/api/v3/" + path);
  INFO(path << ": " << answer.body.substr(0, 200));
  REQUIRE(answer.status == status);
  return json::parse(answer.body);
}
json control(Twin& twin, const std::string& verb) {
  return json::parse(twin.control("GET", "/_twin/binance/" + verb));
}

// 1e-8 units of a text with eight decimals.
std::int64_t units(const std::string& text) {
  const std::size_t point = text.find('.');
  REQUIRE(text.size() == point + 9);
  return std::stoll(text.substr(0, point)) * 100'000'000 + std::stoll(text.substr(point + 1));
}

std::string hex_sha256(const std::string& bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  std::array<char, 2 * hash.size() + 1> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return text.data();
}

// All candles from `from` to `to`, page by page, as a client reads them.
std::map<std::int64_t, json> walk_klines(const Twin& twin, const std::string& symbol,
                                         const std::string& interval, std::int64_t from,
                                         std::int64_t to) {
  std::map<std::int64_t, json> out;
  for (int pages = 0; pages < 200; ++pages) {
    const json page = get(twin, "klines?symbol=" + symbol + "&interval=" + interval +
                                    "&startTime=" + std::to_string(from) +
                                    "&endTime=" + std::to_string(to - 1) + "&limit=1000");
    for (const json& row : page) {
      REQUIRE(row.size() == 12);
      REQUIRE(out.emplace(row[0].get<std::int64_t>(), row).second);
    }
    if (page.size() < 1000) {
      return out;
    }
    from = page.back()[0].get<std::int64_t>() + 1;
  }
  FAIL("the pages do not end");
  return out;
}

}  // namespace

TEST_CASE("binance twin: pages add up to what the model says", "[twin][binance]") {
  Twin twin(market_options());
  const auto rows = walk_klines(twin, "ETHUSDT", "1m", kMarch, kMarch + 20 * kDay);
  const json truth =
      control(twin, "expect?symbols=ETHUSDT&interval=1m&from=2024-03-01&to=2024-03-21");
  CHECK(static_cast<std::int64_t>(rows.size()) == truth.at("rows"));
  CHECK(static_cast<std::int64_t>(rows.size()) + truth.at("missing").get<std::int64_t>() ==
        20 * 1440);
  std::int64_t close = 0, trades = 0, flat = 0;
  for (const auto& [open_time, row] : rows) {
    close += units(row[4]);
    trades += row[8].get<std::int64_t>();
    flat += row[8] == 0 ? 1 : 0;
    const std::int64_t open = units(row[1]), high = units(row[2]), low = units(row[3]);
    CHECK((low <= open && open <= high && low <= units(row[4]) && units(row[4]) <= high));
    CHECK(row[6] == open_time + kMinute - 1);
  }
  CHECK(close == units(truth.at("close")));
  CHECK(trades == truth.at("trades"));
  CHECK(flat > 0);
}

TEST_CASE("binance twin: longer candles sum the minutes and months are no minutes",
          "[twin][binance]") {
  Twin twin(market_options());
  const auto minutes = walk_klines(twin, "BTCUSDT", "1m", kMarch, kMarch + kDay);
  const json day =
      get(twin,
          "klines?symbol=BTCUSDT&interval=1d&startTime=" + std::to_string(kMarch) + "&limit=1")[0];
  std::int64_t quote = 0;
  for (const auto& [time, row] : minutes) {
    quote += units(row[7]);
  }
  CHECK(units(day[7]) == quote);
  CHECK(day[6] == kMarch + kDay - 1);
  const json month = get(
      twin, "klines?symbol=BTCUSDT&interval=1M&limit=2&startTime=" + std::to_string(kMarch + kDay));
  CHECK(month[0][0] == 1'711'929'600'000);  // 2024-04-01
  CHECK(month[0][6] == 1'714'521'599'999);
  const json week =
      get(twin, "klines?symbol=BTCUSDT&interval=1w&limit=1&startTime=" + std::to_string(kMarch));
  CHECK(week[0][0] == 1'709'510'400'000);  // 2024-03-04, a Monday
}

TEST_CASE("binance twin: bounds are inclusive and the last candle is open", "[twin][binance]") {
  Twin twin(market_options());
  const std::string query =
      "klines?symbol=BTCUSDT&interval=1m&limit=1000&startTime=" + std::to_string(kMarch) +
      "&endTime=";
  CHECK(get(twin, query + std::to_string(kMarch + 5 * kMinute)).size() == 6);
  CHECK(get(twin, query + std::to_string(kMarch + 5 * kMinute - 1)).size() == 5);
  CHECK(get(twin, "klines?symbol=BTCUSDT&interval=1m").size() == 500);
  const json open = get(twin, "klines?symbol=BTCUSDT&interval=1m&limit=3").back();
  CHECK(open[0] == kNow - 30'000);
  CHECK(open[6] > kNow);
  twin.control("POST", "/_twin/binance/advance", R"({"seconds": 29})");
  const json later = get(twin, "klines?symbol=BTCUSDT&interval=1m&limit=3").back();
  CHECK(later[0] == open[0]);
  CHECK(later != open);
  twin.control("POST", "/_twin/binance/advance", R"({"seconds": 1})");
  CHECK(get(twin, "klines?symbol=BTCUSDT&interval=1m&limit=3").back()[0] == kNow + 30'000);
  CHECK(get(twin, "time").at("serverTime") == kNow + 30'000);
}

TEST_CASE("binance twin: halts have no candles and some are followed by late ones",
          "[twin][binance]") {
  Twin twin(market_options());
  const json truth =
      control(twin, "expect?symbols=BTCUSDT&interval=1m&from=2018-01-01&to=2025-01-01");
  REQUIRE(truth.at("gaps").size() > 10);
  std::size_t late = 0;
  for (const json& gap : truth.at("gaps")) {
    const std::int64_t from = gap.at("from"), to = gap.at("to");
    const auto around = walk_klines(twin, "BTCUSDT", "1m", from - kMinute, to + kMinute);
    CHECK(around.size() == 2);
    CHECK(around.begin()->first < from);
    late += around.rbegin()->first % kMinute != 0 ? 1 : 0;
  }
  CHECK(late > 0);
}

TEST_CASE("binance twin: errors are the exact bodies", "[twin][binance]") {
  Twin twin(market_options());
  const auto body = [&](const std::string& path) {
    return fetch(twin, "/binance/api/v3/" + path).body;
  };
  CHECK(body("klines?symbol=BOGUS&interval=1m") == R"({"code":-1121,"msg":"Invalid symbol."})");
  CHECK(body("klines?symbol=&interval=1m") ==
        R"({"code":-1105,"msg":"Parameter 'symbol' was empty."})");
  CHECK(get(twin, "klines?symbol=BTCUSDT&interval=7m", 400).at("code") == -1120);
  CHECK(get(twin, "klines?symbol=BTCUSDT", 400).at("code") == -1102);
  CHECK(get(twin, "klines?symbol=BTCUSDT&interval=1m&startTime=x", 400).at("code") == -1100);
  CHECK(get(twin, "aggTrades?symbol=BTCUSDT&fromId=1&startTime=5", 400).at("code") == -1128);
}

TEST_CASE("binance twin: trades page by id without a gap", "[twin][binance]") {
  Twin twin(market_options());
  const std::string from = std::to_string(kMarch);
  json page = get(twin, "aggTrades?symbol=BTCUSDT&limit=1000&startTime=" + from +
                            "&endTime=" + std::to_string(kMarch + 3'600'000 - 1));
  std::int64_t id = page[0].at("a"), last = 0, rows = 0, quantity = 0;
  for (int pages = 0; pages < 100 && last < kMarch + 4 * 3'600'000; ++pages) {
    for (const json& trade : page) {
      CHECK(trade.at("a") == id++);
      CHECK(trade.at("T") >= last);
      last = trade.at("T");
      if (last < kMarch + 4 * 3'600'000) {
        ++rows;
        quantity += units(trade.at("q"));
      }
    }
    page = get(twin, "aggTrades?symbol=BTCUSDT&limit=1000&fromId=" + std::to_string(id));
  }
  const json truth = control(twin,
                             "expect?stream=trades&symbols=BTCUSDT&from=2024-03-01&to="
                             "2024-03-01T04:00:00Z");
  CHECK(truth.at("rows") == rows);
  CHECK(units(truth.at("quantity")) == quantity);
  CHECK(get(twin, "aggTrades?symbol=BTCUSDT&fromId=0&limit=1")[0].at("a") == 0);
}

TEST_CASE("binance twin: an archive holds the rows of the pages and its checksum fits",
          "[twin][binance]") {
  Twin twin(market_options());
  const std::string root = "/binance-archive/data/spot/";
  const std::string monthly = root + "monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip";
  const Answer zip = fetch(twin, monthly);
  REQUIRE(zip.status == 200);
  CHECK(fetch(twin, monthly + ".CHECKSUM").body ==
        hex_sha256(zip.body) + "  BTCUSDT-1m-2024-03.zip\n");
  const auto members = unzip(zip.body);
  REQUIRE(members.size() == 1);
  CHECK(members[0].first == "BTCUSDT-1m-2024-03.csv");
  const auto lines = split(members[0].second, "\n");
  const auto rows = walk_klines(twin, "BTCUSDT", "1m", kMarch, kMarch + 31 * kDay);
  REQUIRE(lines.size() == rows.size());
  auto row = rows.begin();
  for (std::size_t i = 0; i < rows.size(); ++i, ++row) {
    const auto fields = split(lines[i], ",");
    REQUIRE(fields.size() == 12);
    CHECK(std::stoll(fields[0]) == row->first);
    CHECK(fields[4] == row->second[4].get<std::string>());
  }
  // Microseconds from 2025 on; months have another name; days come the day after.
  const std::string daily = root + "daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-03-";
  const auto day = unzip(fetch(twin, daily + "09.zip").body);
  CHECK(day[0].second.substr(0, 17) == "1741478400000000,");
  CHECK(day[0].second.find(",1741478459999999,") != std::string::npos);
  CHECK(fetch(twin, daily + "10.zip").status == 404);
  CHECK(fetch(twin, root + "monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2024-03.zip").status == 200);
  CHECK(fetch(twin, root + "monthly/klines/BTCUSDT/1M/BTCUSDT-1M-2024-03.zip").status == 404);
  CHECK(fetch(twin, root + "monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2025-03.zip").status == 404);

  twin.control("POST", "/_twin/binance/archive",
               R"({"symbol": "BTCUSDT", "period": "2024-03", "mode": "wrong_checksum"})");
  CHECK(fetch(twin, monthly + ".CHECKSUM").body.find(hex_sha256(zip.body)) == std::string::npos);
  twin.control("POST", "/_twin/binance/archive",
               R"({"symbol": "BTCUSDT", "period": "2024-03", "mode": "missing"})");
  CHECK(fetch(twin, monthly).status == 404);
}

TEST_CASE("binance twin: exchangeInfo tells symbols limits and the time", "[twin][binance]") {
  Twin twin(market_options());
  const json info = get(twin, "exchangeInfo");
  CHECK(info.at("serverTime") == kNow);
  CHECK(info.at("rateLimits")[0].at("limit") == 6000);
  CHECK(info.at("symbols").size() == 12);
  std::set<std::string> names;
  std::size_t broken = 0;
  for (const json& symbol : info.at("symbols")) {
    names.insert(symbol.at("symbol"));
    broken += symbol.at("status") == "BREAK" ? 1 : 0;
  }
  CHECK(names.count("BTCUSDT") == 1);
  CHECK(names.count("币安人生USDT") == 1);
  CHECK(broken == 1);
  CHECK(get(twin, "exchangeInfo?symbol=BTCUSDT").at("symbols").size() == 1);
  CHECK(get(twin, "exchangeInfo?symbol=NONE", 400).at("code") == -1121);
  CHECK(get(twin, "klines?symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&interval=1d").size() >
        100);
}

TEST_CASE("binance twin: the gate counts weights and pages are quick", "[twin][binance]") {
  Twin twin(market_options());
  twin.control("POST", "/_twin/binance/limits", R"({"limits": {"weight": {"amount": 24}}})");
  CHECK(fetch(twin, "/binance/api/v3/exchangeInfo").headers.at("x-mbx-used-weight-1m") == "20");
  (void)get(twin, "klines?symbol=BTCUSDT&interval=1m");
  (void)get(twin, "klines?symbol=BTCUSDT&interval=1m");
  const Answer refused = fetch(twin, "/binance/api/v3/klines?symbol=BTCUSDT&interval=1m");
  CHECK(refused.status == 429);
  CHECK(json::parse(refused.body).at("code") == -1003);
  CHECK(refused.headers.count("retry-after") == 1);
  twin.control("POST", "/_twin/binance/limits", R"({"open": true, "reset": true})");

  const std::clock_t begin = std::clock();  // of all threads, the service's too
  for (int i = 0; i < 50; ++i) {
    CHECK(get(twin, "klines?symbol=BTCUSDT&interval=1m&limit=1000&startTime=" +
                        std::to_string(kMarch + i * 1000 * kMinute))
              .size() == 1000);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  WARN("50 pages of 1,000 candles, made and parsed, cost " << seconds << " s");
  CHECK(seconds < 10);
}

}  // namespace sluice::twin::test
