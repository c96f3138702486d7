// SPDX-License-Identifier: Apache-2.0
#include "host/http/endpoints.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Breaker;
using host::Candidate;
using host::Code;
using host::EndpointSet;
using host::kNoEndpoint;
using host::preference;
using std::chrono::milliseconds;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;
using Order = std::vector<size_t>;

namespace {

constexpr auto kFailover = EndpointSet::Policy::kFailover;
constexpr auto kBalance = EndpointSet::Policy::kBalance;

Candidate closed(double score = 1) {
  return {{}, score};
}
Candidate open() {
  Candidate c;
  c.breaker.state = Breaker::State::kOpen;
  c.breaker.wait_us = 1000;
  return c;
}
Candidate due() {
  Candidate c;
  c.breaker.state = Breaker::State::kOpen;
  c.breaker.may_probe = true;
  return c;
}
Candidate resting() {
  Candidate c = open();
  c.breaker.resting = true;
  return c;
}

// A server whose health a test decides.
struct Replica {
  std::atomic<bool> healthy{true};
  std::atomic<int> hits{0};
  RawHttpServer server{[this](RawConnection& connection, const RawRequest&) {
    ++hits;
    connection.send(healthy ? raw_answer(200, "{}", "Content-Type: application/json\r\n")
                            : raw_answer(503, "down"));
  }};
  [[nodiscard]] std::string base() const {
    std::string url = server.url();
    url.pop_back();
    return url;
  }
};

host::HttpDeclaration set_of(const std::vector<std::string>& urls,
                             EndpointSet::Policy policy = kFailover, std::string probe = {}) {
  host::HttpDeclaration declaration;
  declaration.endpoints["api"] = {urls, policy, std::move(probe)};
  return declaration;
}

host::HttpRequest to_set(const std::string& path = "/v1/data?page=1") {
  host::HttpRequest request = test::request_of(path);
  request.endpoint = "api";
  return request;
}

// Opens after three failures and looks again soon.
host::HttpOptions eager() {
  host::HttpOptions options = test::quick_options();
  options.breaker.failures_in_row = 3;
  options.breaker.open_base = milliseconds(20);
  options.breaker.open_cap = milliseconds(40);
  return options;
}

bool get_ok(test::Caller& caller, const host::HttpRequest& request) {
  auto answer = caller.open(request);
  return answer && test::read_all(**answer);
}

// Asks until `done`, which the test's end waits for.
template <class Done>
void ask_until(test::Caller& caller, const host::HttpRequest& request, Done done) {
  while (!done()) {
    get_ok(caller, request);
  }
}

host::ServiceSnapshot only_service(const test::Caller& caller) {
  const auto all = caller.as.services.snapshot();
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("endpoints: failover goes by the order", "[unit][http]") {
  CHECK(preference(kFailover, {closed(9), closed(1)}, kNoEndpoint, true) == Order{0, 1});
  CHECK(preference(kFailover, {open(), closed()}, kNoEndpoint, true) == Order{1});
  CHECK(preference(kFailover, {due(), closed()}, kNoEndpoint, true) == Order{0, 1});
  CHECK(preference(kFailover, {closed(), closed()}, 0, true) == Order{1, 0});
  CHECK(preference(kFailover, {open(), open()}, kNoEndpoint, true).empty());
}

TEST_CASE("endpoints: balance goes by the score", "[unit][http]") {
  CHECK(preference(kBalance, {closed(9), closed(1), closed(5)}, kNoEndpoint, true) ==
        Order{1, 2, 0});
  CHECK(preference(kBalance, {closed(9), open(), closed(5)}, 2, true) == Order{0, 2});
  CHECK(preference(kBalance, {closed(1), due()}, kNoEndpoint, true) == Order{1, 0});
}

TEST_CASE("endpoints: what must not be repeated is no probe", "[unit][http]") {
  CHECK(preference(kFailover, {due(), closed()}, kNoEndpoint, false) == Order{1, 0});
  CHECK(preference(kBalance, {due(), closed()}, kNoEndpoint, false) == Order{1, 0});
  CHECK(preference(kFailover, {due(), open()}, kNoEndpoint, false) == Order{0});
}

TEST_CASE("endpoints: a firewall is not evaded", "[unit][http]") {
  CHECK(preference(kFailover, {resting(), closed()}, kNoEndpoint, true).empty());
  CHECK(preference(kFailover, {closed(), resting()}, kNoEndpoint, true) == Order{0});
  CHECK(preference(kBalance, {resting(), closed()}, kNoEndpoint, true) == Order{1});
}

TEST_CASE("endpoints: load knows the busy and the slow and forgets", "[unit][http]") {
  host::EndpointLoad quick, slow, failing;
  quick.answered(0, 10'000);
  slow.answered(0, 80'000);
  failing.failed(0, 100);
  CHECK(quick.score(0) < slow.score(0));
  CHECK(slow.score(0) < failing.score(0));
  for (int i = 0; i < 10; ++i) {
    quick.begin();
  }
  CHECK(quick.score(0) > slow.score(0));
  for (int i = 0; i < 10; ++i) {
    quick.end();
  }
  CHECK(slow.score(100'000'000) == quick.score(100'000'000));
}

TEST_CASE("endpoints: a request names one that is declared and gives a path", "[unit][http]") {
  test::Caller caller;
  caller.as.take(set_of({"http://127.0.0.1:1"}));
  host::HttpRequest request = to_set();
  SECTION("another name") {
    request.endpoint = "apis";
    const auto answer = caller.open(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kInvalidConfig);
    CHECK(answer.error().message.find("did you mean 'api'") != std::string::npos);
  }
  SECTION("no path") {
    request.url = "http://evil.example/";
    const auto answer = caller.open(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kInvalidConfig);
  }
}

TEST_CASE("endpoints: a credential goes to none that it is not meant for", "[unit][http]") {
  Replica mine, other;
  test::Caller caller;
  caller.as.take(set_of({mine.base(), other.base()}));
  host::HttpRequest request = to_set();
  request.proof.origins = {mine.base()};
  const auto answer = caller.open(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kInvalidConfig);
  request.proof.origins.push_back(other.base());
  CHECK(get_ok(caller, request));
  CHECK(other.hits == 0);
}

TEST_CASE("endpoints: the configuration comes before the plugin", "[unit][http]") {
  Replica mine, theirs;
  test::Caller caller;
  host::HttpCaller as("p", set_of({mine.base()}));
  as.take(set_of({theirs.base()}));
  REQUIRE(caller.client.open(to_set(), caller.cancel, as));
  CHECK(mine.hits == 1);
  CHECK(theirs.hits == 0);
}

TEST_CASE("endpoints: failover leaves a failing one and returns", "[unit][http]") {
  Replica first, second;
  test::Caller caller(eager());
  caller.as.take(set_of({first.base(), second.base()}));
  CHECK(get_ok(caller, to_set()));
  CHECK(first.hits == 1);
  CHECK(second.hits == 0);
  first.healthy = false;
  for (int i = 0; i < 30; ++i) {
    CHECK(get_ok(caller, to_set()));  // nobody notices
  }
  CHECK(second.hits == 30);
  first.healthy = true;
  int before = 0;
  ask_until(caller, to_set(), [&] {
    before = second.hits;
    return get_ok(caller, to_set()) && second.hits == before && first.hits > 10 &&
           caller.client.services().front().breaker == "closed" &&
           caller.client.services().back().breaker == "closed";
  });
  const int left = second.hits;
  for (int i = 0; i < 10; ++i) {
    CHECK(get_ok(caller, to_set()));
  }
  CHECK(second.hits == left);
}

TEST_CASE("endpoints: a probe path is asked instead of risking requests", "[unit][http]") {
  std::atomic<bool> healthy{false};
  std::atomic<int> probes{0}, requests{0};
  RawHttpServer first([&](RawConnection& connection, const RawRequest& request) {
    ++(request.target == "/base/ping" ? probes : requests);
    connection.send(healthy ? raw_answer(200, "{}") : raw_answer(503, ""));
  });
  Replica second;
  test::Caller caller(eager());
  caller.as.take(set_of({first.url("/base"), second.base()}, kFailover, "/ping"));
  ask_until(caller, to_set(), [&] { return probes > 2; });
  const int risked = requests;
  CHECK(risked == 3);  // those that opened the breaker
  healthy = true;
  ask_until(caller, to_set(), [&] { return requests > risked; });
  CHECK(probes >= 4);
  CHECK(caller.stats.failed == 0);
}

TEST_CASE("endpoints: balance prefers the quick one and shares when it is busy", "[unit][http]") {
  std::atomic<int> slow_hits{0};
  Replica quick;
  RawHttpServer slow([&](RawConnection& connection, const RawRequest&) {
    ++slow_hits;
    std::this_thread::sleep_for(milliseconds(30));  // the slowness that is to be seen
    connection.send(raw_answer(200, "{}"));
  });
  std::string slow_base = slow.url();
  slow_base.pop_back();
  test::Caller caller;
  caller.as.take(set_of({slow_base, quick.base()}, kBalance));
  for (int i = 0; i < 50; ++i) {
    CHECK(get_ok(caller, to_set()));
  }
  CHECK(quick.hits > 40);
  CHECK(slow_hits >= 1);
}

TEST_CASE("endpoints: limits are those of the endpoint that is used", "[unit][http]") {
  Replica replica;
  test::Caller caller;
  caller.as.take(set_of({replica.base()}));
  CHECK(get_ok(caller, to_set()));
  CHECK(only_service(caller).scope == "127.0.0.1");
  CHECK(only_service(caller).endpoint == replica.base());
}

TEST_CASE("circuit breaker: callers wait while it is open and go on", "[unit][http]") {
  Replica replica;
  replica.healthy = false;
  test::Caller caller(eager());
  std::atomic<int> done{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        // Its retries alone would be over long before the service is back.
        host::HttpCaller as("p");
        auto answer = caller.client.open(test::request_of(replica.server.url()), caller.cancel, as);
        done += answer ? 1 : 0;
      });
    }
    replica.server.wait_for_requests(5);
    replica.healthy = true;
  }
  CHECK(done == 8);
}

TEST_CASE("circuit breaker: open it spares the service and says why", "[unit][http]") {
  Replica replica;
  replica.healthy = false;
  host::HttpOptions options = eager();
  options.breaker.open_base = milliseconds(60'000);
  options.breaker.open_cap = milliseconds(60'000);
  options.breaker_wait = milliseconds(30);
  test::Caller caller(options);
  for (int i = 0; i < 5; ++i) {
    const auto answer = caller.get(replica.server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kUnavailable);
    if (i == 4) {
      CHECK(answer.error().retry_after_ms > 10'000);
      CHECK(answer.error().message.find("3 failures in a row") != std::string::npos);
      CHECK(answer.error().message.find("answered 503") != std::string::npos);
      CHECK(answer.error().message.find("out of service from 20") != std::string::npos);
    }
  }
  CHECK(replica.hits == 3);
  const auto seen = caller.client.services();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].breaker == "open");
  CHECK(seen[0].openings == 1);
  CHECK(seen[0].calls == 5);
  CHECK(seen[0].succeeded == 0);
}

TEST_CASE("circuit breaker: a wait at it can be cancelled", "[unit][http]") {
  Replica replica;
  replica.healthy = false;
  host::HttpOptions options = eager();
  options.breaker.open_base = milliseconds(600'000);
  options.breaker.open_cap = milliseconds(600'000);
  options.breaker_wait = milliseconds(600'000);
  test::Caller caller(options);
  std::atomic<bool> cancelled{false};
  {
    const std::jthread waiting([&] {
      const auto answer = caller.get(replica.server.url());
      cancelled = !answer && answer.error().code == Code::kCancelled;
    });
    replica.server.wait_for_requests(3);
    caller.cancel.request();
  }
  CHECK(cancelled);
}

TEST_CASE("circuit breaker: bodies that break count", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    connection.close();
  });
  host::HttpOptions options = eager();
  options.breaker.open_base = milliseconds(60'000);
  options.breaker.open_cap = milliseconds(60'000);
  options.breaker_wait = milliseconds(0);
  test::Caller caller(options);
  for (int i = 0; i < 3; ++i) {
    auto answer = caller.get(server.url());
    REQUIRE(answer);
    CHECK_FALSE(test::read_all(**answer));
  }
  CHECK_FALSE(caller.get(server.url()));
  CHECK(server.requests() == 3);
  const auto seen = only_service(caller);
  CHECK(seen.succeeded == 0);
  CHECK(seen.by_class[host::ServiceCounters::kFailed] == 3);
  CHECK(seen.by_class[host::ServiceCounters::kGood] == 0);
}

TEST_CASE("circuit breaker: answers that blame the request leave it closed", "[unit][http]") {
  const int status = GENERATE(400, 403, 404, 429, 451);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, ""));
  });
  host::HttpOptions options = eager();
  options.max_retries = 0;
  test::Caller caller(options);
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(caller.get(server.url()));
  }
  CHECK(server.requests() == 20);
  CHECK(caller.client.services().front().breaker == "closed");
}

