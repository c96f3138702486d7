// SPDX-License-Identifier: Apache-2.0
#include "host/observe/report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "host/observe/log.hpp"

using namespace std::string_literals;
using sluice::host::LiveStream;
using sluice::host::RunReport;

TEST_CASE("report: numbers are for people", "[unit][observe]") {
  using sluice::host::bytes_text, sluice::host::grouped, sluice::host::seconds_text;
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(1'500) == "1.5 kB");
  CHECK(bytes_text(999'950) == "1.0 MB");
  CHECK(seconds_text(0.5) == "0.50 s");
  CHECK(seconds_text(59.4) == "59 s");
  CHECK(seconds_text(65) == "1 m 05 s");
  CHECK(seconds_text(3'700) == "1 h 01 m");
}

TEST_CASE("report: kinds of errors are bounded and keep one example", "[unit][observe]") {
  LiveStream live("s", "files");
  for (int i = 0; i < 500; ++i) {
    live.add_error("class" + std::to_string(i), "example " + std::to_string(i));
  }
  live.add_error("class0", "another");
  const auto report = live.snapshot();
  CHECK(report.errors.size() <= 65);
  CHECK(report.errors.at("class0").count == 2);
  CHECK(report.errors.at("class0").example == "example 0");
  CHECK(report.errors.at("other").count > 400);
}

TEST_CASE("report: text of services that is not UTF-8 stays JSON", "[unit][observe]") {
  RunReport report;
  report.pipeline = "p";
  LiveStream live("s", "files");
  live.add_error("bad_data", "Gro\xdf"s);
  report.streams.push_back(live.snapshot());
  CHECK(nlohmann::json::parse(to_json(report)).at("streams").at(0).at("errors").at(0).at("count") ==
        1);
}

TEST_CASE("redact: a secret disappears in every form it takes", "[unit][observe][secrets]") {
  sluice::host::add_secret("s3cr/et+value");
  CHECK(sluice::host::redact("key=s3cr/et+value!") == "key=***!");
  CHECK(sluice::host::redact("url?key=s3cr%2Fet%2Bvalue&x") == "url?key=***&x");
  CHECK(sluice::host::redact("Basic czNjci9ldCt2YWx1ZQ==").find("czNjci9ldCt2YWx1Z") ==
        std::string::npos);
  sluice::host::add_secret("abc");  // too short to be one: half of every text would go
  CHECK(sluice::host::redact("abcdef") == "abcdef");
}
