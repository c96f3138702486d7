// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace coingecko {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& pointer) {
  throw sluice::Error(sluice::Code::kInvalidConfig, what).at_config(pointer);
}

// Ids and currencies as the service spells them: a blank before one would hide it.
std::string trimmed(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
  text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
  return text;
}

std::string currency(const std::string& text) {
  std::string out = trimmed(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (out.empty()) {
    refuse("The key 'vs_currencies' holds an empty currency; write one such as \"usd\".",
           "/vs_currencies");
  }
  return out;
}

// "ethereum/btc" is a coin in a currency of its own.
std::vector<Pair> pairs_of(const sluice::NamedThing& thing, bool is_table,
                           const std::vector<std::string>& currencies) {
  const std::size_t slash = thing.at.find('/');
  const std::string coin = trimmed(thing.at.substr(0, slash));
  const std::string pointer = "/coins" + thing.pointer;
  if (coin.empty()) {
    refuse("The key 'coins' holds an empty id; ids stand in the stream coins.", pointer);
  }
  std::vector<std::string> in = currencies;
  if (slash != std::string::npos) {
    in = {currency(thing.at.substr(slash + 1))};
  }
  if (is_table && in.size() != 1) {
    refuse("The key 'coins." + thing.name + "' must say in which currency: write \"" + coin + "/" +
               in.front() + "\", since vs_currencies names several.",
           pointer);
  }
  std::vector<Pair> out;
  for (const std::string& vs : in) {
    out.push_back({is_table ? thing.name : coin + "/" + vs, coin, vs, pointer});
  }
  return out;
}

std::string host_of(const Config& config) {
  const bool paid = config.plan == "pro" || config.plan == "enterprise";
  std::string url = !config.base_url.empty() ? config.base_url
                    : paid                   ? "https://pro-api.coingecko.com/api/v3"
                                             : "https://api.coingecko.com/api/v3";
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

}  // namespace

Selection::Selection(const Config& config)
    : base_url(host_of(config)),
      plan(config.plan),
      credential(config.credential),
      paid(plan == "pro" || plan == "enterprise"),
      enterprise(plan == "enterprise"),
      granularity_name(config.granularity),
      interval(config.interval),
      exchange(config.exchange),
      all_markets(config.markets == "all"),
      page_size(config.page_size) {
  if ((plan == "none") != credential.empty()) {
    refuse(
        plan == "none"
            ? "The key 'credential' names a key, but 'plan' does not say whose: set plan = "
              "\"demo\" or \"pro\"."
            : "plan = \"" + plan +
                  "\" needs a key: name it with credential = \"NAME\" and give [credential.NAME] "
                  "type, header and key (see the plugin's README).",
        plan == "none" ? "/credential" : "/plan");
  }
  for (const std::string& vs : config.vs_currencies) {
    vs_currencies.push_back(currency(vs));
  }
  for (const auto& thing : config.coins.things) {
    for (Pair& one : pairs_of(thing, config.coins.is_table, vs_currencies)) {
      const auto same = [&](const Pair& other) { return other.name == one.name; };
      if (std::any_of(pairs.begin(), pairs.end(), same)) {
        refuse("The key 'coins' names " + one.name + " twice.", one.pointer);
      }
      if (std::find(ids.begin(), ids.end(), one.coin) == ids.end()) {
        ids.push_back(one.coin);
      }
      pairs.push_back(std::move(one));
    }
  }
  granularity = config.granularity == "5m"      ? Granularity::kFiveMinutes
                : config.granularity == "daily" ? Granularity::kDaily
                                                : Granularity::kHourly;
  step_s = granularity == Granularity::kFiveMinutes ? 5 * kMinute
           : granularity == Granularity::kDaily     ? kDay
                                                    : kHour;
  body_s = interval == "30m"  ? kHour / 2
           : interval == "1h" ? kHour
           : interval == "4h" ? 4 * kHour
           : interval == "1d" ? kDay
                              : 4 * kDay;
  if (!paid && (interval == "1h" || interval == "1d")) {
    refuse(
        "Candles of " + interval +
            " need a paid plan of CoinGecko: set plan = \"pro\", or interval = \"30m\", \"4h\" or "
            "\"4d\".",
        "/interval");
  }
}

const Pair& Selection::pair(std::string_view partition) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const Pair& one) { return one.name == partition; });
  if (found == pairs.end()) {
    throw sluice::Error(sluice::Code::kInvalidConfig,
                        "The configuration names no coin '" + std::string(partition) + "'.");
  }
  return *found;
}

}  // namespace coingecko
