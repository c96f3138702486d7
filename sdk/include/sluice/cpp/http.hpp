// SPDX-License-Identifier: Apache-2.0
//
// HTTP answers through the host's service "sluice.http/1". The host does limits, retries, proxies,
// TLS and cancellation; the plugin states what it wants.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/ext/http.h"

namespace sluice::inline sdk_v0 {

class HttpResponse;

struct HttpOptions {
  std::string method{};  // empty = GET
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::string validator{};               // of an earlier answer: makes the request conditional
  std::string expect{};                  // media type required of a 2xx answer; empty = any
  std::string scope{};                   // limit scope; empty = the URL's host
  uint32_t cost = 0;                     // units of the scope's limit; 0 = 1
  std::chrono::milliseconds timeout{0};  // to the answer's first byte; 0 = the host's default
  uint64_t max_bytes = 0;                // longer bodies fail; 0 = the host's default
  uint64_t range_start = 0;              // first byte wanted
  std::string endpoint{};    // a declared set of base URLs; the URL is then a path: "/v1/items?…"
  std::string credential{};  // name of a credential of the configuration to send along
  std::chrono::seconds cache{0};  // an equal request may be answered from the host's cache so long
  bool repeatable = false;        // a method other than GET and HEAD may be sent twice
  bool no_retry = false;          // every answer as it comes
  bool forbidden_is_answer = false;  // a 403 is about what was asked for, not about who asks
  bool accept_errors = false;        // a status of 400 or above is an answer, not an exception
};

// An answer whose body is still on its way. One thread at a time.
class HttpBody {
 public:
  HttpBody(const sluice_host_t* host, const sluice_http_t* table, std::string_view url,
           const HttpOptions& options)
      : host_(host), table_(table), url_(url) {
    send(options);
    if (status() >= 400 && !options.accept_errors) {
      const Error error = refusal();
      close();  // the destructor of an object under construction does not run
      throw error;
    }
  }
  HttpBody(HttpBody&& other) noexcept
      : host_(other.host_),
        table_(std::exchange(other.table_, nullptr)),
        response_(other.response_),
        url_(std::move(other.url_)) {}
  HttpBody(const HttpBody&) = delete;
  HttpBody& operator=(const HttpBody&) = delete;
  HttpBody& operator=(HttpBody&&) = delete;
  ~HttpBody() { close(); }

  uint32_t status() const noexcept { return response_.status; }
  bool not_modified() const noexcept { return response_.status == 304; }
  int64_t content_length() const noexcept { return response_.content_length; }  // -1 = not told
  // A header by name, any case; empty if it is missing.
  std::string header(std::string_view name) const {
    PutText out;
    table_->header(host_, response_.body, to_c(name), out.c());
    return out.take();
  }
  std::string validator() const { return header(":validator"); }
  // The URL that answered, after redirects, without secrets.
  std::string url() const {
    std::string answered = header(":url");
    return answered.empty() ? url_ : answered;
  }

  // What a status from 400 on means, for those who accept errors and find no other meaning.
  Error refusal() const;

  // Next bytes of the decoded body; 0 = the end. Throws UNAVAILABLE for a broken or stalled body.
  std::size_t read(std::span<std::byte> buffer) {
    uint64_t size = 0;
    sluice_error_t error = make_error();
    const auto status =
        table_->read(host_, response_.body, buffer.data(), buffer.size(), &size, &error);
    throw_if_failed(status, error);
    return status == SLUICE_END ? 0 : static_cast<std::size_t>(size);
  }
  std::size_t read(char* buffer, std::size_t capacity) {
    return read(std::as_writable_bytes(std::span(buffer, capacity)));
  }
  // Reads to the end. The answer's headers stay at hand.
  HttpResponse read_all() &&;
  void close() noexcept {
    if (table_ != nullptr) {
      std::exchange(table_, nullptr)->close(host_, response_.body);
    }
  }

