// SPDX-License-Identifier: Apache-2.0
#include "host/http/retry.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using std::chrono::milliseconds;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

struct Log {
  std::mutex mutex;
  std::vector<std::string> lines;
  static void write(void* self, int, std::string_view message) {
    auto& log = *static_cast<Log*>(self);
    const std::lock_guard lock(log.mutex);
    log.lines.emplace_back(message);
  }
};

}  // namespace

TEST_CASE("http retries: an answer that may pass is asked for again", "[unit][http]") {
  const int status = GENERATE(500, 502, 503, 504, 429, 408);
  std::atomic<int> left{2};
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(left-- > 0 ? raw_answer(status, "later") : raw_answer(200, "now"));
  });
  test::Caller caller;
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == "now");
  CHECK(server.requests() == 3);
  CHECK(caller.stats.requests == 3);
  CHECK(caller.stats.retries == 2);
  CHECK(caller.stats.failed == 0);
}

TEST_CASE("http retries: a connection that breaks before the head is tried again", "[unit][http]") {
  std::atomic<int> left{2};
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    if (left-- > 0) {
      connection.reset();
    } else {
      connection.send(raw_answer(200, "now"));
    }
  });
  test::Caller caller;
  CHECK(caller.get(server.url()));
  CHECK(caller.stats.retries == 2);
}

TEST_CASE("http retries: they end", "[unit][http]") {
  int status = 500;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, ""));
  });
  host::HttpOptions options = test::quick_options();
  options.max_retries = 3;
  test::Caller caller(options);
  SECTION("in unavailable for a 500") {
    const auto answer = caller.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kUnavailable);
    CHECK(answer.error().vendor_code == 500);
  }
  SECTION("in rate limited for a 429") {
    status = 429;
    const auto answer = caller.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kRateLimited);
    CHECK(answer.error().vendor_code == 429);
  }
  CHECK(server.requests() == 4);
  CHECK(caller.stats.retries == 3);
  CHECK(caller.stats.failed == 1);
}

TEST_CASE("http retries: not for what a second try cannot mend", "[unit][http]") {
  int status = 404;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, "sorry"));
  });
  test::Caller caller;
  SECTION("credentials that are refused") {
    status = GENERATE(401, 403);
    const auto answer = caller.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kAuth);
    CHECK(answer.error().vendor_code == status);
  }
  SECTION("other refusals are answers") {
    status = GENERATE(400, 404, 410, 422, 451);
    auto answer = caller.get(server.url());
    REQUIRE(answer);
    CHECK((*answer)->status() == static_cast<uint32_t>(status));
    CHECK(*test::read_all(**answer) == "sorry");
  }
  SECTION("a request that must not be repeated") {
    status = 503;
    host::HttpRequest request = test::request_of(server.url());
    request.method = "POST";
    request.body = "once";
    CHECK_FALSE(caller.open(request));
  }
  SECTION("a caller that wants every answer") {
    status = GENERATE(503, 429, 401);
    host::HttpRequest request = test::request_of(server.url());
    request.retry = false;
    const auto answer = caller.open(request);
    REQUIRE(answer);
    CHECK((*answer)->status() == static_cast<uint32_t>(status));
  }
  CHECK(server.requests() == 1);
}

TEST_CASE("http retries: a POST marked repeatable is repeated with its body", "[unit][http]") {
  std::atomic<int> left{1};
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    connection.send(left-- > 0 ? raw_answer(500, "") : raw_answer(200, request.body));
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  request.method = "POST";
  request.body = std::string("a\0b", 3) + std::string(100'000, 'x');
  request.repeatable = true;
  auto answer = caller.open(request);
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == request.body);
}

