// SPDX-License-Identifier: Apache-2.0
#include "host/config/toml_tree.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 48
// toml++ 3.3 asserts (and lets clang assume) in places that hostile input reaches, although the
// lines behind them answer with an error: "2024-01-01Tx" must be a syntax error, not an abort. The
// asserts are taken out.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

namespace sluice::host {
namespace {

constexpr size_t kMaxKeyParts = 16;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxSyntaxProblems = 50;
constexpr size_t kMaxParsedBytes =
    64U << 20;  // of all attempts together: a large broken file ends earlier

// Deep dotted keys would nest tables without bound, and with them every recursion behind this.
// toml++ counts only brackets, so the parts of keys are counted here: everything outside strings
// and comments between separators.
class KeyDepth {
 public:
  explicit KeyDepth(std::string_view text) : text_(text) {}

  // Offset of the first key with too many parts, or npos.
  size_t find_too_deep() {
    size_t dots = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      dots = c == '.'                                                         ? dots + 1
             : std::string_view("=,{}[]\n").find(c) != std::string_view::npos ? 0
                                                                              : dots;
      if (dots >= kMaxKeyParts) {
        return at_;
      }
      ++at_;
    }
    return std::string_view::npos;
  }

 private:
  [[nodiscard]] bool triple(char quote) const {
    return at_ + 2 < text_.size() && text_[at_] == quote && text_[at_ + 1] == quote &&
           text_[at_ + 2] == quote;
  }

