// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/wiseoldman/documents.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::twin::wiseoldman {
namespace {

using nlohmann::json;

constexpr double kFractions = 1e5;

std::size_t find_metric(const World& world, std::string_view name) {
  const auto& all = world.metrics();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Metric& one) { return one.name == name; });
  return static_cast<std::size_t>(it - all.begin());
}

Value value_at(const World& world, const Player& player, std::string_view name,
               std::int64_t at_ms) {
  const std::size_t i = find_metric(world, name);
  return World::value(player, world.metrics()[i], world.growth(player)[i], at_ms);
}

int level_of(std::int64_t xp) {
  return xp <= 0 ? 1 : std::min(99, 1 + static_cast<int>(std::sqrt(static_cast<double>(xp)) / 37));
}

double fraction(std::int64_t value) {
  return value < 0 ? -1 : static_cast<double>(value) / kFractions;
}

// As a sum of many small numbers comes out: right to the fifth digit, wrong in the last.
double noisy(double value) {
  return value > 0 ? std::nextafter(value, 0) : value;
}

class Text {
 public:
  explicit Text(std::string& out) : out_(out) {}
  void add(std::string_view text) { out_.append(text); }
  template <class Number>
  void number(Number value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_.append(digits.data(), end);
  }

 private:
  std::string& out_;
};

struct SectionName {
  Section section;
  const char* name;
  const char* value;
};
constexpr std::array<SectionName, 4> kSections{{{Section::kSkills, "skills", "experience"},
                                                {Section::kBosses, "bosses", "kills"},
                                                {Section::kActivities, "activities", "score"},
                                                {Section::kComputed, "computed", "value"}}};

// `"zulrah":{"metric":"zulrah","kills":` of every metric.
std::vector<std::string> prefixes(const World& world) {
  std::vector<std::string> out;
  for (const Metric& metric : world.metrics()) {
    const auto& section = kSections[static_cast<std::size_t>(metric.section)];
    out.push_back("\"" + metric.name + "\":{\"metric\":\"" + metric.name + "\",\"" + section.value +
                  "\":");
  }
  return out;
}

void put_metric(Text& text, const Metric& metric, const Value& value) {
  if (metric.section == Section::kComputed) {
    text.number(fraction(value.value));
  } else {
    text.number(value.value);
  }
  text.add(",\"rank\":");
  text.number(value.rank);
  if (metric.section == Section::kSkills) {
    text.add(",\"level\":");
    text.number(level_of(value.value));
    text.add(",\"ehp\":");
    text.number(noisy(fraction(std::max<std::int64_t>(0, value.value) / 100)));
  } else if (metric.section == Section::kBosses) {
    text.add(",\"ehb\":");
    text.number(fraction(std::max<std::int64_t>(0, value.value) * 11));
  }
  text.add("}");
}

void put_snapshot(Text& text, const World& world, const Player& player,
                  const std::vector<World::Growth>& growth, const std::vector<std::string>& prefix,
                  std::int64_t at_ms) {
  text.add("{\"id\":-1,\"playerId\":");
  text.number(player.id);
  text.add(",\"createdAt\":\"");
  text.add(iso_ms(at_ms));
  text.add("\",\"importedAt\":");
  text.add(at_ms < player.registered_ms ? "\"" + iso_ms(player.registered_ms) + "\"" : "null");
  text.add(",\"data\":{");
  for (const SectionName& section : kSections) {
    text.add(section.section == Section::kSkills ? "\"" : ",\"");
    text.add(section.name);
    text.add("\":{");
    bool first = true;
    for (std::size_t i = 0; i < world.metrics().size(); ++i) {
      const Metric& metric = world.metrics()[i];
      if (metric.section != section.section) {
        continue;
      }
      text.add(first ? "" : ",");
      first = false;
      text.add(prefix[i]);
      put_metric(text, metric, World::value(player, metric, growth[i], at_ms));
    }
    text.add("}");
  }
  text.add("}}");
}

std::pair<std::int64_t, std::int64_t> edges(const World& world, const Player& player,
                                            std::int64_t from_ms, std::int64_t to_ms) {
  // Each edge on its own: the first snapshot after `from` may lie behind `to`.
  const auto later = world.snapshots(player, from_ms, INT64_MAX);
  const auto earlier = world.snapshots(player, INT64_MIN / 2, to_ms);
  if (later.empty() || earlier.empty()) {
    return {-1, -1};
  }
  return {later.front(), earlier.back()};
}

json delta_json(double start, double end) {
  const double gained = start < 0 && end < 0 ? 0 : std::max(0.0, end - std::max(0.0, start));
  return {{"gained", gained}, {"start", start}, {"end", end}};
}
json delta_json(std::int64_t start, std::int64_t end) {
  const auto gained = std::max<std::int64_t>(0, end - std::max<std::int64_t>(0, start));
  return {{"gained", gained}, {"start", start}, {"end", end}};
}

