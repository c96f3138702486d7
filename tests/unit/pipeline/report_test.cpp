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

TEST_CASE("report: a service is one line that never rounds up to all", "[unit][observe]") {
  sluice::host::ServiceReport service;
  service.scope = "api.example.org";
  service.endpoint = "https://api.example.org:443";
  service.requests = 12'000;
  service.calls = 11'800;
  service.first_try = 11'590;
  service.succeeded = 11'799;
  service.median_ms = 41.2;
  service.p95_ms = 119.8;
  service.breaker_openings = 2;
  service.by_class = {{"2xx", 11'799}, {"5xx", 201}};
  RunReport report;
  report.services.push_back(service);
  const std::string text = to_text(report);
  CHECK(
      text.find("  api.example.org              12,000 requests, 98.2 % at first try, 99.9 % after "
                "retries, median 41 ms, p95 120 ms, 2 breaker openings\n") != std::string::npos);
  const auto json = nlohmann::json::parse(to_json(report)).at("services").at(0);
  CHECK(json.at("by_class").at("5xx") == 201);
  CHECK(json.at("success_share").get<double>() < 1);
  CHECK(json.at("breaker_openings") == 2);
}

TEST_CASE("report: a scope that is no host is named beside the endpoint", "[unit][observe]") {
  sluice::host::ServiceReport service;
  service.scope = "example/heavy";
  service.endpoint = "http://127.0.0.1:8080";
  service.requests = service.calls = service.first_try = service.succeeded = 3;
  RunReport report;
  report.services.push_back(service);
  CHECK(to_text(report).find("127.0.0.1:8080 (example/heavy) 3 requests, 100 % at first try, m") !=
        std::string::npos);
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
