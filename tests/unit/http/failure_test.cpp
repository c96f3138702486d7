// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <vector>

#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

// What open() or the body's reading ends in.
host::Error failure_of(test::Caller& caller, const host::HttpRequest& request) {
  auto answer = caller.open(request);
  if (!answer) {
    return answer.error();
  }
  auto body = test::read_all(**answer);
  REQUIRE_FALSE(body);
  return body.error();
}

host::Error failure_of(const RawHttpServer::Handler& handler) {
  RawHttpServer server(handler);
  test::Caller caller(test::without_retries());
  return failure_of(caller, test::request_of(server.url("/data?key=hidden")));
}

// A listener whose queue is full: further connections get no answer at all.
class SilentPort {
 public:
  SilentPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    fds_.push_back(socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(bind(fds_[0], raw, size) == 0);
    REQUIRE(listen(fds_[0], 0) == 0);
    REQUIRE(getsockname(fds_[0], raw, &size) == 0);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) {
      fds_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      connect(fds_.back(), raw, size);
    }
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() {
    for (const int fd : fds_) {
      close(fd);
    }
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/";
  }

 private:
  std::vector<int> fds_;
  uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("http failures: connecting", "[unit][http]") {
  host::HttpOptions options = test::without_retries();
  SECTION("a refused connection") {
    test::Caller caller(options);
    const auto error = failure_of(
        caller, test::request_of("http://127.0.0.1:" + std::to_string(test::unused_port()) + "/"));
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ECONNREFUSED);
    CHECK(caller.stats.failed == 1);
  }
  SECTION("a name without an address") {
    test::Caller caller(options);
    const auto error = failure_of(caller, test::request_of("http://no-such-host.invalid/"));
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == EHOSTUNREACH);
  }
  SECTION("a peer that does not react") {
    const SilentPort port;
    options.connect_timeout = std::chrono::milliseconds(150);
    test::Caller caller(options);
    const auto error = failure_of(caller, test::request_of(port.url()));
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ETIME);
  }
}

TEST_CASE("http failures: before the head", "[unit][http]") {
  SECTION("no first byte in time") {
    RawHttpServer server(
        [](RawConnection& connection, const RawRequest&) { connection.wait_for_close(); });
    test::Caller caller(test::without_retries());
    host::HttpRequest request = test::request_of(server.url());
    request.timeout = std::chrono::milliseconds(100);
    const auto error = failure_of(caller, request);
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ETIMEDOUT);
  }
  SECTION("a reset") {
    const auto error =
        failure_of([](RawConnection& connection, const RawRequest&) { connection.reset(); });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ECONNRESET);
  }
  SECTION("an orderly end without an answer") {
    const auto error =
        failure_of([](RawConnection& connection, const RawRequest&) { connection.close(); });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ECONNRESET);
  }
  SECTION("something else than HTTP") {
    const auto error = failure_of([](RawConnection& connection, const RawRequest&) {
      connection.send("220 mail.example ESMTP ready\r\n");
      connection.close();
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == EPROTO);
  }
  SECTION("a head without end") {
    const auto error = failure_of([](RawConnection& connection, const RawRequest&) {
      connection.send("HTTP/1.1 200 OK\r\n");
      const std::string line = "X-Long: " + std::string(1000, 'x') + "\r\n";
      while (connection.send(line)) {
      }
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == EMSGSIZE);
  }
  SECTION("TLS with a server that has none") {
    RawHttpServer server([](RawConnection& connection, const RawRequest&) { connection.close(); });
    host::HttpOptions options = test::without_retries();
    options.connect_timeout = std::chrono::milliseconds(300);
    test::Caller caller(options);
    const auto error = failure_of(
        caller,
        test::request_of("https://127.0.0.1:" + std::to_string(unsigned{server.port()}) + "/"));
    CHECK(error.code == Code::kUnavailable);
  }
}

TEST_CASE("http failures: in the body", "[unit][http]") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  SECTION("shorter than announced") {
    RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Content-Length: 100\r\n\r\nonly this");
      connection.close();
    });
    test::Caller caller;
    auto answer = caller.get(server.url());
    REQUIRE(answer);
    std::string got;
    const auto body = test::read_all(**answer, &got);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == Code::kUnavailable);
    CHECK(body.error().vendor_code == ENODATA);
    CHECK(got == "only this");
    CHECK(server.requests() == 1);  // the slice is tried again, not the request
    std::array<char, 4> buffer{};
    CHECK_FALSE((*answer)->read(buffer));  // it stays failed
    CHECK(caller.stats.failed == 1);
  }
  SECTION("a reset") {
    const auto error = failure_of([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Content-Length: 100\r\n\r\nonly this");
      connection.reset();
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK((error.vendor_code == ECONNRESET));
  }
  SECTION("chunks that end early") {
    const auto error = failure_of([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      connection.close();
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ENODATA);
  }
  SECTION("a chunk size that is no number") {
    const auto error = failure_of([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
      connection.close();
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == EBADMSG);
  }
  SECTION("compression that is none") {
    const auto error = failure_of([&](RawConnection& connection, const RawRequest&) {
      connection.send(raw_answer(200, "this is not gzip at all", "Content-Encoding: gzip\r\n"));
    });
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == EILSEQ);
  }
  SECTION("nothing more comes") {
    RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Content-Length: 100\r\n\r\nonly this");
      connection.wait_for_close();
    });
    host::HttpOptions options;
    options.stall_timeout = std::chrono::milliseconds(100);
    test::Caller caller(options);
    const auto error = failure_of(caller, test::request_of(server.url()));
    CHECK(error.code == Code::kUnavailable);
    CHECK(error.vendor_code == ETIMEDOUT);
  }
  SECTION("longer than allowed by its length") {
    RawHttpServer server([](RawConnection& connection, const RawRequest&) {
      connection.send(raw_answer(200, std::string(5000, 'x')));
    });
    test::Caller caller;
    host::HttpRequest request = test::request_of(server.url());
    request.max_body_bytes = 4999;
    const auto error = failure_of(caller, request);
    CHECK(error.code == Code::kBadData);
    CHECK(error.vendor_code == EFBIG);
    request.max_body_bytes = 5000;
    auto answer = caller.open(request);
    REQUIRE(answer);
    CHECK(test::read_all(**answer));
  }
  SECTION("longer than allowed without a length") {
    RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
      connection.send(head + "Connection: close\r\n\r\n");
      while (connection.send(std::string(1000, 'x'))) {
      }
    });
    test::Caller caller;
    host::HttpRequest request = test::request_of(server.url());
    request.max_body_bytes = 1'000'000;
    auto answer = caller.open(request);
    REQUIRE(answer);
    std::string got;
    const auto body = test::read_all(**answer, &got);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == Code::kBadData);
    CHECK(body.error().vendor_code == EFBIG);
    CHECK(got.size() == 1'000'000);
  }
}

