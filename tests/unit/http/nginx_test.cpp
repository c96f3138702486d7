// SPDX-License-Identifier: Apache-2.0
//
// The client beside a real server: nginx, plain and over TLS with a private certificate authority.
#include "support/nginx.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "certificates.hpp"
#include "harness.hpp"

using namespace sluice;
using host::Code;
using test::CertificateAuthority;
using test::Nginx;

namespace {

std::string text_of(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) {
    text += "line " + std::to_string(i) + " of a text that compresses\n";
  }
  text.resize(size);
  return text;
}

// What the server saw, in headers of its answers.
const std::string kEcho =
    "add_header X-Protocol $server_protocol always; add_header X-Connection $connection always;\n"
    "add_header X-Agent $http_user_agent always;\n";

std::string plain(uint16_t port) {
  return "server { listen 127.0.0.1:" + std::to_string(port) + ";\n" + kEcho +
         "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; }";
}

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

size_t threads() {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

// nginx with certificates: `server` adds to the server block.
class TlsNginx {
 public:
  explicit TlsNginx(const CertificateAuthority::Wish& wish = {.names = "IP:127.0.0.1"},
                    const std::string& server = {})
      : nginx_([&](uint16_t port) {
          authority_.issue(dir_ / "server", wish);
          authority_.issue(dir_ / "client", {.common_name = "the client"});
          authority_.write_root(dir_ / "ca.pem");
          stranger_.issue(dir_ / "stranger", {.common_name = "a stranger"});
          return "server { listen 127.0.0.1:" + std::to_string(port) + " ssl http2;\n" + kEcho +
                 "add_header X-Alpn $ssl_alpn_protocol always;\n"
                 "add_header X-Client $ssl_client_s_dn always;\n"
                 "ssl_certificate " +
                 (dir_ / "server.pem") + "; ssl_certificate_key " + (dir_ / "server.key") + ";\n" +
                 server + " }";
        }) {
    nginx_.put("text", text_of(1000));
  }
  [[nodiscard]] host::HttpOptions options() const {
    host::HttpOptions options = test::quick_options();
    options.ca_file = dir_ / "ca.pem";
    return options;
  }
  [[nodiscard]] std::string url(const std::string& path = "/text") const {
    return nginx_.url(path, "https");
  }
  [[nodiscard]] const test::TempDir& dir() const { return dir_; }

 private:
  test::TempDir dir_;
  CertificateAuthority authority_{"private root of " + dir_.path().filename().string()};
  CertificateAuthority stranger_{"another root"};
  Nginx nginx_;
};

// A server that must not be spoken to: the request fails without a retry.
void check_untrusted(test::Caller& caller, const std::string& url) {
  const auto answer = caller.get(url);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().vendor_code == EPROTO);
  CHECK(caller.stats.requests == 1);
}

}  // namespace

TEST_CASE("http with nginx: connections are kept and the agent is seen", "[unit][http]") {
  const Nginx nginx(plain);
  nginx.put("text", "hello");
  test::Caller caller;
  std::string connection;
  for (int i = 0; i < 20; ++i) {
    auto answer = caller.get(nginx.url("/text"));
    REQUIRE(answer);
    CHECK(*test::read_all(**answer) == "hello");
    CHECK_THAT((*answer)->header("X-Agent"), Catch::StartsWith("sluice/"));
    connection = i == 0 ? (*answer)->header("X-Connection") : connection;
    CHECK((*answer)->header("X-Connection") == connection);
  }
}

