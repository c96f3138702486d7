// SPDX-License-Identifier: Apache-2.0
//
// What a plugin tells the host of its HTTP service: limits and equivalent endpoints. The host keeps
// to the limits for all pipelines together; the configuration may change every one of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/json.hpp"

namespace sluice::inline sdk_v0 {

// One limit of a scope. Several may stand for one scope, told apart by `name`; a request counts in
// all of its scope and of the scopes above it ("example.org/route" counts in "example.org").
struct HttpLimit {
  std::string scope;  // as HttpOptions::scope; most often the host; last part "*" = each for itself
  std::string name{};  // e.g. "second", "hour"
  double amount = 0;   // units of HttpOptions::cost in each `per`; 0 = not limited so
  std::chrono::milliseconds per{0};
  std::string window = "sliding";        // "fixed": by the wall clock; "rate": evenly
  std::chrono::milliseconds spacing{0};  // least time between two requests
  uint32_t concurrent = 0;               // requests under way at once; 0 = any number
  std::string used_header{};             // of an answer: how much of `amount` is used
  std::string limit_header{};            // of an answer: `amount` as it is today
};

// Base URLs that answer alike.
struct HttpEndpoints {
  std::vector<std::string> urls;    // in order of preference
  std::string policy = "failover";  // or "balance"
  std::string probe{};              // path that shows whether one has recovered
};

struct HttpService {
  std::vector<HttpLimit> limits{};
  std::map<std::string, HttpEndpoints> endpoints{};  // by the name HttpOptions::endpoint uses

  std::string to_json() const {
    json out{{"limits", json::array()}, {"endpoints", json::object()}};
    for (const HttpLimit& limit : limits) {
      json rule{{"scope", limit.scope}, {"name", limit.name}, {"window", limit.window}};
      if (limit.amount > 0) {
        rule.update({{"amount", limit.amount}, {"per_ms", limit.per.count()}});
      }
      if (limit.spacing.count() > 0) {
        rule["spacing_ms"] = limit.spacing.count();
      }
      if (limit.concurrent > 0) {
        rule["concurrent"] = limit.concurrent;
      }
      if (!limit.used_header.empty()) {
        rule["used_header"] = limit.used_header;
      }
      if (!limit.limit_header.empty()) {
        rule["limit_header"] = limit.limit_header;
      }
      out["limits"].push_back(std::move(rule));
    }
    for (const auto& [name, set] : endpoints) {
      json& made = out["endpoints"][name];
      made = {{"urls", set.urls}, {"policy", set.policy}};
      if (!set.probe.empty()) {
        made["probe"] = set.probe;
      }
    }
    return out.dump();
  }
};

}  // namespace sluice::inline sdk_v0
