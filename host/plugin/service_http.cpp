// SPDX-License-Identifier: Apache-2.0
//
// Service sluice.http/1 over Http.
#include <algorithm>
#include <cstring>

#include "host/plugin/services.hpp"
#include "host/plugin/status.hpp"
#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr uint64_t kMaxRead = 1U << 30;

Error wrong_use(const std::string& sentence) {
  return Error{Code::kInternal, "sluice.http/1: " + sentence};
}

// Only what the plugin's struct_size covers is read.
Result<HttpRequest> read_request(const sluice_http_request_t* theirs) {
  if (theirs == nullptr) {
    return wrong_use("open() needs a request");
  }
  sluice_http_request_t in{};
  std::memcpy(&in, theirs, std::min<size_t>(theirs->struct_size, sizeof in));
  HttpRequest out;
  if (in.method.size > 0) {
    out.method = view(in.method);
  }
  out.url = view(in.url);
  out.headers = view(in.headers);
  constexpr std::string_view kForbidden("\r\0", 2);
  if (out.headers.find_first_of(kForbidden) != std::string::npos) {
    return wrong_use("a request header holds CR or NUL");
  }
  out.body = view(in.body);
  out.validator = view(in.validator);
  out.expect = view(in.expect);
  out.scope = view(in.scope);
  out.cost = in.cost == 0 ? 1 : in.cost;
  out.timeout = std::chrono::milliseconds(in.timeout_ms);
  out.max_body_bytes = in.max_body_bytes;
  out.range_start = in.range_start;
  out.endpoint = view(in.endpoint);
  out.credential = view(in.credential);
  out.cache_for = std::chrono::seconds(in.cache_seconds);
  out.repeatable = (in.flags & SLUICE_HTTP_REPEATABLE) != 0;
  out.live = !BackfillScope::active();
  out.forbidden_is_answer = (in.flags & SLUICE_HTTP_FORBIDDEN_IS_ANSWER) != 0;
  out.retry = (in.flags & SLUICE_HTTP_NO_RETRY) == 0;
  return out;
}

sluice_status_t http_open(const sluice_host_t* host, const sluice_http_request_t* request,
                          sluice_http_response_t* out, sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    ServiceContext& context = ServiceContext::of(host);
    if (out == nullptr || out->struct_size < sizeof *out) {
      return wrong_use("open() needs a response whose struct_size is set");
    }
    auto wanted = read_request(request);
    if (!wanted) {
      return std::move(wanted).error();
    }
    const Services& services = context.services();
    auto exchange = services.http->open(*wanted, *services.cancel, context.http_caller());
    if (!exchange) {
      return context.redacted(std::move(exchange).error());
    }
    out->status = (*exchange)->status();
    out->content_length = (*exchange)->content_length();
    out->body = context.add_body(std::move(*exchange));
    return SLUICE_OK;
  });
}

sluice_status_t http_read(const sluice_host_t* host, void* handle, void* buffer, uint64_t capacity,
                          uint64_t* size, sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    ServiceContext& context = ServiceContext::of(host);
    HttpBody* body = context.body(handle);
    if (body == nullptr || buffer == nullptr || size == nullptr || capacity == 0) {
      return wrong_use("read() needs an open body and a buffer");
    }
    *size = 0;
    auto got = body->exchange->read(
        {static_cast<char*>(buffer), static_cast<size_t>(std::min(capacity, kMaxRead))});
    if (!got) {
      return context.redacted(std::move(got).error());
    }
    *size = *got;
    return *got == 0 ? SLUICE_END : SLUICE_OK;
  });
}

void http_header(const sluice_host_t* host, void* handle, sluice_str_t name,
                 const sluice_put_t* out) noexcept {
  quiet_barrier([&] {
    const HttpBody* body = ServiceContext::of(host).body(handle);
    if (body == nullptr || out == nullptr || out->put == nullptr) {
      return;
    }
    const std::string value = body->exchange->header(view(name));
    if (!value.empty()) {
      out->put(out->ctx, value.data(), value.size());
    }
  });
}

void http_close(const sluice_host_t* host, void* handle) noexcept {
  quiet_barrier([&] { ServiceContext::of(host).close_body(handle); });
}

sluice_status_t http_declare(const sluice_host_t* host, sluice_str_t declaration,
                             sluice_error_t* error) noexcept {
  return barrier(error, [&]() -> Result<sluice_status_t> {
    ServiceContext& context = ServiceContext::of(host);
    auto declared = parse_declaration(view(declaration));
    if (!declared) {
      return std::move(declared).error();
    }
    context.http_caller().take(std::move(*declared));
    context.services().http->declare(context.http_caller());
    return SLUICE_OK;
  });
}

void http_throttle(const sluice_host_t* host, sluice_str_t scope, uint64_t wait_ms) noexcept {
  quiet_barrier([&] {
    constexpr uint64_t kMostMillis = 1ULL << 40U;  // the client caps it further
    ServiceContext::of(host).services().http->throttle(
        std::string(view(scope)), std::chrono::milliseconds(std::min(wait_ms, kMostMillis)));
  });
}

constexpr sluice_http_t kHttp = {http_open,  http_read,    http_header,
                                 http_close, http_declare, http_throttle};

}  // namespace

const sluice_http_t* http_table() {
  return &kHttp;
}

}  // namespace sluice::host
