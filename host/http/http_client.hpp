// SPDX-License-Identifier: Apache-2.0
//
// HTTP for all pipelines and plugins of the process: one curl-multi loop on a thread of its own,
// shared connections, limits per scope, retries, conditional requests, streaming bodies with
// backpressure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/shared_state.hpp"
#include "host/http/breaker.hpp"
#include "host/http/http.hpp"

namespace sluice::host {

struct HttpOptions {
  std::chrono::milliseconds dns_timeout{8'000};  // part of connect_timeout
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds stall_timeout{
      30'000};               // a body that brings nothing for so long is given up
  uint64_t low_speed = 100;  // a body that brings fewer bytes per second than that, over
  std::chrono::milliseconds low_speed_window{60'000};  // so long, is given up; 0 = never
  uint32_t max_redirects = 5;
  uint32_t max_retries = 4;
  std::chrono::milliseconds retry_base{500};  // full jitter in [0, base * 2^n]
  std::chrono::milliseconds retry_cap{60'000};
  std::chrono::milliseconds retry_after_cap{
      3'600'000};             // a longer Retry-After is capped and logged
  double retry_budget = 0.2;  // retries of a scope, as a share of its requests within a minute …
  uint32_t retry_floor = 30;  // … and so many a minute in any case
  BreakerOptions breaker;
  std::chrono::milliseconds breaker_wait{60'000};  // longest wait of a request at open breakers
  uint64_t max_body_bytes = 4ULL << 30;
  uint64_t buffer_bytes = 256U << 10;  // per exchange, between socket and reader
  uint32_t max_connections_per_host = 8;
  std::map<std::string, double>
      requests_per_second;    // by scope; "*" = every other scope; none = no limit
  std::string user_agent;     // empty = "sluice/VERSION"
  std::string contact;        // of the operator, an address or URL: goes into the User-Agent
  std::string proxy;          // "http://", "https://", "socks5h://", …; empty = the environment's
  std::string ca_file;        // PEM; empty = the environment's or the system's
  std::string client_cert;    // PEM
  std::string client_key;     // PEM, mode 0600; empty = in client_cert
  bool deny_private = false;  // no private, loopback, link-local or metadata addresses
  // A request that would have to wait longer for a limit or the end of a ban fails at once.
  std::chrono::milliseconds limit_patience{2 * 3'600'000};
  std::shared_ptr<SharedState> state;  // where quotas are kept; null = in this process alone
};

// Called with sentences worth a log line; no secrets, no query strings in them. Any thread.
using HttpLog = void (*)(void* ctx, int level, std::string_view message);

// Thread-safe. Starts its loop thread with the first request, so that a run without HTTP costs
// nothing.
class HttpClient final : public Http {
 public:
  HttpClient(HttpOptions options, const Clock& clock, HttpLog log = nullptr,
             void* log_ctx = nullptr);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() override;

  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpCaller& caller) override;
  void declare(const HttpCaller& caller) override;
  void throttle(const std::string& scope, std::chrono::milliseconds wait) override;
  // Units of the tightest limit that are free in `scope`; below 0 if nothing limits it.
  double left(const std::string& scope);
  // What all callers together saw so far, with the state of each endpoint's breaker.
  [[nodiscard]] std::vector<ServiceSnapshot> services() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::host
