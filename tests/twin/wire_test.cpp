// SPDX-License-Identifier: Apache-2.0
// Faults as they arrive on the wire, seen by a client that is nothing but a socket; and the
// executable.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/fault.hpp"
#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient(RawClient&&) = delete;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { ::close(fd_); }

  void get(const std::string& path, const std::string& headers = {}) {
    const std::string text = "GET " + path + " HTTP/1.1\r\nHost: twin\r\n" + headers + "\r\n";
    REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }

  struct Seen {
    std::string head;
    std::string body;
    bool reset = false;  // ended by RST
  };
  // Everything until the server closes.
  Seen read_all() {
    std::string all;
    Seen seen;
    std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        seen.reset = got < 0 && errno == ECONNRESET;
        break;
      }
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::size_t end = all.find("\r\n\r\n");
    seen.head = all.substr(0, end == std::string::npos ? all.size() : end);
    seen.body = end == std::string::npos ? "" : all.substr(end + 4);
    return seen;
  }
  bool silent_for(int ms) {
    pollfd poll_fd{fd_, POLLIN, 0};
    return ::poll(&poll_fd, 1, ms) == 0;
  }

 private:
  const int fd_;
};

std::size_t length_of(const RawClient::Seen& seen) {
  const std::string name = "Content-Length: ";
  const std::size_t at = seen.head.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoul(seen.head.substr(at + name.size()));
}

struct Fixture {
  Fixture()
      : twin(small_options()),
        path(kRoot + walk(twin, "daily/kl/recent/").back()),
        truth(fetch(twin, path).body) {}

  void rule(json rule) { twin.control("POST", "/_twin/faults", rule.dump()); }
  RawClient::Seen see() {
    RawClient client(twin.port());
    client.get(path);
    return client.read_all();
  }

  Twin twin;
  std::string path;
  std::string truth;
};

TEST_CASE("fault status: another status with Retry-After and body") {
  Fixture fixture;
  fixture.rule({{"action", "status"},
                {"status", 429},
                {"retry_after", 7},
                {"body", "slow down"},
                {"times", 1}});
  const Answer answer = fetch(fixture.twin, fixture.path);
  CHECK(answer.status == 429);
  CHECK(answer.headers.at("retry-after") == "7");
  CHECK(answer.body == "slow down");
  CHECK(fetch(fixture.twin, fixture.path).status == 200);
}

TEST_CASE("fault reset: RST before anything, or after some bytes of the body") {
  Fixture fixture;
  SECTION("at the start") {
    fixture.rule({{"action", "reset"}});
    const auto seen = fixture.see();
    CHECK(seen.reset);
    CHECK(seen.head.empty());
  }
  SECTION("within the body") {
    fixture.rule({{"action", "reset"}, {"after_bytes", 100}});
    const auto seen = fixture.see();
    CHECK(seen.reset);
    CHECK(length_of(seen) == fixture.truth.size());
    CHECK(seen.body == fixture.truth.substr(0, 100));
  }
}

TEST_CASE("fault truncate: the length is told, the body cut, the close orderly") {
  Fixture fixture;
  fixture.rule({{"action", "truncate"}, {"after_bytes", 1000}});
  const auto seen = fixture.see();
  CHECK_FALSE(seen.reset);
  CHECK(length_of(seen) == fixture.truth.size());
  CHECK(seen.body == fixture.truth.substr(0, 1000));
}

TEST_CASE("fault truncate never sends a whole body") {
  Fixture fixture;
  fixture.rule({{"action", "truncate"}, {"after_bytes", 99'999'999}});
  const auto seen = fixture.see();
  CHECK(seen.body.size() == fixture.truth.size() - 1);
}

TEST_CASE("fault wrong_length: Content-Length larger or smaller than the body") {
  Fixture fixture;
  const int delta = GENERATE(5, -5);
  fixture.rule({{"action", "wrong_length"}, {"delta", delta}});
  const auto seen = fixture.see();
  CHECK(static_cast<long>(length_of(seen)) == static_cast<long>(fixture.truth.size()) + delta);
  CHECK(seen.body == fixture.truth);
}

TEST_CASE("fault garbage: other bytes of the right length") {
  Fixture fixture;
  fixture.rule({{"action", "garbage"}});
  const Answer answer = fetch(fixture.twin, fixture.path);
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "application/zip");
  CHECK(answer.body.size() == fixture.truth.size());
  CHECK(answer.body.substr(0, 64) != fixture.truth.substr(0, 64));
}

