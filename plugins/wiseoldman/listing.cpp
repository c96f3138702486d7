// SPDX-License-Identifier: Apache-2.0
#include "listing.hpp"

#include <algorithm>

namespace wiseoldman {

namespace {

// 2013-02-22: the game opened, so no history is older.
constexpr int64_t kGameOpenedUs = int64_t{1'361'491'200} * 1'000'000;
// What is younger may not be complete yet.
constexpr int64_t kSettleUs = int64_t{120} * 1'000'000;

int64_t now_us(const Service& service) {
  return service.client.host().now().time_since_epoch().count();
}

// The first instant that is wanted where history begins at `begin_us`.
int64_t first_wanted(const Service& service, const sluice::ListRequest& wanted, int64_t begin_us) {
  const bool asked = service.selection.config.deep || wanted.from_us() != SLUICE_TIME_MIN;
  const int64_t recent =
      now_us(service) - service.selection.config.recent.chrono() / std::chrono::microseconds(1);
  return asked ? begin_us : std::max(begin_us, recent);
}

int64_t begin_of(const Player& player) {
  const bool known = player.registered_us != SLUICE_TIME_MIN && !player.imported;
  return known ? player.registered_us : kGameOpenedUs;
}

// Up to the newest snapshot that there can be, by the service's own clock: who was not looked at
// since the last run costs no request.
int64_t end_of(const Service& service, const Player& player) {
  constexpr int64_t kMilli = 1000;
  const int64_t settled = now_us(service) - kSettleUs;
  return player.updated_us == SLUICE_TIME_MAX ? settled
                                              : std::min(settled, player.updated_us + kMilli);
}

void list_snapshots(const Service& service, const sluice::ListRequest& wanted,
                    const sluice::Lister& out) {
  for (const Player& player : service.roster.load()) {
    const std::string key = std::to_string(player.id);
    out.partition({.key = key,
                   .from_us = first_wanted(service, wanted, begin_of(player)),
                   .to_us = end_of(service, player)});
  }
}

void list_gained(const Service& service, const sluice::ListRequest& wanted,
                 const sluice::Lister& out) {
  const int64_t settled = now_us(service) - kSettleUs;
  const auto all = service.roster.load();
  int64_t begin = settled;
  for (const Player& player : all) {
    begin = std::min(begin, std::max(player.registered_us, kGameOpenedUs));
  }
  for (const int64_t group : service.selection.config.groups) {
    for (const std::string& metric : service.selection.config.gained_metrics) {
      const std::string key = "group/" + std::to_string(group) + "/" + metric;
      out.partition(
          {.key = key, .from_us = first_wanted(service, wanted, begin), .to_us = settled});
    }
  }
  for (const Player& player : all) {
    if (player.single) {
      const std::string key = "player/" + std::to_string(player.id);
      out.partition({.key = key,
                     .from_us = first_wanted(service, wanted, begin_of(player)),
                     .to_us = settled});
    }
  }
}

void list_groups(const Service& service, const sluice::Lister& out) {
  for (const int64_t group : service.selection.config.groups) {
    out.partition({.key = std::to_string(group)});
  }
}

void list_players(const Service& service, const sluice::Lister& out) {
  const bool details = service.selection.config.details;
  if (!details) {
    list_groups(service, out);
  }
  for (const Player& player : service.roster.load()) {
    if (details || player.single) {
      out.partition({.key = "player/" + std::to_string(player.id)});
    }
  }
}

// FNV-1a of who has which name.
uint64_t digest(uint64_t state, const std::string& text) {
  for (const char c : text) {
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return state;
}

}  // namespace

void list_partitions(const Service& service, const sluice::ListRequest& wanted,
                     const sluice::Lister& out) {
  if (wanted.stream() == "snapshots") {
    list_snapshots(service, wanted, out);
  } else if (wanted.stream() == "gained") {
    list_gained(service, wanted, out);
  } else if (wanted.stream() == "players") {
    list_players(service, out);
  } else {
    list_groups(service, out);
  }
}

void list_slices(const Service& service, const sluice::ListRequest& wanted,
                 const sluice::Lister& out) {
  const auto all = service.roster.load();
  if (wanted.stream() == "achievements") {
    for (const Player& player : all) {
      const std::string key = "player/" + std::to_string(player.id);
      out.slice({.key = key, .title = player.display, .validator = player.last_changed});
    }
    return;
  }
  for (const int64_t group : service.selection.config.groups) {
    uint64_t names = 0xCBF29CE484222325ULL;
    for (const Player& player : all) {
      names = digest(names, std::to_string(player.id) + "/" + player.display + "/");
    }
    const std::string key = "group/" + std::to_string(group);
    const std::string validator = std::to_string(names);
    out.slice({.key = key, .validator = validator});
  }
  for (const Player& player : all) {
    if (player.single) {
      const std::string key = "player/" + std::to_string(player.id);
      out.slice({.key = key, .title = player.display, .validator = player.display});
    }
  }
}

}  // namespace wiseoldman
