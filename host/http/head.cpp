// SPDX-License-Identifier: Apache-2.0
#include "host/http/head.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::host {
namespace {

constexpr std::string_view kEtagPrefix = "ETag: ";
constexpr std::string_view kModifiedPrefix = "Last-Modified: ";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

std::string_view media_type(std::string_view field) {
  return trim(field.substr(0, field.find(';')));
}

bool ends_with_ignoring_case(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

bool one_type_matches(std::string_view type, std::string_view wanted) {
  if (wanted == "*/*" || equal_ignoring_case(type, wanted)) {
    return true;
  }
  if (wanted.size() > 2 && wanted.substr(wanted.size() - 2) == "/*") {
    const std::string_view group = wanted.substr(0, wanted.size() - 1);
    return type.size() > group.size() && equal_ignoring_case(type.substr(0, group.size()), group);
  }
  return (equal_ignoring_case(wanted, "application/json") &&
          ends_with_ignoring_case(type, "+json")) ||
         (equal_ignoring_case(wanted, "application/xml") && ends_with_ignoring_case(type, "+xml"));
}

// The value of the validator's line that begins with `prefix`; empty if there is none fit to be
// sent.
std::string_view validator_line(std::string_view validator, std::string_view prefix) {
  while (!validator.empty()) {
    const size_t end = std::min(validator.find('\n'), validator.size());
    const std::string_view line = validator.substr(0, end);
    validator.remove_prefix(std::min(end + 1, validator.size()));
    if (line.starts_with(prefix) && is_printable(line)) {
      return trim(line.substr(prefix.size()));
    }
  }
  return {};
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string Head::field(std::string_view name) const {
  std::string joined;
  bool first = true;
  for (const auto& [key, value] : fields) {
    if (equal_ignoring_case(key, name)) {
      joined += (first ? "" : ", ") + value;
      first = false;
    }
  }
  return joined;
}

bool Head::is_redirect() const {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

HeadParser::Step HeadParser::line(std::string_view text) {
  bytes_ += text.size();
  if (bytes_ > kMaxBytes) {
    return Step::kTooLong;
  }
  if (text.starts_with("HTTP/")) {
    head_ = Head();
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string_view code = trim(text.substr(blank)).substr(0, 3);
    std::from_chars(code.data(), code.data() + code.size(), head_.status);
    return Step::kMore;
  }
  const std::string_view content = trim(text);
  if (content.empty()) {
    return head_.status >= 200 ? Step::kComplete : Step::kMore;
  }
  const size_t colon = content.find(':');
  if (colon != std::string_view::npos) {
    head_.fields.emplace_back(trim(content.substr(0, colon)), trim(content.substr(colon + 1)));
  }
  return Step::kMore;
}

Head HeadParser::take() {
  // A length beside a transfer coding does not count (RFC 9112, 6.3); neither does one that is no
  // number.
  const std::string length = head_.field("Content-Length");
  int64_t value = -1;
  const auto [end, problem] = std::from_chars(length.data(), length.data() + length.size(), value);
  const bool whole = problem == std::errc() && end == length.data() + length.size() && value >= 0;
  head_.content_length = whole && head_.field("Transfer-Encoding").empty() ? value : -1;
  return std::exchange(head_, Head());
}

void HeadParser::reset() {
  head_ = Head();
  bytes_ = 0;
}

std::string make_validator(const Head& head) {
  std::string validator;
  const std::string etag = head.field("ETag");
  const std::string modified = head.field("Last-Modified");
  if (!etag.empty() && is_printable(etag)) {
    validator.append(kEtagPrefix).append(etag).append("\n");
  }
  if (!modified.empty() && is_printable(modified)) {
    validator.append(kModifiedPrefix).append(modified).append("\n");
  }
  return validator;
}

std::vector<std::string> conditional_headers(std::string_view validator, bool ranged) {
  const std::string etag(validator_line(validator, kEtagPrefix));
  const std::string modified(validator_line(validator, kModifiedPrefix));
  std::vector<std::string> headers;
  if (ranged) {
    // A weak ETag does not promise equal bytes, so bytes of two answers must not be joined by it.
    const std::string& proof = !etag.empty() && !etag.starts_with("W/") ? etag : modified;
    if (!proof.empty()) {
      headers.push_back("If-Range: " + proof);
    }
    return headers;
  }
  if (!etag.empty()) {
    headers.push_back("If-None-Match: " + etag);
  }
  if (!modified.empty()) {
    headers.push_back("If-Modified-Since: " + modified);
  }
  return headers;
}

bool media_type_matches(std::string_view content_type, std::string_view expect) {
  const std::string_view type = media_type(content_type);
  while (!expect.empty()) {
    const size_t end = std::min(expect.find(','), expect.size());
    const std::string_view wanted = media_type(expect.substr(0, end));
    if (!type.empty() && !wanted.empty() && one_type_matches(type, wanted)) {
      return true;
    }
    expect.remove_prefix(std::min(end + 1, expect.size()));
  }
  return false;
}

}  // namespace sluice::host
