// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "sluice/cpp/error.hpp"

namespace yahoo {
namespace {

constexpr int64_t kLong = 7300 * kDay;
constexpr std::array<Interval, 9> kIntervals = {{
    {"1m", "1m", Unit::kTimes, 60, 30 * kDay, 7 * kDay},
    {"2m", "2m", Unit::kTimes, 120, 60 * kDay, 15 * kDay},
    {"5m", "5m", Unit::kTimes, 300, 60 * kDay, 30 * kDay},
    {"15m", "15m", Unit::kTimes, 900, 60 * kDay, 60 * kDay},
    {"30m", "30m", Unit::kTimes, 1800, 60 * kDay, 60 * kDay},
    {"1h", "1h", Unit::kTimes, 3600, 730 * kDay, 180 * kDay},
    {"1d", "1d", Unit::kDays, kDay, 0, kLong},
    {"1w", "1wk", Unit::kWeeks, 7 * kDay, 0, kLong},
    {"1M", "1mo", Unit::kMonths, 31 * kDay, 0, kLong},
}};

std::string trimmed(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
  text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
  return text;
}

}  // namespace

const Interval& interval_named(std::string_view name) {
  const auto found = std::find_if(kIntervals.begin(), kIntervals.end(),
                                  [&](const Interval& one) { return one.name == name; });
  return found == kIntervals.end() ? kIntervals[6] : *found;
}

Selection::Selection(const Config& config)
    : base_urls(config.base_urls),
      interval(&interval_named(config.interval)),
      exchange(config.exchange),
      user_agent(config.user_agent),
      cookie_url(config.cookie_url),
      always_hint(config.rounding == "hint"),
      pre_post(config.pre_post),
      crumb(config.crumb),
      null_rows_for_s(config.null_rows_for ? config.null_rows_for->count : 0) {
  for (std::string& url : base_urls) {
    while (url.ends_with('/')) {
      url.pop_back();
    }
  }
  for (const auto& thing : config.symbols.things) {
    const std::string symbol = trimmed(thing.at);
    const std::string name = config.symbols.is_table ? thing.name : symbol;
    const auto same = [&](const Security& other) { return other.name == name; };
    if (symbol.empty() || std::any_of(securities.begin(), securities.end(), same)) {
      throw sluice::Error(sluice::Code::kInvalidConfig,
                          symbol.empty() ? "The key 'symbols' holds an empty symbol."
                                         : "The key 'symbols' names " + name + " twice.")
          .at_config("/symbols" + thing.pointer);
    }
    securities.push_back({name, symbol, "/symbols" + thing.pointer});
  }
  if (securities.empty()) {
    throw sluice::Error(sluice::Code::kInvalidConfig,
                        "The key 'symbols' is empty; name what to read, such as [\"AAPL\"].")
        .at_config("/symbols");
  }
}

const Security& Selection::security(std::string_view partition) const {
  const auto found = std::find_if(securities.begin(), securities.end(),
                                  [&](const Security& one) { return one.name == partition; });
  if (found == securities.end()) {
    throw sluice::Error(sluice::Code::kInvalidConfig,
                        "The configuration names no symbol '" + std::string(partition) + "'.");
  }
  return *found;
}

}  // namespace yahoo
