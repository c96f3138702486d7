// SPDX-License-Identifier: Apache-2.0
//
// JSON laid out for people and diffs, and packed again byte by byte as it was: blanks outside of
// strings are all that changes, so numbers, escapes, order and doubled members stay. Works on
// pieces of any size, and on texts that are no JSON, too. One thread at a time.
#pragma once

#include <string>
#include <string_view>

namespace sluice::host::cassette {

// Where in the text it stands: inside a string or not.
class JsonStrings {
 public:
  // Whether `c` belongs to a string, its quotes included.
  bool step(char c) {
    if (!inside_) {
      inside_ = c == '"';
      return inside_;
    }
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      inside_ = false;
    }
    return true;
  }
  [[nodiscard]] bool inside() const { return inside_; }

 private:
  bool inside_ = false, escaped_ = false;
};

inline bool is_json_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Lays out a text without blanks.
class JsonLayout {
 public:
  std::string push(std::string_view text);
  std::string finish() const { return strings_.inside() ? "" : "\n"; }

 private:
  void line(std::string& out) const;
  JsonStrings strings_;
  int depth_ = 0;
  bool opened_ = false;  // the last character opened an object or array
};

// Takes the blanks out again.
class JsonPacker {
 public:
  std::string push(std::string_view text);
  // Whether there was any blank so far.
  [[nodiscard]] bool had_blanks() const { return had_blanks_; }

 private:
  JsonStrings strings_;
  bool had_blanks_ = false;
};

}  // namespace sluice::host::cassette
