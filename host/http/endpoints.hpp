// SPDX-License-Identifier: Apache-2.0
//
// Where a request goes: its URL's own host, or one of a set of equivalent base URLs, by what their
// circuit breakers and their traffic say.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/http/breaker.hpp"
#include "host/http/http.hpp"
#include "host/http/http_client.hpp"
#include "host/http/url.hpp"

namespace sluice::host {

// How busy an endpoint is and how quickly it answers: a moving average in which what is older fades
// within seconds, so that one that was slow is tried again. Thread-safe.
class EndpointLoad {
 public:
  void begin() { ++outstanding_; }
  void end() { --outstanding_; }
  void answered(int64_t now_us, int64_t latency_us);
  void failed(int64_t now_us, int64_t latency_us);  // counts as slow, however quickly it failed
  [[nodiscard]] uint32_t outstanding() const { return outstanding_; }
  // What one more request has to expect; less is better. Microseconds.
  [[nodiscard]] double score(int64_t now_us) const;

 private:
  [[nodiscard]] double faded(int64_t now_us) const;  // Requires: mutex_ is held
  std::atomic<uint32_t> outstanding_{0};
  mutable std::mutex mutex_;
  double average_us_ = 0;  // under mutex_
  int64_t at_us_ = 0;      // under mutex_; when it was right
};

// One origin, scheme://host:port, for all who ask it. Thread-safe.
struct Endpoint {
  Endpoint(std::string name, const BreakerOptions& options, uint64_t seed)
      : origin(std::move(name)), breaker(options, seed) {}
  const std::string origin;
  SharedBreaker breaker;
  EndpointLoad load;
};

// The ways that one request may take.
struct Route {
  struct Target {
    std::shared_ptr<Endpoint> endpoint;
    Url url;
    std::string base;  // of a set: what stands before the path
  };
  std::vector<Target> targets;
  EndpointSet::Policy policy = EndpointSet::Policy::kFailover;
  std::string probe;
  [[nodiscard]] bool has_choice() const { return targets.size() > 1; }
};

struct Candidate {
  Breaker::View breaker;
  double score = 0;
};
constexpr size_t kNoEndpoint = SIZE_MAX;

// Which endpoints to ask, the best first; empty if none may be asked now. `avoid` failed just now
// and comes last. What must not be repeated is no probe as long as there is a healthy endpoint. An
// endpoint that a firewall keeps us from is not evaded by going down the list: the next one would
// refuse us as well.
std::vector<size_t> preference(EndpointSet::Policy policy, const std::vector<Candidate>& candidates,
                               size_t avoid, bool repeatable);

// All endpoints of the process. Thread-safe.
class Endpoints {
 public:
  Endpoints(const HttpOptions& options, const Clock& clock, uint64_t seed);

  // kInvalidConfig for a URL that is none and for a set that nobody declared.
  Result<Route> route(const HttpRequest& request, const HttpDeclaration& declaration);
  Route route_to(const Url& url);  // without choice: a redirect's target

  struct Choice {
    size_t target = 0;
    Breaker::Ticket ticket;
  };
  // Waits until a request may go. kUnavailable if that takes too long, saying since when and why;
  // kCancelled.
  Result<Choice> choose(const Route& route, size_t avoid, bool repeatable, const Cancel& cancel,
                        const std::string& place);
  // Is there a healthy endpoint besides `but`?
  [[nodiscard]] bool has_other(const Route& route, size_t but) const;
  // Of an origin, also of one that was never asked.
  [[nodiscard]] Breaker::View view(const std::string& origin) const;

 private:
  std::shared_ptr<Endpoint> of(const std::string& origin);
  [[nodiscard]] std::vector<Candidate> candidates(const Route& route) const;
  [[nodiscard]] Error too_long(const Route& route, const std::vector<Candidate>& candidates,
                               const std::string& place) const;

  const BreakerOptions options_;
  const int64_t patience_us_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t seed_;                                         // under mutex_
  std::map<std::string, std::shared_ptr<Endpoint>> all_;  // under mutex_
};

}  // namespace sluice::host
