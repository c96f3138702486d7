// SPDX-License-Identifier: Apache-2.0
//
// Recorded answers and files of Binance, read in place, against sums that Python's decimals worked
// out (expected.py).
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "client.hpp"
#include "interval.hpp"
#include "kline.hpp"
#include "plugins/binance/tests/support.hpp"
#include "sluice/cpp/error.hpp"
#include "zip.hpp"

namespace fs = std::filesystem;
using binance::test::fixtures;
using binance::test::json_answer;
using binance::test::read_file;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceRun;

namespace {

std::optional<fs::path> here() {
  const auto root = fixtures();
  if (!root) {
    WARN("The recorded answers of Binance are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    out.push_back(part);
  }
  return out;
}

// The body in a cassette: a text in single quotes, which it holds none of.
std::string body_of(const fs::path& path) {
  const std::string text = read_file(path);
  if (path.extension() != ".yml") {
    return text;
  }
  const auto begin = std::min(text.find("'[", 0), text.find("'{", 0)) + 1;
  const auto end = text.find('\'', begin);
  std::string out = text.substr(begin, end - begin);
  for (std::size_t i = 0; (i = out.find("\n", i)) != std::string::npos;) {  // folded lines
    const auto next = out.find_first_not_of(" \n", i);
    out.replace(i, next - i, " ");
  }
  return out;
}

// The sum of a column's exact decimals or integers, in units of 1e-18.
__extension__ using Wide = __int128;
Wide sum_of(const std::vector<json>& rows, const std::string& column) {
  Wide out = 0;
  for (const json& row : rows) {
    const json& value = row.at(column);
    const std::string text = value.is_string()    ? value.get<std::string>()
                             : value.is_boolean() ? std::string(value.get<bool>() ? "1" : "0")
                                                  : value.dump();
    out += sluice::parse_decimal128(text, 38, 18).unscaled;
  }
  return out;
}

void check_sums(const SourceRun& run, const std::vector<std::string>& fields,
                const std::vector<std::string>& columns, const std::string& time) {
  REQUIRE(run.rows.size() == std::stoul(fields.at(1)));
  const auto us = [&](const json& row) {
    return sluice::parse_time(row.at(time).get<std::string>())->time.time_since_epoch().count();
  };
  CHECK(us(run.rows.front()) == std::stoll(fields.at(2)));
  CHECK(us(run.rows.back()) == std::stoll(fields.at(3)));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    CAPTURE(columns[i]);
    CHECK(sum_of(run.rows, columns[i]) ==
          sluice::parse_decimal128(fields.at(4 + i), 38, 18).unscaled);
  }
}

// The interval of a file, by its name or its first two rows.
std::string interval_of(const std::string& name) {
  for (const char* interval : {"_1d_", "_1h_", "_5m_", "_1m_"}) {
    if (name.find(interval) != std::string::npos) {
      return std::string(interval).substr(1, 2);
    }
  }
  return name.find("klines_1h") != std::string::npos ? "1h" : "1m";
}

SourceRun read_klines(const std::string& body, const std::string& interval, int64_t from_us,
                      int64_t to_us, int64_t now_ms) {
  binance::test::Service service(now_ms);
  service.host.http.on_prefix("/api/v3/klines", json_answer(body));
  return binance::test::read(
      service, {{"symbols", {"BTCUSDT"}}, {"interval", interval}},
      {.stream = "candles", .partition = "BTCUSDT", .from_us = from_us, .to_us = to_us});
}

const std::vector<std::string> kCandleColumns{"open",   "high",         "low",   "close",
                                              "volume", "quote_volume", "trades"};

}  // namespace

TEST_CASE("binance: recorded answers hold what python finds in them", "[pipeline][binance]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::ifstream expected("plugins/binance/tests/cases/expected.csv");
  REQUIRE(expected);
  std::size_t files = 0;
  for (std::string line; std::getline(expected, line); ++files) {
    const auto fields = split(line, ';');
    const std::string& name = fields[0];
    CAPTURE(name);
    const int64_t first = std::stoll(fields[2]);
    const int64_t last = std::stoll(fields[3]);
    if (name.find("klines") != std::string::npos) {
      const auto& interval = *binance::find_interval(interval_of(name));
      // By the time of an answer whose last candle was open it is cut off; else it is long ago.
      const bool open = !name.starts_with("gct");
      const int64_t now_ms = open ? interval.next(last) / 1000 + 1000 : 1'900'000'000'000;
      const auto run = read_klines(body_of(*root / name), std::string(interval.name), first,
                                   interval.next(last) + (open ? interval.length_us : 0), now_ms);
      CHECK(run.end == SLUICE_END);
      CHECK(run.rejects.empty());
      check_sums(run, fields, kCandleColumns, "open_time");
      CHECK(run.outcomes.size() == (open ? 1 : 0));  // no gaps in these
    } else if (name.find("vision") != std::string::npos) {
      binance::test::Service service(1'900'000'000'000);
      const std::string period = name.substr(name.size() - 14, 10);
      const std::string url =
          "https://data.binance.vision/data/spot/daily/klines/ADABTC/1m/"
          "ADABTC-1m-" +
          period + ".zip";
      const std::string zip = binance::test::make_zip({{"a.csv", read_file(*root / name)}});
      service.host.http.on(url, Answer{.body = zip});
      service.host.http.on(url + ".CHECKSUM",
                           Answer{.body = binance::test::sha256_of(zip) + "  a.zip\n"});
      const auto run = binance::test::read(service, {{"symbols", {"ADABTC"}}},
                                           {.stream = "candles",
                                            .partition = "ADABTC",
                                            .token = "archive " + period,
                                            .from_us = first,
                                            .to_us = last + binance::kMinute});
      CHECK(run.end == SLUICE_END);
      CHECK(run.notes.empty());
      check_sums(run, fields, kCandleColumns, "open_time");
    } else {
      binance::test::Service service(1'900'000'000'000);
      service.host.http.on(
          "/api/v3/aggTrades?symbol=BTCUSDT&startTime=" + std::to_string(first / 1000) +
              "&endTime=" + std::to_string(last / 1000) + "&limit=1000",
          json_answer(body_of(*root / name)));
      service.host.http.on_prefix("/api/v3/aggTrades?symbol=BTCUSDT&fromId=", json_answer("[]"));
      const auto run = binance::test::read(
          service, {{"symbols", {"BTCUSDT"}}},
          {.stream = "trades", .partition = "BTCUSDT", .from_us = first, .to_us = last + 1000});
      CHECK(run.end == SLUICE_END);
      CHECK(run.rejects.empty());
      CHECK_FALSE(binance::test::has_note(run, "unknown_field"));
      check_sums(
          run, fields,
          {"price", "quantity", "trade_id", "first_trade_id", "last_trade_id", "buyer_is_maker"},
          "time");
    }
  }
  CHECK(files == 37);
}

