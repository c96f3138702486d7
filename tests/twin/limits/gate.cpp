// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/limits/gate.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/twin/hash.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::int64_t kLongestMs = 60'000;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Takes a time out of the settings; `old` if it is not among them.
std::uint32_t take_time(json& settings, const char* key, std::uint32_t old) {
  const auto found = settings.find(key);
  if (found == settings.end()) {
    return old;
  }
  const std::int64_t value = whole_setting(key, *found);
  if (value > kLongestMs) {
    throw std::invalid_argument("key '" + std::string(key) + "' must be at most " +
                                std::to_string(kLongestMs));
  }
  settings.erase(key);
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Gate::Gate(const std::string& service, double scale, bool open)
    : limiter_(make_limiter(service)), open_(open) {
  limiter_->configure({{"scale", scale}}, now_us());
}

Verdict Gate::admit(const Request& request) {
  travel(request);
  const std::lock_guard lock(mutex_);
  if (open_) {
    return {};
  }
  Verdict verdict = limiter_->admit(request, now_us());
  verdict.delay_ms += latency_ms_;
  return verdict;
}

Response Gate::finish(const Verdict& verdict, Response answer) {
  answer.headers.insert(answer.headers.end(), verdict.headers.begin(), verdict.headers.end());
  answer.delay_ms += verdict.delay_ms;
  return answer;
}

// Requests reach the limiter late, and not in the order in which they were sent.
void Gate::travel(const Request& request) {
  std::uint64_t most_us = 0;
  {
    const std::lock_guard lock(mutex_);
    most_us = std::uint64_t{transit_ms_} * 1000;
  }
  if (most_us > 0) {
    const double part = unit(hash_text(request.target));
    std::this_thread::sleep_for(
        std::chrono::microseconds(static_cast<std::int64_t>(part * static_cast<double>(most_us))));
  }
}

Response Gate::control(const Request& request) {
  const std::lock_guard lock(mutex_);
  if (request.method == "POST") {
    configure(request.body);
  }
  json report = limiter_->report(now_us());
  report["latency_ms"] = latency_ms_;
  report["transit_ms"] = transit_ms_;
  report["open"] = open_;
  return json_response(200, report.dump());
}

void Gate::configure(const std::string& body) {
  json settings = json::parse(body, nullptr, false);
  if (!settings.is_object()) {
    throw std::invalid_argument("the settings are no JSON object");
  }
  bool open = false;
  if (const auto found = settings.find("open"); found != settings.end()) {
    open = flag_setting("open", *found);
    settings.erase(found);
  }
  const std::uint32_t latency_ms = take_time(settings, "latency_ms", latency_ms_);
  const std::uint32_t transit_ms = take_time(settings, "transit_ms", transit_ms_);
  limiter_->configure(settings, now_us());
  latency_ms_ = latency_ms;
  transit_ms_ = transit_ms;
  open_ = open;
}

}  // namespace sluice::twin::limits