TEST_CASE("firewall: a page in the service's place brings no storm over the set", "[unit][http]") {
  const int status = GENERATE(403, 451);
  RawHttpServer first([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, "<html>no</html>", "Content-Type: text/html\r\n"));
  });
  Replica second;
  host::HttpOptions options = test::quick_options();
  options.breaker_wait = milliseconds(0);
  test::Caller caller(options);
  caller.as.take(set_of({first.url("/a"), second.base()}));
  host::HttpRequest request = to_set();
  request.expect = "application/json";
  const auto answer = caller.open(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kAuth);
  CHECK(answer.error().vendor_code == status);
  for (int i = 0; i < 50; ++i) {
    const auto later = caller.open(request);
    REQUIRE_FALSE(later);
    CHECK(later.error().code == Code::kUnavailable);
  }
  CHECK(first.requests() == 1);
  CHECK(second.hits == 0);
}

TEST_CASE("retry budget: when it is used up the last error says so", "[unit][http]") {
  RawHttpServer server(
      [](RawConnection& connection, const RawRequest&) { connection.send(raw_answer(503, "")); });
  host::HttpOptions options = test::quick_options();
  options.breaker.failures_in_row = 0;
  options.breaker.failed_share = 0;
  options.retry_floor = 5;
  test::Caller caller(options);
  host::Result<std::unique_ptr<host::HttpExchange>> last = caller.get(server.url());
  for (int i = 1; i < 100; ++i) {
    last = caller.get(server.url());
  }
  CHECK(server.requests() == 100 + 20 + 5);
  REQUIRE_FALSE(last);
  CHECK(last.error().vendor_code == 503);
  CHECK(last.error().message.find("retry_budget") != std::string::npos);
}

