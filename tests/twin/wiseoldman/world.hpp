// SPDX-License-Identifier: Apache-2.0
//
// A clan as the Wise Old Man keeps it: players whose values are functions of seed, player, metric
// and time, and the instants at which they were looked at. A value depends on its instant alone, so
// snapshots that are added later fit in between others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::wiseoldman {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kGroupId = 139;

enum class Section : std::uint8_t { kSkills, kBosses, kActivities, kComputed };
struct Metric {
  std::string name;
  Section section;
  std::int64_t since_ms = 0;  // before that every value is -1
};

struct Value {
  std::int64_t value = -1;  // computed metrics: times 100,000
  std::int64_t rank = -1;
};

struct Player {
  std::int64_t id = 0;
  std::string display;  // username is standard_name(display)
  std::int64_t registered_ms = 0;
  std::int64_t period_ms = kDayMs;        // one snapshot within each
  std::int64_t until_ms = INT64_MAX;      // no regular snapshots from then on
  std::vector<std::int64_t> extra_ms;     // snapshots out of turn, ascending
  std::vector<std::int64_t> imported_ms;  // older than the registration, ascending
  std::string status = "active";
  bool idle = false;  // nothing is ever gained
  bool member = false;
  bool opted_out = false;
  std::int64_t joined_ms = 0;
};

struct NameChange {
  std::int64_t id = 0;
  std::int64_t player_id = 0;
  std::string from, to;
  std::int64_t at_ms = 0;
};

struct Achievement {
  std::string name, metric, measure;
  std::int64_t threshold = 0;
  std::int64_t at_ms = 0;  // 0: reached before the player was known
};

// What the service does to names: lower case, one kind of space, trimmed.
std::string standard_name(std::string_view name);
std::string iso_ms(std::int64_t ms);
// Milliseconds of an ISO 8601 date or time, UTC; nullopt if it is none.
std::optional<std::int64_t> parse_iso(std::string_view text);

// Not thread-safe. All times are milliseconds since 1970, UTC.
class World {
 public:
  World(std::uint64_t seed, const WiseOldManOptions& options);

  std::int64_t now_ms() const { return now_ms_; }
  const std::vector<Metric>& metrics() const { return metrics_; }
  const std::vector<Player>& players() const { return players_; }
  const std::vector<NameChange>& name_changes() const { return name_changes_; }
  Player* find(std::int64_t id);
  Player* find(std::string_view name);

  // Instants of a player's snapshots in [from, to], both inclusive, ascending.
  std::vector<std::int64_t> snapshots(const Player& player, std::int64_t from_ms,
                                      std::int64_t to_ms) const;
  std::int64_t newest(const Player& player) const;        // snapshot; the registration if none
  std::int64_t last_changed(const Player& player) const;  // the newest that differs
  std::vector<Achievement> achievements(const Player& player) const;

  // What grows how fast, for one player: worked out once per page.
  struct Growth {
    std::int64_t base = 0;
    std::int64_t per_day = 0;
    bool never = false;  // -1 for good
  };
  std::vector<Growth> growth(const Player& player) const;
  static Value value(const Player& player, const Metric& metric, const Growth& growth,
                     std::int64_t at_ms);

  // ---- changes ----
  void advance(std::int64_t ms) { now_ms_ += ms; }
  void add_snapshot(Player& player);  // a minute after now, which moves on to it
  Player& add_player(bool member, std::string display = {});
  void rename(Player& player, const std::string& display, bool taken);
  void archive(Player& player);
  void add_metric(const std::string& name, Section section);

 private:
  std::uint64_t seed_;
  WiseOldManOptions options_;
  std::int64_t now_ms_ = 0;
  std::vector<Metric> metrics_;
  std::vector<Player> players_;
  std::vector<NameChange> name_changes_;
};

}  // namespace sluice::twin::wiseoldman
