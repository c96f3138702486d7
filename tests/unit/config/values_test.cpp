// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "host/config/config.hpp"

namespace sluice::host::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("durations") {
  const std::pair<const char*, std::chrono::microseconds> good[] = {
      {"90s", 90s},
      {"5m", 5min},
      {"2h", 2h},
      {"7d", 168h},
      {"250ms", 250ms},
      {"1h30m", 90min},
      {"0s", 0s},
      {"1.5s", 1500ms},
      {"2w", 336h},
      {"3us", 3us},
      {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
      {"0.001ms", 1us}};
  for (const auto& [text, wanted] : good) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(*parsed == wanted);
  }
  for (const char* text :
       {"", "90", "s", "-5s", "5 s", "5S", "1m1h", "1s1s", "1.s", ".5s", "1.2345s", "0.5us", "1e3s",
        "99999999999999999999s", "9223372036854775807s", "300000w300000d999999999h9999999999999s",
        "5m\n", "٣s"}) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::kInvalidConfig);
    CHECK(parsed.error().message.find("\"90s\"") != std::string::npos);
  }
}

TEST_CASE("sizes") {
  const std::pair<const char*, uint64_t> good[] = {{"256MiB", 256U << 20},
                                                   {"10MB", 10'000'000},
                                                   {"4096", 4096},
                                                   {"64KiB", 65536},
                                                   {"1.5GiB", 1610612736},
                                                   {"10 MB", 10'000'000},
                                                   {"0", 0},
                                                   {"1kB", 1000},
                                                   {"2TiB", 2ULL << 40},
                                                   {"18446744073709551615", UINT64_MAX},
                                                   {"7B", 7}};
  for (const auto& [text, wanted] : good) {
    INFO(text);
    const auto parsed = parse_size(text);
    REQUIRE(parsed);
    CHECK(*parsed == wanted);
  }
  for (const char* text : {"", "MB", "-1", "1.0001MB", "1.5B", "1 2MB", "1XB", "1mib",
                           "18446744073709551616", "99999999TiB", "0x10"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("dates and times") {
  const std::pair<const char*, int64_t> good[] = {
      {"1970-01-01", 0},
      {"2024-02-29", 1'709'164'800'000'000},
      {"2024-01-01T12:05:00Z", 1'704'110'700'000'000},
      {"2024-01-01T12:05Z", 1'704'110'700'000'000},
      {"2024-01-01 14:05:00+02:00", 1'704'110'700'000'000},
      {"2024-01-01T12:05:00", 1'704'110'700'000'000},
      {"2024-01-01t10:35:00.5-01:30", 1'704'110'700'500'000},
      {"2024-01-01T12:05:00.1234567899Z", 1'704'110'700'123'456},
      {"1969-12-31T23:59:59Z", -1'000'000},
      {"0001-01-01", -62'135'596'800'000'000}};
  for (const auto& [text, wanted] : good) {
    INFO(text);
    const auto parsed = parse_time(text);
    REQUIRE(parsed);
    CHECK(*parsed == wanted);
  }
  for (const char* text : {"", "now", "2024", "2024-13-01", "2023-02-29", "2024-1-1", "2024-01-01T",
                           "2024-01-01T24:00:00Z", "2024-01-01T12:60Z", "2024-01-01T12:00:60Z",
                           "2024-01-01T12:00:00+2", "2024-01-01T12:00:00ZZ",
                           "2024-01-01T12:00:00.Z", "01.02.2024", "2024-01-01T12:00:00+99:00"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("the word that was meant") {
  const std::vector<std::string> words{"symbols",   "interval", "retry_base",
                                       "retry_cap", "on_error", "url"};
  CHECK(did_you_mean("symbol", words) == "symbols");
  CHECK(did_you_mean("intervall", words) == "interval");
  CHECK(did_you_mean("inetrval", words) == "interval");
  CHECK(did_you_mean("RetryCap", words) == "retry_cap");
  CHECK(did_you_mean("on-error", words) == "on_error");
  CHECK(did_you_mean("lru", words).empty());
  CHECK(did_you_mean("banana", words).empty());
  CHECK(did_you_mean("", words).empty());
  CHECK(did_you_mean(std::string(1'000'000, 's'), words).empty());
  CHECK(did_you_mean("symbol", {}).empty());
}

}  // namespace
}  // namespace sluice::host::test
