// SPDX-License-Identifier: Apache-2.0
#include "host/http/cache_policy.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "host/http/curl_library.hpp"
#include "host/http/head.hpp"

namespace sluice::host {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kLongest = 10LL * 365 * 86'400;  // seconds; more is no better

// Calls `visit` with each part of `text` between `separator`s, trimmed; not within quotes.
template <class Visit>
void each_part(std::string_view text, char separator, Visit visit) {
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') {
      quoted = !quoted;
    }
    if (i == text.size() || (text[i] == separator && !quoted)) {
      visit(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
}

std::optional<int64_t> whole_number(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::result_out_of_range && text.find('-') == std::string_view::npos) {
    return kLongest;
  }
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return std::min(value, kLongest);
}

struct CacheControl {
  bool forbidden = false;
  std::optional<int64_t> max_age;  // seconds

  static CacheControl of(const std::string& field) {
    CacheControl control;
    std::optional<int64_t> shared;
    each_part(field, ',', [&](std::string_view directive) {
      const std::string_view name = trim(directive.substr(0, directive.find('=')));
      const std::string_view value = directive.size() > name.size()
                                         ? trim(directive.substr(directive.find('=') + 1))
                                         : std::string_view();
      if (equal_ignoring_case(name, "no-store") || equal_ignoring_case(name, "no-cache") ||
          equal_ignoring_case(name, "private")) {
        control.forbidden = true;
      } else if (equal_ignoring_case(name, "s-maxage")) {
        shared = whole_number(value).value_or(0);  // a senseless number is stale (RFC 9111, 4.2.1)
      } else if (equal_ignoring_case(name, "max-age")) {
        control.max_age = whole_number(value).value_or(0);
      }
    });
    if (shared) {
      control.max_age = shared;
    }
    return control;
  }
};

std::optional<int64_t> seconds_of_date(const std::string& text) {
  if (text.find(':') == std::string::npos) {  // a date has a time of day
    return std::nullopt;
  }
  const time_t at = curl().getdate(text.c_str(), nullptr);
  return at < 0 ? std::nullopt : std::optional<int64_t>(at);
}

// What the service says; nothing if it is silent.
std::optional<int64_t> told_lifetime(const HttpExchange& answer, const CacheControl& control,
                                     int64_t now_us) {
  if (control.max_age) {
    return control.max_age;
  }
  const std::string expires = answer.header("Expires");
  if (expires.empty()) {
    return std::nullopt;
  }
  const auto at = seconds_of_date(expires);
  if (!at) {
    return 0;  // "Expires: 0" and the like
  }
  return *at - seconds_of_date(answer.header("Date")).value_or(now_us / kMicrosPerSecond);
}

bool names_all(const std::string& vary) {
  bool all = false;
  each_part(vary, ',', [&](std::string_view name) { all = all || name == "*"; });
  return all;
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

bool forbids(std::string_view header) {
  const std::string_view name = trim(header.substr(0, header.find(':')));
  if (equal_ignoring_case(name, "Range") || equal_ignoring_case(name, "If-Range") ||
      equal_ignoring_case(name, "If-None-Match") || equal_ignoring_case(name, "If-Match") ||
      equal_ignoring_case(name, "If-Modified-Since") ||
      equal_ignoring_case(name, "If-Unmodified-Since")) {
    return true;
  }
  if (equal_ignoring_case(name, "Pragma")) {
    return true;
  }
  if (!equal_ignoring_case(name, "Cache-Control") || name.size() == header.size()) {
    return false;
  }
  const auto control = CacheControl::of(std::string(header.substr(header.find(':') + 1)));
  return control.forbidden || control.max_age == 0;
}

std::string normal_header(std::string_view line) {
  std::string name(trim(line.substr(0, line.find(':'))));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name + ':' + std::string(trim(line.substr(std::min(line.find(':') + 1, line.size()))));
}

}  // namespace

bool is_cacheable(const HttpRequest& request) {
  if (request.cache_for.count() <= 0 || !(request.method.empty() || request.method == "GET") ||
      !request.body.empty() || !request.validator.empty() || request.range_start > 0) {
    return false;
  }
  bool allowed = true;
  each_line(request.headers, [&](std::string_view line) { allowed = allowed && !forbids(line); });
  return allowed;
}

std::chrono::seconds freshness(const HttpRequest& request, const HttpExchange& answer,
                               int64_t now_us) {
  const std::string field = answer.header("Cache-Control");
  const CacheControl control = CacheControl::of(field);
  const std::string pragma = answer.header("Pragma");
  const bool old_style = field.empty() && pragma.find("no-cache") != std::string::npos;
  if (answer.status() != 200 || control.forbidden || old_style ||
      names_all(answer.header("Vary"))) {
    return std::chrono::seconds(0);
  }
  const auto told = told_lifetime(answer, control, now_us);
  if (!told) {
    return request.cache_for;
  }
  const int64_t age = whole_number(trim(answer.header("Age"))).value_or(0);
  return std::chrono::seconds(std::clamp<int64_t>(*told - age, 0, kLongest));
}

std::string cache_key(const HttpRequest& request, const HttpCaller& caller) {
  std::vector<std::string> headers;
  each_line(request.headers,
            [&](std::string_view line) { headers.push_back(normal_header(line)); });
  std::stable_sort(headers.begin(), headers.end());
  std::string key =
      request.url + '\n' + request.expect + '\n' + std::to_string(request.max_body_bytes) + '\n';
  if (!request.credential.empty()) {
    // Another pipeline may mean another credential by the same name.
    key += "credential " + caller.name + '\n' + request.credential + '\n';
  }
  if (!request.endpoint.empty()) {
    key += "endpoint " + request.endpoint + '\n';
    const auto declared = caller.declaration();
    const auto set = declared->endpoints.find(request.endpoint);
    if (set != declared->endpoints.end()) {
      for (const std::string& url : set->second.urls) {
        key += url + '\n';
      }
    }
  }
  for (const std::string& header : headers) {
    key += header + '\n';
  }
  return key;
}

}  // namespace sluice::host
