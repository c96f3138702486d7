// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

size_t count_threads() {
  size_t count = 0;
  DIR* tasks = opendir("/proc/self/task");
  REQUIRE(tasks != nullptr);
  while (readdir(tasks) != nullptr) {
    ++count;
  }
  closedir(tasks);
  return count;
}

// The code open() ends with, run on another thread.
std::future<Code> open_elsewhere(test::Caller& caller, const std::string& url) {
  return std::async(std::launch::async, [&caller, url] {
    const auto answer = caller.get(url);
    return answer ? Code::kInternal : answer.error().code;
  });
}

}  // namespace

TEST_CASE("http cancel: ends a wait for the head", "[unit][http]") {
  RawHttpServer server(
      [](RawConnection& connection, const RawRequest&) { connection.wait_for_close(); });
  test::Caller caller;
  auto code = open_elsewhere(caller, server.url());
  server.wait_for_requests(1);
  caller.cancel.request();
  CHECK(code.get() == Code::kCancelled);
  CHECK(caller.stats.failed == 0);
  const auto again = caller.get(server.url());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::kCancelled);
  CHECK(server.requests() == 1);
}

TEST_CASE("http cancel: ends a wait for the body and closes the connection", "[unit][http]") {
  std::promise<bool> closed;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    closed.set_value(connection.wait_for_close());
  });
  test::Caller caller;
  auto answer = caller.get(server.url());
  REQUIRE(answer);
  std::string got(4, ' ');
  for (size_t used = 0; used < 4;) {
    const auto size = (*answer)->read(std::span(got).subspan(used));
    REQUIRE(size);
    used += *size;
  }
  auto code = std::async(std::launch::async, [&] {
    std::array<char, 8> buffer{};
    const auto size = (*answer)->read(buffer);
    return size ? Code::kInternal : size.error().code;
  });
  caller.cancel.request();
  CHECK(code.get() == Code::kCancelled);
  answer->reset();
  CHECK(closed.get_future().get());
}

TEST_CASE("http cancel: ends a wait for the limit", "[unit][http]") {
  RawHttpServer server(
      [](RawConnection& connection, const RawRequest&) { connection.send(raw_answer(200, "")); });
  host::HttpOptions options = test::quick_options();
  options.requests_per_second["*"] = 0.0001;
  test::Caller caller(options);
  REQUIRE(caller.get(server.url()));
  auto code = open_elsewhere(caller, server.url());
  caller.cancel.request();
  CHECK(code.get() == Code::kCancelled);
  CHECK(server.requests() == 1);
}

TEST_CASE("http cancel: ends a wait before a retry", "[unit][http]") {
  const std::string header = GENERATE("Retry-After: 3000\r\n", "");
  const int status = GENERATE(503, 500);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, "", header));
  });
  host::HttpOptions options;
  options.retry_base = std::chrono::hours(10'000);
  options.retry_cap = std::chrono::hours(10'000);
  test::Caller caller(options);
  auto code = open_elsewhere(caller, server.url());
  server.wait_for_requests(1);
  caller.cancel.request();
  CHECK(code.get() == Code::kCancelled);
  CHECK(server.requests() == 1);
}

TEST_CASE("http cancel: one caller's cancellation leaves the others alone", "[unit][http]") {
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    gate.wait();
    connection.send(raw_answer(200, "ok"));
  });
  test::Caller caller;
  const host::Cancel other;
  auto mine = open_elsewhere(caller, server.url());
  auto others = std::async(std::launch::async, [&] {
    auto answer = caller.client.open(test::request_of(server.url()), other, caller.as);
    return answer && *test::read_all(**answer) == "ok";
  });
  server.wait_for_requests(2);
  caller.cancel.request();
  CHECK(mine.get() == Code::kCancelled);
  go.set_value();
  CHECK(others.get());
}

TEST_CASE("http client: has no thread before its first request", "[unit][http]") {
  const size_t before = count_threads();
  test::Caller caller;
  CHECK(count_threads() == before);
  CHECK_FALSE(
      caller.get("http://127.0.0.1:" + std::to_string(unsigned{test::unused_port()}) + "/"));
  CHECK(count_threads() == before + 1);
}

TEST_CASE("http client: ends while exchanges were left in the middle", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    while (connection.send(std::string(10'000, 'x'))) {
    }
  });
  for (int i = 0; i < 20; ++i) {
    test::Caller caller;
    auto first = caller.get(server.url());
    auto second = caller.get(server.url());
    REQUIRE(first);
    REQUIRE(second);
    std::array<char, 100> buffer{};
    CHECK((*first)->read(buffer));
  }
  CHECK(server.requests() == 40);
}
