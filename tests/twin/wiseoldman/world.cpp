// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/wiseoldman/world.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "tests/twin/hash.hpp"

namespace sluice::twin::wiseoldman {
namespace {

constexpr std::array kSkills = {
    "overall",      "attack",  "defence",      "strength",  "hitpoints", "ranged",     "prayer",
    "magic",        "cooking", "woodcutting",  "fletching", "fishing",   "firemaking", "crafting",
    "smithing",     "mining",  "herblore",     "agility",   "thieving",  "slayer",     "farming",
    "runecrafting", "hunter",  "construction", "sailing"};
constexpr std::array kBosses = {"abyssal_sire",
                                "alchemical_hydra",
                                "amoxliatl",
                                "araxxor",
                                "artio",
                                "barrows_chests",
                                "brutus",
                                "bryophyta",
                                "callisto",
                                "calvarion",
                                "cerberus",
                                "chambers_of_xeric",
                                "chambers_of_xeric_challenge_mode",
                                "chaos_elemental",
                                "chaos_fanatic",
                                "commander_zilyana",
                                "corporeal_beast",
                                "crazy_archaeologist",
                                "dagannoth_prime",
                                "dagannoth_rex",
                                "dagannoth_supreme",
                                "deranged_archaeologist",
                                "doom_of_mokhaiotl",
                                "duke_sucellus",
                                "general_graardor",
                                "giant_mole",
                                "grotesque_guardians",
                                "hespori",
                                "kalphite_queen",
                                "king_black_dragon",
                                "kraken",
                                "kreearra",
                                "kril_tsutsaroth",
                                "lunar_chests",
                                "mad_angel",
                                "maggot_king",
                                "mimic",
                                "nex",
                                "nightmare",
                                "phosanis_nightmare",
                                "obor",
                                "phantom_muspah",
                                "sarachnis",
                                "scorpia",
                                "scurrius",
                                "shellbane_gryphon",
                                "skotizo",
                                "sol_heredit",
                                "spindel",
                                "tempoross",
                                "the_gauntlet",
                                "the_corrupted_gauntlet",
                                "the_hueycoatl",
                                "the_leviathan",
                                "the_royal_titans",
                                "the_whisperer",
                                "theatre_of_blood",
                                "theatre_of_blood_hard_mode",
                                "thermonuclear_smoke_devil",
                                "tombs_of_amascut",
                                "tombs_of_amascut_expert",
                                "tzkal_zuk",
                                "tztok_jad",
                                "vardorvis",
                                "venenatis",
                                "vetion",
                                "vorkath",
                                "wintertodt",
                                "yama",
                                "zalcano",
                                "zulrah"};
constexpr std::array kActivities = {
    "bounty_hunter_hunter",  "bounty_hunter_rogue", "clue_scrolls_all",  "clue_scrolls_beginner",
    "clue_scrolls_easy",     "clue_scrolls_medium", "clue_scrolls_hard", "clue_scrolls_elite",
    "clue_scrolls_master",   "last_man_standing",   "pvp_arena",         "soul_wars_zeal",
    "guardians_of_the_rift", "colosseum_glory",     "collections_logged"};
constexpr std::array kComputed = {"ehp", "ehb"};
constexpr std::array kSyllables = {"zor", "mek", "tal", "gru", "fen", "iss", "oak", "rim",
                                   "dun", "wyr", "bel", "kha", "lun", "pax", "sol", "vex"};

constexpr std::int64_t kLevel99 = 13'034'431;

std::int64_t part(std::uint64_t hash, std::int64_t of) {
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(of));
}

std::int64_t midnight_ms() {
  const auto now = std::chrono::system_clock::now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::floor<std::chrono::days>(now).time_since_epoch())
      .count();
}

// At most 12 characters, each number another; some with the kinds of space that names have.
std::string display_name(std::uint64_t seed, std::uint64_t number) {
  const std::uint64_t hash = hash_of(seed, 0x6E61, number);
  std::string first = kSyllables[hash % kSyllables.size()];
  std::string second = kSyllables[(hash >> 8U) % kSyllables.size()];
  first[0] = static_cast<char>(first[0] - 'a' + 'A');
  constexpr std::array<const char*, 4> kSpaces = {" ", "_", "-", ""};
  return first + kSpaces[(hash >> 16U) % 4] + second + std::to_string(number);
}

}  // namespace

std::string standard_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool space = c == ' ' || c == '-' || c == '_';
    out += space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const auto first = out.find_first_not_of(' ');
  return first == std::string::npos ? "" : out.substr(first, out.find_last_not_of(' ') - first + 1);
}