TEST_CASE("retries: fifteen of a hundred random failures are not noticed", "[unit][http]") {
  std::mutex mutex;
  std::minstd_rand random(11);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    uint64_t dice = 0;
    {
      const std::lock_guard lock(mutex);
      dice = random() % 100;
    }
    connection.send(dice < 15 ? raw_answer(dice % 2 == 0 ? 503 : 500, "")
                              : raw_answer(200, "fine"));
  });
  host::HttpOptions options;  // as everybody has them, only that nobody waits between two tries
  options.retry_base = milliseconds(1);
  options.retry_cap = milliseconds(1);
  test::Caller caller(options);
  constexpr int kRequests = 4000;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRequests / 4; ++i) {
          auto answer =
              caller.client.open(test::request_of(server.url()), caller.cancel, caller.as);
          good += answer && test::read_all(**answer) ? 1 : 0;
        }
      });
    }
  }
  CHECK(good >= kRequests * 999 / 1000);
  const auto seen = only_service(caller);
  CHECK(seen.calls == kRequests);
  CHECK(seen.succeeded == static_cast<uint64_t>(good));
  CHECK(seen.first_try < kRequests * 88 / 100);
  CHECK(seen.first_try > kRequests * 82 / 100);
  CHECK(seen.requests == kRequests + seen.retries);
  CHECK(seen.openings == 0);
}