TEST_CASE("http failures: an answer of another type than expected", "[unit][http]") {
  std::string type = "text/html; charset=utf-8";
  int status = 200;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, "<html>", "Content-Type: " + type + "\r\n"));
  });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  request.expect = "application/json";
  SECTION("is unavailable") {
    const auto answer = caller.open(request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kUnavailable);
    CHECK(answer.error().vendor_code == 200);
    CHECK(server.requests() == 1);
  }
  SECTION("passes if it is of a kindred type") {
    type = "application/vnd.api+json";
    CHECK(caller.open(request));
  }
  SECTION("does not matter for a 404") {
    status = 404;
    const auto answer = caller.open(request);
    REQUIRE(answer);
    CHECK((*answer)->status() == 404);
  }
}

TEST_CASE("http failures: requests that are refused before anything is sent", "[unit][http]") {
  RawHttpServer server(
      [](RawConnection& connection, const RawRequest&) { connection.send(raw_answer(200, "")); });
  test::Caller caller;
  host::HttpRequest request = test::request_of(server.url());
  SECTION("a scheme") {
    request.url = GENERATE("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/");
  }
  SECTION("no URL") {
    request.url = GENERATE("", "/path", "127.0.0.1", "http://", "http://a b/", "http:// /",
                           "http://h/\r\nX: y");
  }
  SECTION("a NUL in the URL") {
    request.url += std::string("a\0b", 3);
  }
  SECTION("a header") {
    request.headers = GENERATE("X: a\rY: b\n", "no colon\n", ": no name\n", "Bad Name: x\n",
                               "Content-Length: 5\n", "transfer-encoding: chunked\n");
  }
  SECTION("a NUL in a header") {
    request.headers = std::string("X: a\0b\n", 7);
  }
  SECTION("a method") {
    request.method = GENERATE("G T", "GET\r\n", "CONNECT");
  }
  const auto answer = caller.open(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kInvalidConfig);
  CHECK(server.requests() == 0);
  CHECK(caller.stats.requests == 0);
}

TEST_CASE("http failures: messages hold no secrets", "[unit][http]") {
  int status = 500;
  RawHttpServer server([&](RawConnection& connection, const RawRequest&) {
    connection.send(raw_answer(status, "", "Location: http://127.0.0.1:1/?key=s3cret\r\n"));
  });
  test::Caller caller(test::without_retries());
  const std::string place = "127.0.0.1:" + std::to_string(unsigned{server.port()});
  host::HttpRequest request =
      test::request_of("http://user:s3cret@" + place + "/path?key=s3cret#s3cret");
  request.headers = "Authorization: Bearer s3cret\n";
  SECTION("of a status") {
    status = GENERATE(500, 429, 401, 403, 304);
  }
  SECTION("of a redirect that leads nowhere") {
    status = 302;
  }
  SECTION("of a header") {
    request.headers = "X-Key: s3cret\x01\n";
  }
  SECTION("of a malformed URL") {
    request.url = "http://user:s3cret@/?key=s3cret";
  }
  SECTION("of an expectation") {
    status = 200;
    request.expect = "application/json";
  }
  const auto answer = caller.open(request);
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, !Catch::Contains("s3cret"));
  CHECK_THAT(answer.error().message, !Catch::Contains("key="));
}
