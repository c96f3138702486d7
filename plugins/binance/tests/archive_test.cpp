// SPDX-License-Identifier: Apache-2.0
//
// Files of the archive: which slices they are cut into, what is verified, and what becomes of
// broken ones.
#include "archive.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/binance/tests/support.hpp"

using binance::Spool;
using binance::ZipError;
using binance::ZipText;
using binance::test::make_zip;
using sluice::json;
using sluice::testing::FakeHost;
using sluice::testing::Plugin;
using sluice::testing::SourceSession;

namespace {

std::vector<std::string> lines_of(const std::string& bytes, std::size_t memory = 1U << 20U) {
  Spool spool(memory);
  for (std::size_t at = 0; at < bytes.size(); at += 1000) {
    spool.append(std::string_view(bytes).substr(at, 1000));
  }
  (void)spool.sha256();
  ZipText text(spool);
  std::vector<std::string> out;
  while (const auto line = text.next_line()) {
    out.emplace_back(*line);
  }
  return out;
}

std::string many_lines(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += binance::test::csv_line(1'709'251'200'000 + i * 60'000);
  }
  return out;
}

std::vector<std::string> cut(const json& config, const std::string& now, int64_t from_us,
                             int64_t to_us) {
  FakeHost host;
  host.set_time(sluice::parse_time(now)->time);
  SourceSession session(Plugin::load(BINANCE_PLUGIN_FILE), host, config);
  std::vector<std::string> out;
  for (const auto& slice : session.slices("candles", from_us, to_us, "BTCUSDT")) {
    out.push_back(slice.title + " | " + slice.token + " | " +
                  std::to_string((slice.from_us - from_us) / binance::kMinute) + "/" +
                  std::to_string((slice.to_us - from_us) / binance::kMinute) + " | " +
                  std::to_string(slice.estimated_rows));
  }
  return out;
}

}  // namespace

TEST_CASE("binance: zip files give their lines whatever their form", "[unit][binance]") {
  const std::string text = many_lines(5000);
  for (const bool deflate : {true, false}) {
    for (const std::size_t memory : {std::size_t{1} << 20U, std::size_t{1000}}) {  // a file, too
      const auto lines = lines_of(make_zip({{"a.csv", text}}, deflate), memory);
      REQUIRE(lines.size() == 5000);
      std::string joined;
      for (const auto& line : lines) {
        joined += line + "\n";
      }
      CHECK(joined == text);
    }
  }
  CHECK(lines_of(make_zip({{"a.csv", ""}})).empty());
  CHECK(lines_of(make_zip({{"a.csv", "one\n\nthree"}})) ==
        std::vector<std::string>{"one", "", "three"});
}

TEST_CASE("binance: damaged zip files are refused and never crash", "[unit][binance]") {
  const std::string whole = make_zip({{"a.csv", many_lines(200)}});
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    CHECK_THROWS_AS(lines_of(whole.substr(0, size)), ZipError);
  }
  std::size_t noticed = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bent = whole;
    bent[at] = static_cast<char>(bent[at] ^ 0x41);
    try {
      (void)lines_of(bent);
    } catch (const ZipError&) {
      ++noticed;
    }
  }
  CHECK(noticed > whole.size() * 8 / 10);  // names, dates and comments mean nothing here
  CHECK_THROWS_AS(lines_of("<html>no such file</html>"), ZipError);
  CHECK_THROWS_AS(lines_of(make_zip({{"a", "x"}, {"b", "y"}})), ZipError);
  CHECK_THROWS_AS(lines_of(make_zip({{"a", std::string(10'000, 'x')}})), ZipError);
}

TEST_CASE("binance: a spool hashes as sha256sum does", "[unit][binance]") {
  Spool spool(4);
  spool.append("ab");
  spool.append("c");
  CHECK(spool.sha256() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Spool large(10);
  large.append(std::string(100, 'x'));
  (void)large.sha256();
  std::string back(200, '\0');
  CHECK(large.read(90, back.data(), back.size()) == 10);
  CHECK(large.read(100, back.data(), back.size()) == 0);
}

TEST_CASE("binance: the plan takes months that have passed from the archive", "[unit][binance]") {
  const int64_t from = binance::test::kMarch;
  const json config = {{"symbols", {"BTCUSDT"}}};
  using Slices = std::vector<std::string>;
  // From March 1 to May 3; April's file comes on May 6.
  CHECK(cut(config, "2024-05-03T00:00:00Z", from, from + 63 * binance::kDay) ==
        Slices{"BTCUSDT 2024-03 from the archive | archive 2024-03 | 0/44640 | 44640"});
  CHECK(cut(config, "2024-05-08T00:00:00Z", from, from + 63 * binance::kDay).size() == 2);
  // A part of a month, as long as it is worth a file.
  CHECK(cut(config, "2024-05-03T00:00:00Z", from + 2 * binance::kDay, from + 4 * binance::kDay) ==
        Slices{"BTCUSDT 2024-03 from the archive | archive 2024-03 | 0/2880 | 2880"});
  CHECK(cut(config, "2024-05-03T00:00:00Z", from, from + binance::kDay).empty());
  CHECK(cut({{"symbols", {"BTCUSDT"}}, {"archive", false}}, "2024-05-03T00:00:00Z", from,
            from + 63 * binance::kDay)
            .empty());
  // Days, where they are told to be worth it and the month is not there yet.
  const auto days = cut({{"symbols", {"BTCUSDT"}}, {"archive_min_rows", 1000}},
                        "2024-03-05T12:00:00Z", from, from + 5 * binance::kDay);
  REQUIRE(days.size() == 3);
  CHECK(days[0] == "BTCUSDT 2024-03-01 from the archive | archive 2024-03-01 | 0/1440 | 1440");
  // An hour of candles a month is no page.
  CHECK(cut({{"symbols", {"BTCUSDT"}}, {"interval", "1h"}}, "2024-05-08T00:00:00Z", from,
            from + 63 * binance::kDay)
            .empty());
}

TEST_CASE("binance: files are found under their names", "[unit][binance]") {
  binance::Config config;
  config.archive_url = "https://example.org/";
  const binance::Selection selection(config);
  const auto url = [&](const char* symbol, const char* interval, const char* period) {
    return binance::archive_url(selection, symbol, *binance::find_interval(interval),
                                binance::period_of(period));
  };
  CHECK(url("BTCUSDT", "1m", "2024-03") ==
        "https://example.org/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03.zip");
  CHECK(url("BTCUSDT", "1M", "2024-03") ==
        "https://example.org/data/spot/monthly/klines/BTCUSDT/1mo/BTCUSDT-1mo-2024-03.zip");
  CHECK(url("ADABTC", "1s", "2021-11-27") ==
        "https://example.org/data/spot/daily/klines/ADABTC/1s/ADABTC-1s-2021-11-27.zip");
  CHECK(url("安USDT", "1m", "2024-03").find("/%E5%AE%89USDT/") != std::string::npos);
}
