// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/key.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/http/cassette/json_text.hpp"
#include "host/http/head.hpp"

namespace sluice::host::cassette {
namespace {

constexpr size_t kLongestSlug = 72;
constexpr size_t kMostShown = 120;

std::string small(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string header_lines(const Fields& fields, const Redact& redact) {
  std::vector<std::string> all;
  for (const auto& [name, value] : fields) {
    all.push_back(small(name) + ": " + redact_field(name, value, redact) + "\n");
  }
  std::sort(all.begin(), all.end());
  std::string out;
  for (const std::string& line : all) {
    out += line;
  }
  return out;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Seconds, milliseconds, microseconds or nanoseconds since 1970, from 2001 on: "1442..." and such;
// or a text that begins like 2024-01-31 or 20240131.
bool looks_like_time(std::string_view value) {
  if (all_digits(value)) {
    const bool epoch =
        value.size() == 10 || value.size() == 13 || value.size() == 16 || value.size() == 19;
    const bool day = value.size() == 8 && (value.starts_with("19") || value.starts_with("20"));
    return (epoch && value.front() >= '1' && value.front() <= '4') || day;
  }
  return value.size() >= 10 && all_digits(value.substr(0, 4)) && value[4] == '-' &&
         all_digits(value.substr(5, 2)) && value[7] == '-' && all_digits(value.substr(8, 2));
}

std::string shown(std::string_view value) {
  return "'" + std::string(value.substr(0, kMostShown)) + (value.size() > kMostShown ? "…'" : "'");
}

Parameters sorted(Parameters parameters) {
  std::sort(parameters.begin(), parameters.end());
  return parameters;
}

}  // namespace

std::string RequestKey::strict() const {
  return method + '\n' + endpoint + '\n' + url + '\n' + headers + '\n' + validator + '\n' +
         std::to_string(range_start) + '\n' + std::to_string(body);
}

std::string RequestKey::loose() const {
  return method + '\n' + endpoint + '\n' + std::string(base_of(url)) + '\n' +
         std::to_string(packed_body);
}

RequestKey key_of(const HttpRequest& request, const Redact& redact) {
  RequestKey key;
  key.method = request.method.empty() ? "GET" : request.method;
  key.endpoint = request.endpoint;
  key.url = redact_url(request.url, redact);
  const Fields fields = fields_of(request.headers);
  key.headers = header_lines(fields, redact);
  key.validator = redact(request.validator);
  key.range_start = request.range_start;
  Hash body, packed;
  JsonPacker packer;
  BodyRedactor redactor(field_of(fields, "Content-Type"), redact, [&](std::string_view clean) {
    body.push(clean);
    packed.push(packer.push(clean));
  });
  redactor.push(request.body);
  redactor.finish();
  key.body = body.value();
  key.packed_body = packed.value();
  return key;
}

RequestKey key_of(const AskedHead& asked, const Redact& redact) {
  RequestKey key;
  key.method = asked.method;
  key.endpoint = asked.endpoint;
  key.url = redact_url(asked.url, redact);
  key.headers = header_lines(asked.headers, redact);
  key.validator = redact(asked.validator);
  key.range_start = asked.range_start;
  return key;
}

Fields fields_of(std::string_view headers) {
  Fields out;
  while (!headers.empty()) {
    const size_t end = std::min(headers.find('\n'), headers.size());
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + 1, headers.size()));
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && colon > 0) {
      out.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
  }
  return out;
}

std::string field_of(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

std::string_view base_of(std::string_view url) {
  return url.substr(0, url.find('?'));
}

Parameters parameters_of(std::string_view url) {
  Parameters out;
  const size_t question = url.find('?');
  std::string_view rest = question == std::string_view::npos ? "" : url.substr(question + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) {
      out.emplace_back(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
    }
  }
  return out;
}

bool is_volatile(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 9> kNames = {
      "_",  "nonce",       "oauth_nonce", "oauth_timestamp", "recvwindow", "timestamp",
      "ts", "cachebuster", "rand"};
  return value == kBlot || looks_like_time(value) || is_secret_name(name) ||
         std::find(kNames.begin(), kNames.end(), small(name)) != kNames.end();
}

int likeness(const Parameters& left, const Parameters& right) {
  const Parameters a = sorted(left), b = sorted(right);
  int equal = 0;
  size_t i = 0, k = 0;
  // A side without a volatile parameter is as good as one with another value.
  while (i < a.size() || k < b.size()) {
    if (i < a.size() && k < b.size() && a[i] == b[k]) {
      ++equal, ++i, ++k;
      continue;
    }
    const bool first = k == b.size() || (i < a.size() && a[i] < b[k]);
    const auto& alone = first ? a[i++] : b[k++];
    const bool moves = is_volatile(alone.first, alone.second);
    if (!moves) {
      return -1;
    }
  }
  return equal;
}

std::string difference(const Parameters& recorded, const Parameters& asked) {
  std::string out;
  const auto value_in = [](const Parameters& all, const std::string& name) -> const std::string* {
    const auto it =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
    return it == all.end() ? nullptr : &it->second;
  };
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  for (const auto& [name, value] : recorded) {
    const std::string* now = value_in(asked, name);
    if (now == nullptr) {
      add(name + " is missing");
    } else if (*now != value) {
      add(name + " is " + shown(*now) + " instead of " + shown(value));
    }
  }
  for (const auto& [name, value] : asked) {
    if (value_in(recorded, name) == nullptr) {
      add(name + " is new");
    }
  }
  return out;
}

std::string name_of(const RequestKey& key) {
  std::string_view url = base_of(key.url);
  const size_t authority = url.find("://");
  url.remove_prefix(authority == std::string_view::npos ? 0 : authority + 3);
  std::string slug;
  for (const char c : small(key.method + "-" + key.endpoint + "-" + std::string(url))) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (good) {
      slug += c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (!slug.empty() && (slug.front() == '.' || slug.front() == '-')) {
    slug.erase(0, 1);
  }
  // The end of a path says more than its middle.
  if (slug.size() > kLongestSlug) {
    slug.replace(kLongestSlug / 3, slug.size() - kLongestSlug, "...");
  }
  while (!slug.empty() && slug.back() == '-') {
    slug.pop_back();
  }
  Hash hash;
  hash.push(key.strict());
  char text[20];
  std::snprintf(text, sizeof text, "-%08x",
                static_cast<unsigned>(hash.value() ^ (hash.value() >> 32U)));
  return slug + text;
}

}  // namespace sluice::host::cassette
