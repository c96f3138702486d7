// SPDX-License-Identifier: Apache-2.0
//
// What must not be written into a cassette, and how it is blotted out: by the name of a header, a
// query parameter or a JSON member, and by value, for values the process knows to be secret.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::host::cassette {

// Replaces values that are known to be secret. Thread-safe.
using Redact = std::function<std::string(std::string)>;

inline constexpr std::string_view kBlot = "***";

// Does a header, parameter or member of this name hold a secret? `X-Api-Key`, `accessToken`,
// `client_secret` do, `pageToken` and `X-RateLimit-Tokens` do not.
bool is_secret_name(std::string_view name);

// The URL without user, fragment, secret parameters and known values.
std::string redact_url(std::string_view url, const Redact& redact);
// The value of a header field as it may be shown.
std::string redact_field(std::string_view name, std::string_view value, const Redact& redact);

enum class BodyKind : uint8_t { kOther, kJson, kForm };
// By the media type; a body without one is JSON if it begins like it.
BodyKind body_kind(std::string_view content_type, std::string_view begin);

// Blots out the values of a JSON text's members by their names: strings and numbers, so that what
// was JSON stays JSON. Works on pieces of any size. One thread at a time.
class MemberRedactor {
 public:
  void push(std::string_view text, std::string& out);
  void finish(std::string& out);
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  enum class State : uint8_t {
    kBetween,
    kText,
    kAfterText,
    kAfterColon,
    kSecretText,
    kSecretNumber
  };
  void step(char c, std::string& out);
  void step_text(char c);
  void step_secret_text(char c, std::string& out);
  void begin_value(char c);
  void end_secret_text(std::string& out);

  State state_ = State::kBetween;
  bool secret_ = false;   // of the member whose value comes next
  bool escaped_ = false;  // the next character of the text
  std::string text_;      // the begin of the text it stands in; a name if a colon follows
  bool changed_ = false;
};

// The same for "a=1&token=x".
class ParameterRedactor {
 public:
  void push(std::string_view text, std::string& out);
  void finish(std::string& out);
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  enum class State : uint8_t { kName, kHeld, kPlain, kBlotted };
  void step(char c, std::string& out);
  void begin_value();
  void end_held(std::string& out);

  State state_ = State::kName;
  bool secret_ = false;
  std::string name_, held_;  // the begin of a value that may be a secret
  bool changed_ = false;
};

// A body on its way into a cassette, cleaned piece by piece, so that only a window of it is held.
// One thread at a time.
class BodyRedactor {
 public:
  using Out = std::function<void(std::string_view)>;
  BodyRedactor(std::string content_type, const Redact& redact, Out out)
      : type_(std::move(content_type)), redact_(redact), out_(std::move(out)) {}

  void push(std::string_view bytes);
  void finish();
  // Whether anything was blotted out. After finish().
  [[nodiscard]] bool changed() const { return changed_; }
  [[nodiscard]] BodyKind kind() const { return kind_; }

 private:
  void take(std::string_view bytes);
  void emit(size_t size);

  const std::string type_;
  const Redact& redact_;
  const Out out_;
  MemberRedactor members_;
  ParameterRedactor parameters_;
  std::string window_;  // clean by name, not yet by value
  BodyKind kind_ = BodyKind::kOther;
  bool begun_ = false, changed_ = false;
};

}  // namespace sluice::host::cassette