TEST_CASE("http retries: Retry-After holds back everybody in the scope", "[unit][http]") {
  using Time = std::chrono::steady_clock::time_point;
  std::mutex mutex;
  std::vector<Time> times;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    size_t count = 0;
    {
      const std::lock_guard lock(mutex);
      times.push_back(std::chrono::steady_clock::now());
      count = times.size();
    }
    connection.send(count == 1 ? raw_answer(429, "", "Retry-After: 1\r\n") : raw_answer(200, ""));
  });
  test::Caller caller;
  host::HttpRequest first = test::request_of(server.url());
  first.retry = false;
  first.scope = "shared";
  REQUIRE(caller.open(first));
  std::vector<std::jthread> callers;
  std::atomic<int> well{0};
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      host::HttpRequest request = test::request_of(server.url());
      request.scope = "shared";
      well += caller.open(request) ? 1 : 0;
    });
  }
  CHECK(caller.get(server.url()));  // another scope does not wait
  CHECK(server.requests() == 2);
  callers.clear();
  CHECK(well == 3);
  const std::lock_guard lock(mutex);
  REQUIRE(times.size() == 5);
  CHECK(times[2] - times[0] >= milliseconds(990));
  CHECK(caller.stats.waited_us > 0);
}

TEST_CASE("http retries: a senseless Retry-After is not followed but logged", "[unit][http]") {
  const std::string value =
      GENERATE("Wed, 21 Oct 2015 07:28:00 GMT", "-5", "soon", "99999999999999", "1e9", "0");
  std::atomic<int> left{1};
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(left-- > 0 ? raw_answer(503, "", "Retry-After: " + value + "\r\n")
                               : raw_answer(200, ""));
  });
  host::HttpOptions options = test::quick_options();
  options.retry_after_cap = milliseconds(20);
  Log log;
  test::Caller caller(options, &Log::write, &log);
  CHECK(caller.get(server.url("/?key=hidden")));
  CHECK(log.lines.size() == 1);
  CHECK_THAT(log.lines.at(0), !Catch::Contains("hidden"));
}

