// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/dwd/calendar.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

namespace sluice::twin::dwd {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"Thu", "Fri", "Sat", "Sun",
                                                    "Mon", "Tue", "Wed"};

std::string_view month_name(const Date& date) {
  return kMonths[static_cast<std::size_t>(date.month - 1)];
}

}  // namespace

void append_digits(std::string& out, std::int64_t value, int digits) {
  const std::size_t at = out.size();
  out.append(static_cast<std::size_t>(digits), '0');
  for (std::size_t i = out.size(); i > at && value > 0; value /= 10) {
    out[--i] = static_cast<char>('0' + value % 10);
  }
}

void append_date(std::string& out, Day day) {
  const Date date = date_of(day);
  append_digits(out, date.year, 4);
  append_digits(out, date.month, 2);
  append_digits(out, date.day, 2);
}

std::string date_text(Day day) {
  std::string text;
  append_date(text, day);
  return text;
}

std::string german_date(Day day) {
  const Date date = date_of(day);
  std::string text;
  append_digits(text, date.day, 2);
  text += '.';
  append_digits(text, date.month, 2);
  text += '.';
  append_digits(text, date.year, 4);
  return text;
}

std::string iso_time(Minute minute) {
  const Day day = day_of_minute(minute);
  const Date date = date_of(day);
  const std::int64_t rest = minute - day * kMinutesPerDay;
  std::string text;
  append_digits(text, date.year, 4);
  text += '-';
  append_digits(text, date.month, 2);
  text += '-';
  append_digits(text, date.day, 2);
  text += 'T';
  append_digits(text, rest / 60, 2);
  text += ':';
  append_digits(text, rest % 60, 2);
  return text + ":00Z";
}

std::string http_date(std::int64_t seconds) {
  const Day day = floor_div(seconds, 86'400);
  const Date date = date_of(day);
  const std::int64_t rest = seconds - day * 86'400;
  std::string text(kWeekdays[static_cast<std::size_t>(day - floor_div(day, 7) * 7)]);
  text += ", ";
  append_digits(text, date.day, 2);
  text += ' ';
  text += month_name(date);
  text += ' ';
  append_digits(text, date.year, 4);
  text += ' ';
  append_digits(text, rest / 3600, 2);
  text += ':';
  append_digits(text, rest / 60 % 60, 2);
  text += ':';
  append_digits(text, rest % 60, 2);
  return text + " GMT";
}

std::string listing_date(std::int64_t seconds) {
  const Day day = floor_div(seconds, 86'400);
  const Date date = date_of(day);
  const std::int64_t rest = seconds - day * 86'400;
  std::string text;
  append_digits(text, date.day, 2);
  text += '-';
  text += month_name(date);
  text += '-';
  append_digits(text, date.year, 4);
  text += ' ';
  append_digits(text, rest / 3600, 2);
  text += ':';
  append_digits(text, rest / 60 % 60, 2);
  return text;
}

Day parse_day(const std::string& text) {
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') {
        return -1;
      }
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int year = number(0, 4);
    const int month = number(5, 2);
    const int day = number(8, 2);
    if (year > 0 && month > 0 && day > 0) {
      const std::chrono::year_month_day date{std::chrono::year(year),
                                             std::chrono::month(static_cast<unsigned>(month)),
                                             std::chrono::day(static_cast<unsigned>(day))};
      if (date.ok()) {
        return day_of(year, month, day);
      }
    }
  }
  throw std::invalid_argument("'" + text + "' is no date; write it as 2026-03-30");
}

}  // namespace sluice::twin::dwd
