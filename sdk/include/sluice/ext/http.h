// SPDX-License-Identifier: Apache-2.0
//
// Service "sluice.http/1": HTTP for all plugins of the process over one set of connections. The
// plugin states the request, its cost and the scope of its limit; the host does limits, retries,
// Retry-After, proxies, TLS, redaction and cancellation. Bodies stream, with backpressure down to
// the socket.
#pragma once

#include "sluice/error.h"
#include "sluice/host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_HTTP_ID "sluice.http/1"

#define SLUICE_HTTP_REPEATABLE 1u  // may be sent twice (GET and HEAD always may)
#define SLUICE_HTTP_NO_RETRY 2u    // give every answer to the plugin as it comes
// A 403 speaks of what was asked for, not of who asks: it is OK with its body, like a 404, and does
// not count against the credential.
#define SLUICE_HTTP_FORBIDDEN_IS_ANSWER 4u

typedef struct sluice_http_request_t {
  uint32_t struct_size;  // bytes
  uint32_t flags;        // SLUICE_HTTP_*
  sluice_str_t method;   // empty = GET
  sluice_str_t url;      // absolute, http or https
  sluice_str_t headers;  // lines "Name: value\n"; no CR, no NUL
  sluice_bytes_t body;
  // As the response gave it earlier (pseudo header ":validator"): makes the request conditional;
  // empty = unconditional.
  sluice_str_t validator;
  sluice_str_t
      expect;  // media type that is required of a 2xx answer, e.g. "application/json"; empty = any
  sluice_str_t scope;   // limit scope, a path such as "example.org/route"; a request counts in it
                        // and in all above it; empty = the URL's host
  uint32_t cost;        // units of the scope's limit; 0 = 1
  uint32_t timeout_ms;  // from connect to the answer's first byte; 0 = the host's default. Stalled
                        // bodies end by the host
  uint64_t max_body_bytes;  // longer bodies fail with BAD_DATA; 0 = the host's default
  uint64_t range_start;     // first byte wanted; above 0 sends a Range request
  sluice_str_t endpoint;    // name of a declared set of base URLs; `url` is then a path that begins
                            // with "/"; empty = `url` is absolute
  sluice_str_t credential;  // name of a credential of the configuration to send along; empty = none
  uint32_t cache_seconds;  // an equal request may be answered from the host's cache so long; 0 = no
  uint32_t reserved;       // 0
} sluice_http_request_t;

// An answer whose head has come. The caller zeroes it and sets struct_size.
typedef struct sluice_http_response_t {
  uint32_t struct_size;    // bytes
  uint32_t status;         // HTTP status; 304 only to a conditional request
  int64_t content_length;  // bytes as announced, before decoding; -1 = not told
  void* body;              // handle for the calls below
} sluice_http_response_t;

typedef struct sluice_http_t {
  // Sends, and returns when the answer's head has come. 2xx, 3xx that are not followed and 4xx are
  // OK. After its retries: 5xx and network errors are UNAVAILABLE, 429 is RATE_LIMITED, 401 and 403
  // are AUTH (but see FORBIDDEN_IS_ANSWER), an answer of another type than `expect` is UNAVAILABLE;
  // vendor_code is the HTTP status.
  sluice_status_t (*open)(const sluice_host_t* host, const sluice_http_request_t* request,
                          sluice_http_response_t* out,
                          sluice_error_t* error);  // [any-thread] [blocks] [may-fail]
  // Next bytes of the decoded body into `buffer`; `*size` gets how many, at least 1 unless END. A
  // body that is shorter than announced, broken or stalled is UNAVAILABLE, one that is too long
  // BAD_DATA. One call at a time per body.
  sluice_status_t (*read)(const sluice_host_t* host, void* body, void* buffer, uint64_t capacity,
                          uint64_t* size,
                          sluice_error_t* error);  // [any-thread] [blocks] [may-fail]
  // A header of the answer by name, any case; several of one name are joined by ", ". Nothing is
  // put if it is missing.
  // ":validator" is an opaque text for request.validator, ":url" the URL answered, after redirects,
  // without secrets.
  void (*header)(const sluice_host_t* host, void* body, sluice_str_t name,
                 const sluice_put_t* out);  // [any-thread]
  // Ends the exchange, read to its end or not. Always due after OK of open().
  void (*close)(const sluice_host_t* host, void* body);  // [any-thread]
  // Tells the host, best in open() of the instance, the limits and equivalent endpoints of the
  // service, as JSON (docs/http.md, "Declaration"). The configuration comes before it; the last
  // call counts. INVALID_CONFIG names the member that is wrong.
  sluice_status_t (*declare)(const sluice_host_t* host, sluice_str_t declaration,
                             sluice_error_t* error);  // [any-thread] [may-fail]
  // An answer's body said so: nobody sends in `scope` for `wait_ms` from now.
  void (*throttle)(const sluice_host_t* host, sluice_str_t scope,
                   uint64_t wait_ms);  // [any-thread]
} sluice_http_t;

#ifdef __cplusplus
}
#endif
