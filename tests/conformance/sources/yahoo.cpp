// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kNowS = 1'774'872'000;  // 2026-03-30T12:00:00Z

check::Subject subject() {
  twin::Options options;
  options.yahoo.now_s = kNowS;
  const auto twin = std::make_shared<twin::Twin>(options);
  check::Subject out{.library = plugin_file("yahoo")};
  out.config = {{"base_urls", {twin->base_url() + "/yahoo"}},
                {"symbols", {"AAPL", "BTC-USD"}},
                {"interval", "1d"}};
  out.service = service_of(twin);
  out.now = Micros(std::chrono::seconds(kNowS));
  out.to_us = kNowS * 1'000'000;
  out.from_us = out.to_us - int64_t{700} * 86'400'000'000;
  out.batch_bytes = 2048;
  out.most_slices = 6;
  out.without_fields = {"candles"};   // arrays
  out.never_empty = {"instruments"};  // a document without a list
  // Events are objects by time: a new member there would be a new event.
  out.depths[check::JsonChange::kAddFields] = {{"/v8/finance/chart/", 6}};
  return out;
}

Pipeline pipeline() {
  twin::Options options;
  options.yahoo.now_s = kNowS;
  Pipeline out{.config = "yahoo.toml", .twin = options};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{
        {"YAHOO_BASE_URL", twin.base_url() + "/yahoo"},
        {"YAHOO_BASE_URL_2", twin.base_url() + "/yahoo"},
        {"YAHOO_COOKIE_URL", twin.base_url() + "/yahoo/quote/AAPL"}};
  };
  out.database = "YAHOO_DB";
  out.set = {"want.from=2024-03-01", "want.to=2026-03-29"};
  out.asked_again = {
      {"**/chart/*", "rows that came without values are asked for until they have some"}};
  out.paths = "/yahoo/**";
  return out;
}

const Entry kEntry{Source{
    .name = "yahoo",
    .subject = &subject,
    .pipeline = pipeline(),
    .declined = {
        {"run-refused", "an open service without credentials; a refusal is met all the same"},
    }}};

}  // namespace

}  // namespace sluice::conformance
