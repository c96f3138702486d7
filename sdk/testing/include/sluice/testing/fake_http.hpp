// SPDX-License-Identifier: Apache-2.0
//
// The service "sluice.http/1" of the fake host, over its script of answers.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/cpp/guard.hpp"
#include "sluice/testing/fake_host.hpp"

namespace sluice::testing {

struct FakeHttp {
  static const void* table() noexcept {
    static constexpr sluice_http_t http = {&open, &read, &header, &close, &declare, &throttle};
    return &http;
  }

 private:
  struct Body {
    Answer answer;
    std::string url;
    uint64_t at = 0;
  };
  static FakeHost& host(const sluice_host_t* h) { return *static_cast<FakeHost*>(h->ctx); }

  static sluice_status_t open(const sluice_host_t* h, const sluice_http_request_t* in,
                              sluice_http_response_t* out, sluice_error_t* error) noexcept;
  static sluice_status_t read(const sluice_host_t* h, void* p, void* buffer, uint64_t capacity,
                              uint64_t* size, sluice_error_t* error) noexcept;
  static void header(const sluice_host_t* /*h*/, void* p, sluice_str_t name,
                     const sluice_put_t* out) noexcept {
    guard_void([&] {
      const auto* body = static_cast<const Body*>(p);
      const std::string_view wanted = view(name);
      const std::string value = wanted == ":validator" ? body->answer.validator
                                : wanted == ":url"     ? body->url
                                                       : header_of(body->answer, wanted);
      if (!value.empty()) {
        out->put(out->ctx, value.data(), value.size());
      }
    });
  }
  static void close(const sluice_host_t* h, void* p) noexcept;
  static sluice_status_t declare(const sluice_host_t* h, sluice_str_t declaration,
                                 sluice_error_t* error) noexcept {
    return guard(error, [&] {
      host(h).http.declared(std::string(view(declaration)));
      return SLUICE_OK;
    });
  }
  static void throttle(const sluice_host_t* h, sluice_str_t scope, uint64_t wait_ms) noexcept {
    guard_void([&] { host(h).http.throttled(std::string(view(scope)), wait_ms); });
  }

  static Request record(const sluice_http_request_t* in) {
    Request request;
    request.method = in->method.size == 0 ? "GET" : std::string(view(in->method));
    request.url = view(in->url);
    request.headers = view(in->headers);
    request.body = view(in->body);
    request.validator = view(in->validator);
    request.expect = view(in->expect);
    request.scope = view(in->scope);
    request.cost = in->cost == 0 ? 1 : in->cost;
    request.flags = in->flags;
    request.range_start = in->range_start;
    request.endpoint = view(in->endpoint);
    request.credential = view(in->credential);
    request.cache_seconds = in->cache_seconds;
    request.max_body_bytes = in->max_body_bytes;
    return request;
  }
  // What a real host makes of a status after its retries.
  static void refuse(const Request& request, const Answer& answer) {
    const uint32_t status = answer.status;
    if ((request.flags & SLUICE_HTTP_NO_RETRY) != 0) {
      return;
    }
    const auto failure = [&](Code code, uint32_t flags) {
      return Error(code, request.url + " answered with status " + std::to_string(status) + ".")
          .vendor(status)
          .flag(flags);
    };
    if (status >= 500) {
      throw failure(Code::kUnavailable, SLUICE_ERROR_RETRYABLE);
    }
    if (status == 429) {
      throw failure(Code::kRateLimited, SLUICE_ERROR_RETRYABLE | SLUICE_ERROR_THROTTLED);
    }
    if (status == 401 ||
        (status == 403 && (request.flags & SLUICE_HTTP_FORBIDDEN_IS_ANSWER) == 0)) {
      throw failure(Code::kAuth, SLUICE_ERROR_AUTH);
    }
    const std::string type = header_of(answer, "Content-Type");
    if (status < 300 && !request.expect.empty() && !type.starts_with(request.expect)) {
      throw Error(Code::kUnavailable, request.url + " answered with the type '" + type +
                                          "' instead of '" + request.expect + "'.");
    }
  }
};

inline sluice_status_t FakeHttp::open(const sluice_host_t* h, const sluice_http_request_t* in,
                                      sluice_http_response_t* out, sluice_error_t* error) noexcept {
  return guard(error, [&] {
    const Request request = record(in);
    std::size_t number = 0;
    std::optional<Answer> answer = host(h).http.answer(request, number);
    if (host(h).step_cancelled()) {
      throw Error(Code::kCancelled, "The request was cancelled.");
    }
    if (!answer) {
      throw Error(Code::kUnavailable,
                  "No answer is scripted for " + request.method + " " + request.url + ".");
    }
    host(h).advance(std::chrono::milliseconds(answer->takes_ms));
    if (answer->fails) {
      throw Error(*answer->fails);
    }
    if (!request.validator.empty() && request.validator == answer->validator &&
        answer->status == 200) {
      answer->status = 304;
      answer->body.clear();
    }
    host(h).http.answered(number, answer->status);
    refuse(request, *answer);
    if (request.range_start > 0 && answer->status == 200) {
      answer->status = 206;
      answer->body.erase(0, std::min<std::size_t>(request.range_start, answer->body.size()));
    }
    if (request.max_body_bytes != 0 && answer->body.size() > request.max_body_bytes) {
      throw Error(Code::kBadData, request.url + " is longer than " +
                                      std::to_string(request.max_body_bytes) + " bytes.");
    }
    out->status = answer->status;
    out->content_length = static_cast<int64_t>(answer->body.size());
    out->body = new Body{std::move(*answer), request.url, 0};
    host(h).open_bodies_ += 1;
    return SLUICE_OK;
  });
}

inline sluice_status_t FakeHttp::read(const sluice_host_t* h, void* p, void* buffer,
                                      uint64_t capacity, uint64_t* size,
                                      sluice_error_t* error) noexcept {
  return guard(error, [&] {
    auto* body = static_cast<Body*>(p);
    if (host(h).step_cancelled()) {
      throw Error(Code::kCancelled, "The transfer was cancelled.");
    }
    const uint64_t end = std::min<uint64_t>(
        body->answer.breaks_after.value_or(body->answer.body.size()), body->answer.body.size());
    if (body->at == end) {
      if (body->answer.breaks_after) {
        throw Error(Code::kUnavailable,
                    body->url + " broke off after " + std::to_string(end) + " bytes.")
            .retryable();
      }
      *size = 0;
      return SLUICE_END;
    }
    *size = std::min({capacity, end - body->at, host(h).chunk_.load()});
    std::memcpy(buffer, body->answer.body.data() + body->at, *size);
    body->at += *size;
    return SLUICE_OK;
  });
}

inline void FakeHttp::close(const sluice_host_t* h, void* p) noexcept {
  delete static_cast<Body*>(p);
  host(h).open_bodies_ -= 1;
}

}  // namespace sluice::testing
