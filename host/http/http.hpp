// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the rest of the host sees it: requests, answers, who asks, and the interface that the
// client and what stands before it (credentials, cache, cassettes) have in common. The C table
// sluice.http/1 is made from it in host/plugin.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/result.hpp"
#include "host/http/declaration.hpp"
#include "host/http/service_stats.hpp"

namespace sluice::host {

// What a credential adds to a request (host/http/credential.hpp). It goes to the request's own
// origin and nowhere else, whatever redirects say.
struct HttpProof {
  std::string header;            // "Name: value", in place of the request's own of that name
  std::string parameter, value;  // of the query, not yet encoded; in place of one of that name
  // What must not stand in the address of a redirect to elsewhere.
  std::vector<std::string> secrets;
  std::vector<std::string> origins;  // "scheme://host:port" it may go to; empty = any
  std::string account;       // tells the keys of one service apart: limits count for each by itself
  bool move_on = false;      // give a 429 back at once: there is another key
  bool same_origin = false;  // redirects to elsewhere are refused
};

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
  std::string endpoint;    // set of equivalent base URLs; then `url` is a path with its query
  std::string credential;  // what to authenticate with, by its name; empty = nothing
  std::chrono::seconds cache_for{0};  // an equal request may be answered from the cache so long
  bool repeatable = false;            // besides GET and HEAD
  bool retry = true;
  bool forbidden_is_answer = false;  // a 403 is no refusal of the credential
  bool live = true;                  // goes before backfill where a limit makes requests wait
  HttpProof proof;                   // filled in between, never by a plugin
};

// What one caller (a pipeline's source) caused, for its report. Thread-safe counters.
struct HttpStats {
  std::atomic<uint64_t> requests{0};  // sent, retries included
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> bytes{0};  // body bytes as received, before decoding
  std::atomic<uint64_t> not_modified{0};
  std::atomic<uint64_t> cached{0};     // answered from the cache, without a request
  std::atomic<uint64_t> failed{0};     // exchanges that ended in an error
  std::atomic<uint64_t> waited_us{0};  // for limits and Retry-After
};

// One source of one pipeline, as the client knows it. Thread-safe.
class HttpCaller {
 public:
  // `configured` comes before what the plugin declares.
  explicit HttpCaller(std::string caller = {}, HttpDeclaration configured = {});
  const std::string name;  // of the pipeline, for messages and `sluice limits`
  HttpStats stats;
  ServiceStats services;  // what it saw of each service

  // What its plugin declares, for all later requests; the last call counts.
  void take(HttpDeclaration declared);
  [[nodiscard]] std::shared_ptr<const HttpDeclaration> declaration() const;  // never null

 private:
  const HttpDeclaration configured_;
  mutable std::mutex mutex_;
  std::shared_ptr<const HttpDeclaration> declaration_;  // under mutex_
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
  // All fields as the service sent them, in order.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> fields() const = 0;
  // Next bytes of the decoded body; 0 = its end. Blocks. kUnavailable for a short, broken or
  // stalled body, kBadData for one that is too long, kCancelled.
  virtual Result<size_t> read(std::span<char> buffer) = 0;
};

// While it lives, requests of this thread are for backfill: where a limit makes requests wait, they
// go behind those for live data.
class BackfillScope {
 public:
  explicit BackfillScope(bool backfill) : before_(active_) { active_ = backfill; }
  BackfillScope(const BackfillScope&) = delete;
  BackfillScope& operator=(const BackfillScope&) = delete;
  ~BackfillScope() { active_ = before_; }
  [[nodiscard]] static bool active() { return active_; }

 private:
  inline static thread_local bool active_ = false;
  const bool before_;
};

// Thread-safe.
class Http {
 public:
  Http() = default;
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  virtual ~Http() = default;  // all exchanges must be gone
  // Sends and returns when the head has come; errors as sluice_http_t.open. `cancel` and `caller`
  // outlive the exchange.
  virtual Result<std::unique_ptr<HttpExchange>> open(const HttpRequest& request,
                                                     const Cancel& cancel, HttpCaller& caller) = 0;
  // Takes over the limits that `caller` has declared, for all callers of their scopes.
  virtual void declare(const HttpCaller& caller) = 0;
  // Nobody in `scope` sends for `wait`: an answer's body said so. Capped like a Retry-After.
  virtual void throttle(const std::string& scope, std::chrono::milliseconds wait) = 0;
};

}  // namespace sluice::host
