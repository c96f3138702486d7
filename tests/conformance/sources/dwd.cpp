// SPDX-License-Identifier: Apache-2.0
//
// Zip archives, listings in HTML, lists in fixed columns: nothing of it is JSON.
#include "conformance/suite.hpp"
#include "conformance/twin_service.hpp"

namespace sluice::conformance {

namespace {

twin::Options small() {
  twin::Options options;
  options.dwd.stations = 5;
  options.dwd.rows_per_file = 300;
  return options;
}

check::Subject subject() {
  const auto twin = std::make_shared<twin::Twin>(small());
  check::Subject out{.library = plugin_file("dwd")};
  out.config = {{"base_url", twin->dwd_url()},
                {"resolution", "10_minutes"},
                {"datasets", {"air_temperature", "hourly/air_temperature", "daily/kl"}},
                {"metadata", {"station_positions", "parameter_history"}},
                {"periods", {"historical", "recent", "now"}}};
  out.service = service_of(twin);
  out.now = Micros(std::chrono::sys_days(std::chrono::year(2026) / 3 / 30));
  out.batch_bytes = 4096;
  out.most_slices = 12;
  return out;
}

Pipeline pipeline() {
  Pipeline out{.config = "weather.toml", .twin = small()};
  out.environment = [](twin::Twin& twin) {
    return std::map<std::string, std::string>{{"DWD_BASE_URL", twin.dwd_url()}};
  };
  out.database = "WEATHER_DB";
  out.set = {"limits.requests_per_second.\"*\"=10000"};
  out.asked_again = {{"**/", "the listing is the only way to learn of new files"}};
  return out;
}

const Entry kEntry{Source{
    .name = "dwd",
    .subject = &subject,
    .pipeline = pipeline(),
    .declined = {
        {"empty", "an empty folder is an empty listing in HTML; see plugins/dwd/tests"},
        {"unknown", "no JSON; columns that are not known: plugins/dwd/tests/product_test.cpp"},
        {"texts", "no JSON"},
        {"numbers", "no JSON"},
        {"run-empty", "no JSON; see tests/pipeline/weather_test.cpp"},
        {"refused", "an open service without credentials; a refusal is met all the same"},
        {"run-refused", "an open service without credentials"},
    }}};

}  // namespace

}  // namespace sluice::conformance
