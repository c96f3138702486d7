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
constexpr size_t kLongestName = 4096;
constexpr size_t kMostHeld = 4096;  // of a value that may be one

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

bool is_blank(char c) {
  return std::string_view(" \t\r\n").find(c) != std::string_view::npos;
}

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && is_blank(text[at])) {
    ++at;
  }
  return at;
}

bool ends_number(char c) {
  return !is_digit(c) && std::string_view("+-.eE").find(c) == std::string_view::npos;
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
    out += '?';
    ParameterRedactor parameters;
    parameters.push(url.substr(question + 1), out);
    parameters.finish(out);
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

void MemberRedactor::push(std::string_view text, std::string& out) {
  for (const char c : text) {
    step(c, out);
  }
}

void MemberRedactor::finish(std::string& out) {
  if (state_ == State::kSecretText) {
    end_secret_text(out);
  } else if (state_ == State::kSecretNumber) {
    out += '"';
  }
  state_ = State::kBetween;
}

void MemberRedactor::step(char c, std::string& out) {
  if (state_ == State::kSecretText) {
    step_secret_text(c, out);
    return;
  }
  if (state_ == State::kSecretNumber) {
    if (!ends_number(c)) {
      return;
    }
    out += '"';
    state_ = State::kBetween;
  }
  if (state_ == State::kText) {
    step_text(c);
  } else if (state_ == State::kAfterText && c == ':') {
    secret_ = text_.size() > kLongestName || is_secret_name(text_);
    state_ = State::kAfterColon;
  } else if (!is_blank(c) || state_ == State::kBetween) {
    begin_value(c);
  }
  if (state_ == State::kSecretNumber) {
    changed_ = true;
    out.append("\"").append(kBlot);
  } else {
    out += c;
  }
}

void MemberRedactor::step_text(char c) {
  if (c == '"' && !escaped_) {
    state_ = State::kAfterText;
    return;
  }
  escaped_ = c == '\\' && !escaped_;
  if (text_.size() <= kLongestName) {
    text_ += c;
  }
}

void MemberRedactor::step_secret_text(char c, std::string& out) {
  if (c == '"' && !escaped_) {
    end_secret_text(out);
    out += c;
    state_ = State::kBetween;
    return;
  }
  escaped_ = c == '\\' && !escaped_;
  if (text_.size() <= kBlot.size()) {
    text_ += c;
  }
}

void MemberRedactor::end_secret_text(std::string& out) {
  changed_ = changed_ || (!text_.empty() && text_ != kBlot);
  out.append(text_.empty() ? std::string_view() : kBlot);
}

// Whatever follows the last text, or the colon behind it.
void MemberRedactor::begin_value(char c) {
  const bool secret = state_ == State::kAfterColon && secret_;
  if (c == '"') {
    text_.clear();
    escaped_ = false;
    state_ = secret ? State::kSecretText : State::kText;
  } else {
    state_ = secret && (is_digit(c) || c == '-') ? State::kSecretNumber : State::kBetween;
  }
}

void ParameterRedactor::push(std::string_view text, std::string& out) {
  for (const char c : text) {
    step(c, out);
  }
}

void ParameterRedactor::finish(std::string& out) {
  end_held(out);
  state_ = State::kName;
  name_.clear();
}

void ParameterRedactor::step(char c, std::string& out) {
  if (c == '&') {
    finish(out);
    out += c;
  } else if (state_ == State::kHeld) {
    held_ += c;
    if (held_.size() >= kMostHeld) {
      end_held(out);
    }
  } else if (state_ != State::kBlotted) {
    out += c;
    if (state_ == State::kName && c == '=') {
      begin_value();
    } else if (state_ == State::kName && name_.size() <= kLongestName) {
      name_ += c;
    }
  }
}

void ParameterRedactor::begin_value() {
  std::string small(name_);
  std::transform(small.begin(), small.end(), small.begin(), lower);
  secret_ = name_.size() > kLongestName || is_secret_name(name_);
  state_ = secret_ || among(kMaybe, small) ? State::kHeld : State::kPlain;
}

void ParameterRedactor::end_held(std::string& out) {
  if (state_ != State::kHeld) {
    return;
  }
  const bool blot = !held_.empty() && (secret_ || looks_random(held_));
  changed_ = changed_ || (blot && held_ != kBlot);
  out.append(blot ? kBlot : std::string_view(held_));
  held_.clear();
  state_ = blot ? State::kBlotted : State::kPlain;
}

void BodyRedactor::push(std::string_view bytes) {
  if (!begun_ && !bytes.empty()) {
    begun_ = true;
    kind_ = body_kind(type_, bytes);
  }
  while (!bytes.empty()) {
    const size_t some = std::min(bytes.size(), kWindowBytes);
    take(bytes.substr(0, some));
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
  members_.finish(window_);
  parameters_.finish(window_);
  emit(window_.size());
  changed_ = changed_ || members_.changed() || parameters_.changed();
}

// By name before by value, and as it comes: where a window ends must not hide what is a name.
void BodyRedactor::take(std::string_view bytes) {
  if (kind_ == BodyKind::kJson) {
    members_.push(bytes, window_);
  } else if (kind_ == BodyKind::kForm) {
    parameters_.push(bytes, window_);
  } else {
    window_.append(bytes);
  }
}

void BodyRedactor::emit(size_t size) {
  if (size == 0) {
    return;
  }
  const std::string clean = redact_(window_.substr(0, size));
  changed_ = changed_ || clean != std::string_view(window_).substr(0, size);
  window_.erase(0, size);
  out_(clean);
}

}  // namespace sluice::host::cassette
