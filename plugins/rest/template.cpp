// SPDX-License-Identifier: Apache-2.0
#include "template.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

#include "sluice/cpp/quantity.hpp"
#include "sluice/cpp/time_text.hpp"

namespace rest {
namespace {

constexpr std::array<std::string_view, 6> kTimeFormats{"iso", "iso_ms", "date", "s", "ms", "us"};
constexpr std::array<std::string_view, 3> kTextFormats{"raw", "lower", "upper"};

template <class List>
std::string list_of(const List& names) {
  std::string out;
  for (const auto& name : names) {
    out += (out.empty() ? "" : ", ") + std::string(name);
  }
  return out;
}

int64_t floor_div(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::string two(int64_t value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

// A pattern as of strftime(), of which only what dates in addresses need is known.
std::string by_pattern(std::string_view pattern, int64_t us) {
  using namespace std::chrono;
  const auto time = sys_time<microseconds>(microseconds(us));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time) - day);
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    switch (pattern[++i]) {
      case 'Y':
        out += sluice::to_text(sluice::Date{day}).substr(0, 4);
        break;
      case 'm':
        out += two(static_cast<unsigned>(date.month()));
        break;
      case 'd':
        out += two(static_cast<unsigned>(date.day()));
        break;
      case 'H':
        out += two(clock.hours().count());
        break;
      case 'M':
        out += two(clock.minutes().count());
        break;
      case 'S':
        out += two(clock.seconds().count());
        break;
      default:
        out += pattern[i];
    }
  }
  return out;
}

// Whether a pattern has this place, such as 'S' for %S.
bool has_place(std::string_view pattern, char place) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '%' && pattern[++i] == place) {
      return true;
    }
  }
  return false;
}

int64_t ceil_to(int64_t value, int64_t unit) {
  return -floor_div(-value, unit) * unit;
}

// `us`, or the first instant behind it that the format can tell.
int64_t round_up(std::string_view format, int64_t us) {
  using namespace std::chrono;
  constexpr int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;
  if (format.empty() || format == "iso" || format == "us") {
    return us;
  }
  if (format == "ms" || format == "iso_ms") {
    return ceil_to(us, 1'000);
  }
  if (format == "s" || has_place(format, 'S')) {
    return ceil_to(us, kSecond);
  }
  if (has_place(format, 'M')) {
    return ceil_to(us, 60 * kSecond);
  }
  if (has_place(format, 'H')) {
    return ceil_to(us, 3'600 * kSecond);
  }
  const int64_t day = ceil_to(us, kDay);
  if (format == "date" || has_place(format, 'd')) {
    return day;
  }
  const year_month_day date(sys_days(days(day / kDay)));
  const bool month = has_place(format, 'm');
  const year_month first = date.year() / (month ? date.month() : January);
  const bool exact = sys_days(first / 1) == sys_days(date);
  const year_month next = exact ? first : month ? first + months(1) : first + years(1);
  return duration_cast<microseconds>(sys_days(next / 1).time_since_epoch()).count();
}

std::string format_time(std::string_view format, int64_t us) {
  const sluice::DateTime time{sluice::Micros(std::chrono::microseconds(us))};
  if (format == "date") {
    return sluice::to_text(time).substr(0, 10);
  }
  if (format == "s" || format == "ms" || format == "us") {
    return std::to_string(floor_div(us, format == "s" ? 1'000'000 : format == "ms" ? 1'000 : 1));
  }
  if (format == "iso_ms") {
    const int64_t ms = floor_div(us, 1'000) - floor_div(us, 1'000'000) * 1'000;
    return sluice::to_text(time).substr(0, 19) + "." + std::to_string(1'000 + ms).substr(1) + "Z";
  }
  return format.empty() || format == "iso" ? sluice::to_text(time) : by_pattern(format, us);
}

std::string cased(std::string text, char first, int shift) {
  for (char& c : text) {
    c = c >= first && c < first + 26 ? static_cast<char>(c + shift) : c;
  }
  return text;
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

}  // namespace

Template::Template(std::string_view text, const Names& names) {
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) {
      parts_.push_back({.text = std::exchange(literal, {})});
    }
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool twice = i + 1 < text.size() && text[i + 1] == c;
    if ((c != '{' && c != '}') || twice) {
      literal += c;
      i += c == '{' || c == '}' ? 1 : 0;
      continue;
    }
    const std::size_t end = c == '{' ? text.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      throw std::invalid_argument("holds a single brace; write {{ or }} for one that is meant");
    }
    end_literal();
    parts_.push_back(place(text.substr(i + 1, end - i - 1), names));
    i = end;
  }
  end_literal();
}

Template::Part Template::place(std::string_view inside, const Names& names) const {
  Part part{.literal = false};
  const std::size_t colon = inside.find(':');
  std::string_view name = inside.substr(0, colon);
  part.format = colon == std::string_view::npos ? "" : inside.substr(colon + 1);
  const std::size_t sign = name.find_first_of("+-");
  if (sign != std::string_view::npos && !names.texts.contains(name)) {
    const auto shift = sluice::parse_duration(name.substr(sign + 1));
    if (!shift) {
      throw std::invalid_argument("holds {" + std::string(inside) +
                                  "}, in which no duration such as 1ms stands behind the sign");
    }
    part.shift_us = name[sign] == '-' ? -shift->count() : shift->count();
    name = name.substr(0, sign);
  }
  part.text = name;
  part.time = names.times.contains(name);
  if (!part.time && !names.texts.contains(name)) {
    auto known = names.times;
    known.insert(names.texts.begin(), names.texts.end());
    throw std::invalid_argument("uses {" + std::string(name) +
                                "}, which there is not here; there " +
                                (known.empty() ? "is nothing" : "are " + list_of(known)));
  }
  const bool pattern = part.time && part.format.find('%') != std::string::npos;
  if (!part.format.empty() && !pattern &&
      !(part.time ? is_one_of(part.format, kTimeFormats) : is_one_of(part.format, kTextFormats))) {
    throw std::invalid_argument("uses {" + std::string(inside) + "}, which is no format; for {" +
                                std::string(name) + "} there are " +
                                (part.time
                                     ? list_of(kTimeFormats) + " and patterns such as %d-%m-%Y"
                                     : list_of(kTextFormats)));
  }
  if (part.shift_us != 0 && !part.time) {
    throw std::invalid_argument("moves {" + std::string(name) + "}, which is no time");
  }
  return part;
}

std::string Template::expand(const Scope& scope, Encode encode) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.literal) {
      out += part.text;
      continue;
    }
    std::string value;
    if (part.time) {
      const auto time = scope.times.find(part.text);
      if (time != scope.times.end()) {
        // The end of an interval: a part of the format's unit must not be lost to it.
        const int64_t us = part.text == "to" ? round_up(part.format, time->second) : time->second;
        value = format_time(part.format, us + part.shift_us);
      }
    } else if (const auto text = scope.texts.find(part.text); text != scope.texts.end()) {
      value = part.format == "lower"   ? cased(text->second, 'A', 'a' - 'A')
              : part.format == "upper" ? cased(text->second, 'a', 'A' - 'a')
                                       : text->second;
    }
    out += encode == nullptr || part.format == "raw" ? value : encode(value);
  }
  return out;
}

bool Template::uses(std::string_view name) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return !part.literal && part.text == name; });
}

bool Template::uses_any(std::string_view prefix) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return !part.literal && part.text.starts_with(prefix);
  });
}

}  // namespace rest
