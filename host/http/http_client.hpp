// SPDX-License-Identifier: Apache-2.0
//
// HTTP for all pipelines and plugins of the process: one curl-multi loop on a thread of its own,
// shared connections, limits per scope, retries, conditional requests, streaming bodies with
// backpressure. The C table sluice.http/1 is made from it in host/plugin.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"

namespace sluice::host {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::string headers;  // lines "Name: value\n"
  std::string body;
  std::string validator;  // of an earlier answer; makes the request conditional
  std::string expect;     // required media type of a 2xx answer
  std::string scope;      // limit scope; empty = host of the URL
  uint32_t cost = 1;
  std::chrono::milliseconds timeout{0};  // to the first byte; 0 = default
  uint64_t max_body_bytes = 0;           // 0 = default
  uint64_t range_start = 0;
  bool repeatable = false;  // besides GET and HEAD
  bool retry = true;
};

// What one caller (a pipeline's source) caused, for its report. Thread-safe counters.
struct HttpStats {
  std::atomic<uint64_t> requests{0};  // sent, retries included
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> bytes{0};  // body bytes as received, before decoding
  std::atomic<uint64_t> not_modified{0};
  std::atomic<uint64_t> failed{0};     // exchanges that ended in an error
  std::atomic<uint64_t> waited_us{0};  // for limits and Retry-After
};

// An answer whose head has come. One thread at a time.
class HttpExchange {
 public:
  HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  virtual ~HttpExchange() = default;  // ends the exchange, read to its end or not
  [[nodiscard]] virtual uint32_t status() const = 0;
  [[nodiscard]] virtual int64_t content_length() const = 0;  // -1 = not told
  // By name, any case; ":validator" and ":url" as sluice/ext/http.h says. Empty if missing.
  [[nodiscard]] virtual std::string header(std::string_view name) const = 0;
  // Next bytes of the decoded body; 0 = its end. Blocks. kUnavailable for a short, broken or
  // stalled body, kBadData for one that is too long, kCancelled.
  virtual Result<size_t> read(std::span<char> buffer) = 0;
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds stall_timeout{
      30'000};  // a body that brings nothing for so long is given up
  uint32_t max_retries = 4;
  std::chrono::milliseconds retry_base{500};  // full jitter in [0, base * 2^n]
  std::chrono::milliseconds retry_cap{60'000};
  std::chrono::milliseconds retry_after_cap{
      3'600'000};  // a longer Retry-After is capped and logged
  uint64_t max_body_bytes = 4ULL << 30;
  uint64_t buffer_bytes = 256U << 10;  // per exchange, between socket and reader
  uint32_t max_connections_per_host = 8;
  std::map<std::string, double>
      requests_per_second;  // by scope; "*" = every other scope; none = no limit
  std::string user_agent;   // empty = "sluice/VERSION"
};

// Called with sentences worth a log line; no secrets, no query strings in them. Any thread.
using HttpLog = void (*)(void* ctx, int level, std::string_view message);

// Thread-safe. Starts its loop thread with the first request, so that a run without HTTP costs
// nothing.
class HttpClient {
 public:
  HttpClient(HttpOptions options, const Clock& clock, HttpLog log = nullptr,
             void* log_ctx = nullptr);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();  // all exchanges must be gone

  // Sends and returns when the head has come; errors as sluice_http_t.open. `cancel` and `stats`
  // outlive the exchange.
  Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request, const Cancel& cancel,
                                             HttpStats& stats);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::host
