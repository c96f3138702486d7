// SPDX-License-Identifier: Apache-2.0
//
// What the client is told of a service before the first request: its limits and its equivalent
// endpoints. It comes from the plugin (sluice.http/1, declare) and, over that, from the
// configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"

namespace sluice::host {

// One limit of a scope. A scope is a path such as "discord.com/channels/1": a request counts in its
// scope and in all above it. A last part of "*" means each scope of that depth for itself.
struct LimitRule {
  enum class Window : uint8_t {
    kSliding,  // `amount` within any stretch of `per`
    kFixed,    // `amount` within each `per` of the wall clock (minutes begin at :00)
    kRate,     // evenly, `amount` each `per`, with a burst of a tenth of a second's worth
  };
  std::string scope;
  std::string name;   // tells rules of one scope apart, e.g. "second", "hour"
  double amount = 0;  // cost units each `per`; 0 = not limited so
  std::chrono::milliseconds per{0};
  Window window = Window::kSliding;
  std::chrono::milliseconds spacing{0};  // least time between two requests
  uint32_t concurrent = 0;               // requests under way at once; 0 = any number
  std::string used_header;               // names a header that tells what is used of `amount`
  std::string limit_header;              // and one that tells `amount` itself
  bool operator==(const LimitRule&) const = default;
};

// [limits.requests_per_second]: evenly. Nothing for a rate that is no positive number.
std::vector<LimitRule> rate_rules(const std::map<std::string, double>& per_second);

// Base URLs that answer alike.
struct EndpointSet {
  enum class Policy : uint8_t { kFailover, kBalance };
  std::vector<std::string> urls;  // "https://host[:port][/path]", no trailing slash, in order
  Policy policy = Policy::kFailover;
  std::string probe;  // path asked to see whether an endpoint has recovered; empty = real requests
  bool operator==(const EndpointSet&) const = default;
};

struct HttpDeclaration {
  std::vector<LimitRule> limits;
  std::map<std::string, EndpointSet, std::less<>> endpoints;  // by name

  // Rules of `over` replace those of the same scope and name, sets those of the same name.
  void merge(const HttpDeclaration& over);
};

// {"limits":[{"scope":"api.example.org","name":"minute","amount":20,"per_ms":60000,
//   "window":"sliding","spacing_ms":0,"concurrent":4,"used_header":"…","limit_header":"…"}],
//  "endpoints":{"api":{"urls":["https://…"],"policy":"failover","probe":"/ping"}}}
// kInvalidConfig, naming the member, for anything else.
Result<HttpDeclaration> parse_declaration(std::string_view json);

}  // namespace sluice::host
