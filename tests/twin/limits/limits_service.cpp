// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/limits/limits_service.hpp"

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/twin/hash.hpp"
#include "tests/twin/limits/gate.hpp"

namespace sluice::twin::limits {
namespace {

using nlohmann::json;

constexpr std::string_view kMount = "/svc/";
constexpr std::uint64_t kMostRows = 10'000;
constexpr std::uint64_t kValues = 1'000'000;

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
      gates_.try_emplace(name, name, scale);
    }
  }

  std::string_view name() const override { return "limits"; }
  std::string_view mount() const override { return kMount; }

  Response serve(const Request& request) override {
    const std::string_view rest = std::string_view(request.path).substr(kMount.size());
    const std::string service(rest.substr(0, rest.find('/')));
    const auto found = gates_.find(service);
    if (found == gates_.end()) {
      return error_response(404, "There is no service '" + service + "'.");
    }
    return found->second.pass(request, [&] { return page(request, service); });
  }

  std::optional<Response> control(std::string_view verb, const Request& request) override {
    const auto found = gates_.find(verb);
    return found == gates_.end() ? std::nullopt : std::optional(found->second.control(request));
  }

 private:
  std::map<std::string, Gate, std::less<>> gates_;  // filled by the constructor
};

}  // namespace

std::unique_ptr<Service> make_service(double scale) {
  return std::make_unique<LimitsService>(scale);
}

}  // namespace sluice::twin::limits