json metric_delta_json(const Metric& metric, const Value& start, const Value& end) {
  const char* key = kSections[static_cast<std::size_t>(metric.section)].value;
  json out{{"metric", metric.name},
           {"rank",
            {{"gained", start.rank < 0 ? -1 : end.rank - start.rank},
             {"start", start.rank},
             {"end", end.rank}}}};
  out[key] = metric.section == Section::kComputed
                 ? delta_json(fraction(start.value), fraction(end.value))
                 : delta_json(start.value, end.value);
  if (metric.section == Section::kSkills) {
    out["ehp"] = delta_json(fraction(start.value / 100), fraction(end.value / 100));
    out["level"] =
        delta_json(std::int64_t{level_of(start.value)}, std::int64_t{level_of(end.value)});
  } else if (metric.section == Section::kBosses) {
    out["ehb"] = delta_json(fraction(std::max<std::int64_t>(0, start.value) * 11),
                            fraction(std::max<std::int64_t>(0, end.value) * 11));
  }
  return out;
}

}  // namespace

json player_json(const World& world, const Player& player) {
  const std::int64_t newest = world.newest(player);
  const std::int64_t ehp = value_at(world, player, "ehp", newest).value;
  return {
      {"id", player.id},
      {"username", standard_name(player.display)},
      {"displayName", player.display},
      {"type", player.id % 4 == 0 ? "ironman" : "regular"},
      {"build", "main"},
      {"country", player.id % 3 == 0 ? json("PT") : json()},
      {"status", player.status},
      {"patron", false},
      {"exp", value_at(world, player, "overall", newest).value},
      {"ehp", fraction(ehp)},
      {"ehb", noisy(fraction(value_at(world, player, "ehb", newest).value))},
      {"ttm", 891.24136},
      {"tt200m", 13406.3079200001},
      {"registeredAt", iso_ms(player.registered_ms)},
      {"updatedAt", iso_ms(newest + 500)},
      {"lastChangedAt", iso_ms(world.last_changed(player))},
      {"lastImportedAt", player.imported_ms.empty() ? json() : json(iso_ms(player.registered_ms))}};
}

json group_json(const World& world) {
  json memberships = json::array();
  std::int64_t updated = 0;
  for (const Player& player : world.players()) {
    if (player.member) {
      updated = std::max(updated, player.joined_ms);
      memberships.push_back(
          {{"playerId", player.id},
           {"groupId", kGroupId},
           {"role", player.id == 2       ? "owner"
                    : player.id % 5 == 0 ? "moderator"
                                         : "member"},
           {"clientSyncJoinedAt", player.id % 2 == 0 ? json(iso_ms(player.joined_ms)) : json()},
           {"createdAt", iso_ms(player.joined_ms)},
           {"updatedAt", iso_ms(player.joined_ms)},
           {"player", player_json(world, player)}});
    }
  }
  const auto count = memberships.size();
  return {{"id", kGroupId},
          {"name", "Twin Clan"},
          {"clanChat", "Twin"},
          {"description", nullptr},
          {"homeworld", 330},
          {"verified", true},
          {"patron", false},
          {"visible", true},
          {"profileImage", nullptr},
          {"bannerImage", nullptr},
          {"score", 330},
          {"createdAt", "2020-07-05T15:25:54.055Z"},
          {"updatedAt", iso_ms(updated)},
          {"socialLinks", {{"website", nullptr}, {"discord", "https://discord.example/twin"}}},
          {"roleOrders", json::array()},
          {"memberships", std::move(memberships)},
          {"memberCount", count}};
}

json player_details_json(const World& world, const Player& player) {
  json out = player_json(world, player);
  out["combatLevel"] = 93;
  out["archive"] = player.status != "archived" ? json()
                                               : json{{"playerId", player.id},
                                                      {"previousUsername", "gone"},
                                                      {"archiveUsername", player.display},
                                                      {"restoredUsername", nullptr},
                                                      {"createdAt", iso_ms(player.until_ms)},
                                                      {"restoredAt", nullptr}};
  out["annotations"] = json::array();
  if (player.opted_out) {
    out["annotations"].push_back({{"playerId", player.id},
                                  {"type", "opt_out"},
                                  {"createdAt", iso_ms(player.registered_ms)}});
  }
  const json latest = json::parse(snapshots_text(world, player, {world.newest(player)}));
  out["latestSnapshot"] = latest.at(0);
  return out;
}

json name_change_json(const NameChange& change) {
  return {{"id", change.id},
          {"playerId", change.player_id},
          {"oldName", change.from},
          {"newName", change.to},
          {"status", "approved"},
          {"reviewContext", nullptr},
          {"resolvedAt", iso_ms(change.at_ms)},
          {"updatedAt", iso_ms(change.at_ms)},
          {"createdAt", iso_ms(change.at_ms)}};
}

