// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>

#include "names.hpp"
#include "sluice/cpp/error.hpp"

namespace wiseoldman {

namespace {

[[noreturn]] void wrong(const std::string& key, const std::string& sentence) {
  throw sluice::Error(sluice::Code::kInvalidConfig, sentence).at_config(key);
}

// The lengths that the service takes, counted in characters.
void check_name(const std::string& given, const std::string& name, std::size_t index) {
  const auto characters = std::count_if(name.begin(), name.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  if (name.empty() || static_cast<std::size_t>(characters) > kLongestName) {
    wrong("/players/" + std::to_string(index),
          "'" + given + "' is no name of a player; they have 1 to 12 characters.");
  }
}

}  // namespace

Selection::Selection(const Config& given)
    : config(given), metrics(given.metrics.begin(), given.metrics.end()) {
  while (config.base_url.ends_with('/')) {
    config.base_url.pop_back();
  }
  host = config.base_url.substr(config.base_url.find("://") + 3);
  host = host.substr(0, host.find_first_of("/:"));
  for (std::size_t i = 0; i < given.players.size(); ++i) {
    const std::string name = standard_name(given.players[i]);
    check_name(given.players[i], name, i);
    const auto same = [&](const NamedPlayer& one) { return one.name == name; };
    if (std::none_of(players.begin(), players.end(), same)) {
      players.push_back({name, i});
    }
  }
  if (config.groups.empty() && players.empty() && config.player_ids.empty()) {
    wrong("/groups", "Nothing is asked for: name 'groups', 'players' or 'player_ids'.");
  }
  if (config.recent.count <= 0) {
    wrong("/recent", "The key 'recent' must be above 0s.");
  }
  if (config.gained_window.count < 3600) {
    wrong("/gained_window", "The key 'gained_window' must be at least 1h.");
  }
}

}  // namespace wiseoldman
