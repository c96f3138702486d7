// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <mutex>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

// "hello hello hello compressed" as gzip.
const std::string kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x22\x93\xf3\x73\x0b"
    "\x8a\x52\x8b\x8b\x53"
    "\x53\x00\xfd\x3f\x91\xea\x1c\x00\x00\x00",
    38);

// Answers 200 with what it was asked: method, target, headers, body.
void echo(RawConnection& connection, const RawRequest& request) {
  connection.send(raw_answer(200, request.head + "\r\n" + request.body));
}

std::string body_of(host::Result<std::unique_ptr<host::HttpExchange>> answer) {
  REQUIRE(answer);
  auto body = test::read_all(**answer);
  REQUIRE(body);
  return *body;
}

}  // namespace

TEST_CASE("http: a GET brings status and headers and body", "[unit][http]") {
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

TEST_CASE("http: requests say what they are given", "[unit][http]") {
  RawHttpServer server(echo);
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url("/a%20b?c=d"));
  SECTION("a GET") {
    request.headers = "X-Key: value: with colon\nX-Empty:\nAccept: text/csv\n";
    const std::string seen = body_of(caller.open(request));
    CHECK_THAT(seen, Catch::StartsWith("GET /a%20b?c=d HTTP/1.1\r\n"));
    CHECK_THAT(seen, Catch::Contains("X-Key: value: with colon\r\n"));
    CHECK_THAT(seen, Catch::Contains("X-Empty:\r\n"));
    CHECK_THAT(seen, Catch::Contains("Accept: text/csv\r\n"));
    CHECK_THAT(seen, Catch::Contains("User-Agent: sluice/"));
    CHECK_THAT(seen, Catch::Contains("Accept-Encoding: "));
  }
  SECTION("a body") {
    request.method = GENERATE("POST", "PUT", "PATCH");
    request.headers = "Content-Type: text/plain\n";
    request.body = "some text";
    const std::string seen = body_of(caller.open(request));
    CHECK_THAT(seen, Catch::StartsWith(request.method + " /a%20b?c=d"));
    CHECK_THAT(seen, Catch::Contains("Content-Length: 9\r\n"));
    CHECK_THAT(seen, Catch::Contains("Content-Type: text/plain\r\n"));
    CHECK_THAT(seen, Catch::EndsWith("\r\nsome text"));
    CHECK_THAT(seen, !Catch::Contains("Expect"));
  }
  SECTION("a range") {
    request.range_start = 1000;
    const std::string seen = body_of(caller.open(request));
    CHECK_THAT(seen, Catch::Contains("Range: bytes=1000-\r\n"));
    CHECK_THAT(seen, !Catch::Contains("Accept-Encoding"));
  }
}

TEST_CASE("http: a HEAD has no body", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  request.method = "HEAD";
  request.max_body_bytes = 10;
  request.expect = "application/json";
  auto answer = caller.open(request);
  REQUIRE(answer);
  CHECK((*answer)->content_length() == 12345);
  CHECK(test::read_all(**answer)->empty());
}

TEST_CASE("http: bodies are framed in all ways", "[unit][http]") {
  std::string answer;
  bool close = false;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(answer);
    if (close) {
      connection.close();
    }
  });
  test::Caller caller;
  SECTION("by chunks with a trailer") {
    answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
        "world\r\n0\r\nX-End: 1\r\n\r\n";
    CHECK(body_of(caller.get(server.url())) == "hello world");
  }
  SECTION("by the connection's end") {
    answer = "HTTP/1.0 200 OK\r\n\r\nhello world";
    close = true;
    auto got = caller.get(server.url());
    REQUIRE(got);
    CHECK((*got)->content_length() == -1);
    CHECK(body_of(std::move(got)) == "hello world");
  }
  SECTION("after interim answers") {
    answer =
        "HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "2\r\n\r\nok";
    auto got = caller.get(server.url());
    REQUIRE(got);
    CHECK((*got)->header("X-A").empty());
    CHECK(body_of(std::move(got)) == "ok");
  }
  SECTION("not at all") {
    answer = "HTTP/1.1 204 No Content\r\n\r\n";
    CHECK(body_of(caller.get(server.url())).empty());
  }
}

