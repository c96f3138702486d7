// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "host/config/config.hpp"
#include "sdk/tests/quantity_cases.hpp"

namespace sluice::host::test {
namespace {

TEST_CASE("durations") {
  for (const auto& [text, wanted] : sluice::test::kDurationCases) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed.has_value() == wanted.has_value());
    if (wanted) {
      CHECK(parsed->count() == static_cast<int64_t>(*wanted));
    } else {
      CHECK(parsed.error().code == Code::kInvalidConfig);
      CHECK(parsed.error().message.find("\"90s\"") != std::string::npos);
    }
  }
}

TEST_CASE("sizes") {
  for (const auto& [text, wanted] : sluice::test::kSizeCases) {
    INFO(text);
    const auto parsed = parse_size(text);
    REQUIRE(parsed.has_value() == wanted.has_value());
    if (wanted) {
      CHECK(*parsed == *wanted);
    } else {
      CHECK(parsed.error().code == Code::kInvalidConfig);
    }
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