json achievement_json(const Player& player, const Achievement& achievement) {
  return {{"playerId", player.id},
          {"name", achievement.name},
          {"metric", achievement.metric},
          {"threshold", achievement.threshold},
          {"createdAt", iso_ms(achievement.at_ms)},
          {"accuracy", achievement.at_ms == 0 ? json() : json(195'764)},
          {"measure", achievement.measure}};
}

json player_gained_json(const World& world, const Player& player, std::int64_t from_ms,
                        std::int64_t to_ms) {
  const auto [start, end] = edges(world, player, from_ms, to_ms);
  json data;
  const auto growth = world.growth(player);
  for (std::size_t i = 0; i < world.metrics().size(); ++i) {
    const Metric& metric = world.metrics()[i];
    const Value a = start < 0 ? Value{} : World::value(player, metric, growth[i], start);
    const Value b = start < 0 ? Value{} : World::value(player, metric, growth[i], end);
    data[kSections[static_cast<std::size_t>(metric.section)].name][metric.name] =
        metric_delta_json(metric, a, b);
  }
  return {{"startsAt", start < 0 ? json() : json(iso_ms(start))},
          {"endsAt", start < 0 ? json() : json(iso_ms(end))},
          {"data", std::move(data)}};
}

json group_gained_json(const World& world, const Metric& metric, std::int64_t from_ms,
                       std::int64_t to_ms) {
  std::vector<json> rows;
  const std::size_t at = find_metric(world, metric.name);
  for (const Player& player : world.players()) {
    const auto [start, end] = edges(world, player, from_ms, to_ms);
    if (player.member && start >= 0) {
      const auto growth = world.growth(player)[at];
      const Value a = World::value(player, metric, growth, start);
      const Value b = World::value(player, metric, growth, end);
      rows.push_back({{"player", player_json(world, player)},
                      {"data", metric.section == Section::kComputed
                                   ? delta_json(fraction(a.value), fraction(b.value))
                                   : delta_json(a.value, b.value)},
                      {"startDate", iso_ms(start)},
                      {"endDate", iso_ms(end)}});
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const json& a, const json& b) {
    return a["data"]["gained"].get<double>() > b["data"]["gained"].get<double>();
  });
  return rows;
}

std::string snapshots_text(const World& world, const Player& player,
                           const std::vector<std::int64_t>& at_ms) {
  const auto growth = world.growth(player);
  const auto prefix = prefixes(world);
  std::string out;
  out.reserve(at_ms.size() * 6000 + 2);
  Text text(out);
  text.add("[");
  for (std::size_t i = 0; i < at_ms.size(); ++i) {
    text.add(i == 0 ? "" : ",");
    put_snapshot(text, world, player, growth, prefix, at_ms[i]);
  }
  text.add("]");
  return out;
}

json expect_json(const World& world, std::int64_t from_ms, std::int64_t to_ms, bool strangers) {
  std::int64_t snapshots = 0, overall = 0, zulrah = 0, zulrah_unranked = 0, ehp = 0, members = 0;
  std::int64_t players = 0, achievements = 0, ranked_values = 0;
  const std::size_t overall_at = find_metric(world, "overall");
  const std::size_t zulrah_at = find_metric(world, "zulrah");
  const std::size_t ehp_at = find_metric(world, "ehp");
  std::vector<std::int64_t> ids;
  for (const Player& player : world.players()) {
    members += player.member ? 1 : 0;
    if (!player.member && !strangers) {
      continue;
    }
    ids.push_back(player.id);
    ++players;
    achievements += static_cast<std::int64_t>(world.achievements(player).size());
    const auto growth = world.growth(player);
    const auto value = [&](std::size_t i, std::int64_t at) {
      return World::value(player, world.metrics()[i], growth[i], at).value;
    };
    for (const std::int64_t at : world.snapshots(player, from_ms, to_ms - 1)) {
      ++snapshots;
      overall += value(overall_at, at);
      ehp += value(ehp_at, at);
      const std::int64_t kills = value(zulrah_at, at);
      zulrah += std::max<std::int64_t>(0, kills);
      zulrah_unranked += kills < 0 ? 1 : 0;
      for (std::size_t i = 0; i < world.metrics().size(); ++i) {
        ranked_values += value(i, at) >= 0 ? 1 : 0;
      }
    }
  }
  std::int64_t changes = 0;
  for (const NameChange& change : world.name_changes()) {
    changes += std::count(ids.begin(), ids.end(), change.player_id);
  }
  return {{"now", iso_ms(world.now_ms())},
          {"players", players},
          {"members", members},
          {"metrics", world.metrics().size()},
          {"snapshots", snapshots},
          {"ranked_values", ranked_values},
          {"overall_sum", overall},
          {"zulrah_sum", zulrah},
          {"zulrah_unranked", zulrah_unranked},
          {"ehp_sum_e5", ehp},
          {"achievements", achievements},
          {"name_changes", changes}};
}

}  // namespace sluice::twin::wiseoldman
