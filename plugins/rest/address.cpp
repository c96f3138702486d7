// SPDX-License-Identifier: Apache-2.0
#include "address.hpp"

#include <algorithm>
#include <cctype>

namespace rest {
namespace {

std::string encode(std::string_view text, std::string_view also) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || also.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::size_t authority_begin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string_view::npos ? 0 : scheme + 3;
}

std::size_t path_begin(std::string_view url) {
  return std::min(url.find_first_of("/?#", authority_begin(url)), url.size());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Whether one of the words of a rel parameter is "next".
bool says_next(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    std::string_view one = trim(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || lower(trim(one.substr(0, equals))) != "rel") {
      continue;
    }
    std::string words = lower(trim(one.substr(equals + 1)));
    std::replace(words.begin(), words.end(), '"', ' ');
    return (" " + words + " ").find(" next ") != std::string::npos;
  }
  return false;
}

}  // namespace

std::string encode_segment(std::string_view text) {
  return encode(text, "-._~,:@");
}

std::string encode_query(std::string_view text) {
  return encode(text, "-._~,:@/");
}

std::string origin_of(std::string_view url) {
  return lower(url.substr(0, path_begin(url)));
}

std::string host_of(std::string_view url) {
  const std::size_t begin = authority_begin(url);
  return lower(url.substr(begin, path_begin(url) - begin));
}

std::string with_query(std::string url,
                       const std::vector<std::pair<std::string, std::string>>& parameters) {
  for (const auto& [name, value] : parameters) {
    url += (url.find('?') == std::string::npos ? '?' : '&') + encode_query(name) + '=' +
           encode_query(value);
  }
  return url;
}

std::string resolve(std::string_view base, std::string_view link) {
  link = trim(link);
  link = link.substr(0, link.find('#'));
  const std::string origin = origin_of(base);
  if (link.starts_with("//")) {
    const std::string_view scheme = base.substr(0, base.find("://") + 1);
    return resolve(base, std::string(scheme) + std::string(link));
  }
  const std::size_t scheme = link.find("://");
  if (scheme != std::string_view::npos && scheme < link.find_first_of("/?")) {
    const std::string_view rest = link.substr(path_begin(link));
    const bool plain = lower(link.substr(0, scheme)) == "http" && origin.starts_with("https://") &&
                       host_of(link) == host_of(origin);
    return origin_of(link) == origin || plain ? origin + std::string(rest) : "";
  }
  const std::string_view path = base.substr(0, std::min(base.find_first_of("?#"), base.size()));
  if (link.empty() || link.front() == '?') {
    return std::string(path) + std::string(link);
  }
  if (link.front() == '/') {
    return origin + std::string(link);
  }
  const std::size_t begin = path_begin(path);
  const std::size_t slash = path.rfind('/');
  const bool none = slash == std::string_view::npos || slash < begin;
  return std::string(none ? path : path.substr(0, slash)) + "/" + std::string(link);
}

std::string next_link(std::string_view header) {
  while (true) {
    const std::size_t begin = header.find('<');
    const std::size_t end = header.find('>', begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) {
      return "";
    }
    const std::string_view target = header.substr(begin + 1, end - begin - 1);
    const std::string_view behind = header.substr(end + 1);
    const std::string_view parameters = behind.substr(0, behind.find('<'));
    const std::size_t comma = parameters.rfind(',');
    const bool last = parameters.size() == behind.size();
    if (says_next(last ? parameters : parameters.substr(0, comma))) {
      return std::string(target);
    }
    header = behind;
  }
}

}  // namespace rest