TEST_CASE("http: compressed answers are decoded where that was asked for", "[unit][http]") {
  std::string asked;
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    asked = request.header("accept-encoding");
    connection.send(raw_answer(200, kGzip, "Content-Encoding: gzip\r\n"));
  });
  test::Caller caller;
  SECTION("a document") {
    auto answer = caller.get(server.url("/list.json"));
    REQUIRE(answer);
    CHECK((*answer)->content_length() == 38);
    CHECK(*test::read_all(**answer) == "hello hello hello compressed");
    CHECK_THAT(asked, Catch::Contains("gzip"));
    answer->reset();
    CHECK(caller.stats.bytes == 38);
  }
  SECTION("an archive stays as it is") {
    const std::string path = GENERATE("/stations.zip", "/a.tar.GZ?x=y", "/x.zst");
    CHECK(body_of(caller.get(server.url(path))) == kGzip);
    CHECK(asked.empty());
  }
  SECTION("the caller decides by a header of their own") {
    host::HttpRequest request = test::request_of(server.url("/list.json"));
    request.headers = "Accept-Encoding: gzip\n";
    CHECK(body_of(caller.open(request)) == kGzip);
  }
}

TEST_CASE("http: connections are used again", "[unit][http]") {
  RawHttpServer server(echo);
  test::Caller caller;
  for (int i = 0; i < 50; ++i) {
    body_of(caller.get(server.url()));
  }
  CHECK(server.requests() == 50);
  CHECK(server.connections() == 1);
}

TEST_CASE("http: a connection that died while idle costs no failure", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(200, "ok"));
    connection.close();
  });
  test::Caller caller(test::without_retries());
  for (int i = 0; i < 20; ++i) {
    CHECK(body_of(caller.get(server.url())) == "ok");
  }
}

TEST_CASE("http validators: make a later request conditional", "[unit][http]") {
  std::string headers;
  std::vector<RawRequest> seen;
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    seen.push_back(request);
    const bool conditional =
        !request.header("if-none-match").empty() || !request.header("if-modified-since").empty();
    connection.send(raw_answer(conditional ? 304 : 200, conditional ? "" : "data", headers));
  });
  test::Caller caller;
  const std::string date = "Wed, 21 Oct 2015 07:28:00 GMT";
  const std::string etag = GENERATE("", "\"abc\"", "W/\"weak, 1\"");
  const bool dated = GENERATE(false, true);
  headers = (etag.empty() ? "" : "ETag: " + etag + "\r\n") +
            (dated ? "Last-Modified: " + date + "\r\n" : "");
  auto first = caller.get(server.url());
  REQUIRE(first);
  host::HttpRequest again = test::request_of(server.url());
  again.validator = (*first)->header(":validator");
  CHECK(again.validator.empty() == headers.empty());
  auto second = caller.open(again);
  REQUIRE(second);
  CHECK((*second)->status() == (headers.empty() ? 200U : 304U));
  CHECK(caller.stats.not_modified == (headers.empty() ? 0U : 1U));
  CHECK(seen.at(1).header("if-none-match") == etag);
  CHECK(seen.at(1).header("if-modified-since") == (dated ? date : ""));
  CHECK((*second)->header(":validator") == again.validator);
  // For a range the same proof keeps bytes of two versions apart; a weak ETag is none.
  again.range_start = 2;
  CHECK(caller.open(again));
  const bool strong = !etag.empty() && etag[0] == '"';
  CHECK(seen.at(2).header("if-range") == (strong ? etag : dated ? date : ""));
  CHECK(seen.at(2).header("if-none-match").empty());
}

