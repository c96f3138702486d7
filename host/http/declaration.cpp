// SPDX-License-Identifier: Apache-2.0
#include "host/http/declaration.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "host/http/url.hpp"

namespace sluice::host {
namespace {

using nlohmann::json;

constexpr double kMostMillis = 32.0 * 86'400'000;  // a month and a day: no quota is longer

Error wrong(const std::string& sentence) {
  return Error{Code::kInvalidConfig, "the plugin's declaration of its HTTP service: " + sentence};
}

// Takes members out of an object, remembers the first that is wrong, and finds those nobody asked
// for.
class Members {
 public:
  Members(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object_.is_object()) {
      complain("is no object");
    }
  }
  std::string text(const char* name) {
    const json* found = find(name);
    if (found != nullptr && !found->is_string()) {
      complain(std::string(name) + " is no text");
    }
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  }
  double number(const char* name, double most) {
    const json* found = find(name);
    if (found == nullptr) {
      return 0;
    }
    const double value = found->is_number() ? found->get<double>() : -1;
    if (!(value >= 0 && value <= most)) {
      complain(std::string(name) + " is no number from 0 to " + std::to_string(most));
      return 0;
    }
    return value;
  }
  const json* find(const char* name) {
    known_.insert(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void complain(const std::string& what) {
    if (problem_.empty()) {
      problem_ = place_ + ": " + what;
    }
  }
  Result<void> end() {
    for (const auto& member : object_.items()) {
      if (object_.is_object() && !known_.contains(member.key())) {
        complain("'" + member.key() + "' is unknown");
      }
    }
    return problem_.empty() ? Result<void>{} : wrong(problem_);
  }

 private:
  const json& object_;
  const std::string place_;
  std::string problem_;
  std::set<std::string, std::less<>> known_;
};

Result<LimitRule> parse_limit(const json& in, const std::string& place) {
  Members members(in, place);
  LimitRule rule;
  rule.scope = members.text("scope");
  rule.name = members.text("name");
  rule.amount = members.number("amount", 1e12);
  rule.per = std::chrono::milliseconds(std::llround(members.number("per_ms", kMostMillis)));
  rule.spacing = std::chrono::milliseconds(std::llround(members.number("spacing_ms", kMostMillis)));
  rule.concurrent = static_cast<uint32_t>(members.number("concurrent", 1e6));
  rule.used_header = members.text("used_header");
  rule.limit_header = members.text("limit_header");
  const std::string window = members.text("window");
  if (window == "fixed") {
    rule.window = LimitRule::Window::kFixed;
  } else if (window == "rate") {
    rule.window = LimitRule::Window::kRate;
  } else if (!window.empty() && window != "sliding") {
    members.complain("window is none of sliding, fixed and rate");
  }
  if (rule.scope.empty()) {
    members.complain("scope is missing");
  }
  if ((rule.amount > 0) != (rule.per.count() > 0)) {
    members.complain("amount and per_ms go together");
  }
  if (rule.amount <= 0 && rule.spacing.count() == 0 && rule.concurrent == 0) {
    members.complain("it limits nothing; give amount and per_ms, spacing_ms or concurrent");
  }
  SLUICE_TRY(members.end());
  return rule;
}

Result<EndpointSet> parse_endpoints(const json& in, const std::string& place) {
  Members members(in, place);
  EndpointSet set;
  const std::string policy = members.text("policy");
  if (policy == "balance") {
    set.policy = EndpointSet::Policy::kBalance;
  } else if (!policy.empty() && policy != "failover") {
    members.complain("policy is neither failover nor balance");
  }
  set.probe = members.text("probe");
  if (!set.probe.empty() && !set.probe.starts_with('/')) {
    members.complain("probe is no path; it begins with /");
  }
  const json* urls = members.find("urls");
  if (urls == nullptr || !urls->is_array() || urls->empty()) {
    members.complain("urls is no list of at least one URL");
  } else {
    for (const json& url : *urls) {
      std::string text = url.is_string() ? url.get<std::string>() : std::string();
      while (text.ends_with('/')) {
        text.pop_back();
      }
      if (!parse_url(text) || text.find_first_of("?#") != std::string::npos) {
        members.complain("urls holds what is no base URL (https://host/path, no query)");
      }
      set.urls.push_back(std::move(text));
    }
  }
  SLUICE_TRY(members.end());
  return set;
}

}  // namespace

std::vector<LimitRule> rate_rules(const std::map<std::string, double>& per_second) {
  std::vector<LimitRule> out;
  for (const auto& [scope, rate] : per_second) {
    if (std::isfinite(rate) && rate > 0) {
      LimitRule rule;
      rule.scope = scope;
      rule.name = "requests_per_second";
      rule.window = LimitRule::Window::kRate;
      rule.per = std::chrono::milliseconds(rate < 1 ? 1'000'000 : 1'000);
      rule.amount = rate * static_cast<double>(rule.per.count()) / 1000;
      out.push_back(std::move(rule));
    }
  }
  return out;
}

void HttpDeclaration::merge(const HttpDeclaration& over) {
  for (const LimitRule& rule : over.limits) {
    const auto same = std::find_if(limits.begin(), limits.end(), [&](const LimitRule& mine) {
      return mine.scope == rule.scope && mine.name == rule.name;
    });
    if (same == limits.end()) {
      limits.push_back(rule);
    } else {
      *same = rule;
    }
  }
  for (const auto& [name, set] : over.endpoints) {
    endpoints[name] = set;
  }
}

Result<HttpDeclaration> parse_declaration(std::string_view text) {
  const json whole = json::parse(text, nullptr, false);
  if (whole.is_discarded()) {
    return wrong("it is no JSON");
  }
  HttpDeclaration out;
  Members members(whole, "it");
  if (const json* limits = members.find("limits")) {
    for (size_t i = 0; limits->is_array() && i < limits->size(); ++i) {
      auto rule = parse_limit((*limits)[i], "limits[" + std::to_string(i) + "]");
      if (!rule) {
        return std::move(rule).error();
      }
      out.limits.push_back(std::move(*rule));
    }
  }
  if (const json* endpoints = members.find("endpoints")) {
    for (const auto& [name, set] : endpoints->items()) {
      auto parsed = parse_endpoints(set, "endpoints." + name);
      if (!parsed) {
        return std::move(parsed).error();
      }
      out.endpoints.emplace(name, std::move(*parsed));
    }
  }
  SLUICE_TRY(members.end());
  return out;
}

}  // namespace sluice::host
