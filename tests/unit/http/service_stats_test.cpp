// SPDX-License-Identifier: Apache-2.0
#include "host/http/service_stats.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <thread>
#include <vector>

using namespace sluice;
using host::LatencyHistogram;

TEST_CASE("latency histogram: quantiles are right to an eighth", "[unit][http]") {
  LatencyHistogram histogram;
  for (int64_t us = 1; us <= 100'000; ++us) {
    histogram.add(us);
  }
  const auto counts = histogram.counts();
  for (const double share : {0.01, 0.5, 0.95, 0.99, 1.0}) {
    const double exact = share * 100'000;
    INFO(share);
    CHECK(std::abs(static_cast<double>(LatencyHistogram::quantile(counts, share)) - exact) <=
          exact / 8);
  }
}

TEST_CASE("latency histogram: any value has a bucket", "[unit][http]") {
  LatencyHistogram histogram;
  CHECK(LatencyHistogram::quantile(histogram.counts(), 0.5) == 0);
  histogram.add(-5);
  histogram.add(0);
  CHECK(LatencyHistogram::quantile(histogram.counts(), 1) == 0);
  histogram.add(INT64_MAX);
  CHECK(LatencyHistogram::quantile(histogram.counts(), 1) > 3600LL * 1'000'000);
}

TEST_CASE("service statistics: threads count in one place", "[unit][http]") {
  host::ServiceStats stats;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) {
          const auto counters = stats.of("api.example.org", "https://api.example.org:443");
          ++counters->requests;
          counters->latency.add(n);
        }
      });
    }
  }
  const auto all = stats.snapshot();
  REQUIRE(all.size() == 1);
  CHECK(all[0].requests == 4000);
  CHECK(all[0].scope == "api.example.org");
  CHECK(all[0].p95_us >= all[0].median_us);
}

TEST_CASE("service statistics: scopes beyond count are held together", "[unit][http]") {
  host::ServiceStats stats;
  for (int i = 0; i < 5000; ++i) {
    ++stats.of("scope" + std::to_string(i), "http://h:80")->requests;
  }
  const auto all = stats.snapshot();
  CHECK(all.size() <= 1025);
  uint64_t sum = 0;
  for (const auto& each : all) {
    sum += each.requests;
  }
  CHECK(sum == 5000);
}
