// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/limits/limits_service.hpp"

#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/twin/hash.hpp"
#include "tests/twin/limits/limiter.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::string_view kMount = "/svc/";
constexpr std::uint64_t kMostRows = 10'000;
constexpr std::int64_t kLongestMs = 60'000;
constexpr std::uint64_t kValues = 1'000'000;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t number(const Request& request, const char* name, std::uint64_t fallback) {
  const std::string text = request.query_or(name, std::to_string(fallback));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

// The rows of a page: a function of slice and page alone.
json rows_of(const Request& request) {
  const std::string slice = request.query_or("slice", "s");
  const std::uint64_t page = number(request, "page", 0);
  const std::uint64_t count = std::min(number(request, "rows", 5), kMostRows);
  json rows = json::array();
  for (std::uint64_t i = 0; i < count; ++i) {
    rows.push_back({{"id", slice + "/" + std::to_string(page) + "/" + std::to_string(i)},
                    {"value", hash_of(hash_text(slice), page, i) % kValues}});
  }
  return rows;
}

Response page(const Request& request, const std::string& service) {
  json body{{"rows", rows_of(request)}};
  if (service == "bungie") {
    body = {{"Response", std::move(body)}, {"ErrorCode", 1},  {"ThrottleSeconds", 0},
            {"ErrorStatus", "Success"},    {"Message", "Ok"}, {"MessageData", json::object()}};
  }
  return make_response(200, "application/json; charset=utf-8", body.dump() + "\n", "page");
}

class LimitsService final : public Service {
 public:
  explicit LimitsService(double scale) {
    for (const std::string& name : limiter_names()) {
      Guarded& one = limiters_[name];
      one.limiter = make_limiter(name);
      one.limiter->configure({{"scale", scale}}, now_us());
    }
  }

  std::string_view name() const override { return "limits"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    const std::string_view rest = std::string_view(request.path).substr(kMount.size());
    const std::string service(rest.substr(0, rest.find('/')));
    const auto found = limiters_.find(service);
    if (found == limiters_.end()) {
      return error_response(404, "There is no service '" + service + "'.");
    }
    Verdict verdict;
    std::uint32_t latency_ms = 0;
    travel(found->second, request);
    {
      const std::lock_guard lock(found->second.mutex);
      verdict = found->second.limiter->admit(request, now_us());
      latency_ms = found->second.latency_ms;
    }
    Response response = verdict.refusal ? std::move(*verdict.refusal) : page(request, service);
    for (auto& header : verdict.headers) {
      response.headers.push_back(std::move(header));
    }
    response.delay_ms = verdict.delay_ms + latency_ms;
    return response;
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    const auto found = limiters_.find(verb);
    if (found == limiters_.end()) {
      return std::nullopt;
    }
    Guarded& one = found->second;
    const std::lock_guard lock(one.mutex);
    if (request.method == "POST") {
      configure(one, request.body);
    }
    json report = one.limiter->report(now_us());
    report["latency_ms"] = one.latency_ms;
    report["transit_ms"] = one.transit_ms;
    return json_response(200, report.dump());
  }

 private:
  struct Guarded {
    std::mutex mutex;  // guards all below
    std::unique_ptr<Limiter> limiter;
    std::uint32_t latency_ms = 0;
    std::uint32_t transit_ms = 0;
  };

  // Requests reach the limiter late, and not in the order in which they were sent.
  static void travel(Guarded& one, const Request& request) {
    std::uint64_t most_us = 0;
    {
      const std::lock_guard lock(one.mutex);
      most_us = std::uint64_t{one.transit_ms} * 1000;
    }
    if (most_us > 0) {
      const double part = unit(hash_text(request.target));
      std::this_thread::sleep_for(std::chrono::microseconds(
          static_cast<std::int64_t>(part * static_cast<double>(most_us))));
    }
  }

  // Takes a time out of the settings; `old` if it is not among them.
  static std::uint32_t take_time(json& settings, const char* key, std::uint32_t old) {
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

  static void configure(Guarded& one, const std::string& body) {
    json settings = json::parse(body, nullptr, false);
    if (!settings.is_object()) {
      throw std::invalid_argument("the settings are no JSON object");
    }
    const std::uint32_t latency_ms = take_time(settings, "latency_ms", one.latency_ms);
    const std::uint32_t transit_ms = take_time(settings, "transit_ms", one.transit_ms);
    one.limiter->configure(settings, now_us());
    one.latency_ms = latency_ms;
    one.transit_ms = transit_ms;
  }

  std::map<std::string, Guarded, std::less<>> limiters_;  // filled by the constructor
};

}  // namespace

std::unique_ptr<Service> make_service(double scale) {
  return std::make_unique<LimitsService>(scale);
}

}  // namespace sluice::twin::limits
