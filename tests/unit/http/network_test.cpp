// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "fake_names.hpp"
#include "harness.hpp"
#include "host/http/private_address.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using namespace sluice;
using host::Code;
using test::FakeName;
using test::raw_answer;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

namespace {

bool is_private(const std::string& text) {
  sockaddr_storage storage{};
  if (text.find(':') == std::string::npos) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    REQUIRE(inet_pton(AF_INET, text.c_str(), &in.sin_addr) == 1);
    std::memcpy(&storage, &in, sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &in.sin6_addr) == 1);
    std::memcpy(&storage, &in, sizeof in);
  }
  return host::is_private_address(reinterpret_cast<const sockaddr&>(storage));
}

RawHttpServer::Handler saying(std::string text) {
  return
      [=](RawConnection& connection, const RawRequest&) { connection.send(raw_answer(200, text)); };
}

// Speaks SOCKS 5 with user and password, then answers the request that comes through itself.
class SocksServer {
 public:
  SocksServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(listen(fd_, 4) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
      for (int c = accept(fd_, nullptr, nullptr); c >= 0; c = accept(fd_, nullptr, nullptr)) {
        serve(c);
        close(c);
      }
    });
  }
  SocksServer(const SocksServer&) = delete;
  SocksServer& operator=(const SocksServer&) = delete;
  ~SocksServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string asked_for() const {
    const std::lock_guard lock(mutex_);
    return asked_for_;
  }

 private:
  static std::string take(int fd, size_t bytes) {
    std::string out(bytes, '\0');
    return recv(fd, out.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes) ? out : "";
  }
  static void put(int fd, std::string_view bytes) {
    send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  static std::string counted(int fd) {
    const std::string size = take(fd, 1);
    return size.empty() ? "" : take(fd, static_cast<unsigned char>(size[0]));
  }
  void serve(int fd) {
    take(fd, 1);
    counted(fd);
    put(fd, std::string_view("\x05\x02", 2));  // user and password, please
    take(fd, 1);
    const std::string user = counted(fd);
    const std::string password = counted(fd);
    const bool right = user == "me" && password == "s3cret";
    put(fd, right ? std::string_view("\x01\x00", 2) : std::string_view("\x01\x01", 2));
    if (!right) {
      return;
    }
    const std::string request = take(fd, 4);
    const std::string host = request.size() == 4 && request[3] == 3 ? counted(fd) : "";
    take(fd, 2);
    {
      const std::lock_guard lock(mutex_);
      asked_for_ = host;
    }
    put(fd, std::string_view("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50", 10));
    std::string head;
    for (std::string c = take(fd, 1); !c.empty(); c = take(fd, 1)) {
      head += c;
      if (head.ends_with("\r\n\r\n")) {
        put(fd, raw_answer(200, "through socks", "Connection: close\r\n"));
        return;
      }
    }
  }

  int fd_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string asked_for_;  // under mutex_
  std::jthread thread_;
};

}  // namespace

TEST_CASE("http network: which addresses are private", "[unit][http]") {
  for (const char* address : {"0.0.0.0",
                              "10.1.2.3",
                              "100.64.0.1",
                              "100.100.100.200",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.192",
                              "192.168.0.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "::10.0.0.1",
                              "64:ff9b::a00:1",
                              "64:ff9b:1::1",
                              "2002:7f00:1::",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "2001::1",
                              "100::1"}) {
    CAPTURE(address);
    CHECK(is_private(address));
  }
  for (const char* address :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808",
        "2002:808:808::", "2606:4700:4700::1111", "2a00:1450:4001::1"}) {
    CAPTURE(address);
    CHECK_FALSE(is_private(address));
  }
  for (const char* host : {"127.0.0.1", "localhost", "localhost.", "a.localhost", "[::1]",
                           "[::ffff:7f00:1]", "[fe80::1%25eth0]", "[what]"}) {
    CAPTURE(host);
    CHECK(host::is_private_host(host));
  }
  for (const char* host : {"example.org", "localhost.example.org", "8.8.8.8", "[2606:4700::1]"}) {
    CAPTURE(host);
    CHECK_FALSE(host::is_private_host(host));
  }
}

