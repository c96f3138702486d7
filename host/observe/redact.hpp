// SPDX-License-Identifier: Apache-2.0
//
// Blots out secret values wherever text leaves the process: plain, percent-encoded, escaped as in
// JSON, any mixture of these, and in base64, by itself or within something longer such as the
// "user:password" of basic authentication.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::host {

// A fixed set of values. Built rarely, asked often; thread-safe as long as nobody adds.
class Redactor {
 public:
  // Shorter values would blot out half of every text; they are not taken, which is the answer.
  static constexpr size_t kShortest = 4;
  bool add(std::string_view value);
  [[nodiscard]] std::string redact(std::string text) const;
  // Is there anything to blot out in `text`?
  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  struct Hit {
    size_t at = std::string_view::npos;
    size_t length = 0;
  };
  void add_pattern(std::string pattern);
  [[nodiscard]] Hit next(std::string_view text, size_t from) const;

  std::vector<std::string> patterns_;
  // By first byte: patterns that may begin with it, and whether any may.
  std::array<std::vector<uint32_t>, 256> by_first_;
  std::array<bool, 256> begins_{};
};

// The process's own. Values that must never leave it: each is replaced by *** wherever text passes
// redact(). Thread-safe.
void add_secret(std::string_view value);
// Of a value that is no longer in use, such as a token that was replaced long ago.
void forget_secret(std::string_view value);
[[nodiscard]] std::string redact(std::string text);
// Would redact() change it?
[[nodiscard]] bool holds_secret(std::string_view text);

}  // namespace sluice::host
