// SPDX-License-Identifier: Apache-2.0
//
// What the HTTP tests share: a client with quick retries, and reading a body to its end.
#pragma once

#include <array>
#include <string>

#include "host/base/clock.hpp"
#include "host/http/http_client.hpp"
#include "support/raw_http_server.hpp"

namespace sluice::test {

inline host::HttpOptions quick_options() {
  host::HttpOptions options;
  options.retry_base = std::chrono::milliseconds(1);
  options.retry_cap = std::chrono::milliseconds(2);
  return options;
}

// A client with what a caller brings along.
struct Caller {
  explicit Caller(host::HttpOptions options = quick_options(), host::HttpLog log = nullptr,
                  void* log_ctx = nullptr)
      : client(std::move(options), clock, log, log_ctx) {}

  host::Result<std::unique_ptr<host::HttpExchange>> open(const host::HttpRequest& request) {
    return client.open(request, cancel, stats);
  }
  host::Result<std::unique_ptr<host::HttpExchange>> get(const std::string& url) {
    host::HttpRequest request;
    request.url = url;
    return open(request);
  }

  host::SystemClock clock;
  host::Cancel cancel;
  host::HttpStats stats;
  host::HttpClient client;
};

// The body up to its end, or the error that cut it short; `got` keeps what came before that.
inline host::Result<std::string> read_all(host::HttpExchange& exchange,
                                          std::string* got = nullptr) {
  std::string body;
  std::array<char, 65536> buffer{};
  while (true) {
    auto size = exchange.read(buffer);
    if (got != nullptr) {
      *got = body;
    }
    if (!size) {
      return std::move(size).error();
    }
    if (*size == 0) {
      return body;
    }
    body.append(buffer.data(), *size);
  }
}

}  // namespace sluice::test
