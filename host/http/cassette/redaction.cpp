// SPDX-License-Identifier: Apache-2.0
#include "host/http/cassette/redaction.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "host/http/head.hpp"

namespace sluice::host::cassette {
namespace {

constexpr size_t kWindowBytes = 1U << 20;
constexpr size_t kOverlapBytes = 256U << 10;  // longer than any secret in any of its encodings
constexpr int kMostCuts = 8;
constexpr size_t kLikelyKey = 16;  // a value so long may be an API key

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

// "X-Api-Key", "client_secret" and "accessToken" as small words.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      words.emplace_back();
      continue;
    }
    if (is_upper(c) && i > 0 && is_lower(name[i - 1])) {
      words.emplace_back();
    }
    words.back() += lower(c);
  }
  words.erase(std::remove(words.begin(), words.end(), std::string()), words.end());
  return words;
}

template <size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 25> kSecretWords = {
    "apikey",        "appkey",      "accesskey",    "accesstoken",  "auth",
    "authorization", "bearer",      "clientsecret", "cookie",       "cookie2",
    "credential",    "credentials", "csrf",         "jwt",          "passphrase",
    "passwd",        "password",    "pwd",          "refreshtoken", "secret",
    "sessionid",     "sig",         "signature",    "token",        "xsrf"};
// A token behind one of these is a place in a list.
constexpr std::array<std::string_view, 10> kCursorWords = {
    "page", "next", "prev", "continuation", "cursor", "sync", "resume", "start", "scroll", "list"};
constexpr std::array<std::string_view, 5> kKeyWords = {"api", "access", "private", "secret",
                                                       "subscription"};
// Names that hold a key of an API as often as something harmless.
constexpr std::array<std::string_view, 4> kMaybe = {"key", "appid", "sid", "k"};

bool looks_random(std::string_view value) {
  return value.size() >= kLikelyKey && std::any_of(value.begin(), value.end(), is_digit) &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return is_digit(c) || is_upper(c) || is_lower(c) || c == '-' || c == '_';
         });
}

bool is_secret_parameter(std::string_view name, std::string_view value) {
  if (is_secret_name(name)) {
    return true;
  }
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(), lower);
  return among(kMaybe, small) && looks_random(value);
}

// "a=1&token=x" → "a=1&token=***"
std::string redact_parameters(std::string_view text) {
  std::string out;
  while (true) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view one = text.substr(0, end);
    const size_t equals = one.find('=');
    if (equals != std::string_view::npos && equals + 1 < one.size() &&
        is_secret_parameter(one.substr(0, equals), one.substr(equals + 1))) {
      out.append(one.substr(0, equals + 1)).append(kBlot);
    } else {
      out.append(one);
    }
    if (end == text.size()) {
      return out;
    }
    out += '&';
    text.remove_prefix(end + 1);
  }
}

size_t end_of_string(std::string_view text, size_t quote) {
  for (size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return text.size();
}

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos) {
    ++at;
  }
  return at;
}

// "access_token":"x" → "access_token":"***"; everything else byte by byte as it was.
std::string redact_members(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find('"'); at < text.size();) {
    const size_t end = end_of_string(text, at);
    const size_t colon = skip_blanks(text, std::min(end + 1, text.size()));
    size_t next = end + 1;
    if (colon < text.size() && text[colon] == ':') {
      const size_t value = skip_blanks(text, colon + 1);
      if (value < text.size() && text[value] == '"' &&
          is_secret_name(text.substr(at + 1, end - at - 1))) {
        const size_t value_end = end_of_string(text, value);
        if (value_end > value + 1) {
          out.append(text.substr(done, value + 1 - done)).append(kBlot);
          done = value_end;
        }
        next = value_end + 1;
      }
    }
    at = next < text.size() ? text.find('"', next) : std::string_view::npos;
  }
  out.append(text.substr(std::min(done, text.size())));
  return out;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  for (size_t i = 0; i < words.size(); ++i) {
    const bool cursor = i > 0 && words[i] == "token" && among(kCursorWords, words[i - 1]);
    const bool key = i > 0 && words[i] == "key" && among(kKeyWords, words[i - 1]);
    const bool session = i > 0 && words[i] == "id" && words[i - 1] == "session";
    // Last, as in OK-ACCESS-SIGN: "sign_in_url" and "sign_type" are harmless.
    const bool sign = i + 1 == words.size() && words[i] == "sign";
    if (key || session || sign || (among(kSecretWords, words[i]) && !cursor)) {
      return true;
    }
  }
  return false;
}

std::string redact_url(std::string_view url, const Redact& redact) {
  url = url.substr(0, url.find('#'));
  const size_t question = std::min(url.find('?'), url.size());
  std::string out(url.substr(0, question));
  const size_t authority = out.find("://");
  if (authority != std::string::npos) {
    const size_t path = std::min(out.find('/', authority + 3), out.size());
    const size_t user_end = out.rfind('@', path);
    if (user_end != std::string::npos && user_end > authority) {
      out.replace(authority + 3, user_end - authority - 3, kBlot);
    }
  }
  if (question < url.size()) {
    out += '?' + redact_parameters(url.substr(question + 1));
  }
  return redact(std::move(out));
}

std::string redact_field(std::string_view name, std::string_view value, const Redact& redact) {
  if (is_secret_name(name)) {
    return std::string(kBlot);
  }
  if (equal_ignoring_case(name, "Location") || equal_ignoring_case(name, "Referer") ||
      equal_ignoring_case(name, "Content-Location")) {
    return redact_url(value, redact);
  }
  return redact(std::string(value));
}

BodyKind body_kind(std::string_view content_type, std::string_view begin) {
  if (media_type_matches(content_type, "application/json")) {
    return BodyKind::kJson;
  }
  if (media_type_matches(content_type, "application/x-www-form-urlencoded")) {
    return BodyKind::kForm;
  }
  const size_t first = skip_blanks(begin, 0);
  const bool may_be_json = content_type.empty() || media_type_matches(content_type, "text/*");
  return may_be_json && first < begin.size() && (begin[first] == '{' || begin[first] == '[')
             ? BodyKind::kJson
             : BodyKind::kOther;
}

void BodyRedactor::push(std::string_view bytes) {
  if (!begun_ && !bytes.empty()) {
    begun_ = true;
    kind_ = body_kind(type_, bytes);
  }
  while (!bytes.empty()) {
    const size_t some = std::min(bytes.size(), kWindowBytes);
    window_.append(bytes.substr(0, some));
    bytes.remove_prefix(some);
    if (window_.size() < kWindowBytes) {
      continue;
    }
    // Cut where no secret lies across; where one always does, more is held.
    const std::string whole = redact_(window_);
    size_t cut = window_.size() - kOverlapBytes;
    for (int i = 0; i < kMostCuts && cut > kOverlapBytes; ++i, cut -= kOverlapBytes / 4) {
      if (redact_(window_.substr(0, cut)) + redact_(window_.substr(cut)) == whole) {
        emit(cut);
        break;
      }
    }
  }
}

void BodyRedactor::finish() {
  emit(window_.size());
}

void BodyRedactor::emit(size_t size) {
  if (size == 0) {
    return;
  }
  std::string clean = redact_(window_.substr(0, size));
  if (kind_ == BodyKind::kJson) {
    clean = redact_members(clean);
  } else if (kind_ == BodyKind::kForm) {
    clean = redact_parameters(clean);
  }
  changed_ = changed_ || clean != std::string_view(window_).substr(0, size);
  window_.erase(0, size);
  out_(clean);
}

}  // namespace sluice::host::cassette
