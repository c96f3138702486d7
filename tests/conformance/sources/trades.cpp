// SPDX-License-Identifier: Apache-2.0
//
// The example of the SDK, as a stranger would check a source of theirs: the service is a function.
#include <algorithm>
#include <map>

#include "conformance/suite.hpp"

namespace sluice::conformance {

namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr int64_t kFirstDay = 19'600;  // since 1970
constexpr int kTrades = 40;            // of a day

int64_t number_in(const std::string& url, const std::string& name) {
  const auto at = url.find(name + "=");
  return at == std::string::npos ? 0 : std::stoll(url.substr(at + name.size() + 1));
}

std::optional<check::Answer> answer(const check::Request& request) {
  const int64_t from = number_in(request.url, "from"), to = number_in(request.url, "to");
  const int64_t after = number_in(request.url, "after"), limit = number_in(request.url, "limit");
  json page = json::array();
  const int64_t last = (to / kDayUs + 1 - kFirstDay) * kTrades;
  for (int64_t id = std::max<int64_t>(after + 1, 1); id <= last; ++id) {
    const int64_t at = kFirstDay * kDayUs + id * (kDayUs / kTrades);
    if (at >= from && at < to && static_cast<int64_t>(page.size()) < limit) {
      page.push_back({{"id", id},
                      {"ts", at},
                      {"price", std::to_string(20'000 + id) + ".12345678"},
                      {"s", id % 2 == 0 ? "buy" : "sell"}});
    }
  }
  return check::Answer{.body = page.dump(), .headers = {{"Content-Type", "application/json"}}};
}

check::Subject subject() {
  check::Subject out{.library = std::string(SLUICE_EXAMPLES) + "/trades.so"};
  out.config = {{"base_url", "https://example.org"}, {"page_size", 7}};
  out.service = &answer;
  out.from_us = kFirstDay * kDayUs + kDayUs / 2;
  out.to_us = out.from_us + 3 * kDayUs;
  return out;
}

const Entry kEntry{Source{
    .name = "trades",
    .subject = &subject,
    .declined = {
        {"unknown", "fifty lines that show the parts of a source and do not count unknown fields"},
        {"texts", "fifty lines that take values as they come"},
        {"numbers", "as above"},
    }}};

}  // namespace

}  // namespace sluice::conformance