TEST_CASE("http with nginx: gzip on the way", "[unit][http]") {
  const Nginx nginx(plain);
  const std::string text = text_of(500'000);
  nginx.put("text", text);
  test::Caller caller;
  auto answer = caller.get(nginx.url("/text"));
  REQUIRE(answer);
  CHECK((*answer)->header("Content-Encoding") == "gzip");
  CHECK((*test::read_all(**answer) == text));
  answer->reset();
  CHECK(caller.stats.bytes < text.size() / 4);
}

TEST_CASE("http with nginx: ranges", "[unit][http]") {
  const Nginx nginx(plain);
  const std::string text = text_of(10'000);
  nginx.put("data.zip", text);
  test::Caller caller;
  auto whole = caller.get(nginx.url("/data.zip"));
  REQUIRE(whole);
  const std::string validator = (*whole)->header(":validator");
  host::HttpRequest request = test::request_of(nginx.url("/data.zip"));
  request.range_start = 9'000;
  request.validator = validator;
  auto part = caller.open(request);
  REQUIRE(part);
  CHECK((*part)->status() == 206);
  CHECK((*part)->header("Content-Range") == "bytes 9000-9999/10000");
  CHECK(*test::read_all(**part) == text.substr(9'000));
  SECTION("of what has changed meanwhile come whole") {
    nginx.put("data.zip", "new and short");
    std::filesystem::last_write_time(
        nginx.folder() / "root/data.zip",
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(5));
    auto fresh = caller.open(request);
    REQUIRE(fresh);
    CHECK((*fresh)->status() == 200);
    CHECK(*test::read_all(**fresh) == "new and short");
  }
}

TEST_CASE("http with nginx: a validator makes an unchanged file a 304", "[unit][http]") {
  const Nginx nginx(plain);
  nginx.put("text", "as it was");
  test::Caller caller;
  auto first = caller.get(nginx.url("/text"));
  REQUIRE(first);
  REQUIRE(test::read_all(**first));
  host::HttpRequest request = test::request_of(nginx.url("/text"));
  request.validator = (*first)->header(":validator");
  CHECK_THAT(request.validator, Catch::Contains("ETag: ") && Catch::Contains("Last-Modified: "));
  auto again = caller.open(request);
  REQUIRE(again);
  CHECK((*again)->status() == 304);
  CHECK(test::read_all(**again)->empty());
  CHECK(caller.stats.not_modified == 1);
  nginx.put("text", "as it is now");
  std::filesystem::last_write_time(
      nginx.folder() / "root/text",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(3));
  auto changed = caller.open(request);
  REQUIRE(changed);
  CHECK((*changed)->status() == 200);
  CHECK(*test::read_all(**changed) == "as it is now");
}

TEST_CASE("http with nginx: its request limit is waited out", "[unit][http]") {
  const std::string status = GENERATE("429", "503");
  const Nginx nginx([&](uint16_t port) {
    return "limit_req_zone $binary_remote_addr zone=z:1m rate=20r/s; limit_req_status " + status +
           ";\nserver { listen 127.0.0.1:" + std::to_string(port) +
           "; location / { limit_req zone=z; } }";
  });
  nginx.put("text", "allowed");
  host::HttpOptions options = test::quick_options();
  options.retry_base = std::chrono::milliseconds(100);
  options.retry_cap = std::chrono::milliseconds(400);
  options.max_retries = 30;
  test::Caller caller(options);
  for (int i = 0; i < 4; ++i) {
    auto answer = caller.get(nginx.url("/text"));
    REQUIRE(answer);
    CHECK(*test::read_all(**answer) == "allowed");
  }
  CHECK(caller.stats.failed == 0);
  CHECK(caller.stats.retries > 0);
}

TEST_CASE("http with nginx: large bodies are taken", "[unit][http]") {
  const Nginx nginx([](uint16_t port) {
    return "server { listen 127.0.0.1:" + std::to_string(port) +
           "; location / { dav_methods PUT; client_body_in_file_only off; } }";
  });
  const std::string body = text_of(20U << 20);
  test::Caller caller(test::without_retries());
  host::HttpRequest request = test::request_of(nginx.url("/upload"));
  request.method = "PUT";
  request.body = body;
  auto answer = caller.open(request);
  REQUIRE(answer);
  CHECK((*answer)->status() == 201);
  CHECK((test::read_file(nginx.folder() / "root/upload") == body));
}

TEST_CASE("http with nginx: HTTP 2 over TLS with a private authority", "[unit][http]") {
  const TlsNginx nginx;
  test::Caller caller(nginx.options());
  constexpr int kCallers = 16;
  std::atomic<int> well{0};
  std::mutex mutex;
  std::set<std::string> connections;
  std::string problem;
  {
    auto first = caller.get(nginx.url());  // its connection serves the others
    REQUIRE(first);
    REQUIRE(test::read_all(**first));
  }
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < kCallers; ++i) {
      all.emplace_back([&] {
        auto answer = caller.get(nginx.url());
        const bool good = answer && (*answer)->header("X-Protocol") == "HTTP/2.0" &&
                          (*answer)->header("X-Alpn") == "h2" &&
                          *test::read_all(**answer) == text_of(1000);
        well += good ? 1 : 0;
        const std::lock_guard lock(mutex);
        problem = answer ? problem : answer.error().message;
        connections.insert(answer ? (*answer)->header("X-Connection") : "");
      });
    }
  }
  CHECK(problem == "");
  CHECK(well == kCallers);
  CHECK(connections.size() == 1);  // all at once over one
}

TEST_CASE("http with nginx: a server that cannot be trusted is not spoken to", "[unit][http]") {
  SECTION("of an authority that is not known") {
    const TlsNginx nginx;
    test::Caller caller;
    check_untrusted(caller, nginx.url());
  }
  SECTION("with another name") {
    const TlsNginx nginx({.names = "DNS:example.test,IP:127.0.0.9"});
    test::Caller caller(nginx.options());
    check_untrusted(caller, nginx.url());
  }
  SECTION("with a certificate that has expired") {
    const TlsNginx nginx({.names = "IP:127.0.0.1", .valid_from_s = -7200, .valid_to_s = -3600});
    test::Caller caller(nginx.options());
    check_untrusted(caller, nginx.url());
  }
  SECTION("with a certificate that is not valid yet") {
    const TlsNginx nginx({.names = "IP:127.0.0.1", .valid_from_s = 3600, .valid_to_s = 7200});
    test::Caller caller(nginx.options());
    check_untrusted(caller, nginx.url());
  }
  SECTION("with a certificate it signed itself") {
    const TlsNginx nginx({.names = "IP:127.0.0.1", .self_signed = true});
    test::Caller caller(nginx.options());
    check_untrusted(caller, nginx.url());
  }
}

TEST_CASE("http with nginx: client certificates", "[unit][http]") {
  const std::string version = GENERATE("TLSv1.2", "TLSv1.3");
  const TlsNginx nginx({.names = "IP:127.0.0.1"},
                       "ssl_verify_client optional_no_ca; "
                       "if ($ssl_client_s_dn = \"\") { return 403; } "
                       "ssl_protocols " +
                           version + ";");
  host::HttpOptions options = nginx.options();
  SECTION("are shown to who asks") {
    options.client_cert = nginx.dir() / "client.pem";
    options.client_key = nginx.dir() / "client.key";
    test::Caller caller(options);
    auto answer = caller.get(nginx.url());
    REQUIRE(answer);
    CHECK((*answer)->status() == 200);
    CHECK((*answer)->header("X-Client") == "CN=the client");
  }
  SECTION("are missed") {
    test::Caller caller(options);
    const auto answer = caller.get(nginx.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kAuth);
  }
  SECTION("must belong to their key") {
    options.client_cert = nginx.dir() / "client.pem";
    options.client_key = nginx.dir() / "stranger.key";
    test::Caller caller(options);
    const auto answer = caller.get(nginx.url());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kInvalidConfig);
    CHECK(answer.error().vendor_code == ENOKEY);
  }
}

TEST_CASE("http with nginx: a client certificate stays with its server", "[unit][http]") {
  const TlsNginx there({.names = "IP:127.0.0.1"}, "ssl_verify_client optional_no_ca;");
  const TlsNginx here({.names = "IP:127.0.0.1"},
                      "location = /away { return 302 " + there.url() + "; }");
  // Both roots are trusted.
  const test::TempDir dir;
  test::write_file(dir / "roots.pem", test::read_file(here.dir() / "ca.pem") +
                                          test::read_file(there.dir() / "ca.pem"));
  host::HttpOptions options = test::without_retries();
  options.ca_file = dir / "roots.pem";
  options.client_cert = here.dir() / "client.pem";
  options.client_key = here.dir() / "client.key";
  test::Caller caller(options);
  auto answer = caller.get(here.url("/away"));
  REQUIRE(answer);
  CHECK((*answer)->status() == 200);
  CHECK((*answer)->header("X-Client").empty());
}

TEST_CASE("http with nginx: a thousand requests in flight take one thread", "[unit][http]") {
  constexpr size_t kMany = 1000;
  const Nginx nginx(plain);
  const std::string text = text_of(64'000);
  nginx.put("data.zip", text);
  host::HttpOptions options = test::quick_options();
  options.max_connections_per_host = kMany;
  options.buffer_bytes = 8'192;
  test::Caller caller(options);
  std::vector<std::unique_ptr<host::HttpExchange>> flying;
  const size_t before = threads();
  for (size_t i = 0; i < kMany; ++i) {
    auto answer = caller.get(nginx.url("/data.zip"));
    REQUIRE(answer);
    flying.push_back(std::move(*answer));
  }
  CHECK(threads() <= before + 1);
  std::set<std::string> connections;
  for (const auto& exchange : flying) {
    connections.insert(exchange->header("X-Connection"));
  }
  CHECK(connections.size() == kMany);  // none had ended before the last began
  size_t whole = 0;
  for (const auto& exchange : flying) {
    const auto body = test::read_all(*exchange);
    whole += body && *body == text ? 1 : 0;
  }
  CHECK(whole == kMany);
}

TEST_CASE("http with nginx: memory stays flat over many requests", "[unit][http]") {
  const Nginx nginx(plain);
  nginx.put("text", text_of(2'000));
  // SLUICE_HTTP_REQUESTS=100000 for the long run.
  const char* wanted = std::getenv("SLUICE_HTTP_REQUESTS");
  const int count = wanted == nullptr ? 10'000 : std::atoi(wanted);
  test::Caller caller;
  std::atomic<int> failed{0};
  const auto ask = [&](int times) {
    std::atomic<int> left{times};
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        while (left-- > 0) {
          auto answer = caller.get(nginx.url("/text"));
          const auto body = answer ? test::read_all(**answer) : std::string();
          failed += body && body->size() == 2'000 ? 0 : 1;
        }
      });
    }
  };
  ask(2'000);
  const uint64_t before = resident_bytes();
  ask(count);
  CHECK(failed == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(resident_bytes() < before + (2U << 20));
#else
  static_cast<void>(before);
#endif
}
