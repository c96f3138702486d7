// SPDX-License-Identifier: Apache-2.0
//
// What the HTTP tests share: a client with quick retries, and reading a body to its end.
#pragma once

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "host/base/clock.hpp"
#include "host/http/http_client.hpp"
#include "support/raw_http_server.hpp"

namespace sluice::test {

// Sets a variable of the environment for the life of the object.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);
    had_ = old != nullptr;
    old_ = had_ ? old : "";
    setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

inline host::HttpOptions quick_options() {
  host::HttpOptions options;
  options.retry_base = std::chrono::milliseconds(1);
  options.retry_cap = std::chrono::milliseconds(2);
  return options;
}

inline host::HttpOptions without_retries() {
  host::HttpOptions options = quick_options();
  options.max_retries = 0;
  return options;
}

inline host::HttpRequest request_of(const std::string& url) {
  host::HttpRequest request;
  request.url = url;
  return request;
}

// A client with what a caller brings along.
struct Caller {
  explicit Caller(host::HttpOptions options = quick_options(), host::HttpLog log = nullptr,
                  void* log_ctx = nullptr)
      : client(std::move(options), clock, log, log_ctx) {}

  host::Result<std::unique_ptr<host::HttpExchange>> open(const host::HttpRequest& request) {
    return client.open(request, cancel, as);
  }
  host::Result<std::unique_ptr<host::HttpExchange>> get(const std::string& url) {
    return open(request_of(url));
  }

  Environment direct{"no_proxy", "127.0.0.1,localhost"};  // whatever proxy the machine has
  host::SystemClock clock;
  host::Cancel cancel;
  host::HttpCaller as;
  host::HttpStats& stats = as.stats;
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
