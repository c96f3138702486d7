// SPDX-License-Identifier: Apache-2.0
#include "host/http/endpoints.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "host/base/utc_text.hpp"
#include "host/base/words.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMany = 4096;  // above this, endpoints that are healthy and unused are forgotten
constexpr double kHalfLifeUs = 10e6;
constexpr double kNewcomerUs = 1'000;  // what an endpoint without traffic is taken for
constexpr double kFailureUs = 1e6;     // at least, for a failure
constexpr double kWeight = 0.3;        // of the newest answer
constexpr uint64_t kLookMillis = 20;   // how often those who wait look whether a probe has ended
constexpr uint64_t kLongestSleepMillis = 1'000;
constexpr int64_t kSoonUs = 1'000'000;

Error unknown_set(const std::string& name, const HttpDeclaration& declaration) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [each, set] : declaration.endpoints) {
    known.push_back(each);
    list += (list.empty() ? "" : ", ") + each;
  }
  const std::string meant = did_you_mean(name, known);
  return Error{Code::kInvalidConfig,
               "a request names the endpoints '" + name + "', which nobody declared; " +
                   (!meant.empty() ? "did you mean '" + meant + "'?"
                    : list.empty() ? "add [endpoint." + name + "] with its urls"
                                   : "declared are " + list),
               0, 0};
}

}  // namespace

void EndpointLoad::answered(int64_t now_us, int64_t latency_us) {
  const std::lock_guard lock(mutex_);
  const auto latency = static_cast<double>(latency_us);
  average_us_ = average_us_ == 0 ? latency : faded(now_us) * (1 - kWeight) + latency * kWeight;
  at_us_ = now_us;
}

void EndpointLoad::failed(int64_t now_us, int64_t latency_us) {
  const std::lock_guard lock(mutex_);
  average_us_ = std::max({kFailureUs, static_cast<double>(latency_us), faded(now_us)});
  at_us_ = now_us;
}

double EndpointLoad::faded(int64_t now_us) const {
  const auto age = static_cast<double>(std::max<int64_t>(0, now_us - at_us_));
  return average_us_ * std::exp2(-age / kHalfLifeUs);
}

double EndpointLoad::score(int64_t now_us) const {
  const std::lock_guard lock(mutex_);
  return std::max(faded(now_us), kNewcomerUs) * (outstanding_.load() + 1.0);
}

std::vector<size_t> preference(EndpointSet::Policy policy, const std::vector<Candidate>& candidates,
                               size_t avoid, bool repeatable) {
  std::vector<size_t> healthy;
  std::vector<size_t> due;  // to be looked at
  std::vector<size_t> out;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Breaker::View& breaker = candidates[i].breaker;
    const bool closed = breaker.state == Breaker::State::kClosed;
    if (closed || breaker.may_probe) {
      (closed ? healthy : due).push_back(i);
      out.push_back(i);
    }
    if (policy == EndpointSet::Policy::kFailover && breaker.resting) {
      break;
    }
  }
  if (policy == EndpointSet::Policy::kBalance) {
    std::stable_sort(healthy.begin(), healthy.end(),
                     [&](size_t a, size_t b) { return candidates[a].score < candidates[b].score; });
    out = due;
    out.insert(out.end(), healthy.begin(), healthy.end());
  }
  if (!repeatable) {
    out = healthy;
    out.insert(out.end(), due.begin(), due.end());
  }
  std::stable_partition(out.begin(), out.end(), [&](size_t i) { return i != avoid; });
  return out;
}

Endpoints::Endpoints(const HttpOptions& options, const Clock& clock, uint64_t seed)
    : options_(options.breaker),
      patience_us_(std::chrono::microseconds(options.breaker_wait).count()),
      clock_(clock),
      seed_(seed) {}

std::shared_ptr<Endpoint> Endpoints::of(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  if (const auto found = all_.find(origin); found != all_.end()) {
    return found->second;
  }
  if (all_.size() >= kMany) {
    std::erase_if(all_, [](const auto& entry) {
      return entry.second.use_count() == 1 &&
             entry.second->breaker.with([](const Breaker& b) { return b.current().has_value(); });
    });
  }
  return all_.emplace(origin, std::make_shared<Endpoint>(origin, options_, seed_++)).first->second;
}

