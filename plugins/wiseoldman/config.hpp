// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/quantity.hpp"

namespace wiseoldman {

struct Config {
  std::string base_url = "https://api.wiseoldman.net/v2";
  std::string contact;
  std::vector<int64_t> groups;
  std::vector<std::string> players;
  std::vector<int64_t> player_ids;
  bool details = false;
  std::string layout = "long";
  std::vector<std::string> metrics;
  bool unranked = true;
  bool deep = false;
  sluice::Seconds recent{int64_t{30} * 86'400};
  std::vector<std::string> gained_metrics{"overall"};
  sluice::Seconds gained_window{int64_t{7} * 86'400};
  std::string credential;
  int64_t page_size = 200;

  static constexpr auto fields() {
    using sluice::optional, sluice::required;
    return std::tuple{
        required("contact", &Config::contact, R"("minLength":3,"maxLength":100)")
            .doc("Mail address, URL or Discord name sent in the User-Agent; the service blocks who "
                 "gives none."),
        optional("groups", &Config::groups, R"("items":{"type":"integer","minimum":1})")
            .doc("Groups by number: their members are read."),
        optional("players", &Config::players).doc("Further players by name."),
        optional("player_ids", &Config::player_ids, R"("items":{"type":"integer","minimum":1})")
            .doc("Further players by the service's number, which a change of name leaves alone."),
        optional("details", &Config::details)
            .doc("Read combat level, archive and annotations of members too, at a request each."),
        optional("layout", &Config::layout, R"("enum":["long","wide"])")
            .doc("Snapshots as a row per metric, or as a row with columns for every metric."),
        optional("metrics", &Config::metrics)
            .doc("Metrics of the snapshots to keep; empty for all, also those to come."),
        optional("unranked", &Config::unranked)
            .doc("Layout long: rows of metrics that have neither a value nor a rank, too."),
        optional("deep", &Config::deep)
            .doc("Whether the whole history is wanted, from a player's registration on."),
        optional("recent", &Config::recent)
            .doc("How far back history goes without deep and without a from in [want]."),
        optional("gained_metrics", &Config::gained_metrics, R"("minItems":1)")
            .doc("Metrics of the stream gained."),
        optional("gained_window", &Config::gained_window)
            .doc("Length of the windows of the stream gained; they begin at multiples of it from "
                 "1970-01-01 on."),
        optional("credential", &Config::credential)
            .doc("Name of the credential with an API key, a header x-api-key; raises the limit "
                 "from 20 to 100 requests a minute."),
        optional("page_size", &Config::page_size, R"("minimum":2,"maximum":200)")
            .doc("Snapshots asked for at once."),
        optional("base_url", &Config::base_url, R"("pattern":"^https?://[^?#]+$")")
            .doc("Where the API answers; https://api.wiseoldman.net/league for leagues.")};
  }
};

// A player of the configuration, and where it stands in it.
struct NamedPlayer {
  std::string name;  // standard
  std::size_t index = 0;
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  bool wants_metric(std::string_view name) const {
    return metrics.empty() || metrics.contains(name);
  }

  Config config;                     // base_url without a slash at its end
  std::vector<NamedPlayer> players;  // each once
  std::set<std::string, std::less<>> metrics;
  std::string host;  // of base_url
};

}  // namespace wiseoldman
