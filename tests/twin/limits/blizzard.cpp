// SPDX-License-Identifier: Apache-2.0
//
// 100 requests a second per client, above it 429 until the second is over; 36,000 an hour, above it
// slower answers. No header tells anything.
#include <nlohmann/json.hpp>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

class Blizzard final : public Limiter {
 public:
  Blizzard()
      : Limiter({{"second", Window::Kind::kClock, 100, 1000},
                 {"hour", Window::Kind::kClock, 36'000, 3'600'000}}) {}

 private:
  Verdict judge(const Request&, std::int64_t now_us) override {
    Verdict verdict;
    if (!window("second").take(1, now_us)) {
      ++counters_.violations;
      verdict.refusal = make_response(
          429, "application/json",
          json{{"code", 429}, {"type", "BLZWEBAPI00000429"}, {"detail", "Too Many Requests"}}
              .dump(),
          "refused");
      return verdict;
    }
    if (!window("hour").take(1, now_us, true)) {
      ++counters_.violations;
      ++counters_.slowed;
      verdict.delay_ms = static_cast<std::uint32_t>(slow_ms_);
    }
    return verdict;
  }

  bool take(const std::string& key, const json& value) override {
    if (key != "slow_ms") {
      return false;
    }
    slow_ms_ = whole_setting(key, value);
    return true;
  }

  std::int64_t slow_ms_ = 1000;  // not scaled
};

}  // namespace

std::unique_ptr<Limiter> make_blizzard() {
  return std::make_unique<Blizzard>();
}

}  // namespace sluice::twin::limits
