// SPDX-License-Identifier: Apache-2.0
//
// 20 requests in 60 seconds per address, 100 with a key; the window begins with its first request.
// Every answer tells limit, remaining and the whole seconds until the window's end.
#include <nlohmann/json.hpp>

#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

Response message(int status, const std::string& text) {
  return make_response(status, "application/json; charset=utf-8", json{{"message", text}}.dump(),
                       "refused");
}

class WiseOldMan final : public Limiter {
 public:
  WiseOldMan()
      : Limiter({{"address", Window::Kind::kFirst, 20, 60'000},
                 {"key", Window::Kind::kFirst, 100, 60'000}}) {}

 private:
  Verdict judge(const Request& request, std::int64_t now_us) override {
    Verdict verdict;
    if (blocked_) {  // 429 without Retry-After, as the service does it
      ++counters_.violations;
      verdict.refusal = message(429, "You are blocked from making API requests.");
      return verdict;
    }
    const std::string_view key = request.header("x-api-key");
    if (!key.empty() && !known_key_.empty() && key != known_key_) {
      verdict.refusal = message(403, "Invalid API Key.");
      return verdict;
    }
    Window& window = this->window(key.empty() ? "address" : "key");
    const bool fits = window.take(1, now_us);
    const auto limit = static_cast<std::int64_t>(window.amount());
    const auto used = static_cast<std::int64_t>(window.used(now_us));
    const std::string left = seconds(window.left_us(now_us));
    if (!silent_) {
      verdict.headers = {{"RateLimit-Limit", std::to_string(limit)},
                         {"RateLimit-Remaining", std::to_string(limit - used)},
                         {"RateLimit-Reset", left}};
    }
    if (!fits) {
      ++counters_.violations;
      verdict.refusal = message(429, "Too Many Requests.");
      verdict.headers.emplace_back("Retry-After", left);
    }
    return verdict;
  }

  bool take(const std::string& key, const json& value) override {
    if (key == "blocked") {
      blocked_ = flag_setting(key, value);
    } else if (key == "silent") {
      silent_ = flag_setting(key, value);
    } else if (key == "known_key" && value.is_string()) {
      known_key_ = value.get<std::string>();
    } else {
      return false;
    }
    return true;
  }

  bool blocked_ = false;   // the address is blocked
  bool silent_ = false;    // the limiter's store has failed: no headers
  std::string known_key_;  // other keys are refused; empty: none is
};

}  // namespace

std::unique_ptr<Limiter> make_wise_old_man() {
  return std::make_unique<WiseOldMan>();
}

}  // namespace sluice::twin::limits
