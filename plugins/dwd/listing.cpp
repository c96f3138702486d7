// SPDX-License-Identifier: Apache-2.0
#include "listing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include "names.hpp"
#include "sluice/cpp/error.hpp"
#include "text.hpp"

namespace dwd {

namespace {

sluice::Error broken(std::string_view url, const std::string& what) {
  return sluice::Error(sluice::Code::kUnavailable, "The answer of " + std::string(url) +
                                                       " is not a complete listing: " + what + ".")
      .retryable();
}

bool is_plain(std::string_view name) noexcept {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string_view take_word(std::string_view& rest) noexcept {
  const auto first = rest.find_first_not_of(" \t");
  rest.remove_prefix(std::min(first, rest.size()));
  const auto end = std::min(rest.find_first_of(" \t\r"), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

template <class T>
bool number(std::string_view text, T& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

unsigned month_number(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = std::find(kMonths.begin(), kMonths.end(), name);
  return at == kMonths.end() ? 0 : static_cast<unsigned>(at - kMonths.begin()) + 1;
}

// "11-Jan-2020" and "12:38".
std::optional<int64_t> parse_time(std::string_view date, std::string_view time) noexcept {
  unsigned day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  if (date.size() != 11 || time.size() != 5 || time[2] != ':' || !number(date.substr(0, 2), day) ||
      !number(date.substr(7), year) || !number(time.substr(0, 2), hour) ||
      !number(time.substr(3), minute)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{month_number(date.substr(3, 3))},
                                        std::chrono::day{day}};
  if (!ymd.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return std::nullopt;
  }
  const std::chrono::microseconds instant = std::chrono::sys_days{ymd}.time_since_epoch() +
                                            std::chrono::hours{hour} + std::chrono::minutes{minute};
  return instant.count();
}

// What stands behind `<a href="`.
void tell_entry(std::string_view line, std::string_view url,
                const std::function<void(const Entry&)>& tell) {
  const auto quote = line.find('"');
  const auto link_end = line.find("</a>");
  if (quote == std::string_view::npos || link_end == std::string_view::npos) {
    throw broken(url, "a line breaks off");
  }
  Entry entry;
  entry.name = line.substr(0, quote);
  entry.folder = entry.name.ends_with('/');
  entry.name.remove_suffix(entry.folder ? 1 : 0);
  if (!is_plain(entry.name)) {
    return;
  }
  if (!entry.folder) {
    std::string_view rest = line.substr(link_end + 4);
    const auto date = take_word(rest);
    const auto modified = parse_time(date, take_word(rest));
    if (!modified || !number(take_word(rest), entry.size)) {
      throw broken(url, "the line of " + std::string(entry.name) + " has no time and size");
    }
    entry.modified_us = *modified;
  }
  tell(entry);
}

}  // namespace

void parse_listing(std::string_view page, std::string_view url,
                   const std::function<void(const Entry&)>& tell) {
  constexpr std::string_view kLink = "<a href=\"";
  const auto begin = page.find("<pre>");
  const auto end = page.rfind("</pre>");
  if (begin == std::string_view::npos) {
    throw broken(url, "it has no <pre>, so it is another page");
  }
  if (end == std::string_view::npos || end < begin) {
    throw broken(url, "its end is missing");
  }
  std::string_view rest = page.substr(begin + 5, end - begin - 5);
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const auto at = line.find(kLink);
    if (at != std::string_view::npos) {
      tell_entry(line.substr(at + kLink.size()), url, tell);
    }
  }
}

std::string_view find_station_list(std::string_view page, std::string_view url) {
  std::string_view found;
  parse_listing(page, url, [&](const Entry& entry) {
    found = !entry.folder && is_station_list(entry.name) ? entry.name : found;
  });
  return found;
}

}  // namespace dwd