std::string iso_ms(std::int64_t ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 48> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()),
                      static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  using namespace std::chrono;
  int y = 0, h = 0, m = 0, s = 0, ms = 0;
  unsigned mo = 0, d = 0;
  const std::string whole(text);
  int used = 0;
  const int got = std::sscanf(whole.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ%n", &y, &mo, &d, &h, &m,
                              &s, &ms, &used);
  const bool time = got == 7 && used == static_cast<int>(whole.size());
  const bool seconds_only = got == 6 && whole.size() == 20 && whole.back() == 'Z';
  const bool date_only = got == 3 && whole.size() == 10;
  const year_month_day date{year{y}, month{mo}, day{d}};
  if ((!time && !seconds_only && !date_only) || !date.ok() || h > 23 || m > 59 || s > 59) {
    return std::nullopt;
  }
  const std::int64_t at = sys_days{date}.time_since_epoch().count() * kDayMs;
  return at + ((h * 60 + m) * 60 + s) * 1000LL + ms;
}

World::World(std::uint64_t seed, const WiseOldManOptions& options)
    : seed_(seed), options_(options), now_ms_(midnight_ms()) {
  if (!options.now.empty()) {
    const auto now = parse_iso(options.now);
    if (!now) {
      throw std::invalid_argument("'" + options.now + "' is no time such as 2026-08-01T00:00:00Z");
    }
    now_ms_ = *now;
  }
  if (options.days < 1 || options.days > 7300 || options.snapshots_per_week < 1 ||
      options.snapshots_per_week > 700) {
    throw std::invalid_argument(
        "players have 1 to 7300 days of history with 1 to 700 snapshots a week");
  }
  const auto add = [&](const auto& names, Section section) {
    for (const char* name : names) {
      metrics_.push_back({name, section, 0});
    }
  };
  add(kSkills, Section::kSkills);
  add(kBosses, Section::kBosses);
  add(kActivities, Section::kActivities);
  add(kComputed, Section::kComputed);
  for (std::uint32_t i = 0; i < options.players + 2; ++i) {  // two strangers to the clan
    Player& player = add_player(i < options.players);
    player.registered_ms = now_ms_ - options.days * kDayMs;
    player.joined_ms = player.registered_ms + part(hash_of(seed_, 1, i), options.days * kDayMs);
    player.idle = i % 11 == 10;
    player.extra_ms.clear();
    if (i % 5 == 3) {
      for (std::int64_t k = 20; k > 0; --k) {
        player.imported_ms.push_back(player.registered_ms - k * 30 * kDayMs);
      }
    }
    if (i % 4 == 2) {
      const std::int64_t at = player.registered_ms + (now_ms_ - player.registered_ms) / 2 + i;
      name_changes_.push_back(
          {7000 + i, player.id, "Was " + std::to_string(i), player.display, at});
    }
  }
}

Player* World::find(std::int64_t id) {
  const auto it = std::find_if(players_.begin(), players_.end(),
                               [&](const Player& one) { return one.id == id; });
  return it == players_.end() ? nullptr : &*it;
}

Player* World::find(std::string_view name) {
  const std::string wanted = standard_name(name);
  const auto it = std::find_if(players_.begin(), players_.end(), [&](const Player& one) {
    return standard_name(one.display) == wanted;
  });
  return it == players_.end() ? nullptr : &*it;
}