Result<Route> Endpoints::route(const HttpRequest& request, const HttpDeclaration& declaration) {
  if (request.endpoint.empty()) {
    auto url = parse_url(request.url);
    return url ? Result<Route>(route_to(*url)) : std::move(url).error();
  }
  const auto set = declaration.endpoints.find(request.endpoint);
  if (set == declaration.endpoints.end()) {
    return unknown_set(request.endpoint, declaration);
  }
  if (!request.url.starts_with('/')) {
    return Error{Code::kInvalidConfig,
                 "a request to the endpoints '" + request.endpoint +
                     "' gives no path that begins with /; the base URL comes from the set",
                 0, 0};
  }
  Route route;
  route.policy = set->second.policy;
  route.probe = set->second.probe;
  for (const std::string& base : set->second.urls) {
    auto url = parse_url(base + request.url);
    if (!url) {
      return std::move(url).error().in("endpoints '" + request.endpoint + "'");
    }
    auto endpoint = of(url->origin);
    route.targets.push_back({std::move(endpoint), std::move(*url), base});
  }
  return route;
}

Route Endpoints::route_to(const Url& url) {
  Route route;
  route.targets.push_back({of(url.origin), url, {}});
  return route;
}

std::vector<Candidate> Endpoints::candidates(const Route& route) const {
  const int64_t now = clock_.monotonic_us();
  std::vector<Candidate> out;
  out.reserve(route.targets.size());
  for (const auto& target : route.targets) {
    out.push_back({target.endpoint->breaker.with([&](const Breaker& b) { return b.view(now); }),
                   route.has_choice() ? target.endpoint->load.score(now) : 0});
  }
  return out;
}

Result<Endpoints::Choice> Endpoints::choose(const Route& route, size_t avoid, bool repeatable,
                                            const Cancel& cancel, const std::string& place) {
  const int64_t begin = clock_.monotonic_us();
  while (!cancel.requested()) {
    const std::vector<Candidate> seen = candidates(route);
    for (const size_t i : preference(route.policy, seen, avoid, repeatable)) {
      const auto ticket = route.targets[i].endpoint->breaker.with(
          [&](Breaker& b) { return b.ask(clock_.monotonic_us()); });
      if (ticket) {
        return Choice{i, *ticket};
      }
    }
    const auto next = std::min_element(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
      return a.breaker.wait_us < b.breaker.wait_us;
    });
    // Who comes when an endpoint has long been down does not wait for it to return, unless somebody
    // is about to look.
    const int64_t left = patience_us_ - (clock_.monotonic_us() - begin);
    const bool given_up = std::all_of(seen.begin(), seen.end(), [&](const Candidate& c) {
      return c.breaker.down_us >= patience_us_ && c.breaker.wait_us > kSoonUs;
    });
    if (left <= 0 || given_up) {
      return too_long(route, seen, place);
    }
    const auto wait_ms =
        static_cast<uint64_t>((std::min(next->breaker.wait_us, left) + 999) / 1000);
    cancel.sleep_ms(std::clamp(wait_ms, kLookMillis, kLongestSleepMillis));
  }
  return Error{Code::kCancelled, place + ": cancelled", 0, 0};
}

Error Endpoints::too_long(const Route& route, const std::vector<Candidate>& candidates,
                          const std::string& place) const {
  std::string message = place + ": not sent, since ";
  int64_t next_us = INT64_MAX;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Breaker::View& breaker = candidates[i].breaker;
    message += (i > 0 ? "; " : "") + route.targets[i].endpoint->origin +
               " has been out of service from " + utc_text(clock_.now_us() - breaker.down_us) +
               " on (" + breaker.reason + ")";
    next_us = std::min(next_us, breaker.wait_us);
  }
  const int64_t seconds = (next_us + 999'999) / 1'000'000;
  message += "; it is looked at again in " + std::to_string(seconds) +
             " s; see to the service, or let requests wait longer with breaker_wait in [http]";
  return Error{Code::kUnavailable, std::move(message),
               static_cast<uint32_t>(std::clamp<int64_t>(next_us / 1000, 0, UINT32_MAX)), 0};
}

bool Endpoints::has_other(const Route& route, size_t but) const {
  const std::vector<Candidate> seen = candidates(route);
  const auto order = preference(route.policy, seen, but, true);
  return !order.empty() && order.front() != but;
}

Breaker::View Endpoints::view(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(origin);
  return found == all_.end() ? Breaker::View() : found->second->breaker.with([&](const Breaker& b) {
    return b.view(clock_.monotonic_us());
  });
}

}  // namespace sluice::host
