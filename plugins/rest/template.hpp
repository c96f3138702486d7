// SPDX-License-Identifier: Apache-2.0
//
// Text with places for values: "/players/{parent.username}", "{from:iso}", "{to-1ms:ms}".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rest {

// What the places of a template stand for at one moment.
struct Scope {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, int64_t, std::less<>> times;  // microseconds; without those unbounded
};

// "{name}", "{name:format}"; for times also "{name-1ms:format}". "{{" and "}}" are braces.
// Formats of times: iso (default), iso_ms, date, s, ms, us, and patterns with %Y %m %d %H %M %S;
// of texts: raw (not percent-encoded), lower, upper. A time is rounded down to what its format can
// tell; "to", the end of an interval, up, before it is moved. Immutable.
class Template {
 public:
  // Which names there are, and whether they are times.
  struct Names {
    std::set<std::string, std::less<>> texts, times;
  };
  using Encode = std::string (*)(std::string_view);

  Template() = default;
  // Throws std::invalid_argument: a sentence about `text`.
  Template(std::string_view text, const Names& names);

  // `encode` is applied to values, not to what stands around them. A name without a value is empty.
  std::string expand(const Scope& scope, Encode encode = nullptr) const;
  bool uses(std::string_view name) const noexcept;
  // Names that begin so.
  bool uses_any(std::string_view prefix) const noexcept;

 private:
  struct Part {
    std::string text{};  // literal, or the name
    bool literal = true;
    bool time = false;
    int64_t shift_us = 0;
    std::string format{};
  };
  Part place(std::string_view inside, const Names& names) const;
  std::vector<Part> parts_;
};

}  // namespace rest