std::vector<std::int64_t> World::snapshots(const Player& player, std::int64_t from_ms,
                                           std::int64_t to_ms) const {
  std::vector<std::int64_t> out;
  to_ms = std::min(to_ms, now_ms_);
  const auto take = [&](std::int64_t at) {
    if (at >= from_ms && at <= to_ms) {
      out.push_back(at);
    }
  };
  std::for_each(player.imported_ms.begin(), player.imported_ms.end(), take);
  const std::int64_t period = player.period_ms;
  const std::int64_t last = std::min(to_ms, player.until_ms);
  std::int64_t k = std::max<std::int64_t>(0, (from_ms - player.registered_ms) / period - 1);
  for (; from_ms <= last; ++k) {
    const std::int64_t start = player.registered_ms + k * period;
    if (start > last) {
      break;
    }
    const auto hash =
        hash_of(seed_, 2, static_cast<std::uint64_t>(player.id), static_cast<std::uint64_t>(k));
    const std::int64_t at = start + part(hash, period * 9 / 10);
    if (at <= last) {
      take(at);
    }
  }
  std::for_each(player.extra_ms.begin(), player.extra_ms.end(), take);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::int64_t World::newest(const Player& player) const {
  const std::int64_t extra =
      player.extra_ms.empty() ? player.registered_ms : player.extra_ms.back();
  const auto last =
      snapshots(player, std::min(now_ms_, player.until_ms) - 3 * player.period_ms, now_ms_);
  return last.empty() ? extra : std::max(extra, last.back());
}

std::int64_t World::last_changed(const Player& player) const {
  return player.idle ? player.registered_ms : newest(player);
}

std::vector<World::Growth> World::growth(const Player& player) const {
  std::vector<Growth> out;
  for (const Metric& metric : metrics_) {
    const auto hash =
        hash_of(seed_, 3, static_cast<std::uint64_t>(player.id), hash_text(metric.name));
    const std::uint64_t share = hash >> 40U;
    Growth g;
    switch (metric.section) {
      case Section::kSkills:
        g = {part(hash, 12'000'000), part(share, 60'000), false};
        if (metric.name == "overall") {
          g = {10'000'000 + part(hash, 300'000'000) + (player.id % 7 == 2 ? 4'800'000'000LL : 0),
               part(share, 900'000), false};
        } else if (hash % 9 == 0) {
          g = {0, 0, false};
        }
        break;
      case Section::kBosses:
      case Section::kActivities:
        g = {hash % 3 == 0 ? 0 : part(hash, 2000), hash % 3 == 0 ? 0 : part(share, 6),
             hash % 3 == 1};
        break;
      case Section::kComputed:
        g = {part(hash, 90'000'000), part(share, 400'000), false};
        break;
    }
    g.per_day = player.idle ? 0 : g.per_day;
    out.push_back(g);
  }
  return out;
}

Value World::value(const Player& player, const Metric& metric, const Growth& growth,
                   std::int64_t at_ms) {
  if (growth.never || at_ms < metric.since_ms) {
    return {};
  }
  const std::int64_t grown = growth.per_day * ((at_ms - player.registered_ms) / 1000) / 86'400;
  const std::int64_t value = std::max<std::int64_t>(0, growth.base + grown);
  return {value, value == 0 ? -1 : 2'000'000 - value % 1'900'000};
}

std::vector<Achievement> World::achievements(const Player& player) const {
  std::vector<Achievement> out;
  const auto all = growth(player);
  const std::int64_t newest_ms = newest(player);
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const Metric& metric = metrics_[i];
    if (metric.section != Section::kSkills || metric.name == "overall") {
      continue;
    }
    const Growth& g = all[i];
    std::string title = metric.name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    Achievement one{"99 " + title, metric.name, "experience", kLevel99, 0};
    if (g.base < kLevel99) {
      if (g.per_day == 0) {
        continue;
      }
      one.at_ms = player.registered_ms + (kLevel99 - g.base) * (kDayMs / 1000) / g.per_day * 1000;
      if (one.at_ms > newest_ms) {
        continue;
      }
    }
    out.push_back(one);
  }
  return out;
}

void World::add_snapshot(Player& player) {
  now_ms_ += 60'000;
  player.extra_ms.push_back(now_ms_);
}

Player& World::add_player(bool member, std::string display) {
  Player player;
  const std::size_t number = players_.size();
  player.id = 2 + 3 * static_cast<std::int64_t>(number);
  player.display = display.empty() ? display_name(seed_, number) : std::move(display);
  player.registered_ms = now_ms_;
  player.joined_ms = now_ms_;
  player.member = member;
  player.period_ms = 7 * kDayMs / options_.snapshots_per_week;
  player.extra_ms.push_back(now_ms_);
  players_.push_back(std::move(player));
  return players_.back();
}

void World::rename(Player& player, const std::string& display, bool taken) {
  const std::string old = player.display;
  now_ms_ += 1000;
  name_changes_.push_back(
      {9000 + static_cast<std::int64_t>(name_changes_.size()), player.id, old, display, now_ms_});
  player.display = display;
  if (taken) {
    add_player(false, old);  // the reference `player` may be void now
  }
}

void World::archive(Player& player) {
  player.display = "archive" + std::to_string(40'000 + player.id);
  player.status = "archived";
  player.until_ms = now_ms_;
}

void World::add_metric(const std::string& name, Section section) {
  const auto same = [&](const Metric& one) { return one.name == name; };
  if (name.empty() || std::any_of(metrics_.begin(), metrics_.end(), same)) {
    throw std::invalid_argument("'metric' must be the name of a new one");
  }
  metrics_.push_back({name, section, now_ms_});
}

}  // namespace sluice::twin::wiseoldman
