// SPDX-License-Identifier: Apache-2.0
#include "host/http/request.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/http/head.hpp"

namespace sluice::host {
namespace {

constexpr std::array<std::string_view, 15> kArchives = {".zip", ".gz", ".tgz",     ".zst", ".br",
                                                        ".bz2", ".xz", ".7z",      ".lz4", ".jar",
                                                        ".rar", ".lz", ".parquet", ".png", ".jpg"};
// The host frames messages and connections, so these would only break them.
constexpr std::array<std::string_view, 7> kHostsOwn = {
    "Content-Length", "Transfer-Encoding", "Connection", "TE", "Trailer", "Upgrade", "Expect"};
constexpr std::array<std::string_view, 8> kHarmless = {
    "Accept", "Accept-Language", "Accept-Encoding", "User-Agent",
    "Range",  "If-Range",        "If-None-Match",   "If-Modified-Since"};

template <size_t N>
bool is_among(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view each) { return equal_ignoring_case(name, each); });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

Error refuse(const std::string& what) {
  return Error{Code::kInvalidConfig, what, 0, 0};
}

std::string_view name_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

Result<void> check_header(std::string_view line) {
  const size_t colon = line.find(':');
  const std::string_view name = name_of(line);
  if (colon == std::string_view::npos || !is_token(name)) {
    return refuse("a request header is malformed; write lines of the form \"Name: value\"");
  }
  const bool clean = std::all_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  });
  if (!clean) {
    return refuse("the request header " + std::string(name) +
                  " holds a control character; remove it");
  }
  if (is_among(name, kHostsOwn)) {
    return refuse("the request header " + std::string(name) +
                  " is set by the host itself; leave it out");
  }
  return {};
}

template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) {
      visit(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool has_header(const HttpRequest& request, std::string_view name) {
  bool found = false;
  each_line(request.headers, [&](std::string_view line) {
    found = found || equal_ignoring_case(name_of(line), name);
  });
  return found;
}

bool names_archive(std::string_view path) {
  return std::any_of(kArchives.begin(), kArchives.end(), [&](std::string_view end) {
    return path.size() > end.size() &&
           equal_ignoring_case(path.substr(path.size() - end.size()), end);
  });
}

// Compression on the way is asked for where it helps: not for what is compressed (a server that
// calls an archive's own compression its transfer coding would have us unpack it), not for parts,
// not against the caller's own header.
bool wants_decoding(const HttpRequest& request, const Url& url) {
  return request.range_start == 0 && request.method != "HEAD" && !names_archive(url.path) &&
         request.expect.find("zip") == std::string::npos && !has_header(request, "Accept-Encoding");
}

// In curl's spelling: a header without a value is "Name;".
std::string curl_header(std::string_view line) {
  const std::string_view value = trim(line.substr(line.find(':') + 1));
  return value.empty() ? std::string(name_of(line)) + ";"
                       : std::string(name_of(line)) + ": " + std::string(value);
}

}  // namespace

Result<void> check_request(const HttpRequest& request) {
  if (!is_token(request.method) || request.method.size() > 20) {
    return refuse("a request's method is not a word such as GET or POST");
  }
  if (request.method == "CONNECT" || request.method == "TRACE") {
    return refuse("the method " + request.method + " is not offered");
  }
  Result<void> verdict;
  each_line(request.headers, [&](std::string_view line) {
    if (verdict) {
      verdict = check_header(line);
    }
  });
  return verdict;
}

WireRequest make_wire_request(const HttpRequest& request, const Url& url, bool away,
                              const HttpOptions& options) {
  WireRequest wire;
  wire.method = request.method;
  wire.url = url.text;
  wire.host = url.host;
  wire.place = request.method + " " + url.shown;
  wire.https = url.https;
  wire.body = request.body;
  wire.decode = wants_decoding(request, url);
  wire.client_certificate = !away;
  const bool own_limit = request.timeout.count() > 0;
  wire.first_byte_timeout = own_limit ? request.timeout : options.first_byte_timeout;
  wire.connect_timeout =
      own_limit ? std::min(request.timeout, options.connect_timeout) : options.connect_timeout;
  wire.dns_timeout = std::min(wire.connect_timeout, options.dns_timeout);
  wire.stall_timeout = options.stall_timeout;
  wire.low_speed = options.low_speed;
  wire.low_speed_window = options.low_speed_window;
  wire.max_body_bytes =
      request.max_body_bytes > 0 ? request.max_body_bytes : options.max_body_bytes;
  wire.buffer_bytes = static_cast<size_t>(options.buffer_bytes);
  each_line(request.headers, [&](std::string_view line) {
    if (!away || is_among(name_of(line), kHarmless)) {
      wire.headers.push_back(curl_header(line));
    }
  });
  for (std::string& header : conditional_headers(request.validator, request.range_start > 0)) {
    wire.headers.push_back(std::move(header));
  }
  if (request.range_start > 0) {
    wire.headers.push_back("Range: bytes=" + std::to_string(request.range_start) + "-");
  }
  if (!request.body.empty() && !has_header(request, "Content-Type")) {
    wire.headers.emplace_back("Content-Type: application/octet-stream");
  }
  return wire;
}

bool is_repeatable(const HttpRequest& request) {
  return request.repeatable || request.method == "GET" || request.method == "HEAD";
}

bool is_conditional(const HttpRequest& request) {
  return request.range_start == 0 &&
         (!conditional_headers(request.validator, false).empty() ||
          has_header(request, "If-None-Match") || has_header(request, "If-Modified-Since"));
}

void redirect_method(HttpRequest& request, uint32_t status) {
  const bool becomes_get = (status == 303 && request.method != "HEAD") ||
                           ((status == 301 || status == 302) && request.method == "POST");
  if (becomes_get) {
    request.method = "GET";
    request.body.clear();
  }
}

}  // namespace sluice::host
