// SPDX-License-Identifier: Apache-2.0
#include "host/http/cache.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

class HandClock final : public host::Clock {
 public:
  [[nodiscard]] int64_t now_us() const override { return kBegin + at_us_; }
  [[nodiscard]] int64_t monotonic_us() const override { return at_us_; }
  void pass(std::chrono::seconds time) {
    at_us_ += std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }

 private:
  static constexpr int64_t kBegin = 1'700'000'000'000'000;  // 2023-11-14T22:13:20Z
  std::atomic<int64_t> at_us_{0};
};

// A server that counts, a client, and the cache over it on a clock of its own.
struct CachedCaller {
  explicit CachedCaller(RawHttpServer::Handler handler, host::CacheOptions options = {})
      : server(std::move(handler)),
        caller(test::without_retries()),
        cache(caller.client, options, clock) {}

  host::HttpRequest request(const std::string& target = "/", int cache_for = 60) const {
    host::HttpRequest request = test::request_of(server.url(target));
    request.cache_for = std::chrono::seconds(cache_for);
    return request;
  }
  host::Result<std::string> get(const host::HttpRequest& request) {
    auto answer = cache.open(request, caller.cancel, caller.as);
    if (!answer) {
      return std::move(answer).error();
    }
    return test::read_all(**answer);
  }

  RawHttpServer server;
  HandClock clock;
  test::Caller caller;
  host::CachingHttp cache;
};

RawHttpServer::Handler answering(std::string headers, std::string body = "kept", int status = 200) {
  return [=](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, body, headers));
  };
}

// Lets handlers through one by one or all at once.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("http cache: an equal request is answered without a request", "[unit][http]") {
  CachedCaller c(answering("ETag: \"1\"\r\nX-Some: thing\r\n"));
  CHECK(*c.get(c.request()) == "kept");
  auto again = c.cache.open(c.request(), c.caller.cancel, c.caller.as);
  REQUIRE(again);
  CHECK((*again)->status() == 200);
  CHECK((*again)->content_length() == 4);
  CHECK((*again)->header("x-some") == "thing");
  CHECK((*again)->header(":validator") == "ETag: \"1\"\n");
  CHECK((*again)->header(":url") == c.server.url());
  CHECK_FALSE((*again)->fields().empty());
  CHECK(*test::read_all(**again) == "kept");
  CHECK(c.server.requests() == 1);
  CHECK(c.caller.stats.cached == 1);
  CHECK(c.caller.stats.requests == 1);
}