  void skip_string(char quote) {
    const bool multi_line = triple(quote);
    at_ += multi_line ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        at_ += 2;
      } else if (multi_line && triple(quote)) {
        at_ += 3;
        for (int extra = 0; extra < 2 && at_ < text_.size() && text_[at_] == quote; ++extra) {
          ++at_;  // up to two quotes more belong to the string
        }
        return;
      } else if (!multi_line && (c == quote || c == '\n')) {
        at_ += c == quote ? 1 : 0;
        return;
      } else {
        ++at_;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

bool find_too_deep_in(std::string_view text) {
  return KeyDepth(text).find_too_deep() != std::string_view::npos;
}

Place place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column, 0};
}

std::string date_text(const toml::date& d) {
  std::array<char, 16> out;
  std::snprintf(out.data(), out.size(), "%04u-%02u-%02u", static_cast<unsigned>(d.year % 10000U),
                static_cast<unsigned>(d.month % 100U), static_cast<unsigned>(d.day % 100U));
  return out.data();
}

std::string time_text(const toml::time& t) {
  std::array<char, 32> out;
  std::snprintf(out.data(), out.size(), "%02u:%02u:%02u", static_cast<unsigned>(t.hour),
                static_cast<unsigned>(t.minute), static_cast<unsigned>(t.second));
  std::string text = out.data();
  if (t.nanosecond != 0) {
    std::snprintf(out.data(), out.size(), ".%09u", t.nanosecond);
    text += out.data();
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

// A date-time without offset is taken as UTC.
std::string date_time_text(const toml::date_time& dt) {
  const std::string text = date_text(dt.date) + "T" + time_text(dt.time);
  if (!dt.offset || dt.offset->minutes == 0) {
    return text + "Z";
  }
  const int minutes = std::abs(static_cast<int>(dt.offset->minutes)) % 6000;
  std::array<char, 16> out;
  std::snprintf(out.data(), out.size(), "%c%02d:%02d", dt.offset->minutes < 0 ? '-' : '+',
                minutes / 60, minutes % 60);
  return text + out.data();
}

class Converter {
 public:
  Converter(std::string file, std::vector<Problem>& problems)
      : file_(std::move(file)), problems_(problems) {}

  Node convert(const toml::node& node, Place key_place, size_t depth) {
    Node out;
    out.place = place_of(node.source());
    out.key_place = key_place.line == 0 ? out.place : key_place;
    if (depth > kMaxDepth) {
      complain(out.place, "nested deeper than 64 levels; no configuration needs that");
      return out;
    }
    if (const auto* table = node.as_table()) {
      fill_table(*table, out, depth);
    } else if (const auto* array = node.as_array()) {
      out.kind = Node::Kind::kArray;
      out.elements.reserve(array->size());
      for (const auto& element : *array) {
        out.elements.push_back(convert(element, {}, depth + 1));
      }
    } else {
      fill_scalar(node, out);
    }
    return out;
  }

 private:
  void complain(Place place, std::string what) {
    problems_.push_back({file_, place.line, place.column, std::move(what)});
  }

  void fill_table(const toml::table& table, Node& out, size_t depth) {
    out.kind = Node::Kind::kTable;
    for (const auto& [key, value] : table) {
      const Place place = place_of(key.source());
      if (key.str().find('\0') != std::string_view::npos) {
        complain(place, "a key cannot have the character U+0000");
        continue;
      }
      out.members.emplace_back(std::string(key.str()), convert(value, place, depth + 1));
    }
  }

  void fill_scalar(const toml::node& node, Node& out) {
    if (const auto* text = node.as_string()) {
      out.kind = Node::Kind::kString;
      out.text = text->get();
      if (out.text.find('\0') != std::string::npos) {
        complain(out.place, "a text cannot have the character U+0000");
      }
    } else if (const auto* integer = node.as_integer()) {
      out.kind = Node::Kind::kInteger;
      out.integer = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
      out.kind = Node::Kind::kFloat;
      out.real = real->get();
    } else if (const auto* boolean = node.as_boolean()) {
      out.kind = Node::Kind::kBoolean;
      out.boolean = boolean->get();
    } else if (const auto* date = node.as_date()) {
      out.kind = Node::Kind::kDate;
      out.text = date_text(date->get());
    } else if (const auto* time = node.as_time()) {
      out.kind = Node::Kind::kTime;
      out.text = time_text(time->get());
    } else if (const auto* date_time = node.as_date_time()) {
      out.kind = Node::Kind::kDateTime;
      out.text = date_time_text(date_time->get());
    }
  }

  std::string file_;
  std::vector<Problem>& problems_;
};

// Line `number` (from 1) of `text`, as [begin, end) without its line feed.
std::pair<size_t, size_t> line_range(const std::string& text, uint32_t number) {
  size_t begin = 0;
  for (uint32_t line = 1; line < number && begin < text.size(); ++line) {
    const size_t end = text.find('\n', begin);
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return {begin, std::min(text.find('\n', begin), text.size())};
}

std::string_view trimmed_front(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t\r"), text.size()));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos
             ? std::string_view{}
             : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// What a person most likely did wrong on a line that the parser refuses.
std::string hint(std::string_view line, std::string_view complaint) {
  const auto has = [&](std::string_view word) {
    return complaint.find(word) != std::string_view::npos;
  };
  line = trimmed(line);
  const auto equals = line.find('=');
  const auto value =
      equals == std::string_view::npos ? std::string_view{} : trimmed(line.substr(equals + 1));
  if (has("maximum nested value depth")) {
    return "nest fewer brackets";
  }
  if (line.starts_with('[')) {
    return "a table header reads [name] or [[name]], alone on its line";
  }
  if (equals == std::string_view::npos) {
    return line.find(':') != std::string_view::npos ? "write key = value, with '=' and not ':'"
                                                    : "write key = value, one to a line";
  }
  if (value.empty()) {
    return "a value is missing behind '='";
  }
  if (value.front() == '"' || value.front() == '\'') {
    const bool closed = value.size() > 1 && value.back() == value.front();
    return closed ? R"(write a backslash as \\ or put the text in '…')"
                  : "is the text closed by the quote it began with?";
  }
  if (std::string_view("[{").find(value.front()) != std::string_view::npos) {
    return "is every bracket closed, and a comma between two values?";
  }
  if (value == "True" || value == "False" || value == "yes" || value == "no" || value == "on" ||
      value == "off") {
    return "write true or false";
  }
  return R"(texts stand in quotes: key = "value")";
}

std::string syntax_text(std::string_view complaint, std::string_view line) {
  // "Error while parsing key-value pair: could not determine value type"
  const auto colon =
      complaint.starts_with("Error while parsing ") ? complaint.find(": ") : std::string_view::npos;
  std::string what(colon == std::string_view::npos ? complaint : complaint.substr(colon + 2));
  if (what.ends_with('.')) {
    what.pop_back();
  }
  return "TOML syntax: " + what + "; " + hint(line, complaint);
}

bool is_duplicate(std::string_view complaint) {
  return complaint.find("redefine") != std::string_view::npos;
}

// "cannot redefine existing string 'name'": the name, or what stands on the line if it says none.
std::string duplicate_text(std::string_view line, std::string_view complaint) {
  const auto text = trimmed(line);
  if (text.starts_with('[')) {
    return "table " + std::string(trimmed(text.substr(0, std::min(text.find('#'), size_t{80})))) +
           " is there twice; put its keys together under one header";
  }
  const auto open = complaint.find('\'', std::min(complaint.find("redefine"), complaint.size()));
  const auto close = complaint.rfind('\'');
  const bool named = open != std::string_view::npos && close > open;
  const auto key = named ? complaint.substr(open + 1, close - open - 1)
                         : trimmed(text.substr(0, std::min(text.find('='), size_t{80})));
  return "key '" + std::string(key) + "' is there twice in the same table; keep one of them";
}

bool parses_alone(const std::string& text, std::pair<size_t, size_t> range) {
  return static_cast<bool>(
      toml::parse(std::string_view(text).substr(range.first, range.second - range.first)));
}

// Spaces out the line in error; with a header, all that stands under it.
void blank(std::string& text, std::pair<size_t, size_t> range) {
  if (trimmed(std::string_view(text).substr(range.first, range.second - range.first))
          .starts_with('[')) {
    for (size_t next = range.second; next < text.size();
         next = std::min(text.find('\n', next + 1), text.size())) {
      const size_t end = std::min(text.find('\n', next + 1), text.size());
      if (trimmed(std::string_view(text).substr(next + 1, end - next - 1)).starts_with('[')) {
        break;
      }
      range.second = end;
    }
  }
  std::replace_if(
      text.begin() + static_cast<ptrdiff_t>(range.first),
      text.begin() + static_cast<ptrdiff_t>(range.second), [](char c) { return c != '\n'; }, ' ');
}

}  // namespace

const char* kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kTable:
      return "a table";
    case Node::Kind::kArray:
      return "an array";
    case Node::Kind::kString:
      return "a string";
    case Node::Kind::kInteger:
      return "an integer";
    case Node::Kind::kFloat:
      return "a number with a fraction";
    case Node::Kind::kBoolean:
      return "a boolean";
    case Node::Kind::kDate:
      return "a date";
    case Node::Kind::kTime:
      return "a time of day";
    case Node::Kind::kDateTime:
      return "a date and time";
  }
  return "a value";
}

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

TomlTree parse_toml(const std::string& text, const std::string& file) {
  TomlTree tree;
  if (const size_t deep = KeyDepth(text).find_too_deep(); deep != std::string_view::npos) {
    const auto line = static_cast<uint32_t>(
        std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(deep), '\n') + 1);
    tree.problems.push_back(
        {file, line, 1, "a key of more than 16 parts; no configuration needs that"});
    tree.usable = false;
    return tree;
  }
  std::string rest = text;
  uint32_t last_line = 0;
  size_t parsed_bytes = 0;
  for (;;) {
    auto parsed = toml::parse(std::string_view(rest));
    if (parsed) {
      tree.root = Converter(file, tree.problems).convert(parsed.table(), {}, 0);
      tree.root.place = {1, 1, 0};
      return tree;
    }
    const auto& error = parsed.error();
    const auto begin = error.source().begin;
    const auto range = line_range(rest, begin.line);
    const std::string_view line =
        std::string_view(rest).substr(range.first, range.second - range.first);
    const bool duplicate = is_duplicate(error.description());
    // A line that is fine alone is not the culprit: something before it is open, and what follows
    // cannot be told.
    const bool culprit = duplicate || !parses_alone(rest, range);
    std::string what = duplicate ? duplicate_text(line, error.description())
                                 : syntax_text(error.description(), line);
    if (!culprit) {
      what = syntax_text(error.description(), "x = [") + " Look at the lines before this one, too.";
    }
    const auto column = duplicate
                            ? static_cast<uint32_t>(line.size() - trimmed_front(line).size() + 1)
                            : begin.column;
    tree.problems.push_back({file, begin.line, column, std::move(what)});
    tree.partial = true;
    if (!culprit || begin.line <= last_line || (parsed_bytes += rest.size()) > kMaxParsedBytes ||
        tree.problems.size() >= kMaxSyntaxProblems) {
      tree.usable = false;
      return tree;
    }
    last_line = begin.line;
    blank(rest, range);
  }
}

bool parse_toml_value(const std::string& text, Node& out) {
  if (text.find_first_of("\r\n") != std::string::npos || find_too_deep_in(text)) {
    return false;
  }
  const auto parsed = toml::parse("v = " + text);
  if (!parsed || parsed.table().size() != 1 || parsed.table().get("v") == nullptr) {
    return false;
  }
  std::vector<Problem> problems;
  out = Converter("", problems).convert(*parsed.table().get("v"), {}, 0);
  return problems.empty();
}

std::vector<std::string> parse_toml_key(const std::string& text) {
  std::vector<std::string> parts;
  if (text.find_first_of("\r\n#[]{}") != std::string::npos || find_too_deep_in(text)) {
    return parts;
  }
  const auto parsed = toml::parse(text + " = 0");
  if (!parsed) {
    return parts;
  }
  for (const toml::node* node = &parsed.table(); node->is_table();) {
    const auto& table = *node->as_table();
    if (table.size() != 1 || table.begin()->first.str().find('\0') != std::string_view::npos) {
      return {};
    }
    parts.emplace_back(table.begin()->first.str());
    node = &table.begin()->second;
  }
  return parts;
}

}  // namespace sluice::host