TEST_CASE("http network: deny_private keeps requests from private addresses", "[unit][http]") {
  RawHttpServer server(saying("inside"));
  const std::string port = std::to_string(unsigned{server.port()});
  const FakeName loopback("rebound.example", {"127.0.0.1"});
  const FakeName mapped("mapped.example", {"::ffff:127.0.0.1"});
  const FakeName both("both.example", {"::1", "127.0.0.1", "10.0.0.1", "169.254.169.254"});
  host::HttpOptions options = test::quick_options();  // with retries: they must not happen
  options.deny_private = true;
  test::Caller caller(options);
  const test::Environment direct("no_proxy", "*");
  const std::string host =
      GENERATE("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]",
               "rebound.example", "mapped.example", "both.example");
  CAPTURE(host);
  const auto answer = caller.get("http://" + host + ":" + port + "/secret");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kBadData);
  CHECK(answer.error().vendor_code == EACCES);
  CHECK(server.connections() == 0);
  CHECK(caller.stats.retries == 0);
}

TEST_CASE("http network: deny_private holds for redirects and behind a proxy", "[unit][http]") {
  // The proxy is named, so its own address may be private.
  RawHttpServer proxy([](RawConnection& connection, const RawRequest& request) {
    if (request.target == "http://public.example/away") {
      connection.send(
          raw_answer(302, "", "Location: http://169.254.169.254/latest/meta-data/\r\n"));
    } else {
      connection.send(raw_answer(200, "through the proxy"));
    }
  });
  host::HttpOptions options = test::without_retries();
  options.deny_private = true;
  options.proxy = "http://127.0.0.1:" + std::to_string(unsigned{proxy.port()});
  test::Caller caller(options);
  const test::Environment around("no_proxy", "*");  // does not lead past the check
  auto answer = caller.get("http://public.example/");
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == "through the proxy");
  for (const char* url : {"http://public.example/away", "http://127.0.0.1/", "http://localhost/"}) {
    const auto refused = caller.get(url);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().vendor_code == EACCES);
  }
  CHECK(proxy.requests() == 2);
}

TEST_CASE("http network: an address that refuses does not hide one that answers", "[unit][http]") {
  RawHttpServer server(saying("by the other"));  // on 127.0.0.1 only
  const FakeName name("two.example", {"::1", "127.0.0.1"});
  test::Caller caller(test::without_retries());
  const test::Environment direct("no_proxy", "*");
  auto answer = caller.get("http://two.example:" + std::to_string(unsigned{server.port()}) + "/");
  REQUIRE(answer);
  CHECK(*test::read_all(**answer) == "by the other");
}

TEST_CASE("http network: DNS that does not answer is given up and holds nobody else",
          "[unit][http]") {
  RawHttpServer server(saying("meanwhile"));
  host::HttpOptions options = test::without_retries();
  options.dns_timeout = std::chrono::milliseconds(200);
  options.connect_timeout = std::chrono::minutes(10);
  test::Caller caller(options);
  const test::Environment direct("no_proxy", "*");
  const FakeName silent("silent.example", {});
  const auto answer = caller.get("http://silent.example/");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().vendor_code == EADDRNOTAVAIL);
  CHECK(caller.get(server.url()));  // though the lookup still hangs
}

TEST_CASE("http network: proxies", "[unit][http]") {
  std::mutex mutex;
  std::vector<std::string> seen;
  bool open = true;
  RawHttpServer proxy([&](RawConnection& connection, const RawRequest& request) {
    const std::lock_guard lock(mutex);
    seen.push_back(request.method + " " + request.target + " " +
                   request.header("proxy-authorization"));
    connection.send(raw_answer(open ? 200 : 407, "by proxy"));
  });
  const std::string place = "127.0.0.1:" + std::to_string(unsigned{proxy.port()});
  host::HttpOptions options = test::without_retries();
  const std::string basic = "Basic bWU6czNjcmV0";  // me:s3cret
  SECTION("of the options") {
    options.proxy = "http://me:s3cret@" + place;
    test::Caller caller(options);
    auto answer = caller.get("http://example.test/path?q=1");
    REQUIRE(answer);
    CHECK(*test::read_all(**answer) == "by proxy");
    CHECK(seen.at(0) == "GET http://example.test/path?q=1 " + basic);
  }
  SECTION("of the environment, but not for no_proxy") {
    RawHttpServer server(saying("direct"));
    test::Caller caller(options);
    const test::Environment http("http_proxy", "http://" + place);
    const test::Environment except("no_proxy", "127.0.0.1");
    auto by_proxy = caller.get("http://example.test/");
    REQUIRE(by_proxy);
    CHECK(*test::read_all(**by_proxy) == "by proxy");
    auto direct = caller.get(server.url());
    REQUIRE(direct);
    CHECK(*test::read_all(**direct) == "direct");
    CHECK(seen.size() == 1);
  }
  SECTION("that want other credentials") {
    open = false;
    options.proxy = "http://me:s3cret@" + place;
    options.max_retries = 3;
    test::Caller caller(options);
    const std::string url = GENERATE("http://example.test/", "https://example.test/");
    const auto answer = caller.get(url);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kAuth);
    CHECK(answer.error().vendor_code == EPERM);
    CHECK_THAT(answer.error().message, !Catch::Contains("s3cret"));
    CHECK(proxy.requests() == 1);
  }
  SECTION("that are not there") {
    options.proxy = "http://me:s3cret@127.0.0.1:" + std::to_string(test::unused_port());
    test::Caller caller(options);
    const auto answer = caller.get("http://example.test/");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().vendor_code == ECONNREFUSED);
    CHECK_THAT(answer.error().message, !Catch::Contains("s3cret"));
  }
}

