// SPDX-License-Identifier: Apache-2.0
//
// HttpClient against `curl --parallel` and wrk on the same nginx over loopback, in turns, in one
// run. Prints rows of a Markdown table. Usage: bench_http [REQUESTS [CALLERS [ROUNDS
// [BUFFER_KIB]]]]
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/base/clock.hpp"
#include "host/http/http_client.hpp"
#include "support/nginx.hpp"

namespace {

using namespace sluice;
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

// Requests per second as wrk counts them; it has a time instead of a number, and reads bodies
// without keeping them. Two threads, as many connections as the others.
double run_wrk(const std::string& url, int callers) {
  const int threads = std::min(callers, 2);
  const test::Finished finished =
      test::run({"wrk", "--threads", std::to_string(threads), "--connections",
                 std::to_string(callers), "--duration", "3s", url});
  const size_t at = finished.out.find("Requests/sec:");
  if (finished.exit_code != 0 || at == std::string::npos) {
    std::fprintf(stderr, "wrk failed; install the package wrk\n%s\n", finished.err.c_str());
    std::exit(1);
  }
  return std::atof(finished.out.c_str() + at + 13);
}

void compare(const char* name, const char* unit, double amount, int rounds,
             const std::function<void()>& ours, const std::function<void()>& curls,
             const std::function<double()>& wrks) {
  std::vector<double> mine;
  std::vector<double> theirs;
  std::vector<double> wrk;
  for (int i = 0; i < rounds; ++i) {
    mine.push_back(amount / seconds(ours));
    theirs.push_back(amount / seconds(curls));
    if (wrks) {
      wrk.push_back(wrks());
    }
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  char third[64] = "–";
  if (!wrk.empty()) {
    std::snprintf(third, sizeof third, "%.0f %s", median(wrk), unit);
  }
  std::printf("| %s | %.0f %s | %.0f %s | %.2f | %s | %ld MiB |\n", name, median(mine), unit,
              median(theirs), unit, median(mine) / median(theirs), third, usage.ru_maxrss / 1024);
}

int argument(int argc, char** argv, int index, int fallback) {
  return argc > index ? std::max(1, std::atoi(argv[index])) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const int requests = argument(argc, argv, 1, 20'000);
  const int callers = argument(argc, argv, 2, 8);
  const int rounds = argument(argc, argv, 3, 5);
  const test::Nginx nginx([](uint16_t port) {
    return "sendfile on; server { listen 127.0.0.1:" + std::to_string(port) + "; }";
  });
  nginx.put("small", std::string(2048, 'x'));
  nginx.put("big", "");
  std::filesystem::resize_file(nginx.folder() / "root/big", kBigBytes);
  setenv("no_proxy", "*", 1);
  const host::SystemClock clock;
  host::HttpOptions options;
  options.max_connections_per_host = static_cast<uint32_t>(callers);
  options.buffer_bytes = static_cast<uint64_t>(argument(argc, argv, 4, 256)) << 10;
  host::HttpClient client(options, clock);
  std::printf(
      "| Load | sluice | curl --parallel | ratio | wrk | peak memory "
      "|\n|---|---|---|---|---|---|\n");
  const std::string name =
      std::to_string(requests) + " GETs of 2 KiB, " + std::to_string(callers) + " connections";
  compare(
      name.c_str(), "requests/s", requests, rounds,
      [&] { run_ours(client, nginx.url("/small"), requests, callers, 2048); },
      [&] { run_curl(nginx.url("/small"), requests, callers); },
      [&] { return run_wrk(nginx.url("/small"), callers); });
  compare(
      "one body of 256 MiB", "MiB/s", 256, rounds,
      [&] { run_ours(client, nginx.url("/big"), 1, 1, kBigBytes); },
      [&] { run_curl(nginx.url("/big"), 1, 1); }, nullptr);
  return 0;
}
