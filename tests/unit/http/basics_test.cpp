// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace sluice;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

TEST_CASE("http: a GET brings status, headers and body", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, "hello", "Content-Type: text/plain\r\nX-A: 1\r\nx-a: 2\r\n"));
  });
  test::Caller caller;
  auto answer = caller.get(server.url("/greeting?key=secret"));
  REQUIRE(answer);
  CHECK((*answer)->status() == 200);
  CHECK((*answer)->content_length() == 5);
  CHECK((*answer)->header("content-TYPE") == "text/plain");
  CHECK((*answer)->header("X-A") == "1, 2");
  CHECK((*answer)->header("missing").empty());
  CHECK((*answer)->header(":url") == server.url("/greeting"));
  const auto body = test::read_all(**answer);
  REQUIRE(body);
  CHECK(*body == "hello");
  CHECK(caller.stats.requests == 1);
  answer->reset();
  CHECK(caller.stats.bytes == 5);
}