TEST_CASE("fault html: a page instead of the file") {
  Fixture fixture;
  fixture.rule({{"action", "html"}});
  const Answer answer = fetch(fixture.twin, fixture.path);
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "text/html");
  CHECK(answer.body.rfind("<!DOCTYPE html>", 0) == 0);
}

TEST_CASE("fault bad_chunked: a chunk size that is no number") {
  Fixture fixture;
  fixture.rule({{"action", "bad_chunked"}});
  const auto seen = fixture.see();
  CHECK(seen.head.find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(seen.head.find("Content-Length") == std::string::npos);
  CHECK(seen.body.find("zz-not-a-size") != std::string::npos);
}

TEST_CASE("fault slow and delay: the truth, later") {
  Fixture fixture;
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  SECTION("slow") {
    fixture.rule({{"action", "slow"}, {"bytes_per_second", fixture.truth.size() * 5}});
    CHECK(fetch(fixture.twin, fixture.path).body == fixture.truth);
    CHECK(Clock::now() - start > std::chrono::milliseconds(100));
  }
  SECTION("delay") {
    fixture.rule({{"action", "delay"}, {"delay_ms", 150}});
    CHECK(fetch(fixture.twin, fixture.path).body == fixture.truth);
    CHECK(Clock::now() - start >= std::chrono::milliseconds(150));
  }
}

TEST_CASE("fault hang: no byte, others are served meanwhile, and stop ends it") {
  Fixture fixture;
  fixture.rule({{"action", "hang"}, {"times", 1}});
  RawClient client(fixture.twin.port());
  client.get(fixture.path);
  CHECK(client.silent_for(150));
  CHECK(fetch(fixture.twin, fixture.path).body == fixture.truth);
  fixture.twin.stop();
  CHECK(client.read_all().head.empty());
}

TEST_CASE("a connection survives faults that leave the framing whole") {
  Fixture fixture;
  fixture.rule({{"action", "status"}, {"status", 503}, {"nth", 1}});
  RawClient client(fixture.twin.port());
  client.get(fixture.path);
  client.get(fixture.path);
  client.get("/last", "Connection: close\r\n");
  const auto seen = client.read_all();
  CHECK(seen.head.rfind("HTTP/1.1 503", 0) == 0);
  CHECK(seen.body.find("HTTP/1.1 200") != std::string::npos);
  CHECK(seen.body.find("HTTP/1.1 404") != std::string::npos);
}

TEST_CASE("rules choose by path, method, number, share and count") {
  Fixture fixture;
  const auto status = [&](const std::string& path) { return fetch(fixture.twin, path).status; };
  SECTION("nth and every count the matches of the rule") {
    fixture.rule(
        {{"action", "status"}, {"path", "**_akt.zip"}, {"from", 2}, {"every", 2}, {"times", 2}});
    std::vector<int> seen;
    for (int i = 0; i < 7; ++i) {
      seen.push_back(status(fixture.path));
      CHECK(status(std::string(kRoot) + "daily/") == 200);
    }
    CHECK(seen == std::vector{200, 503, 200, 503, 200, 200, 200});
  }
  SECTION("per path: every path's first request") {
    fixture.rule({{"action", "status"}, {"nth", 1}, {"per", "path"}});
    CHECK(status(fixture.path) == 503);
    CHECK(status(std::string(kRoot)) == 503);
    CHECK(status(fixture.path) == 200);
    CHECK(status(std::string(kRoot)) == 200);
  }
  SECTION("method") {
    fixture.rule({{"action", "status"}, {"method", "HEAD"}});
    CHECK(status(fixture.path) == 200);
    CHECK(fetch(fixture.twin, fixture.path, {}, "HEAD").status == 503);
  }
  SECTION("probability is drawn from the seed") {
    fixture.rule({{"action", "status"}, {"probability", 0.3}});
    Fixture again;
    again.rule({{"action", "status"}, {"probability", 0.3}});
    int hits = 0;
    for (int i = 0; i < 100; ++i) {
      const int here = status(fixture.path);
      CHECK(here == fetch(again.twin, again.path).status);
      hits += here == 503 ? 1 : 0;
    }
    CHECK(hits > 10);
    CHECK(hits < 60);
  }
  SECTION("the script is replaced, listed and cleared") {
    fixture.rule({{"action", "hang"}, {"id", "first"}});
    fixture.rule({{"replace", true}, {"rules", {{{"action", "status"}, {"id", "second"}}}}});
    CHECK(status(fixture.path) == 503);
    const auto rules = json::parse(fetch(fixture.twin, "/_twin/faults").body);
    REQUIRE(rules.size() == 1);
    CHECK(rules[0]["id"] == "second");
    CHECK(rules[0]["fired"] == 1);
    CHECK(json::parse(fixture.twin.control("GET", "/_twin/stats"))["by_fault"]["second"] == 1);
    CHECK(fetch(fixture.twin, "/_twin/faults", {}, "DELETE").status == 200);
    CHECK(status(fixture.path) == 200);
  }
}

TEST_CASE("rules that make no sense are refused and change nothing") {
  Fixture fixture;
  const auto refuse = [&](const json& rule, const std::string& why) {
    CHECK_THROWS_WITH(fixture.rule(rule), Catch::Contains(why));
  };
  refuse({{"action", "explode"}}, "unknown action 'explode'; use one of");
  refuse({{"action", "status"}, {"stauts", 500}}, "unknown key 'stauts'");
  refuse({{"action", "status"}, {"status", "500"}}, "key 'status' has the wrong type");
  refuse({{"action", "status"}, {"nth", -1}}, "whole number");
  refuse({{"action", "status"}, {"probability", 1.5}}, "between 0 and 1");
  refuse({{"action", "slow"}, {"bytes_per_second", 0}}, "1 or more");
  refuse(json::array({{{"action", "reset"}}, {{"action", "?"}}}), "fault rule 2");
  CHECK(json::parse(fixture.twin.control("GET", "/_twin/faults")).empty());
}

TEST_CASE("globs") {
  CHECK(glob_match("**", "/a/b"));
  CHECK(glob_match("/a/*", "/a/b"));
  CHECK_FALSE(glob_match("/a/*", "/a/b/c"));
  CHECK(glob_match("/a/**/c", "/a/b/b/c"));
  CHECK(glob_match("**/x_?.zip", "/a/x_1.zip"));
  CHECK_FALSE(glob_match("**/x_?.zip", "/a/x_12.zip"));
  CHECK_FALSE(glob_match("", "/"));
  CHECK(glob_match("", ""));
}

// The executable as a child process; its standard output is readable.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    arguments.insert(arguments.begin(), SLUICE_TWIN_EXECUTABLE);
    std::vector<char*> raw;
    for (std::string& argument : arguments) {
      raw.push_back(argument.data());
    }
    raw.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ::fdopen(ends[0], "r");
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      (void)wait();
    }
    std::fclose(output_);
  }

  std::string line() {
    std::array<char, 4096> buffer{};
    return std::fgets(buffer.data(), static_cast<int>(buffer.size()), output_) == nullptr
               ? ""
               : buffer.data();
  }
  void terminate() const { ::kill(pid_, SIGTERM); }
  // The exit code, or -1 for a death by signal.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
};

