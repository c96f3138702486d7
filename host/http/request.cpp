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

// Percent signs that encode nothing stay.
std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += encoded ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    i += encoded ? 2 : 0;
  }
  return out;
}

// `url` with the proof's parameter, and without any other of that name.
std::string with_parameter(const std::string& url, const HttpProof& proof) {
  const std::string bare = url.substr(0, url.find('#'));
  const size_t mark = bare.find('?');
  std::string out = bare.substr(0, mark);
  char joint = '?';
  std::string_view rest =
      mark == std::string::npos ? std::string_view() : std::string_view(bare).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    if (!pair.empty() && percent_decoded(pair.substr(0, pair.find('='))) != proof.parameter) {
      out += joint;
      out += pair;
      joint = '&';
    }
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
  return out + joint + percent_encoded(proof.parameter) + "=" + percent_encoded(proof.value);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string scope_of_account(const std::string& scope, const std::string& account) {
  if (account.empty()) {
    return scope;
  }
  const size_t end = std::min(scope.find('/'), scope.size());
  return scope.substr(0, end) + "@" + account + scope.substr(end);
}

bool tells_secret(const HttpProof& proof, std::string_view url) {
  const std::string once = percent_decoded(url);
  const std::string twice = percent_decoded(once);
  return std::any_of(proof.secrets.begin(), proof.secrets.end(), [&](const std::string& secret) {
    return !secret.empty() &&
           (url.find(secret) != std::string_view::npos || once.find(secret) != std::string::npos ||
            twice.find(secret) != std::string::npos);
  });
}

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
  const bool proven = !away && !request.proof.header.empty();
  each_line(request.headers, [&](std::string_view line) {
    const bool replaced =
        proven && equal_ignoring_case(name_of(line), name_of(request.proof.header));
    if (!replaced && (!away || is_among(name_of(line), kHarmless))) {
      wire.headers.push_back(curl_header(line));
    }
  });
  if (proven) {
    wire.headers.push_back(curl_header(request.proof.header));
  }
  if (!away && !request.proof.parameter.empty()) {
    wire.url = with_parameter(url.text, request.proof);
  }
  for (std::string& header : conditional_headers(request.validator, request.range_start > 0)) {
    wire.headers.push_back(std::move(header));
  }
  if (request.range_start > 0) {
    wire.headers.push_back("Range: bytes=" + std::to_string(request.range_start) + "-");
  }
  if (!request.body.empty() && !has_header(request, "Content-Type")) {
    wire.headers.emplace_back("Content-Type: application/octet-stream");
  }
  wire.repeatable = is_repeatable(request);
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
