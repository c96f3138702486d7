// SPDX-License-Identifier: Apache-2.0
//
// Who is read: members of the groups and the players of the configuration. A player is known by
// number; the name, by which the API wants to be asked, may be another one tomorrow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "config.hpp"

namespace wiseoldman {

struct Player {
  int64_t id = 0;
  std::string name;                         // as the API takes it
  std::string display;                      // with its capitals
  std::string last_changed;                 // as the service writes it; empty = it does not say
  int64_t registered_us = SLUICE_TIME_MIN;  // SLUICE_TIME_MIN = not known
  int64_t updated_us = SLUICE_TIME_MAX;     // no snapshot is newer; SLUICE_TIME_MAX = not known
  bool imported = false;                    // it may have snapshots from before its registration
  bool single = false;                      // named by the configuration itself
};

// Whose an answer is that was asked for by name.
enum class Whose : uint8_t { kTheirs, kSomebodyElses, kUnproven };

// Threads: any.
class Roster {
 public:
  Roster(const Client& client, const Selection& selection)
      : client_(client), selection_(selection) {}

  // Everybody, asked for anew (equal requests of a run cost one). Throws INVALID_CONFIG for a group
  // or player that was never there.
  std::vector<Player> load();
  // Whether the configuration names this player itself.
  bool is_single(int64_t id);

  // Calls `ask` with the player's name, and again with another one if that turns out to be
  // somebody else's or nobody's (`ask` throws NOT_FOUND). An answer that could be anybody's is
  // taken if the service confirms the name.
  void with_name(int64_t id, const std::function<Whose(const std::string& name)>& ask);

 private:
  std::vector<Player> load_locked();
  void load_group(int64_t group, std::size_t index);
  void add_single(Player player);
  Player named(const NamedPlayer& one);
  std::optional<Player> by_id(int64_t id);
  Player find(int64_t id);
  Player look_up(int64_t id, std::chrono::seconds cache);

  const Client& client_;
  const Selection& selection_;
  std::mutex mutex_;  // guards all below
  bool loaded_ = false;
  std::map<int64_t, Player> players_;
};

// The number in a partition's key. Throws BAD_DATA.
int64_t id_of(std::string_view key);

}  // namespace wiseoldman
