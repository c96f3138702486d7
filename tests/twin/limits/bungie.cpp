// SPDX-License-Identifier: Apache-2.0
//
// 25 requests a second, averaged over 10 seconds. Above it every answer is a 200 whose body says
// ErrorCode 36 and ThrottleSeconds 10, until that time is over. "silent" tells 0 seconds, as the
// service did for years.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

class Bungie final : public Limiter {
 public:
  Bungie() : Limiter({{"address", Window::Kind::kSliding, 250, 10'000}}) {}

 private:
  Verdict judge(const Request&, std::int64_t now_us) override {
    const bool throttled = now_us < throttled_until_us_;
    if (!throttled && window("address").take(1, now_us)) {
      return {};
    }
    ++counters_.violations;
    if (!throttled) {
      throttled_until_us_ = now_us + scaled_us(throttle_ms_);
    }
    const std::int64_t left_us = throttled_until_us_ - now_us;
    const std::int64_t told = silent_ ? 0 : (left_us + 999'999) / 1'000'000;
    Verdict verdict;
    verdict.refusal = make_response(200, "application/json; charset=utf-8",
                                    json{{"ErrorCode", 36},
                                         {"ThrottleSeconds", told},
                                         {"ErrorStatus", "ThrottleLimitExceededMomentarily"},
                                         {"Message", "Slow down."},
                                         {"MessageData", json::object()}}
                                        .dump(),
                                    "refused");
    return verdict;
  }

  bool take(const std::string& key, const json& value) override {
    if (key == "silent") {
      silent_ = flag_setting(key, value);
    } else if (key == "throttle_ms") {
      throttle_ms_ = whole_setting(key, value);
    } else {
      return false;
    }
    return true;
  }

  void forget() override {
    Limiter::forget();
    throttled_until_us_ = 0;
  }

  bool silent_ = false;
  std::int64_t throttle_ms_ = 10'000;
  std::int64_t throttled_until_us_ = 0;
};

}  // namespace

std::unique_ptr<Limiter> make_bungie() {
  return std::make_unique<Bungie>();
}

}  // namespace sluice::twin::limits
