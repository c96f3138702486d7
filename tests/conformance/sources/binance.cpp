// SPDX-License-Identifier: Apache-2.0
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kNowUs = 1'741'608'030'000'000;  // 2025-03-10T12:00:30Z

twin::Options small() {
  twin::Options options;
  options.binance.symbols = 3;
  options.binance.now = "2025-03-10T12:00:30Z";
  return options;
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("binance")};
  out.config = {{"symbols", {"BTCUSDT", "ETHUSDT"}},
                {"base_url", twin->base_url() + "/binance"},
                {"archive_url", twin->base_url() + "/binance-archive"}};
  out.service = service_of(twin);
  out.now = Micros(std::chrono::microseconds(kNowUs));
  out.from_us = kNowUs / kMinuteUs * kMinuteUs - 4 * 1440 * kMinuteUs;  // files and the API
  out.to_us = kNowUs;
  out.batch_bytes = 16'384;
  out.most_slices = 8;
  out.without_fields = {"candles"};  // arrays
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "candles.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{
        {"BINANCE_BASE_URL", twin.base_url() + "/binance"},
        {"BINANCE_ARCHIVE_URL", twin.base_url() + "/binance-archive"}};
  };
  out.database = "CANDLES_DB";
  out.set = {"want.from=2025-02-20", "want.to=2025-03-10T12:00:00Z"};
  out.lifted = {{"HOST", "weight"}, {"HOST", "raw"}};
  out.asked_again = {{"**/exchangeInfo", "symbols come and go, and the service tells no validator"},
                     {"**/time", "the clock"}};
  out.paths = "/binance*/**";
  return out;
}

const Entry kEntry{
    Source{.name = "binance",
           .subject = &subject,
           .pipeline = pipeline(),
           .declined = {
               {"run-refused", "market data without credentials; a refusal is met all the same"},
           }}};

}  // namespace

}  // namespace sluice::conformance
