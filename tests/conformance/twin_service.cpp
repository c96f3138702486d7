// SPDX-License-Identifier: Apache-2.0
#include "conformance/twin_service.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>

namespace sluice::conformance {

namespace {

using check::Answer;
using check::Request;
using Headers = std::map<std::string, std::string>;

constexpr int kMostRedirects = 5;

struct Url {
  std::string host, target;
};
Url parse_url(const std::string& url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto path = std::min(url.find_first_of("/?", begin), url.size());
  std::string target = url.substr(path);
  if (target.empty() || target.front() != '/') {
    target.insert(0, "/");
  }
  return {url.substr(begin, path - begin), target.substr(0, target.find('#'))};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Two lines at most, "etag VALUE" and "modified VALUE".
std::string validator_of(const twin::Answered& answer) {
  std::string out;
  for (const auto& [name, value] : answer.headers) {
    const std::string low = lower(name);
    out += low == "etag" ? "etag " + value + "\n" : "";
    out += low == "last-modified" ? "modified " + value + "\n" : "";
  }
  return out;
}

Headers headers_of(const Request& request) {
  Headers out;
  std::istringstream lines(request.headers);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos) {
      out[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
  }
  std::istringstream validator(request.validator);
  for (std::string line; std::getline(validator, line);) {
    if (line.starts_with("etag ")) {
      out["if-none-match"] = line.substr(5);
    } else if (line.starts_with("modified ")) {
      out["if-modified-since"] = line.substr(9);
    }
  }
  out.emplace("user-agent", "sluice-conformance");
  return out;
}

std::string location(const twin::Answered& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (lower(name) == "location") {
      return value;
    }
  }
  return {};
}

Answer converted(twin::Answered got, const Request& request) {
  if (got.status == 0) {
    return Answer{.fails = Error(Code::kUnavailable, request.url + " broke the connection.")};
  }
  Answer out;
  out.status = static_cast<uint32_t>(got.status);
  out.validator = validator_of(got);
  out.headers = std::move(got.headers);
  out.body = std::move(got.body);
  if (got.breaks_after) {
    out.breaks_after = *got.breaks_after;
  }
  return out;
}

}  // namespace

Authorize with_headers(std::map<std::string, Headers> by_credential) {
  return [known = std::move(by_credential)](twin::Twin&, const std::string& credential) {
    const auto found = known.find(credential);
    return found == known.end() ? Headers{} : found->second;
  };
}

check::Service service_of(TwinPtr twin, Authorize authorize, Headers prefixes) {
  return [twin = std::move(twin), authorize = std::move(authorize),
          prefixes = std::move(prefixes)](const Request& request) -> std::optional<Answer> {
    Headers headers = headers_of(request);
    if (!request.credential.empty() && authorize) {
      headers.merge(authorize(*twin, request.credential));
    }
    std::string url = request.url;
    twin::Answered answer;
    for (int hop = 0; hop <= kMostRedirects; ++hop) {
      const auto [host, target] = parse_url(url);
      const auto prefix = prefixes.find(host);
      answer = twin->ask(request.method, (prefix == prefixes.end() ? "" : prefix->second) + target,
                         headers, request.body);
      if (answer.status < 300 || answer.status > 399 || location(answer).empty()) {
        break;
      }
      url = location(answer);
    }
    return converted(std::move(answer), request);
  };
}

}  // namespace sluice::conformance
