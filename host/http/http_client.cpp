// SPDX-License-Identifier: Apache-2.0
#include "host/http/http_client.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "host/http/answer.hpp"
#include "host/http/attempt.hpp"
#include "host/http/curl_library.hpp"
#include "host/http/endpoints.hpp"
#include "host/http/exchange.hpp"
#include "host/http/failure.hpp"
#include "host/http/limits.hpp"
#include "host/http/loop.hpp"
#include "host/http/request.hpp"
#include "host/http/retry.hpp"
#include "host/http/retry_budget.hpp"
#include "host/http/url.hpp"
#include "host/http/wire_settings.hpp"

namespace sluice::host {
namespace {

constexpr int kWarn = 3;  // as SLUICE_LOG_WARN
constexpr std::chrono::milliseconds kProbeTimeout{5'000};
constexpr std::chrono::hours kLongestBan{24 * 7};
constexpr std::chrono::milliseconds kProbePatience{100};
constexpr uint64_t kLongestDoze = 5'000;  // milliseconds; somebody else may have probed meanwhile

Error cancelled(const std::string& place) {
  return Error{Code::kCancelled, place + ": cancelled", 0, 0};
}

// A credential goes nowhere but where it is meant to go.
Result<void> check_origin(const HttpProof& proof, const Url& url) {
  if (proof.origins.empty() ||
      std::find(proof.origins.begin(), proof.origins.end(), url.origin) != proof.origins.end()) {
    return {};
  }
  return Error{Code::kInvalidConfig,
               url.shown +
                   ": its credential is not for this address; add it to the credential's "
                   "origins if it is to go there",
               0, 0};
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(HttpOptions options, const Clock& clock, HttpLog log, void* log_ctx)
      : options_(std::move(options)),
        clock_(clock),
        log_(log),
        log_ctx_(log_ctx),
        limits_(clock, options_.state, {options_.retry_base, options_.retry_cap}),
        backoff_(options_.retry_base, options_.retry_cap, std::random_device{}()),
        budgets_(options_.retry_budget, options_.retry_floor, clock),
        endpoints_(options_, clock, std::random_device{}()) {
    limits_.declare("", rate_rules(options_.requests_per_second));
  }

  Result<std::unique_ptr<HttpExchange>> open(HttpRequest request, const Cancel& cancel,
                                             HttpCaller& caller);
  Limits& limits() { return limits_; }
  [[nodiscard]] std::vector<ServiceSnapshot> services() const;

 private:
  struct Call;    // one open() on its way
  struct Again {  // a try that is to be followed by another
    Error why;
    std::chrono::milliseconds wait;  // the service's own word; 0 = it gave none
    bool elsewhere;  // what failed is the endpoint: another one is asked if there is one
  };
  struct Settled {
    bool ours = false;           // the answer is the caller's; else the request goes out again
    std::optional<Again> again;  // as a retry
  };
  Result<Loop*> loop();
  Result<std::unique_ptr<HttpExchange>> carry_out(Call& call);
  Result<std::unique_ptr<Attempt>> admit(Call& call);
  Result<std::unique_ptr<Attempt>> choose(Call& call);
  Result<void> probe(Call& call, std::unique_ptr<Attempt> attempt, const std::string& base);
  Result<void> wait_for_limit(Call& call, uint32_t cost, const Counted& counted,
                              std::chrono::milliseconds patience);
  Counted counted(const Call& call, const Endpoint& endpoint);
  Result<std::unique_ptr<Exchange>> send(Call& call, std::unique_ptr<Attempt> attempt);
  Result<Settled> settle(Call& call, Exchange& exchange);
  Result<void> follow(Call& call, const Head& head);
  Result<void> retry(Call& call, Again again);
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(const Call& call,
                                                                     const Head& head) const;
  void warn(const std::string& message) const {
    if (log_ != nullptr) {
      log_(log_ctx_, kWarn, message);
    }
  }

  const HttpOptions options_;
  const Clock& clock_;
  const HttpLog log_;
  void* const log_ctx_;
  Limits limits_;
  Backoff backoff_;
  RetryBudgets budgets_;
  Endpoints endpoints_;
  BreakerBoard board_{options_.state};
  ServiceStats stats_;
  std::mutex mutex_;
  std::unique_ptr<Loop> loop_;  // under mutex_ until it is there
};

struct HttpClient::Impl::Call {
  Call(const HttpRequest& asked, Route where, const Cancel& stop, HttpCaller& who)
      : original(asked), request(asked), home(std::move(where)), cancel(stop), caller(who) {
    set_scope();
    first_origin = url().origin;
    name();
  }

  const HttpRequest& original;
  HttpRequest request;  // as redirects have left it
  const Route home;     // where it may go
  const Cancel& cancel;
  HttpCaller& caller;
  std::optional<Route> redirected;  // where a redirect has sent it
  size_t chosen = 0;                // of way()
  size_t avoid = kNoEndpoint;       // of way(): failed just now
  std::string first_origin;
  std::string scope;
  std::string place;
  std::shared_ptr<Grant> grant{};  // of the try under way
  Counted first;                   // where the call is counted
  uint32_t redirects = 0;
  uint32_t retries = 0;  // that count against the number allowed
  size_t moves = 0;      // away from an endpoint that was looked at and has not recovered
  bool was_probe = false;

  [[nodiscard]] const Route& way() const { return redirected ? *redirected : home; }
  [[nodiscard]] const Url& url() const { return way().targets[chosen].url; }
  // A probe that failed went ahead for all and costs its caller nothing, if it can go elsewhere.
  [[nodiscard]] bool moves_on() const {
    return was_probe && way().has_choice() && moves < way().targets.size();
  }
  [[nodiscard]] bool may_retry(const HttpOptions& options) const {
    return request.retry && is_repeatable(request) && (moves_on() || retries < options.max_retries);
  }
  void set_scope() {
    scope =
        scope_of_account(request.scope.empty() ? url().host : request.scope, request.proof.account);
  }
  void name() { place = request.method + " " + url().shown; }
};

Result<Loop*> HttpClient::Impl::loop() {
  const std::lock_guard lock(mutex_);
  if (!loop_) {
    auto settings = wire_settings(options_);
    if (!settings) {
      return std::move(settings).error();
    }
    auto started = Loop::start(std::move(*settings), options_.max_connections_per_host);
    if (!started) {
      return std::move(started).error();
    }
    loop_ = std::move(*started);
  }
  return loop_.get();
}

Result<std::unique_ptr<HttpExchange>> HttpClient::Impl::open(HttpRequest request,
                                                             const Cancel& cancel,
                                                             HttpCaller& caller) {
  if (!curl().problem.empty()) {
    return Error{Code::kUnsupported, "HTTP is not available: " + curl().problem, 0, 0};
  }
  if (request.method.empty()) {
    request.method = "GET";
  }
  SLUICE_TRY(check_request(request));
  auto route = endpoints_.route(request, *caller.declaration());
  if (!route) {
    return std::move(route).error();
  }
  for (const Route::Target& target : route->targets) {
    SLUICE_TRY(check_origin(request.proof, target.url));
  }
  Call call(request, std::move(*route), cancel, caller);
  auto exchange = carry_out(call);
  if (!exchange && exchange.error().code != Code::kCancelled) {
    const Counted home =
        call.first.process ? call.first : counted(call, *call.home.targets.front().endpoint);
    home.each([](ServiceCounters& c) { ++c.calls; });
  }
  return exchange;
}

Result<std::unique_ptr<HttpExchange>> HttpClient::Impl::carry_out(Call& call) {
  while (true) {
    auto attempt = admit(call);
    if (!attempt) {
      return std::move(attempt).error();
    }
    auto exchange = send(call, std::move(*attempt));
    if (!exchange) {
      if (!is_retried(exchange.error()) || !call.may_retry(options_)) {
        return std::move(exchange).error();
      }
      SLUICE_TRY(retry(call, {std::move(exchange).error(), std::chrono::milliseconds(0), true}));
      continue;
    }
    auto settled = settle(call, **exchange);
    if (!settled) {
      return std::move(settled).error();
    }
    if (settled->ours) {
      (*exchange)->attempt().delivered(call.first, call.retries == 0 && call.moves == 0);
      return std::unique_ptr<HttpExchange>(std::move(*exchange));
    }
    exchange->reset();  // its connection and its place among requests under way are others' now
    if (settled->again) {
      SLUICE_TRY(retry(call, *std::move(settled->again)));
    }
  }
}

Counted HttpClient::Impl::counted(const Call& call, const Endpoint& endpoint) {
  return {stats_.of(call.scope, endpoint.origin),
          call.caller.services.of(call.scope, endpoint.origin)};
}

// Waits for leave of a breaker and then of the limits, which may take so long that the breaker has
// opened meanwhile.
Result<std::unique_ptr<Attempt>> HttpClient::Impl::admit(Call& call) {
  const int64_t until_us =
      clock_.monotonic_us() + std::chrono::microseconds(options_.limit_patience).count();
  while (true) {
    auto attempt = choose(call);
    if (!attempt) {
      return attempt;
    }
    const bool probes = (*attempt)->is_probe() && !call.way().probe.empty();
    const uint32_t cost = probes ? 1 : call.request.cost;
    if ((*attempt)->is_probe() && clock_.monotonic_us() < until_us) {
      // The breaker lets one through for all: that one must not be one that its limits hold back.
      auto granted = wait_for_limit(call, cost, (*attempt)->counted(), kProbePatience);
      if (!granted && granted.error().code == Code::kRateLimited) {
        attempt->reset();
        if (call.cancel.sleep_ms(
                std::min<uint64_t>(granted.error().retry_after_ms, kLongestDoze))) {
          return cancelled(call.place);
        }
        continue;
      }
      SLUICE_TRY(std::move(granted));
    } else {
      SLUICE_TRY(wait_for_limit(call, cost, (*attempt)->counted(), options_.limit_patience));
    }
    if (probes) {
      SLUICE_TRY(probe(call, std::move(*attempt), call.way().targets[call.chosen].base));
    } else if (!(*attempt)->is_late()) {
      return attempt;
    }
  }
}

Result<std::unique_ptr<Attempt>> HttpClient::Impl::choose(Call& call) {
  call.grant.reset();  // nobody waits at a breaker with a place among requests under way
  const int64_t before_us = clock_.monotonic_us();
  const auto choice = endpoints_.choose(call.way(), call.avoid, is_repeatable(call.request),
                                        call.cancel, call.place);
  const auto waited =
      static_cast<uint64_t>(std::max<int64_t>(0, clock_.monotonic_us() - before_us));
  call.chosen = choice ? choice->target : 0;
  const Route::Target& target = call.way().targets[call.chosen];
  if (call.redirects == 0) {
    call.first_origin = target.url.origin;
    call.set_scope();
  }
  call.name();
  const Counted here = counted(call, *target.endpoint);
  here.each([&](ServiceCounters& c) { c.breaker_wait_us += waited; });
  if (!call.first.process) {
    call.first = here;
  }
  if (!choice) {
    return choice.error();
  }
  call.was_probe = choice->ticket.probe;
  return std::make_unique<Attempt>(target.endpoint, choice->ticket, here, clock_,
                                   AttemptLog{log_, log_ctx_, &board_});
}

// Asks the set's probe path instead of risking the request; its outcome is the breaker's alone.
Result<void> HttpClient::Impl::probe(Call& call, std::unique_ptr<Attempt> attempt,
                                     const std::string& base) {
  auto found = loop();
  auto url = parse_url(base + call.way().probe);
  if (!found || !url) {
    return found ? std::move(url).error() : std::move(found).error();
  }
  HttpRequest request;
  request.timeout = std::min(kProbeTimeout, options_.first_byte_timeout);
  Exchange exchange(**found, make_wire_request(request, *url, false, options_), call.cancel,
                    call.caller, std::move(attempt));
  exchange.hold(call.grant);
  ++call.caller.stats.requests;
  if (exchange.start() && !is_success(exchange.status()) && exchange.status() < 500) {
    exchange.attempt().failed(
        Error{Code::kUnavailable,
              "GET " + url->shown + ": the probe was answered " + std::to_string(exchange.status()),
              0, ECONNRESET});
  }
  return call.cancel.requested() ? Result<void>(cancelled(call.place)) : Result<void>();
}

Result<void> HttpClient::Impl::wait_for_limit(Call& call, uint32_t cost, const Counted& counted,
                                              std::chrono::milliseconds patience) {
  const int64_t before_us = clock_.monotonic_us();
  const LimitRequest wanted{call.scope, static_cast<double>(std::max(cost, 1U)), call.request.live,
                            call.caller.name};
  call.grant.reset();  // of the try before
  auto granted = limits_.acquire(wanted, patience, call.cancel);
  const auto waited =
      static_cast<uint64_t>(std::max<int64_t>(0, clock_.monotonic_us() - before_us));
  call.caller.stats.waited_us += waited;
  counted.each([&](ServiceCounters& c) { c.limit_wait_us += waited; });
  if (!granted) {
    return std::move(granted).error().in(call.place);
  }
  call.grant = std::make_shared<Grant>(std::move(*granted));
  return {};
}

Result<std::unique_ptr<Exchange>> HttpClient::Impl::send(Call& call,
                                                         std::unique_ptr<Attempt> attempt) {
  auto found = loop();
  if (!found) {
    return std::move(found).error();
  }
  if (call.retries == 0 && call.moves == 0 && call.redirects == 0) {
    budgets_.sent(call.scope);
  }
  const bool away = call.url().origin != call.first_origin;
  auto exchange = std::make_unique<Exchange>(
      **found, make_wire_request(call.request, call.url(), away, options_), call.cancel,
      call.caller, std::move(attempt));
  ++call.caller.stats.requests;
  exchange->hold(call.grant);
  SLUICE_TRY(exchange->start());
  return exchange;
}

// Judges an answer by its head.
Result<HttpClient::Impl::Settled> HttpClient::Impl::settle(Call& call, Exchange& exchange) {
  const Head& head = exchange.head();
  const auto told = retry_after(call, head);
  call.grant->answered(head, told);
  if (head.is_redirect() && !head.field("Location").empty()) {
    SLUICE_TRY(follow(call, head));
    return Settled{};
  }
  if (is_firewall(call.request, head)) {
    const Error error = firewall_error(call.place, head.status);
    exchange.attempt().refused("a firewall answered " + std::to_string(head.status) +
                               " with a web page");
    if (call.request.retry) {
      return error;
    }
  }
  const std::chrono::milliseconds wait = told.value_or(std::chrono::milliseconds(0));
  const bool conditional = is_conditional(call.request);
  const bool as_it_comes = !call.request.retry;
  const bool again = is_retried_status(head.status) || head.status == kBannedStatus;
  if (again && !as_it_comes) {
    Error error = status_error(call.place, head.status, wait);
    const bool other_key = head.status == 429 && call.request.proof.move_on;
    if (other_key || !call.may_retry(options_)) {
      return error;
    }
    return Settled{.again = Again{std::move(error), wait, head.status >= 500}};
  }
  if (head.status == 407 && !as_it_comes) {
    return make_failure(Failure::kProxyRefused, call.place);
  }
  const bool refused =
      head.status == 401 || (head.status == 403 && !call.request.forbidden_is_answer);
  if ((refused && !as_it_comes) || (head.status == 304 && !conditional)) {
    return status_error(call.place, head.status, wait);
  }
  const bool has_body = head.status != 204 && head.status != 205 && call.request.method != "HEAD";
  const std::string type = head.field("Content-Type");
  if (is_success(head.status) && has_body && !call.request.expect.empty() &&
      !media_type_matches(type, call.request.expect)) {
    return wrong_type(call.place, head.status, call.request.expect, type);
  }
  std::string validator = make_validator(head);
  if (head.status == 304) {
    ++call.caller.stats.not_modified;
    if (validator.empty()) {
      validator = call.request.validator;  // confirmed
    }
  }
  exchange.describe(call.url().shown, std::move(validator));
  return Settled{.ours = true, .again = {}};
}

Result<void> HttpClient::Impl::follow(Call& call, const Head& head) {
  if (++call.redirects > options_.max_redirects) {
    return Error{Code::kUnavailable,
                 call.place + ": the service redirects more than " +
                     std::to_string(options_.max_redirects) +
                     " times; check the URL, and whether it needs credentials",
                 0, head.status};
  }
  auto target = redirect_target(call.url(), head.field("Location"));
  if (!target) {
    Error error = std::move(target).error().in(call.place);
    error.vendor_code = head.status;
    return error;
  }
  if (target->origin != call.first_origin &&
      (call.request.proof.same_origin || tells_secret(call.request.proof, target->text))) {
    return Error{Code::kUnavailable,
                 call.place +
                     ": the service redirects to another host, which would be told the "
                     "credential; it is not followed",
                 0, head.status};
  }
  call.redirected = endpoints_.route_to(*target);
  call.chosen = 0;
  call.avoid = kNoEndpoint;
  redirect_method(call.request, head.status);
  call.name();
  return {};
}

// How long the service wants to be left alone, if it says so.
std::optional<std::chrono::milliseconds> HttpClient::Impl::retry_after(const Call& call,
                                                                       const Head& head) const {
  const bool banned = head.status == kBannedStatus;
  if (!is_retried_status(head.status) && !banned) {
    return std::nullopt;
  }
  bool ignored = false;
  const auto told = parse_retry_after(head.field("Retry-After"), clock_.now_us(),
                                      banned ? kLongestBan : options_.retry_after_cap, ignored);
  if (ignored) {
    warn(call.place + ": its Retry-After is in the past or senseless and is not followed");
  }
  if (!told) {
    return std::nullopt;
  }
  if (told->capped) {
    warn(call.place + ": its Retry-After is absurdly long and was capped to " +
         std::to_string(told->wait.count()) + " ms");
  }
  return told->wait;
}

// Waits before the next try, without a place among requests under way.
Result<void> HttpClient::Impl::retry(Call& call, Again again) {
  auto& [why, wait, elsewhere] = again;
  call.grant.reset();
  const bool moves_on = call.moves_on();
  if (!moves_on && !budgets_.take(call.scope)) {
    why.message += "; it is not tried again, since the retries to " + call.scope +
                   " have used up their share of its requests (retry_budget in [http])";
    return why;
  }
  // The set decides anew, unless the request has been carried out and only its answer is fetched.
  if (call.redirects > 0 && call.home.has_choice() && is_repeatable(call.original)) {
    call.request = call.original;
    call.redirected.reset();
    call.chosen = 0;
    call.redirects = 0;
    elsewhere = false;
  }
  call.avoid = elsewhere ? call.chosen : kNoEndpoint;
  const bool has_other =
      elsewhere && call.way().has_choice() && endpoints_.has_other(call.way(), call.chosen);
  // Then the limits make it wait, and everybody in its scope with it.
  const bool scope_is_paused = why.vendor_code == 429 || why.vendor_code == kBannedStatus ||
                               (wait.count() > 0 && why.vendor_code == 503);
  if (!scope_is_paused && !has_other) {
    const auto pause = wait.count() > 0 ? wait : backoff_.next(call.retries);
    const int64_t before_us = clock_.monotonic_us();
    const bool stop = call.cancel.sleep_ms(static_cast<uint64_t>(pause.count()));
    if (wait.count() > 0) {
      const auto waited =
          static_cast<uint64_t>(std::max<int64_t>(0, clock_.monotonic_us() - before_us));
      call.caller.stats.waited_us += waited;
      call.first.each([&](ServiceCounters& c) { c.limit_wait_us += waited; });
    }
    if (stop) {
      return cancelled(call.place);
    }
  }
  if (moves_on) {
    ++call.moves;
  } else {
    ++call.retries;
  }
  ++call.caller.stats.retries;
  call.first.each([](ServiceCounters& c) { ++c.retries; });
  return {};
}

std::vector<ServiceSnapshot> HttpClient::Impl::services() const {
  auto all = stats_.snapshot();
  for (ServiceSnapshot& each : all) {
    const Breaker::View breaker = endpoints_.view(each.endpoint);
    each.breaker = to_string(breaker.state);
    each.breaker_reason = breaker.reason;
  }
  return all;
}

HttpClient::HttpClient(HttpOptions options, const Clock& clock, HttpLog log, void* log_ctx)
    : impl_(std::make_unique<Impl>(std::move(options), clock, log, log_ctx)) {}

HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpExchange>> HttpClient::open(const HttpRequest& request,
                                                       const Cancel& cancel, HttpCaller& caller) {
  auto exchange = impl_->open(request, cancel, caller);
  if (!exchange && exchange.error().code != Code::kCancelled) {
    ++caller.stats.failed;
  }
  return exchange;
}

void HttpClient::declare(const HttpCaller& caller) {
  impl_->limits().declare(caller.name, caller.declaration()->limits);
}

double HttpClient::left(const std::string& scope) {
  return impl_->limits().left(scope).value_or(-1);
}

std::vector<ServiceSnapshot> HttpClient::services() const {
  return impl_->services();
}

void HttpClient::throttle(const std::string& scope, std::chrono::milliseconds wait) {
  impl_->limits().pause(scope, std::min<std::chrono::milliseconds>(wait, kLongestBan));
}

}  // namespace sluice::host