TEST_CASE("binance: recorded lists of pairs are read to the end", "[pipeline][binance]") {
  const auto root = here();
  if (!root) {
    return;
  }
  // Numbers of pairs and of TRADING ones, counted by other means.
  const std::map<std::string, std::pair<std::size_t, std::size_t>> files{
      {"gct/exchangeInfo_2021-2025.json", {25, 12}},
      {"gct/exchangeInfo_2026.json", {12, 5}},
      {"nautilus/http_spot_market_exchange_info.json", {2, 2}},
      {"cassettes_mwlang/exchange_info.yml", {542, 493}},
      {"cassettes_cryptoexchange/exchangeInfo_2019-05-03.yml", {510, 464}},
      {"cassettes_cryptoexchange/exchangeInfo_2019-08-22.yml", {595, 546}},
      {"cassettes_cryptoexchange/binanceus_exchangeInfo_2019-09-19.yml", {14, 14}}};
  for (const auto& [name, counts] : files) {
    CAPTURE(name);
    binance::test::Service service(1'900'000'000'000);
    service.host.http.on("/api/v3/exchangeInfo", json_answer(body_of(*root / name)));
    const auto run = binance::test::read(service, json::object(), {.stream = "symbols"});
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    for (const auto& note : run.notes) {
      UNSCOPED_INFO(note.code << ": " << note.text);
    }
    CHECK_FALSE(binance::test::has_note(run, "unknown_field"));
    CHECK(run.rows.size() == counts.first);
    std::size_t trading = 0, priced = 0;
    for (const json& row : run.rows) {
      trading += row.at("status") == "TRADING" ? 1 : 0;
      priced += row.at("tick_size").is_null() ? 0 : 1;
    }
    CHECK(trading == counts.second);
    CHECK(priced == run.rows.size());
    // What the list tells of the limits of its time is declared.
    const json declared = json::parse(service.host.http.declaration());
    const bool today = name.starts_with("gct/");
    CHECK(declared.at("limits")[0].at("amount") == (today ? 6000 : 1200));
  }
}

TEST_CASE("binance: recorded errors are understood", "[pipeline][binance]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::ifstream lines(*root / "errors_quoted.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CAPTURE(line);
    const json quoted = json::parse(line);
    const std::string body = quoted.at("body");
    const auto status = quoted.at("status").get<uint32_t>();
    const auto said = binance::parse_service_error(body);
    REQUIRE(said);
    CHECK(said->message == json::parse(body).at("msg"));
    CHECK(binance::parse_ban_end(said->message).has_value() == (status == 418));
    if (status == 429) {
      continue;  // the host's affair: an answer that never gets here
    }
    binance::test::Service service(1'900'000'000'000);
    service.host.http.on_prefix("/api/v3/klines", json_answer(body, status));
    const auto run = binance::test::read(
        service, {{"symbols", {"BTCUSDT"}}},
        {.stream = "candles", .partition = "BTCUSDT", .from_us = 0, .to_us = 60'000'000});
    REQUIRE(run.error);
    CHECK(run.error->code() == (status == 418   ? sluice::Code::kRateLimited
                                : status == 451 ? sluice::Code::kAuth
                                                : sluice::Code::kInvalidConfig));
  }
  CHECK(count == 7);
}

TEST_CASE("binance: a recorded zip file with two members is refused", "[pipeline][binance]") {
  const auto root = here();
  if (!root) {
    return;
  }
  binance::Spool spool;
  spool.append(read_file(*root / "vision/updates_2022-04-21_aggregate_trade_updates.zip"));
  CHECK_THROWS_AS(binance::ZipText(spool), binance::ZipError);
}
