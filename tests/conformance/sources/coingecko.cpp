// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>

#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kNowS = 1'774'872'000;  // 2026-03-30T12:00:00Z

twin::Options small() {
  twin::Options options;
  options.coingecko.coins = 30;
  options.coingecko.now_s = kNowS;
  return options;
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("coingecko")};
  out.config = {{"base_url", twin->base_url() + "/coingecko/api/v3"},
                {"plan", "demo"},
                {"credential", "coingecko"},
                {"coins", {"bitcoin", "ethereum"}},
                {"page_size", 7},
                {"markets", "all"}};
  out.service = service_of(
      twin, with_headers({{"coingecko", {{"x-cg-demo-api-key", small().coingecko.demo_key}}}}));
  out.now = Micros(std::chrono::seconds(kNowS));
  out.to_us = kNowS * 1'000'000;
  out.from_us = out.to_us - int64_t{10} * 86'400'000'000;
  out.batch_bytes = 2048;
  out.most_slices = 6;
  out.without_fields = {"market_chart", "candles"};  // arrays
  return out;
}

std::string midnight(int days_ago) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::chrono::year_month_day day{today - std::chrono::days(days_ago)};
  char text[32];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text;
}

Pipeline pipeline() {
  Pipeline out{.config = "coingecko.toml"};
  out.twin.coingecko.coins = 30;  // at the machine's time: how far back it answers depends on it
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{
        {"COINGECKO_BASE_URL", twin.base_url() + "/coingecko/api/v3"},
        {"COINGECKO_API_KEY", small().coingecko.demo_key}};
  };
  out.database = "COINGECKO_DB";
  out.set = {R"(source.0.plan="demo")", R"(source.0.credential="coingecko")",
             "want.from=" + midnight(20), "want.to=" + midnight(1)};
  out.lifted = {{"HOST", "minute"}};
  out.asked_again = {{"**/coins/markets", "prices of now, and the service tells no validator"}};
  out.paths = "/coingecko/**";
  out.wrong_environment = {{"COINGECKO_API_KEY", "a-wrong-key"}};
  return out;
}

const Entry kEntry{Source{.name = "coingecko", .subject = &subject, .pipeline = pipeline()}};

}  // namespace

}  // namespace sluice::conformance
