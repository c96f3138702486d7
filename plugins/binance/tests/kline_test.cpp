// SPDX-License-Identifier: Apache-2.0
//
// Candles out of pages and lines: exactness, what is tolerated and what is refused, and speed.
#include "kline.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "interval.hpp"
#include "plugins/binance/tests/support.hpp"
#include "sluice/cpp/error.hpp"

using binance::Kline;
using binance::KlineFlaws;
using binance::RawKline;

namespace {

struct Read {
  std::vector<Kline> good;
  std::vector<std::string> bad;
  KlineFlaws flaws;
};

Read read(std::string page) {
  Read out;
  binance::read_page(page, [&](const RawKline& raw, std::size_t) {
    Kline kline;
    const std::string why = binance::read_kline(raw, kline, out.flaws);
    if (why.empty()) {
      out.good.push_back(kline);
    } else {
      out.bad.push_back(why);
    }
  });
  return out;
}

std::string text(const sluice::Decimal& value) {
  return sluice::to_text(value, sluice::kCandleScale);
}

}  // namespace

TEST_CASE("binance: a candle of the API is read exactly", "[unit][binance]") {
  const auto read_one = read(
      R"([ [1561741200000, "34.49490000","34.50350000","34.17500000","0.00002850","12345678901234.12345678",)"
      R"(1561744799999,"2520508.67311800",2911,"36402.9","1248045.7","0"] ])");
  REQUIRE(read_one.good.size() == 1);
  const Kline& kline = read_one.good[0];
  CHECK(kline.candle.open_time_us == 1'561'741'200'000'000);
  CHECK(kline.close_time_us == 1'561'744'799'999'000);
  CHECK(text(kline.candle.open) == "34.494900000000000000");
  CHECK(text(kline.candle.close) == "0.000028500000000000");
  CHECK(text(*kline.candle.volume) == "12345678901234.123456780000000000");
  CHECK(*kline.candle.trades == 2911);
  CHECK(read_one.flaws.bad == 0);
  CHECK(read_one.flaws.unknown == 0);
}

TEST_CASE("binance: numbers may be texts and texts numbers", "[unit][binance]") {
  const auto swapped = read(
      R"([["1561741200000",34.4949,34.5035,34.175,3.43887e1,73503.25,"1561744799999",2520508.673118,"2911",1,2,0]])");
  REQUIRE(swapped.good.size() == 1);
  CHECK(text(swapped.good[0].candle.close) == "34.388700000000000000");
  CHECK(*swapped.good[0].candle.trades == 2911);
  CHECK(swapped.flaws.bad == 0);
}

TEST_CASE("binance: what is missing becomes null and what is needed rejects", "[unit][binance]") {
  const std::string good = R"(1561741200000,"1","2","0.5","1.5")";
  const auto rows = read("[[" + good + "],[" + good + R"(,null,"x","1",{},1,2,3,4,[5]],[)" +
                         R"(1561741200000,"1","2","0.5"],[null,"1","2","3","4"],)" +
                         R"(["soon","1","2","3","4"],[1561741200000,"1","two","3","4"],7,{},[]])");
  CHECK(rows.good.size() == 2);
  CHECK_FALSE(rows.good[0].candle.volume.has_value());
  CHECK_FALSE(rows.good[1].candle.trades.has_value());
  CHECK(rows.flaws.unknown == 2);
  CHECK(rows.flaws.bad == 7);
  REQUIRE(rows.bad.size() == 7);
  CHECK(rows.bad[0] == "/4: is missing");
  CHECK(rows.bad[1].starts_with("/0: 'null'"));
  CHECK(rows.bad[2].starts_with("/0: 'soon'"));
  CHECK(rows.bad[3].starts_with("/2: 'two'"));
  CHECK(rows.bad[4] == "/0: is missing");
}

TEST_CASE("binance: times are milliseconds or microseconds by their size", "[unit][binance]") {
  int64_t us = 0;
  CHECK((binance::read_time("1735689600000", us) && us == 1'735'689'600'000'000));
  CHECK((binance::read_time("1735689600000000", us) && us == 1'735'689'600'000'000));
  CHECK((binance::read_time("1735689600000.0", us) && us == 1'735'689'600'000'000));
  for (const char* wrong : {"", "-5", "1.5", "x", "99999999999999999999", "17356896000000000000"}) {
    CAPTURE(wrong);
    CHECK_FALSE(binance::read_time(wrong, us));
  }
}

TEST_CASE("binance: a page cut anywhere is told with its offset", "[unit][binance]") {
  const std::string whole = binance::test::page(1'709'251'200'000, 3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    try {
      (void)read(whole.substr(0, size));
      FAIL("a page of " << size << " bytes was taken for whole");
    } catch (const sluice::Error& error) {
      CHECK(error.code() == sluice::Code::kBadData);
      CHECK((error.flags() & SLUICE_ERROR_RETRYABLE) != 0);
      CHECK(error.message().find("at byte ") != std::string::npos);
    }
  }
  for (const char* wrong : {"{}", "7", "null", "[[1,]]", "[[1 2]]", "[] []", "<html>", "[[\"a]]"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(read(wrong), sluice::Error);
  }
}

TEST_CASE("binance: lines of the archive have the fields of the pages", "[unit][binance]") {
  std::string line = binance::test::csv_line(1'735'689'600'000, true);
  line.back() = '\r';
  Kline kline;
  KlineFlaws flaws;
  const RawKline raw = binance::split_line(line);
  CHECK(raw.count == 12);
  CHECK(binance::read_kline(raw, kline, flaws).empty());
  CHECK(kline.candle.open_time_us == 1'735'689'600'000'000);
  CHECK(kline.close_time_us == 1'735'689'659'999'999);
  CHECK(binance::split_line("").count == 1);
}

TEST_CASE("binance: intervals know the calendar", "[unit][binance]") {
  const auto& month = *binance::find_interval("1M");
  const auto& minute = *binance::find_interval("1m");
  CHECK(minute.length_us == binance::kMinute);
  CHECK(month.archive == "1mo");
  CHECK(month.suffix != minute.suffix);
  const int64_t day = 1'709'164'800'000'000;  // 2024-02-29
  CHECK(month.floor(day) == 1'706'745'600'000'000);
  CHECK(month.next(day) == 1'709'251'200'000'000);
  const auto& week = *binance::find_interval("1w");
  CHECK(week.floor(day) == 1'708'905'600'000'000);  // Monday, 2024-02-26
  CHECK(binance::find_interval("1H") == nullptr);
  CHECK(binance::day_of(day).name == "2024-02-29");
  CHECK(binance::month_of(day).name == "2024-02");
  CHECK(binance::period_of("2024-02").to_us == 1'709'251'200'000'000);
  CHECK_THROWS_AS(binance::period_of("2024-2"), sluice::Error);
  // The first Monday after February 2024 is March 4; a day later it is surely there.
  CHECK(binance::published_us(binance::month_of(day)) == 1'709'596'800'000'000);
  CHECK(binance::published_us(binance::day_of(day)) == 1'709'337'600'000'000);
}

TEST_CASE("binance: a page of a thousand candles is read in well under a millisecond",
          "[unit][binance]") {
  const std::string body = binance::test::page(1'709'251'200'000, 1000);
  sluice::Batch batch(sluice::candle_stream());
  sluice::CandleColumns columns(batch, "binance", "BTCUSDT", "1m", "binance");
  auto best = std::chrono::nanoseconds::max();
  for (int round = 0; round < 200; ++round) {
    std::string page = body;
    batch.clear();
    const auto begin = std::chrono::steady_clock::now();
    KlineFlaws flaws;
    binance::read_page(page, [&](const RawKline& raw, std::size_t) {
      Kline kline;
      if (binance::read_kline(raw, kline, flaws).empty()) {
        columns.append(kline.candle);
      }
    });
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - begin);
  }
  CHECK(batch.rows() == 1000);
  WARN("a page of " << body.size() << " bytes takes " << best.count() / 1000 << " us");
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(best < std::chrono::microseconds(700));
#endif
}