TEST_CASE("http network: a SOCKS proxy finds the name itself", "[unit][http]") {
  const SocksServer proxy;
  host::HttpOptions options = test::without_retries();
  SECTION("with the right password") {
    options.proxy = "socks5h://me:s3cret@" + proxy.place();
    test::Caller caller(options);
    auto answer = caller.get("http://only.the.proxy.knows/");
    REQUIRE(answer);
    CHECK(*test::read_all(**answer) == "through socks");
    CHECK(proxy.asked_for() == "only.the.proxy.knows");
  }
  SECTION("with a wrong one") {
    options.proxy = "socks5h://me:wr0ng@" + proxy.place();
    test::Caller caller(options);
    const auto answer = caller.get("http://only.the.proxy.knows/");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().vendor_code == ENETDOWN);
    CHECK_THAT(answer.error().message, !Catch::Contains("wr0ng"));
  }
}

TEST_CASE("http network: the user agent names sluice and the operator", "[unit][http]") {
  std::string agent;
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    agent = request.header("user-agent");
    connection.send(raw_answer(200, ""));
  });
  host::HttpOptions options = test::without_retries();
  SECTION("by default") {
    test::Caller caller(options);
    REQUIRE(caller.get(server.url()));
    CHECK_THAT(agent, Catch::StartsWith("sluice/"));
    CHECK_THAT(agent, !Catch::Contains("("));
  }
  SECTION("with a contact") {
    options.contact = "ops@example.org";
    test::Caller caller(options);
    REQUIRE(caller.get(server.url()));
    CHECK_THAT(agent, Catch::StartsWith("sluice/") && Catch::EndsWith(" (ops@example.org)"));
  }
  SECTION("under another name") {
    options.user_agent = "weather-mirror/2";
    options.contact = "ops@example.org";
    test::Caller caller(options);
    REQUIRE(caller.get(server.url()));
    CHECK(agent == "weather-mirror/2 (ops@example.org)");
  }
}

TEST_CASE("http network: redirects are followed as often as is allowed", "[unit][http]") {
  RawHttpServer server([](RawConnection& connection, const RawRequest& request) {
    const int left = std::stoi(request.target.substr(1));
    connection.send(left == 0
                        ? raw_answer(200, "there")
                        : raw_answer(302, "", "Location: /" + std::to_string(left - 1) + "\r\n"));
  });
  host::HttpOptions options = test::without_retries();
  options.max_redirects = GENERATE(0U, 2U, 9U);
  test::Caller caller(options);
  CHECK(caller.get(server.url("/" + std::to_string(options.max_redirects))));
  CHECK_FALSE(caller.get(server.url("/" + std::to_string(options.max_redirects + 1))));
}

TEST_CASE("http network: a private key that others may read is not used", "[unit][http]") {
  RawHttpServer server(saying("x"));
  const test::TempDir dir;
  test::write_file(dir / "cert.pem", "certificate");
  test::write_file(dir / "key.pem", "key");
  chmod((dir / "key.pem").c_str(), 0600);
  host::HttpOptions options = test::without_retries();
  options.client_cert = dir / "cert.pem";
  options.client_key = dir / "key.pem";
  SECTION("a key file") {
    chmod((dir / "key.pem").c_str(), GENERATE(0640, 0604, 0644));
  }
  SECTION("a certificate file with the key in it") {
    options.client_key.clear();
    chmod((dir / "cert.pem").c_str(), 0644);
  }
  SECTION("one that is not there") {
    options.client_key = dir / "other.pem";
  }
  SECTION("a certificate that is not there") {
    options.client_cert = dir / "other.pem";
  }
  SECTION("a key without certificate") {
    options.client_cert.clear();
  }
  test::Caller caller(options);
  const auto answer = caller.get(server.url());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kInvalidConfig);
  CHECK(server.connections() == 0);
}