 private:
  void send(const HttpOptions& options) {
    std::string headers;
    for (const auto& [name, value] : options.headers) {
      if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        throw Error(Code::kInvalidConfig,
                    "The HTTP header '" + name.substr(0, name.find_first_of("\r\n")) +
                        "' would hold a line break; remove it from the configuration.");
      }
      headers += name + ": " + value + "\n";
    }
    sluice_http_request_t request{};
    request.struct_size = sizeof(request);
    request.flags = (options.repeatable ? SLUICE_HTTP_REPEATABLE : 0) |
                    (options.no_retry ? SLUICE_HTTP_NO_RETRY : 0) |
                    (options.forbidden_is_answer ? SLUICE_HTTP_FORBIDDEN_IS_ANSWER : 0);
    request.method = to_c(options.method);
    request.url = to_c(url_);
    request.headers = to_c(headers);
    request.body = {options.body.data(), options.body.size()};
    request.validator = to_c(options.validator);
    request.expect = to_c(options.expect);
    request.scope = to_c(options.scope);
    request.cost = options.cost;
    request.timeout_ms = static_cast<uint32_t>(options.timeout.count());
    request.max_body_bytes = options.max_bytes;
    request.range_start = options.range_start;
    request.endpoint = to_c(options.endpoint);
    request.credential = to_c(options.credential);
    request.cache_seconds = static_cast<uint32_t>(options.cache.count());
    response_.struct_size = sizeof(response_);
    sluice_error_t error = make_error();
    const auto status = table_->open(host_, &request, &response_, &error);
    if (status < 0) {
      table_ = nullptr;  // nothing to close
      throw from_c(status, error);
    }
  }

  const sluice_host_t* host_;
  const sluice_http_t* table_;
  sluice_http_response_t response_{};
  std::string url_;
};

inline Error HttpBody::refusal() const {
  const uint32_t status = response_.status;
  const Code code = status == 404 || status == 410   ? Code::kNotFound
                    : status == 401 || status == 403 ? Code::kAuth
                    : status == 429                  ? Code::kRateLimited
                    : status >= 500                  ? Code::kUnavailable
                                                     : Code::kBadData;
  const bool later = status == 429 || status >= 500;
  return Error(code, url() + " answered with status " + std::to_string(status) + ".")
      .vendor(status)
      .flag((later ? SLUICE_ERROR_RETRYABLE : 0) | (code == Code::kAuth ? SLUICE_ERROR_AUTH : 0) |
            (status == 429 ? SLUICE_ERROR_THROTTLED : 0));
}

// An answer with its whole body.
class HttpResponse {
 public:
  HttpResponse(HttpBody exchange, std::string body)
      : exchange_(std::move(exchange)), body_(std::move(body)) {}

  uint32_t status() const noexcept { return exchange_.status(); }
  // The source confirmed that what `validator` marks is still current; the body is empty.
  bool not_modified() const noexcept { return exchange_.not_modified(); }
  const std::string& text() const& noexcept { return body_; }
  std::string text() && noexcept { return std::move(body_); }
  // A header by name, any case; empty if it is missing.
  std::string header(std::string_view name) const { return exchange_.header(name); }
  std::string validator() const { return exchange_.validator(); }
  // The URL that answered, after redirects, without secrets.
  std::string url() const { return exchange_.url(); }
  // The body as JSON. Throws BAD_DATA with the place of the mistake, worth a further try: the
  // answer may have been cut or mixed up on its way.
  json parsed() const {
    try {
      return json::parse(body_);
    } catch (const json::parse_error& e) {
      throw Error(Code::kBadData, "The answer of " + url() + " is not JSON: at byte " +
                                      std::to_string(e.byte) + " of " +
                                      std::to_string(body_.size()) + ".")
          .retryable();
    }
  }

 private:
  HttpBody exchange_;
  std::string body_;
};

inline HttpResponse HttpBody::read_all() && {
  constexpr std::size_t kStep = std::size_t{64} << 10U;
  std::string body;
  for (std::size_t size = not_modified() ? 0 : kStep; size != 0;) {
    const std::size_t before = body.size();
    body.resize(before + kStep);
    size = read(body.data() + before, kStep);
    body.resize(before + size);
  }
  return {std::move(*this), std::move(body)};
}

}  // namespace sluice::inline sdk_v0