TEST_CASE("the executable says when it is ready and ends on SIGTERM despite open connections") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("twin-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string port_file = folder / "port";
  const std::string faults_file = folder / "faults.json";
  std::ofstream(faults_file) << R"({"action": "hang", "path": "/hang"})";
  Child child({"--port", "0", "--port-file", port_file, "--stations", "3", "--seed", "5",
               "--faults", faults_file});
  const std::string ready = child.line();
  std::uint16_t port = 0;
  std::ifstream(port_file) >> port;
  CHECK(ready == "ready http://127.0.0.1:" + std::to_string(port) + "\n");
  RawClient idle(port);
  RawClient hanging(port);
  hanging.get("/hang");
  CHECK(hanging.silent_for(50));
  child.terminate();
  CHECK(child.wait() == 0);
  std::filesystem::remove_all(folder);
}

TEST_CASE("the executable refuses wrong options with exit code 64 and a sentence") {
  Child unknown({"--no-such-option"});
  CHECK(unknown.wait() == 64);
  Child misfit({"--stations", "2", "--files-10min-tu", "100"});
  CHECK(misfit.line().find("sluice-twin: a station has one to four") == 0);
  CHECK(misfit.wait() == 64);
  Child no_rules({"--faults", "/nonexistent/rules.json"});
  CHECK(no_rules.line().find("cannot read the fault rules") != std::string::npos);
  CHECK(no_rules.wait() == 64);
  const Twin taken(small_options());
  Child busy({"--port", std::to_string(taken.port()), "--stations", "2"});
  CHECK(busy.line().find("cannot listen on 127.0.0.1 port") != std::string::npos);
  CHECK(busy.wait() == 70);
  Child help({"--help"});
  CHECK(help.wait() == 0);
}

}  // namespace
}  // namespace sluice::twin::test
