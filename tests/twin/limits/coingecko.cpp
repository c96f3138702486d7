// SPDX-License-Identifier: Apache-2.0
//
// 30 calls a minute with a demo key; above it 429 with Retry-After and one of the service's
// envelopes. Nothing else is told.
#include <nlohmann/json.hpp>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

class CoinGecko final : public Limiter {
 public:
  CoinGecko() : Limiter({{"minute", Window::Kind::kSliding, 30, 60'000}}) {}

 private:
  Verdict judge(const Request&, std::int64_t now_us) override {
    Verdict verdict;
    Window& minute = window("minute");
    if (!minute.take(1, now_us)) {
      ++counters_.violations;
      verdict.refusal = make_response(
          429, "application/json",
          json{{"status", {{"error_code", 429}, {"error_message", "The rate limit is exceeded."}}}}
              .dump(),
          "refused");
      verdict.headers.emplace_back("Retry-After", seconds(minute.left_us(now_us)));
    }
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Limiter> make_coingecko() {
  return std::make_unique<CoinGecko>();
}

}  // namespace sluice::twin::limits
