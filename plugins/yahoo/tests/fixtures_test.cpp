// SPDX-License-Identifier: Apache-2.0
//
// Recorded charts of Yahoo, read in place, against sums that Python's standard library worked out
// (expected.py).
#include <catch2/catch.hpp>
#include <set>

#include "plugins/yahoo/tests/support.hpp"
#include "sluice/cpp/candles.hpp"

namespace fs = std::filesystem;
using namespace yahoo::test;  // NOLINT: helpers
using sluice::Code;
using sluice::json;
using sluice::Outcome;
using sluice::testing::FakeHost;
using sluice::testing::SourceRun;

namespace {

std::optional<fs::path> here() {
  const auto root = fixtures();
  if (!root) {
    WARN("The recorded answers of Yahoo are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

std::string sum(const std::vector<json>& rows, const std::string& column, int digits) {
  sluice::Decimal out;
  for (const json& row : rows) {
    if (!row.at(column).is_null()) {
      out.unscaled += sluice::parse_candle_decimal(row.at(column).get<std::string>()).unscaled;
    }
  }
  const std::string text = sluice::to_text(out, sluice::kCandleScale);
  return digits > 0 ? text : text.substr(0, text.find('.'));
}

constexpr int64_t kFrom = -1'325'635'200;
constexpr int64_t kNow = 1'760'000'000;  // 2025-10-09, behind all recordings

// Reads a stream of a recorded exchange, with its status and body.
SourceRun read(const fs::path& file, const std::string& stream, const std::string& interval,
               int64_t from_s = kFrom) {
  const json recorded = json::parse(read_file(file));
  FakeHost host;
  host.set_time(
      sluice::Micros(std::chrono::seconds(interval == "1d" ? kNow : from_s + 20 * 86'400)));
  host.http.on_prefix(
      "/v8/finance/chart/",
      json_answer(read_file(file.parent_path().parent_path() / "bodies" / file.filename()),
                  recorded.at("response").at("status").get<uint32_t>()));
  const int64_t to = interval == "1d" ? kNow / 86'400 * 86'400 : from_s + 10 * 86'400;
  return session(host, {{"symbols", {"X"}}, {"interval", interval}, {"pre_post", true}})
      .read(slice(stream, "X", from_s, to));
}

}  // namespace

TEST_CASE("yahoo: recorded charts hold what python finds in them", "[yahoo]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto lines = split(read_file("plugins/yahoo/tests/cases/expected.csv"), '\n');
  CHECK(lines.size() == 17);
  for (const std::string& line : lines) {
    CAPTURE(line);
    const auto fields = split(line, ';');
    const bool days = fields[1] == "1d";
    const int64_t from = days ? kFrom : std::stoll(fields[4]) / 86'400 * 86'400;
    const auto candles = read(*root / "recorded" / fields[0], "candles", fields[1], from);
    CHECK_FALSE(candles.error);
    CHECK(candles.rejects.empty());
    REQUIRE(candles.rows.size() == std::stoul(fields[2]));
    CHECK(candles.outcomes.size() == std::stoul(fields[3]));
    for (const auto& outcome : candles.outcomes) {
      CHECK(outcome.outcome == Outcome::kFailed);
    }
    if (days) {
      CHECK(candles.rows.front()["open_time"].get<std::string>().starts_with(fields[4] +
                                                                             "T00:00:00"));
      CHECK(
          candles.rows.back()["open_time"].get<std::string>().starts_with(fields[5] + "T00:00:00"));
    }
    const char* columns[] = {"open", "high", "low", "close"};
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(sum(candles.rows, columns[i], 18) == fields[6 + i]);
    }
    CHECK(sum(candles.rows, "volume", 0) == fields[10]);
    if (days) {
      const auto dividends = read(*root / "recorded" / fields[0], "dividends", fields[1]);
      CHECK(dividends.rows.size() == std::stoul(fields[11]));
      CHECK(sum(dividends.rows, "amount", 18) == fields[12]);
      CHECK(read(*root / "recorded" / fields[0], "splits", fields[1]).rows.size() ==
            std::stoul(fields[13]));
    }
  }
}

TEST_CASE("yahoo: recorded answers without data are empty", "[yahoo]") {
  const auto root = here();
  if (!root) {
    return;
  }
  for (const char* name : {"2021-11-21_chart-_VXAPL-2020-01-01-to-2020-01-03.json",
                           "2021-11-21_chart-BEKE-2020-01-01-to-2020-01-03.json",
                           "2022-05-02_chart-APS.AX-2020-01-01-to-2020-01-03.json"}) {
    CAPTURE(name);
    const auto got = read(*root / "recorded" / name, "candles", "1d");
    CHECK_FALSE(got.error);
    CHECK(got.end == SLUICE_END);
    CHECK(got.rows.empty());
    CHECK(got.rejects.empty());
  }
  for (const auto& [name, interval, from] :
       {std::tuple{"2021-11-23_chart-TSLA-2021-11-23-to-2021-11-23-interval-1h.json", "1h",
                   int64_t{1'637'625'600}},
        std::tuple{
            "2025-02-20_chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json",
            "1m", int64_t{1'738'368'000}}}) {
    CAPTURE(name);
    const auto got = read(*root / "recorded" / name, "candles", interval, from);
    CHECK_FALSE(got.error);
    CHECK(got.rows.empty());
  }
}

TEST_CASE("yahoo: recorded refusals have their class", "[yahoo]") {
  const auto root = here();
  if (!root) {
    return;
  }
  for (const char* name : {"2021-11-12_historicalv8-MDLY-2020-01-01-to-2021-01-04.json",
                           "2024-09-16_historical-via-chart-SI-2020-01-01-to-2020-01-03.json"}) {
    CAPTURE(name);
    const auto got = read(*root / "recorded" / name, "candles", "1d");
    REQUIRE(got.error);
    CHECK(got.error->code() == Code::kUnavailable);
    CHECK((got.error->flags() & SLUICE_ERROR_RETRYABLE) == 0);
  }
  const std::map<int64_t, Code> classes = {
      {404, Code::kUnavailable}, {422, Code::kUnavailable}, {429, Code::kRateLimited}};
  for (const std::string& line : split(read_file(*root / "errors_quoted.jsonl"), '\n')) {
    CAPTURE(line);
    const json quoted = json::parse(line);
    const auto status = quoted.at("status").get<uint32_t>();
    const std::string body = quoted.contains("body")
                                 ? quoted.at("body").get<std::string>()
                                 : json{{"chart",
                                         {{"result", nullptr},
                                          {"error",
                                           {{"code", "Unprocessable Entity"},
                                            {"description", quoted.at("description")}}}}}}
                                       .dump();
    FakeHost host;
    auto answer = json_answer(body, status);
    if (status == 429) {
      answer.headers = {{"Content-Type", "text/plain"}};
    }
    host.http.on_prefix("/v8/finance/chart/", answer);
    const auto got = session(host, {{"symbols", {"X"}}})
                         .read(slice("candles", "X", 1'690'000'000 / 86'400 * 86'400,
                                     1'699'000'000 / 86'400 * 86'400));
    if (status == 400) {  // listed later: there is nothing of that time
      CHECK_FALSE(got.error);
      continue;
    }
    REQUIRE(got.error);
    CHECK(got.error->code() == classes.at(status));
  }
}

TEST_CASE("yahoo: every recorded chart is among the tests", "[yahoo]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(*root / "recorded")) {
    files += entry.path().extension() == ".json" ? 1 : 0;
  }
  CHECK(files == 17 + 5 + 2);  // with rows, without, refused
}
