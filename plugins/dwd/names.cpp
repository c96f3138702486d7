// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

#include <chrono>
#include <utility>

#include "text.hpp"

namespace dwd {

namespace {

constexpr std::pair<Period, std::string_view> kPeriods[] = {
    {Period::kHistorical, "historical"}, {Period::kRecent, "recent"}, {Period::kNow, "now"}};
constexpr std::pair<Period, std::string_view> kTags[] = {{Period::kHistorical, "hist"},
                                                         {Period::kRecent, "akt"},
                                                         {Period::kNow, "now"},
                                                         {Period::kHistorical, "row"}};

// Digits only; nothing if there are others, or more than `most`.
std::optional<int32_t> number(std::string_view text, std::size_t most) noexcept {
  if (text.empty() || text.size() > most) {
    return std::nullopt;
  }
  int32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

// The part behind the last underscore, which goes from `rest` with it.
std::string_view take_last(std::string_view& rest) noexcept {
  const auto at = rest.rfind('_');
  const auto part = at == std::string_view::npos ? rest : rest.substr(at + 1);
  rest = rest.substr(0, at == std::string_view::npos ? 0 : at);
  return part;
}

bool take_suffix(std::string_view& text, std::string_view suffix) noexcept {
  if (!text.ends_with(suffix)) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

bool take_dates(std::string_view& rest, ArchiveName& out) {
  std::string_view before = rest;
  const auto to = take_last(before);
  const auto from = take_last(before);
  const auto to_day = parse_day(to);
  const auto from_day = parse_day(from);
  if (!to_day || !from_day) {
    return false;
  }
  rest = before;
  out.dated = true;
  out.from_day = *from_day;
  out.to_day = *to_day;
  out.from_text = from;
  out.to_text = to;
  return true;
}

}  // namespace

std::string_view period_name(Period period) noexcept {
  for (const auto& [value, name] : kPeriods) {
    if (value == period) {
      return name;
    }
  }
  return {};
}

std::optional<Period> find_period(std::string_view name) noexcept {
  for (const auto& [value, text] : kPeriods) {
    if (text == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<ArchiveName> parse_archive_name(const Dataset& dataset, std::string_view name) {
  std::string_view rest = name;
  if (!take_suffix(rest, ".zip")) {
    return std::nullopt;
  }
  ArchiveName out;
  const auto tag = take_last(rest);
  bool known = false;
  for (const auto& [period, text] : kTags) {
    if (text == tag) {
      out.period = period;
      known = true;
      break;
    }
  }
  const bool dates = take_dates(rest, out);
  if (!known || (!dates && tag == "hist") || (dates && out.to_day < out.from_day)) {
    return std::nullopt;
  }
  const auto station = number(take_last(rest), 5);
  const std::string words = lower(rest);
  const std::string word = lower(dataset.file_word);
  if (!station || (words != word && words != word + "_" + lower(dataset.element))) {
    return std::nullopt;
  }
  out.station = *station;
  return out;
}

std::optional<int32_t> parse_metadata_name(std::string_view name) {
  if (!name.starts_with("Meta_Daten_") || !take_suffix(name, ".zip")) {
    return std::nullopt;
  }
  return number(take_last(name), 5);
}

bool is_station_list(std::string_view name) noexcept {
  return name.ends_with("Beschreibung_Stationen.txt");
}

std::optional<int32_t> parse_day(std::string_view text) noexcept {
  const auto all = text.size() == 8 ? number(text, 8) : std::nullopt;
  if (!all) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year{*all / 10000}, std::chrono::month{static_cast<unsigned>(*all / 100 % 100)},
      std::chrono::day{static_cast<unsigned>(*all % 100)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

std::string station_text(int32_t station) {
  std::string digits = std::to_string(station);
  return digits.size() < 5 ? std::string(5 - digits.size(), '0') + digits : digits;
}

}  // namespace dwd
