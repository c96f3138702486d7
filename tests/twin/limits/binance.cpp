// SPDX-License-Identifier: Apache-2.0
//
// Weights: 6,000 a minute of the wall clock per address, told after every request. Above it 429
// until the minute is over; who goes on is banned with 418, first for two minutes, then for twice
// as long each time, at most three days.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kLongestBanMs = 3LL * 86'400'000;

struct Weight {
  std::string_view end;
  double weight;
};
constexpr std::array<Weight, 4> kWeights{
    {{"/klines", 2}, {"/exchangeInfo", 20}, {"/aggTrades", 4}, {"/time", 1}}};

double weight_of(const std::string& path) {
  for (const Weight& one : kWeights) {
    if (path.size() >= one.end.size() &&
        path.compare(path.size() - one.end.size(), one.end.size(), one.end) == 0) {
      return one.weight;
    }
  }
  return 1;
}

Response refusal(int status, const std::string& message) {
  return make_response(status, "application/json;charset=UTF-8",
                       json{{"code", -1003}, {"msg", message}}.dump(), "refused");
}

class Binance final : public Limiter {
 public:
  Binance()
      : Limiter({{"weight", Window::Kind::kClock, 6000, kMinuteMs},
                 {"raw", Window::Kind::kClock, 300'000, 5 * kMinuteMs}}) {}

 private:
  Verdict judge(const Request& request, std::int64_t now_us) override {
    Verdict verdict;
    if (firewall_ > 0) {
      --firewall_;
      ++counters_.unavoidable;
      verdict.refusal = make_response(403, "text/html",
                                      "<html><body>Request blocked.</body></html>\n", "refused");
      return verdict;
    }
    Window& weight = window("weight");
    const bool raw_fits = window("raw").take(1, now_us, true);
    const bool fits = weight.take(weight_of(request.path), now_us, true) && raw_fits;
    verdict.headers = told(weight.used(now_us));
    if (fits) {
      return verdict;
    }
    ++counters_.violations;
    Window& full = raw_fits ? weight : window("raw");
    strikes_ = full.ends_us(now_us) == strike_window_us_ ? strikes_ + 1 : 1;
    strike_window_us_ = full.ends_us(now_us);
    if (strikes_ > patience_) {
      strikes_ = 0;
      Verdict out = ban(now_us, ban_ms_);
      ban_ms_ = std::min(ban_ms_ * 2, kLongestBanMs);
      return out;
    }
    verdict.refusal = refusal(429, "Too much request weight used; current limit is " +
                                       std::to_string(static_cast<std::int64_t>(weight.amount())) +
                                       " request weight per 1 MINUTE.");
    verdict.headers.emplace_back("Retry-After", seconds(full.left_us(now_us)));
    return verdict;
  }

  Verdict banned(std::int64_t left_us) override {
    Verdict verdict;
    verdict.refusal = refusal(418, "Way too much request weight used; IP banned for " +
                                       std::to_string(left_us / 1000) + " ms.");
    verdict.headers.emplace_back("Retry-After", seconds(left_us));
    return verdict;
  }

  bool take(const std::string& key, const json& value) override {
    if (key == "patience") {
      patience_ = whole_setting(key, value);
    } else if (key == "firewall") {
      firewall_ = whole_setting(key, value);
    } else if (key == "first_ban_ms") {
      ban_ms_ = whole_setting(key, value);
    } else {
      return false;
    }
    return true;
  }

  void forget() override {
    Limiter::forget();
    strikes_ = 0;
  }

  static std::vector<std::pair<std::string, std::string>> told(double used) {
    const std::string text = std::to_string(static_cast<std::int64_t>(used));
    return {{"X-MBX-USED-WEIGHT", text}, {"X-MBX-USED-WEIGHT-1M", text}};
  }

  std::int64_t patience_ = 5;      // refusals of a window until the next one is a ban
  std::int64_t firewall_ = 0;      // so many requests are stopped by the firewall
  std::int64_t ban_ms_ = 120'000;  // of the next ban, unscaled
  std::int64_t strikes_ = 0;
  std::int64_t strike_window_us_ = 0;  // end of the window they are of
};

}  // namespace

std::unique_ptr<Limiter> make_binance() {
  return std::make_unique<Binance>();
}

}  // namespace sluice::twin::limits
