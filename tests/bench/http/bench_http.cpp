// SPDX-License-Identifier: Apache-2.0
//
// HttpClient against `curl --parallel` on the same loopback server, in turns, in one run. Prints
// rows of a Markdown table. Usage: bench_http [REQUESTS [CALLERS [ROUNDS
// [BUFFER_KIB]]]]
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/base/clock.hpp"
#include "host/http/http_client.hpp"
#include "support/raw_http_server.hpp"

namespace {

using namespace sluice;
using test::RawConnection;
using test::RawHttpServer;
using test::RawRequest;

constexpr size_t kBigBytes = 256U << 20;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

uint64_t drain(host::HttpExchange& exchange, std::vector<char>& buffer) {
  uint64_t total = 0;
  while (true) {
    const auto size = exchange.read(buffer);
    if (!size) {
      std::fprintf(stderr, "%s\n", size.error().message.c_str());
      std::exit(1);
    }
    if (*size == 0) {
      return total;
    }
    total += *size;
  }
}

// `count` requests by `callers` threads; every body is read to its end and its length checked.
void run_ours(host::HttpClient& client, const std::string& url, int count, int callers,
              uint64_t expected) {
  std::atomic<int> left{count};
  const host::Cancel cancel;  // of the run, as in a pipeline
  std::vector<std::jthread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      host::HttpCaller caller;
      std::vector<char> buffer(256U << 10);
      host::HttpRequest request;
      while (left-- > 0) {
        request.url = url;
        auto answer = client.open(request, cancel, caller);
        if (!answer || drain(**answer, buffer) != expected) {
          std::fprintf(stderr, "a request failed\n");
          std::exit(1);
        }
      }
    });
  }
}

void run_curl(const std::string& url, int count, int callers) {
  const std::string command =
      "curl --silent --no-progress-meter --fail --noproxy '*' --parallel --parallel-immediate "
      "--parallel-max " +
      std::to_string(callers) + " --output /dev/null '" + url + "?n=[1-" + std::to_string(count) +
      "]'";
  if (std::system(command.c_str()) != 0) {
    std::fprintf(stderr, "curl failed; install the package curl\n");
    std::exit(1);
  }
}

void compare(const char* name, const char* unit, double amount, int rounds,
             const std::function<void()>& ours, const std::function<void()>& curls) {
  std::vector<double> mine;
  std::vector<double> theirs;
  for (int i = 0; i < rounds; ++i) {
    mine.push_back(amount / seconds(ours));
    theirs.push_back(amount / seconds(curls));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("| %s | %.0f %s | %.0f %s | %.2f | %ld MiB |\n", name, median(mine), unit,
              median(theirs), unit, median(mine) / median(theirs), usage.ru_maxrss / 1024);
}

int argument(int argc, char** argv, int index, int fallback) {
  return argc > index ? std::max(1, std::atoi(argv[index])) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const int requests = argument(argc, argv, 1, 20'000);
  const int callers = argument(argc, argv, 2, 8);
  const int rounds = argument(argc, argv, 3, 5);
  const std::string small = test::raw_answer(200, std::string(2048, 'x'));
  const std::string piece(1U << 20, 'x');
  RawHttpServer server([&](RawConnection& connection, const RawRequest& request) {
    if (!request.target.starts_with("/big")) {
      connection.send(small);
      return;
    }
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBigBytes) + "\r\n\r\n");
    for (size_t sent = 0; sent < kBigBytes; sent += piece.size()) {
      connection.send(piece);
    }
  });
  setenv("no_proxy", "*", 1);
  const host::SystemClock clock;
  host::HttpOptions options;
  options.max_connections_per_host = static_cast<uint32_t>(callers);
  options.buffer_bytes = static_cast<uint64_t>(argument(argc, argv, 4, 256)) << 10;
  host::HttpClient client(options, clock);
  std::printf(
      "| Load | sluice | curl --parallel | ratio | peak memory, server included "
      "|\n|---|---|---|---|---|\n");
  const std::string name =
      std::to_string(requests) + " GETs of 2 KiB, " + std::to_string(callers) + " connections";
  compare(
      name.c_str(), "requests/s", requests, rounds,
      [&] { run_ours(client, server.url("/small"), requests, callers, 2048); },
      [&] { run_curl(server.url("/small"), requests, callers); });
  compare(
      "one body of 256 MiB", "MiB/s", 256, rounds,
      [&] { run_ours(client, server.url("/big"), 1, 1, kBigBytes); },
      [&] { run_curl(server.url("/big"), 1, 1); });
  return 0;
}