TEST_CASE("http validators: what is none does not count", "[unit][http]") {
  std::vector<RawRequest> seen;
  int status = 200;
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    seen.push_back(request);
    connection.send(raw_answer(status, ""));
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  request.validator = GENERATE("garbage", "ETag: a\rX-Evil: 1\n", "etag: \"a\"", "\n\n");
  CHECK(caller.open(request));
  CHECK(seen.at(0).header("if-none-match").empty());
  CHECK(seen.at(0).header("x-evil").empty());
  status = 304;  // so this is no answer
  const auto answer = caller.open(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().vendor_code == 304);
}

TEST_CASE("http redirects: are followed", "[unit][http]") {
  int status = 302;
  std::string location = "/there?x=1";
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    if (request.target.starts_with("/here")) {
      connection.send(raw_answer(status, "moved", "Location: " + location + "\r\n"));
    } else {
      echo(connection, request);
    }
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url("/here"));
  request.headers = "Authorization: Bearer token\n";
  SECTION("within the origin with all headers") {
    location = GENERATE("/there?x=1", "there", "?/there");
    location = location == "?/there" ? server.url("/there") : location;
    auto answer = caller.open(request);
    REQUIRE(answer);
    CHECK((*answer)->header(":url") == server.url("/there"));
    CHECK_THAT(*test::read_all(**answer), Catch::Contains("Authorization: Bearer token"));
    CHECK(caller.stats.requests == 2);
  }
  SECTION("a POST becomes a GET") {
    status = GENERATE(301, 302, 303);
    request.method = "POST";
    request.body = "data";
    CHECK_THAT(body_of(caller.open(request)), Catch::StartsWith("GET /there"));
  }
  SECTION("or stays a POST") {
    status = GENERATE(307, 308);
    request.method = "POST";
    request.body = "data";
    const std::string seen = body_of(caller.open(request));
    CHECK_THAT(seen, Catch::StartsWith("POST /there"));
    CHECK_THAT(seen, Catch::EndsWith("data"));
  }
}

TEST_CASE("http redirects: secrets stay with their origin", "[unit][http]") {
  RawHttpServer other(echo);
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(302, "", "Location: " + other.url("/there") + "\r\n"));
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url("/here"));
  request.url.insert(7, "user:s3cret@");
  request.headers = "X-Api-Key: s3cret\nCookie: s3cret\nAccept: text/csv\n";
  const std::string seen = body_of(caller.open(request));
  CHECK_THAT(seen, !Catch::Contains("s3cret"));
  CHECK_THAT(seen, !Catch::Contains("Authorization"));
  CHECK_THAT(seen, Catch::Contains("Accept: text/csv"));
}

TEST_CASE("http redirects: some are not followed", "[unit][http]") {
  std::string location;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(301, "", location));
  });
  test::Caller caller;
  SECTION("in a circle") {
    location = "Location: /again\r\n";
    const auto answer = caller.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kUnavailable);
    CHECK(server.requests() == 6);
  }
  SECTION("to other schemes") {
    location = GENERATE("Location: file:///etc/passwd\r\n", "Location: ftp://127.0.0.1/\r\n",
                        "Location: http://\r\n");
    const auto answer = caller.get(server.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kUnavailable);
    CHECK(server.requests() == 1);
  }
  SECTION("without a target they are answers") {
    const auto answer = caller.get(server.url());
    REQUIRE(answer);
    CHECK((*answer)->status() == 301);
  }
}

TEST_CASE("http: a proxy from the environment is used", "[unit][http]") {
  RawHttpServer proxy(echo);
  test::Caller caller;
  const test::Environment through("http_proxy", proxy.url(""));
  const test::Environment none("no_proxy", "direct.invalid");
  CHECK_THAT(body_of(caller.get("http://far.invalid/data")),
             Catch::StartsWith("GET http://far.invalid/data HTTP/1.1"));
  const auto direct = caller.get("http://direct.invalid/");
  CHECK_FALSE(direct);
  CHECK(proxy.requests() == 1);
}
