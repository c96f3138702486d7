// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

// Bytes that differ from place to place, so that a lost or doubled piece shows.
std::string pattern(size_t size) {
  std::string text(size, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace

TEST_CASE("http streams: a slow reader holds the server back", "[unit][http]") {
  const std::string body = pattern(48U << 20);
  std::atomic<uint64_t> sent{0};
  std::promise<void> blocked;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n");
    bool told = false;
    while (sent < body.size()) {
      const uint64_t some = connection.send_some(std::string_view(body).substr(sent));
      sent += some;
      pollfd writable{connection.fd(), POLLOUT, 0};
      if (some == 0 && poll(&writable, 1, told ? 10'000 : 300) == 0) {
        if (told) {
          return;
        }
        told = true;
        blocked.set_value();
      }
    }
  });
  test::Caller caller;
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  blocked.get_future().wait();
  // All that was sent lies in the kernel's buffers and in ours.
  CHECK(sent < 16U << 20);
  const auto got = test::read_all(**answer);
  REQUIRE(got);
  CHECK((*got == body));
}

TEST_CASE("http streams: small and odd reads lose nothing", "[unit][http]") {
  const std::string body = pattern(3'000'001);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, body));
  });
  host::HttpOptions options = test::quick_options();
  options.buffer_bytes = GENERATE(1, 1000, 40'000, 256U << 10);
  test::Caller caller(options);
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  std::string got;
  std::vector<char> buffer(7919);
  while (true) {
    auto size = (*answer)->read(buffer);
    REQUIRE(size);
    if (*size == 0) {
      break;
    }
    got.append(buffer.data(), *size);
  }
  CHECK((got == body));
  CHECK(*(*answer)->read(buffer) == 0);  // the end stays the end
  answer->reset();
  CHECK(caller.stats.bytes == body.size());
}

TEST_CASE("http streams: a thousand exchanges share one loop thread", "[unit][http]") {
  constexpr size_t kExchanges = 1000;
  const std::string body = pattern(20'000);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    // The second half comes when all thousand are open.
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + body.substr(0, 10'000));
    connection.send(body.substr(10'000));
  });
  host::HttpOptions options = test::quick_options();
  options.max_connections_per_host = kExchanges;
  test::Caller caller(options);
  std::vector<std::unique_ptr<host::HttpExchange>> exchanges(kExchanges);
  std::atomic<size_t> next{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 16; ++i) {
      callers.emplace_back([&] {
        for (size_t k = next++; k < kExchanges; k = next++) {
          auto answer = caller.get(server.url());
          if (answer) {
            exchanges[k] = std::move(*answer);
          }
        }
      });
    }
  }
  size_t whole = 0;
  for (const auto& exchange : exchanges) {
    REQUIRE(exchange);
    const auto got = test::read_all(*exchange);
    whole += got && *got == body ? 1 : 0;
  }
  CHECK(whole == kExchanges);
}

TEST_CASE("http streams: more callers than connections take turns", "[unit][http]") {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    const int now = ++inside;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    connection.send(raw_answer(200, std::string(50'000, 'x')));
    --inside;
  });
  host::HttpOptions options = test::quick_options();
  options.max_connections_per_host = 3;
  test::Caller caller(options);
  std::atomic<int> well{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 24; ++i) {
      callers.emplace_back([&] {
        for (int k = 0; k < 20; ++k) {
          auto answer = caller.get(server.url());
          well += answer && test::read_all(**answer) ? 1 : 0;
        }
      });
    }
  }
  CHECK(well == 480);
  CHECK(most <= 3);
  CHECK(server.connections() <= 3);
}

TEST_CASE("http streams: memory stays flat over many requests", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, "small", "X-Some: header\r\n"));
  });
  // SLUICE_HTTP_REQUESTS=100000 for the long run.
  const char* wanted = std::getenv("SLUICE_HTTP_REQUESTS");
  const int count = wanted == nullptr ? 5000 : std::atoi(wanted);
  test::Caller caller;
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) {
      auto answer = caller.get(server.url());
      REQUIRE(answer);
      REQUIRE(test::read_all(**answer));
    }
  };
  ask(1000);
  const uint64_t before = resident_bytes();
  ask(count);
  CHECK(server.connections() == 1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(resident_bytes() < before + (1U << 20));
#else
  static_cast<void>(before);
#endif
}
