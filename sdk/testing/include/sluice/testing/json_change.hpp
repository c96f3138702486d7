// SPDX-License-Identifier: Apache-2.0
//
// JSON documents as a service may send them one day: with members nobody knows yet, with numbers
// that became texts, with empty lists. What is not changed stays as it was, byte for byte, so exact
// decimals and the order of members survive.
#pragma once

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::testing {

enum class JsonChange : uint8_t {
  kAddFields,      // two unknown members in every object, one in front and one behind
  kNumbersAsText,  // 5 becomes "5"
  kTextAsNumbers,  // "5" becomes 5, where the text is a plain number and not a member's name
  kEmpty,          // every list becomes [], see `depth` for objects
};

namespace detail {

class JsonChanger {
 public:
  JsonChanger(std::string_view in, JsonChange change, std::size_t depth)
      : in_(in), change_(change), depth_(depth) {
    out_.reserve(in.size() + in.size() / 8);
  }

  // The changed document, or nothing if it is no JSON.
  std::optional<std::string> run() {
    blanks();
    if (!value(0)) {
      return std::nullopt;
    }
    blanks();
    return at_ == in_.size() ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  static constexpr std::size_t kDeepest = 500;

  bool value(std::size_t depth) {
    if (at_ == in_.size() || depth > kDeepest) {
      return false;
    }
    const char c = in_[at_];
    return c == '{' || c == '[' ? container(c, depth)
           : c == '"'           ? text(depth)
           : is_number(c)       ? number(depth)
                                : word();
  }

  bool container(char open, std::size_t depth) {
    const bool object = open == '{';
    const std::size_t begin = out_.size();
    take(1);
    const bool add = object && change_ == JsonChange::kAddFields && depth >= depth_;
    if (add) {
      out_ += R"("zz_new_object":{"kind":1,"list":[true,null,"x"]},)";
    }
    if (!members(object, depth)) {
      return false;
    }
    if (add) {
      const bool none = out_.back() == ',';
      out_ += none ? R"("zz_new_text":"7")" : R"(,"zz_new_text":"7")";
    }
    if (change_ == JsonChange::kEmpty && (!object || depth >= depth_)) {
      out_.resize(begin);
      out_ += open;
    }
    take(1);  // the closing bracket
    return true;
  }

  // Up to the closing bracket.
  bool members(bool object, std::size_t depth) {
    const char close = object ? '}' : ']';
    blanks();
    if (peek() == close) {
      return true;
    }
    for (;;) {
      if (object && (!name() || peek() != ':')) {
        return false;
      }
      if (object) {
        take(1);
        blanks();
      }
      if (!value(depth + 1)) {
        return false;
      }
      blanks();
      if (peek() == close) {
        return true;
      }
      if (peek() != ',') {
        return false;
      }
      take(1);
      blanks();
    }
  }

  bool name() {
    const std::size_t size = string_size();
    take(size);
    blanks();
    return size != 0;
  }

  bool text(std::size_t depth) {
    const std::size_t size = string_size();
    if (size == 0) {
      return false;
    }
    const std::string_view inner = in_.substr(at_ + 1, size - 2);
    if (change_ == JsonChange::kTextAsNumbers && depth >= depth_ && plain_number(inner)) {
      out_ += inner;
      at_ += size;
    } else {
      take(size);
    }
    return true;
  }

  bool number(std::size_t depth) {
    std::size_t size = 0;
    while (at_ + size < in_.size() && is_number(in_[at_ + size])) {
      ++size;
    }
    const bool quote = change_ == JsonChange::kNumbersAsText && depth >= depth_;
    out_ += quote ? "\"" : "";
    take(size);
    out_ += quote ? "\"" : "";
    return true;
  }

  bool word() {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (in_.substr(at_, known.size()) == known) {
        take(known.size());
        return true;
      }
    }
    return false;
  }

  // With its quotes; 0 = it is none.
  std::size_t string_size() const {
    if (peek() != '"') {
      return 0;
    }
    for (std::size_t i = at_ + 1; i < in_.size(); ++i) {
      if (in_[i] == '\\') {
        ++i;
      } else if (in_[i] == '"') {
        return i + 1 - at_;
      }
    }
    return 0;
  }

  // As JSON writes it: no sign in front of digits but '-', no needless zero, no exponent.
  static bool plain_number(std::string_view t) {
    if (!t.empty() && t.front() == '-') {
      t.remove_prefix(1);
    }
    const auto digits = [&] {
      std::size_t count = 0;
      for (; !t.empty() && std::isdigit(static_cast<unsigned char>(t.front())) != 0; ++count) {
        t.remove_prefix(1);
      }
      return count;
    };
    const bool zero = !t.empty() && t.front() == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) {
      return false;
    }
    if (!t.empty() && t.front() == '.') {
      t.remove_prefix(1);
      return digits() > 0 && t.empty();
    }
    return t.empty();
  }

  static bool is_number(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.' ||
           c == 'e' || c == 'E';
  }
  char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  void take(std::size_t size) {
    out_ += in_.substr(at_, size);
    at_ += size;
  }
  void blanks() {
    std::size_t size = 0;
    while (at_ + size < in_.size() && (in_[at_ + size] == ' ' || in_[at_ + size] == '\n' ||
                                       in_[at_ + size] == '\r' || in_[at_ + size] == '\t')) {
      ++size;
    }
    take(size);
  }

  std::string_view in_;
  const JsonChange change_;
  const std::size_t depth_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace detail

// The document with the change made; as it is if it is no JSON. The outermost value is at depth 0,
// what it holds at 1, and so on. Only values from `depth` on are changed, so that a table of
// records by id gets new fields in its records (depth 1) and no new record. Without it: all values
// are, but of objects kEmpty leaves the members.
inline std::string change_json(std::string_view text, JsonChange change,
                               std::optional<std::size_t> depth = std::nullopt) {
  const std::size_t none =
      change == JsonChange::kEmpty ? std::numeric_limits<std::size_t>::max() : 0;
  auto changed = detail::JsonChanger(text, change, depth.value_or(none)).run();
  return changed ? std::move(*changed) : std::string(text);
}

}  // namespace sluice::testing
