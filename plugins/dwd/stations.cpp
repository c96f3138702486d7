// SPDX-License-Identifier: Apache-2.0
#include "stations.hpp"

#include <charconv>
#include <system_error>

#include "names.hpp"
#include "parameters.hpp"
#include "sluice/cpp/error.hpp"
#include "text.hpp"

namespace dwd {

namespace {

std::string_view take_word(std::string_view& rest) noexcept {
  const auto first = rest.find_first_not_of(' ');
  rest.remove_prefix(first == std::string_view::npos ? rest.size() : first);
  const auto end = rest.find(' ');
  const auto word = rest.substr(0, end);
  rest.remove_prefix(word.size());
  return word;
}

template <class T>
bool number(std::string_view text, T& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool take_day(std::string_view& rest, int32_t& out) noexcept {
  const auto day = parse_day(take_word(rest));
  out = day.value_or(0);
  return day.has_value();
}

// Takes `suffix` off the end if a blank stands before it.
bool take_column(std::string& text, std::string_view suffix) {
  if (text.size() <= suffix.size() || !text.ends_with(suffix) ||
      text[text.size() - suffix.size() - 1] != ' ') {
    return false;
  }
  text = std::string(trim(std::string_view(text).substr(0, text.size() - suffix.size())));
  return true;
}

// Name, state and access stand in fields of 41, 81 or more bytes; a name may hold blanks and fill
// its field, so the states, which are known, are looked for from the end.
void split_name(std::string_view rest, bool has_access, Station& out) {
  std::string text = to_utf8(trim(rest));
  out.access.clear();
  out.state.clear();
  if (has_access && text.rfind(' ') != std::string::npos) {
    const std::string last = text.substr(text.rfind(' ') + 1);
    bool is_state = false;
    for (const State& state : states()) {
      is_state = is_state || state.name == last;
    }
    if (!is_state && take_column(text, last)) {
      out.access = last;
    }
  }
  std::string_view best;  // the longest, since "Sachsen" ends no other state but names may hold one
  for (const State& state : states()) {
    if (state.name.size() > best.size() && text.ends_with(state.name)) {
      best = state.name;
    }
  }
  if (!best.empty() && take_column(text, best)) {
    out.state = best;
  } else if (const auto gap = text.rfind("  "); gap != std::string::npos) {
    out.state = text.substr(gap + 2);  // a region that is no German state
    text.resize(gap);
  }
  out.name = std::string(trim(text));
}

bool parse_line(std::string_view line, bool has_access, Station& out) {
  std::string_view rest = line;
  const bool numbers = number(take_word(rest), out.id) && take_day(rest, out.from_day) &&
                       take_day(rest, out.to_day) && number(take_word(rest), out.height) &&
                       number(take_word(rest), out.latitude) &&
                       number(take_word(rest), out.longitude);
  if (!numbers || out.id <= 0 || out.id > 99'999 || !(out.latitude >= -90 && out.latitude <= 90) ||
      !(out.longitude >= -180 && out.longitude <= 180) ||
      !(out.height > -1000 && out.height < 10'000)) {
    return false;
  }
  split_name(rest, has_access, out);
  return !out.name.empty();
}

}  // namespace

void parse_station_list(std::string_view text, std::string_view url,
                        const std::function<void(const Station&)>& tell,
                        const std::function<void(std::string_view line)>& reject) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  const auto start = trim(text.substr(0, 256));
  if (start.starts_with('<')) {
    throw sluice::Error(sluice::Code::kUnavailable,
                        "The answer of " + std::string(url) + " is a web page, not a station list.")
        .retryable();
  }
  const std::string header = lower(trim(take_line(text)));
  if (header.starts_with("st_ke") || header.starts_with("st_id")) {
    throw sluice::Error(sluice::Code::kUnsupported,
                        "The station list " + std::string(url) +
                            " is one of the standard format (Standardformate), which is not read; "
                            "remove its data set from 'datasets'.");
  }
  if (!header.starts_with("stations_id")) {
    throw sluice::Error(sluice::Code::kBadData, "The station list " + std::string(url) +
                                                    " does not begin with its header.");
  }
  const bool has_access = header.ends_with("abgabe");
  Station station;
  while (!text.empty()) {
    const auto line = trim(take_line(text));
    if (line.empty() || line.starts_with("-----")) {
      continue;
    }
    if (parse_line(line, has_access, station)) {
      tell(station);
    } else {
      reject(line);
    }
  }
}

}  // namespace dwd
