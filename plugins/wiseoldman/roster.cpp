// SPDX-License-Identifier: Apache-2.0
#include "roster.hpp"

#include <charconv>

#include "names.hpp"
#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/time_text.hpp"

namespace wiseoldman {

namespace {

using sluice::Code;
using sluice::Error;
using sluice::json;

// Within a run several streams want the same documents.
constexpr std::chrono::seconds kShared{60};
constexpr const char* kStateName = "players";  // numbers by standard name, as JSON

std::string text_of(const json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t time_of(const json& record, const char* key, int64_t fallback) {
  const auto time = sluice::parse_time(text_of(record, key));
  return time ? time->time.time_since_epoch().count() : fallback;
}

// Nothing if it cannot be asked for.
std::optional<Player> to_player(const json& record) {
  Player out;
  const auto id = record.is_object() ? record.find("id") : record.end();
  if (!record.is_object() || id == record.end()) {
    return std::nullopt;
  }
  if (id->is_number_integer()) {
    out.id = id->get<int64_t>();
  } else {
    const std::string digits = text_of(record, "id");
    std::from_chars(digits.data(), digits.data() + digits.size(), out.id);
  }
  out.display = text_of(record, "displayName");
  out.name = standard_name(text_of(record, "username"));
  out.name = out.name.empty() ? standard_name(out.display) : out.name;
  out.last_changed = text_of(record, "lastChangedAt");
  out.registered_us = time_of(record, "registeredAt", SLUICE_TIME_MIN);
  out.updated_us = time_of(record, "updatedAt", SLUICE_TIME_MAX);
  out.imported = !text_of(record, "lastImportedAt").empty();
  return out.id <= 0 || out.name.empty() ? std::nullopt : std::optional(out);
}

Player parse_player(sluice::HttpBody body) {
  const std::string url = body.url();
  const auto player = to_player(std::move(body).read_all().parsed());
  if (!player) {
    throw Error(Code::kBadData, url + " answered a player without number or name.").retryable();
  }
  return *player;
}

}  // namespace

int64_t id_of(std::string_view key) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id <= 0) {
    throw Error(Code::kBadData, "'" + std::string(key) + "' is no number of the service.");
  }
  return id;
}

std::vector<Player> Roster::load() {
  const std::lock_guard lock(mutex_);
  return load_locked();
}

std::vector<Player> Roster::load_locked() {
  players_.clear();
  const Config& config = selection_.config;
  for (std::size_t i = 0; i < config.groups.size(); ++i) {
    load_group(config.groups[i], i);
  }
  for (const NamedPlayer& one : selection_.players) {
    add_single(named(one));
  }
  for (std::size_t i = 0; i < config.player_ids.size(); ++i) {
    auto player = by_id(config.player_ids[i]);
    if (!player) {
      throw Error(Code::kInvalidConfig,
                  "The service knows no player " + std::to_string(config.player_ids[i]) + ".")
          .at_config("/player_ids/" + std::to_string(i));
    }
    add_single(std::move(*player));
  }
  loaded_ = true;
  std::vector<Player> out;
  for (const auto& [id, player] : players_) {
    if (player.id > 0) {
      out.push_back(player);
    }
  }
  return out;
}

void Roster::load_group(int64_t group, std::size_t index) {
  const std::string path = "/groups/" + std::to_string(group);
  try {
    sluice::JsonStream members(client_.open(path, {.cache = kShared}), "/memberships");
    while (members.next()) {
      const json membership = json::parse(members.text(), nullptr, false);
      const auto at = membership.is_object() ? membership.find("player") : membership.end();
      const auto player = at != membership.end() ? to_player(*at) : std::nullopt;
      if (player) {
        players_.insert_or_assign(player->id, *player);
      } else {
        client_.host().warn("A member of the group has no number or name and is left out.");
      }
    }
    if (!members.found()) {
      throw Error(Code::kBadData, path + " answered a group without memberships.").retryable();
    }
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) {
      throw;
    }
    throw Error(Code::kInvalidConfig, error.message())
        .at_config("/groups/" + std::to_string(index));
  }
}

void Roster::add_single(Player player) {
  player.single = true;
  players_.insert_or_assign(player.id, std::move(player));
}

// A name of the configuration means the player who had it when it was first seen.
Player Roster::named(const NamedPlayer& one) {
  json known = json::parse(client_.host().state(kStateName).value_or("{}"), nullptr, false);
  known = known.is_object() ? known : json::object();
  if (known.contains(one.name) && known[one.name].is_number_integer()) {
    if (auto player = by_id(known[one.name].get<int64_t>())) {
      if (player->name != one.name) {
        client_.host().info("A player is called otherwise now.",
                            json{{"configured", one.name}, {"name", player->name}}.dump());
      }
      return *player;
    }
  }
  try {
    const Player player =
        parse_player(client_.open("/players/" + encoded(one.name), {.cache = kShared}));
    known[one.name] = player.id;
    client_.host().set_state(kStateName, known.dump());
    return player;
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) {
      throw;
    }
    throw Error(Code::kInvalidConfig,
                error.message() + " Is '" + one.name + "' the name as it is today?")
        .at_config("/players/" + std::to_string(one.index));
  }
}

std::optional<Player> Roster::by_id(int64_t id) {
  try {
    return parse_player(client_.open("/players/id/" + std::to_string(id), {.cache = kShared}));
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) {
      throw;
    }
    return std::nullopt;
  }
}

bool Roster::is_single(int64_t id) {
  const std::lock_guard lock(mutex_);
  if (!loaded_) {
    (void)load_locked();
  }
  const auto found = players_.find(id);
  return found != players_.end() && found->second.single;
}

// Slices of an earlier run may be read before anybody was listed in this one.
Player Roster::find(int64_t id) {
  const std::lock_guard lock(mutex_);
  if (!loaded_) {
    (void)load_locked();
  }
  const auto found = players_.find(id);
  return found != players_.end() ? found->second : look_up(id, kShared);
}

// Requires: mutex_.
Player Roster::look_up(int64_t id, std::chrono::seconds cache) {
  Player player = parse_player(client_.open("/players/id/" + std::to_string(id), {.cache = cache}));
  player.single = players_.contains(id) && players_[id].single;
  players_.insert_or_assign(id, player);
  return player;
}

void Roster::with_name(int64_t id, const std::function<Whose(const std::string& name)>& ask) {
  constexpr int kTries = 3;
  std::string name = find(id).name;
  for (int i = 0; i < kTries; ++i) {
    Whose whose = Whose::kSomebodyElses;
    try {
      whose = ask(name);
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound) {
        throw;
      }
    }
    if (whose == Whose::kTheirs) {
      return;
    }
    const std::lock_guard lock(mutex_);
    const bool unproven = whose == Whose::kUnproven;
    const std::string now = look_up(id, unproven ? kShared : std::chrono::seconds{0}).name;
    if (now == name && unproven) {
      return;
    }
    if (now == name) {
      break;
    }
    client_.host().info("A player has changed its name while it was read.",
                        json{{"player", id}, {"name", now}}.dump());
    name = now;
  }
  throw Error(Code::kUnavailable, "Player " + std::to_string(id) + " is called '" + name +
                                      "', but that name does not answer for it.")
      .retryable();
}

}  // namespace wiseoldman