TEST_CASE("http cache: an answer lives as long as request or service say", "[unit][http]") {
  struct Row {
    const char* headers;
    int lives;  // seconds
  };
  const Row row = GENERATE(
      Row{"", 60}, Row{"Cache-Control: max-age=10\r\n", 10},
      Row{"Cache-Control: public, max-age=\"300\"\r\n", 300},
      Row{"Cache-Control: max-age=10, s-maxage=20\r\n", 20},
      Row{"Cache-Control: max-age=100\r\nAge: 70\r\n", 30},
      Row{"Expires: Tue, 14 Nov 2023 22:13:50 GMT\r\n", 30},
      Row{"Date: Tue, 14 Nov 2023 22:13:40 GMT\r\nExpires: Tue, 14 Nov 2023 22:13:50 GMT\r\n", 10},
      Row{"Cache-Control: max-age=99999999999999999999\r\n", 86'400});  // the cap
  CAPTURE(row.headers);
  CachedCaller c(answering(row.headers));
  CHECK(c.get(c.request()));
  c.clock.pass(std::chrono::seconds(row.lives - 1));
  CHECK(c.get(c.request()));
  CHECK(c.server.requests() == 1);
  c.clock.pass(std::chrono::seconds(1));
  CHECK(c.get(c.request()));
  CHECK(c.server.requests() == 2);
}

TEST_CASE("http cache: what must not be kept is not", "[unit][http]") {
  SECTION("by what the service says") {
    const std::string headers =
        GENERATE("Cache-Control: no-store\r\n", "Cache-Control: No-Cache\r\n",
                 "Cache-Control: max-age=60, private\r\n", "Cache-Control: max-age=0\r\n",
                 "Cache-Control: max-age=soon\r\n", "Expires: 0\r\n", "Pragma: no-cache\r\n",
                 "Vary: Accept, *\r\n", "Cache-Control: private=\"X-A, X-B\"\r\n",
                 "Cache-Control: max-age=10\r\nAge: 10\r\n");
    CAPTURE(headers);
    CachedCaller c(answering(headers));
    CHECK(c.get(c.request()));
    CHECK(c.get(c.request()));
    CHECK(c.server.requests() == 2);
    CHECK(c.cache.fill().bytes == 0);
  }
  SECTION("by its status") {
    const int status = GENERATE(203, 404, 500);
    CachedCaller c(answering("", "x", status));
    static_cast<void>(c.get(c.request()));
    static_cast<void>(c.get(c.request()));
    CHECK(c.server.requests() == 2);
    CHECK(c.cache.fill().bytes == 0);
  }
  SECTION("by the request") {
    CachedCaller c(answering("Cache-Control: max-age=60\r\n"));
    host::HttpRequest request = c.request();
    SECTION("that does not ask for it") {
      request.cache_for = std::chrono::seconds(0);
    }
    SECTION("of another method") {
      request.method = GENERATE("POST", "HEAD");
    }
    SECTION("that is conditional") {
      request.validator = "ETag: \"1\"\n";
    }
    SECTION("for a part") {
      request.headers = GENERATE("Range: bytes=0-1\n", "Cache-Control: no-cache\n");
    }
    static_cast<void>(c.get(request));
    static_cast<void>(c.get(request));
    CHECK(c.server.requests() == 2);
  }
  SECTION("by options") {
    host::CacheOptions options;
    SECTION("entries") {
      options.entries = 0;
    }
    SECTION("bytes") {
      options.bytes = 0;
    }
    SECTION("time") {
      options.ttl = std::chrono::seconds(0);
    }
    CachedCaller c(answering(""), options);
    CHECK(c.get(c.request()));
    CHECK(c.get(c.request()));
    CHECK(c.server.requests() == 2);
  }
}

TEST_CASE("http cache: requests that differ have answers of their own", "[unit][http]") {
  CachedCaller c([](RawConnection& connection, const RawRequest& request) {
    connection.send(raw_answer(200, request.header("accept-language") + request.target,
                               "Vary: Accept-Language\r\n"));
  });
  host::HttpRequest one = c.request("/a");
  host::HttpRequest other = one;
  SECTION("in a header") {
    one.headers = "Accept-Language: de\nX: 1\n";
    other.headers = "Accept-Language: en\nX: 1\n";
    CHECK(*c.get(one) == "de/a");
    CHECK(*c.get(other) == "en/a");
    other.headers = "x: 1\nAccept-language:  de\n";  // says the same as the first
    CHECK(*c.get(other) == "de/a");
  }
  SECTION("in the URL") {
    other.url += "?x=1";
    CHECK(*c.get(one) != *c.get(other));
  }
  SECTION("in what is expected") {
    other.max_body_bytes = 1;
    CHECK(c.get(one));
    CHECK_FALSE(c.get(other));
  }
  CHECK(c.server.requests() == 2);
}

TEST_CASE("http cache: credentials and endpoints are those of a caller", "[unit][http]") {
  CachedCaller c(answering(""));
  host::HttpRequest request = c.request();
  request.credential = "api";
  host::HttpCaller one("one");
  host::HttpCaller two("two");
  const auto ask = [&](host::HttpCaller& caller) {
    auto answer = c.cache.open(request, c.caller.cancel, caller);
    return answer && test::read_all(**answer);
  };
  CHECK(ask(one));
  CHECK(ask(one));
  CHECK(c.server.requests() == 1);
  CHECK(ask(two));
  CHECK(c.server.requests() == 2);
}

TEST_CASE("http cache: the least recently used leaves", "[unit][http]") {
  host::CacheOptions options;
  SECTION("by number") {
    options.entries = 2;
  }
  SECTION("by bytes") {
    options.bytes = 50'000;  // four of 11 kB with their heads, not five
  }
  const bool by_number = options.entries == 2;
  const std::string body(by_number ? 10 : 11'000, 'x');
  CachedCaller c(answering("", body), options);
  const auto ask = [&](const std::string& target) { REQUIRE(c.get(c.request(target))); };
  const int many = by_number ? 2 : 4;
  for (int i = 0; i < many; ++i) {
    ask("/" + std::to_string(i));
  }
  ask("/0");  // used again
  CHECK(c.server.requests() == static_cast<uint64_t>(many));
  ask("/new");
  CHECK(c.cache.fill().evicted == 1);
  CHECK(c.cache.fill().bytes <= options.bytes);
  ask("/0");
  CHECK(c.server.requests() == static_cast<uint64_t>(many) + 1);
  ask("/1");
  CHECK(c.server.requests() == static_cast<uint64_t>(many) + 2);
}

TEST_CASE("http cache: equal requests at the same time are one", "[unit][http]") {
  constexpr int kCallers = 12;
  Gate gate;
  CachedCaller c([&](RawConnection& connection, const RawRequest&) {
    gate.wait();
    connection.send(raw_answer(200, std::string(200'000, 'x')));
  });
  std::atomic<int> whole{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCallers; ++i) {
      threads.emplace_back([&] {
        const auto body = c.get(c.request());
        whole += body && body->size() == 200'000 ? 1 : 0;
      });
    }
    c.server.wait_for_requests(1);
    gate.open();
  }
  CHECK(whole == kCallers);
  CHECK(c.server.requests() == 1);
  CHECK(c.caller.stats.cached == kCallers - 1);
}

TEST_CASE("http cache: one of those who wait tries on after an error", "[unit][http]") {
  std::atomic<int> asked{0};
  CachedCaller c([&](RawConnection& connection, const RawRequest&) {
    if (asked++ < 2) {
      connection.send(raw_answer(500, ""));
    } else {
      connection.send(raw_answer(200, "well"));
    }
  });
  std::atomic<int> well{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { well += c.get(c.request()) ? 1 : 0; });
    }
  }
  CHECK(well == 6);  // each error went to the one who had asked
  CHECK(c.server.requests() == 3);
}

TEST_CASE("http cache: who waits can be cancelled, and so can who asks", "[unit][http]") {
  Gate gate;
  std::atomic<int> asked{0};
  CachedCaller c([&](RawConnection& connection, const RawRequest&) {
    if (asked++ == 0) {
      gate.wait();
    }
    connection.send(raw_answer(200, "well"));
  });
  host::Cancel first;
  host::Cancel second;
  std::atomic<int> cancelled{0};
  const auto ask = [&](const host::Cancel& cancel) {
    return std::jthread([&] {
      const auto answer = c.cache.open(c.request(), cancel, c.caller.as);
      cancelled += !answer && answer.error().code == Code::kCancelled ? 1 : 0;
    });
  };
  std::jthread leader = ask(first);
  c.server.wait_for_requests(1);
  std::jthread waiter = ask(second);
  second.request();
  waiter.join();
  CHECK(cancelled == 1);
  std::atomic<bool> well{false};
  std::jthread last([&] { well = c.get(c.request()).has_value(); });
  first.request();  // the next takes over
  leader.join();
  gate.open();
  last.join();
  CHECK(cancelled == 2);
  CHECK(well);
  CHECK(c.server.requests() == 2);
}

TEST_CASE("http cache: what is too long for it streams", "[unit][http]") {
  host::CacheOptions options;
  options.bytes = 400'000;
  const std::string body = GENERATE(std::string(100'001, 'x'), std::string(3'000'000, 'x'));
  const bool announced = GENERATE(true, false);
  Gate gate;
  std::atomic<int> asked{0};
  CachedCaller c(
      [&](RawConnection& connection, const RawRequest&) {
        if (asked++ == 0) {
          gate.wait();
        }
        if (announced) {
          connection.send(raw_answer(200, body));
        } else {
          connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
          connection.close();
        }
      },
      options);
  std::atomic<int> whole{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto got = c.get(c.request());
        whole += got && *got == body ? 1 : 0;
      });
    }
    c.server.wait_for_requests(1);
    gate.open();
  }
  CHECK(whole == 4);
  CHECK(c.cache.fill().entries == 0);
  CHECK(c.cache.fill().bytes == 0);
  CHECK(c.server.requests() >= 4);
}

TEST_CASE("http cache: a body that breaks off fails its reader and is not kept", "[unit][http]") {
  std::atomic<int> asked{0};
  CachedCaller c([&](RawConnection& connection, const RawRequest&) {
    if (asked++ == 0) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
      connection.close();
    } else {
      connection.send(raw_answer(200, "whole"));
    }
  });
  auto answer = c.cache.open(c.request(), c.caller.cancel, c.caller.as);
  REQUIRE(answer);
  std::string got;
  const auto body = test::read_all(**answer, &got);
  REQUIRE_FALSE(body);
  CHECK(body.error().vendor_code == ENODATA);
  CHECK(got == "only this");
  CHECK(c.cache.fill().bytes == 0);
  CHECK(*c.get(c.request()) == "whole");
}