TEST_CASE("retry after: seconds and dates are read", "[unit][http]") {
  bool ignored = false;
  const milliseconds cap(3'600'000);
  const int64_t now_us = 1'445'412'480'000'000;  // Wed, 21 Oct 2015 07:28:00 GMT
  CHECK(host::parse_retry_after("120", now_us, cap, ignored)->wait == milliseconds(120'000));
  CHECK(host::parse_retry_after(" 1.5 ", now_us, cap, ignored)->wait == milliseconds(1500));
  CHECK(host::parse_retry_after("Wed, 21 Oct 2015 07:29:00 GMT", now_us, cap, ignored)->wait ==
        milliseconds(60'000));
  CHECK(host::parse_retry_after("Wednesday, 21-Oct-15 07:29:00 GMT", now_us, cap, ignored)->wait ==
        milliseconds(60'000));
  CHECK_FALSE(ignored);
  CHECK_FALSE(host::parse_retry_after("", now_us, cap, ignored));
  CHECK_FALSE(ignored);
  CHECK(host::parse_retry_after("7200", now_us, cap, ignored)->capped);
  CHECK_FALSE(host::parse_retry_after("Wed, 21 Oct 2015 07:27:59 GMT", now_us, cap, ignored));
  CHECK(ignored);
}

TEST_CASE("back-off: stays within the doubled base and the cap", "[unit][http]") {
  host::Backoff backoff(milliseconds(100), milliseconds(1000), 7);
  milliseconds most(0);
  for (uint32_t attempt = 0; attempt < 70; ++attempt) {
    const milliseconds limit(attempt < 4 ? 100 << attempt : 1000);
    for (int i = 0; i < 50; ++i) {
      const milliseconds wait = backoff.next(attempt);
      CHECK(wait >= milliseconds(0));
      CHECK(wait <= limit);
      most = std::max(most, wait);
    }
  }
  CHECK(most > milliseconds(900));
}

TEST_CASE("http: a POST is never sent again on a connection that was closed upon it",
          "[unit][http]") {
  std::atomic<int> posts{0};
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    if (request.method == "POST") {
      ++posts;
      connection.close();  // carried out, and then nothing is said
    } else {
      connection.send(raw_answer(200, "kept"));
    }
  });
  test::Caller caller;
  auto kept = caller.get(server.url());
  REQUIRE(kept);
  REQUIRE(test::read_all(**kept));
  kept->reset();
  host::HttpRequest order = test::request_of(server.url());
  order.method = "POST";
  order.body = "one";
  CHECK_FALSE(caller.open(order));
  CHECK(posts == 1);
}

TEST_CASE("http: a POST that was answered by a redirect is not carried out again", "[unit][http]") {
  std::atomic<int> posts{0}, looks{0};
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    if (request.method == "POST") {
      ++posts;
      connection.send(raw_answer(303, "", "Location: /done\r\n"));
    } else {
      connection.send(++looks == 1 ? raw_answer(503, "later") : raw_answer(200, "done"));
    }
  });
  std::string base = server.url();
  base.pop_back();
  host::HttpDeclaration declaration;
  declaration.endpoints["api"] = {
      {base, base + "/other"}, host::EndpointSet::Policy::kFailover, ""};
  test::Caller caller;
  host::HttpCaller who("p", declaration);
  host::HttpRequest order = test::request_of("/orders");
  order.endpoint = "api";
  order.method = "POST";
  order.body = "one";
  auto answer = caller.client.open(order, caller.cancel, who);
  CHECK(posts == 1);
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == "done");
}

TEST_CASE("http retries: one that waits holds no place among the requests under way",
          "[unit][http]") {
  std::mutex mutex;
  std::string order;
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    bool first = false;
    {
      const std::lock_guard lock(mutex);
      first = order.empty();
      order += request.target.back();
    }
    connection.send(first ? raw_answer(500, "later", "Retry-After: 60\r\n") : raw_answer(200, ""));
  });
  host::HttpDeclaration declaration;
  host::LimitRule one_at_a_time;
  one_at_a_time.scope = "127.0.0.1";
  one_at_a_time.concurrent = 1;
  declaration.limits.push_back(one_at_a_time);
  test::Caller caller;
  host::HttpCaller who("p", declaration);
  caller.client.declare(who);
  host::Cancel stop;
  std::jthread waiting(
      [&] { CHECK_FALSE(caller.client.open(test::request_of(server.url("/a")), stop, who)); });
  server.wait_for_requests(1);
  // Else it would come only when the minute is over, or the other gives up.
  std::jthread end([&](const std::stop_token& done) {
    for (int i = 0; i < 100 && !done.stop_requested(); ++i) {
      std::this_thread::sleep_for(milliseconds(100));
    }
    stop.request();
  });
  CHECK(caller.client.open(test::request_of(server.url("/b")), stop, who));
  end.request_stop();
  waiting.join();
  CHECK(order == "ab");
}

TEST_CASE("http: a request that its limits hold back is not the one that looks after a service",
          "[unit][http]") {
  std::atomic<bool> well{false};
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(well ? raw_answer(200, "") : raw_answer(503, "", "Retry-After: 60\r\n"));
  });
  host::HttpOptions options = test::without_retries();
  options.breaker.failures_in_row = 2;
  options.breaker.open_base = milliseconds(1);
  options.breaker.open_cap = milliseconds(2);
  options.breaker_wait = milliseconds(500);
  test::Caller caller(options);
  const auto ask = [&](const char* scope, const host::Cancel& cancel) {
    host::HttpRequest request = test::request_of(server.url());
    request.scope = scope;
    return static_cast<bool>(caller.client.open(request, cancel, caller.as));
  };
  // Both are asked to wait a minute; the breaker opens.
  CHECK_FALSE(ask("held", caller.cancel));
  CHECK_FALSE(ask("too", caller.cancel));
  well = true;
  host::Cancel stop;
  std::jthread waiting([&] { CHECK_FALSE(ask("held", stop)); });
  std::this_thread::sleep_for(milliseconds(50));  // to let it find the breaker
  CHECK(ask("free", caller.cancel));
  stop.request();
}
