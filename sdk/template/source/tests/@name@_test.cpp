// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <sluice/testing/testing.hpp>

#include "../@name@.hpp"

namespace {

int failures = 0;

void expect(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "failed: %s\n", what);
    ++failures;
  }
}

const auto kPlugin = sluice::testing::Plugin::of<@Name@>();
const sluice::json kConfig = {{"url", "https://example.org/items"}};

void reads_every_item() {
  sluice::testing::FakeHost host;
  host.http.on("https://example.org/items", {.body = R"([{"id":1,"name":"one"},{"id":2,"name":null}])",
                                             .headers = {{"Content-Type", "application/json"}}});
  const auto run = sluice::testing::run_source(kPlugin, host, kConfig);
  expect(run.end == SLUICE_END, "the slice ends");
  expect(run.rows == std::vector<sluice::json>{{{"id", 1}, {"name", "one"}}, {{"id", 2}, {"name", nullptr}}},
         "each item is a row");
}

void tells_an_outage() {
  sluice::testing::FakeHost host;
  host.http.on("https://example.org/items", {.status = 503});
  const auto run = sluice::testing::run_source(kPlugin, host, kConfig);
  expect(run.end == SLUICE_UNAVAILABLE, "an outage is told as one, not as an empty list");
}

}  // namespace

int main() {
  reads_every_item();
  tells_an_outage();
  return failures == 0 ? 0 : 1;
}
