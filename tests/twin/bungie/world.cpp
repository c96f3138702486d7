// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/bungie/world.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "tests/twin/hash.hpp"

namespace sluice::twin::bungie {
namespace {

// The first ones have fields of their own here; all are named as the service names them.
constexpr std::array kNames = {"InventoryItem",
                               "Activity",
                               "Destination",
                               "Place",
                               "Vendor",
                               "Objective",
                               "Milestone",
                               "Collectible",
                               "HistoricalStats",
                               "TalentGrid",
                               "SandboxPerk",
                               "Progression",
                               "InventoryBucket",
                               "Stat",
                               "Achievement",
                               "ActivityGraph",
                               "ActivityInteractable",
                               "ActivityMode",
                               "ActivityModifier",
                               "ActivityType",
                               "ArtDyeChannel",
                               "ArtDyeReference",
                               "Artifact",
                               "Bond",
                               "BreakerType",
                               "CharacterCustomizationCategory",
                               "CharacterCustomizationOption",
                               "Checklist",
                               "Class",
                               "DamageType",
                               "EnergyType",
                               "EntitlementOffer",
                               "EquipmentSlot",
                               "EventCard",
                               "Faction",
                               "FireteamFinderActivityGraph",
                               "FireteamFinderActivitySet",
                               "FireteamFinderConstants",
                               "FireteamFinderLabel",
                               "FireteamFinderLabelGroup",
                               "FireteamFinderOption",
                               "FireteamFinderOptionGroup",
                               "Gender",
                               "GlobalConstants",
                               "GuardianRankConstants",
                               "GuardianRank",
                               "Icon",
                               "InventoryItemConstants",
                               "InventoryItemLite",
                               "ItemCategory",
                               "ItemFilter",
                               "ItemTierType",
                               "LoadoutColor",
                               "LoadoutConstants",
                               "LoadoutIcon",
                               "LoadoutName",
                               "Location",
                               "Lore",
                               "MaterialRequirementSet",
                               "MedalTier",
                               "Metric",
                               "PlatformBucketMapping",
                               "PlugSet",
                               "PowerCap",
                               "PresentationNode",
                               "ProgressionLevelRequirement",
                               "ProgressionMapping",
                               "Race",
                               "Record",
                               "ReportReasonCategory",
                               "RewardAdjusterPointer",
                               "RewardAdjusterProgressionMap",
                               "RewardItemList",
                               "RewardMapping",
                               "RewardSource",
                               "SackRewardItemList",
                               "SandboxPattern",
                               "Season",
                               "SeasonPass",
                               "SocialCommendation",
                               "SocialCommendationNode",
                               "SocketCategory",
                               "SocketType",
                               "StatGroup",
                               "Trait",
                               "UnlockCountMapping",
                               "Unlock",
                               "UnlockEvent",
                               "UnlockExpressionMapping",
                               "UnlockValue",
                               "VendorGroup",
                               "NodeStepSummary",
                               "PathfinderConstants",
                               "RewardSheet",
                               "ActivityFamily",
                               "ActivityLoadoutRestriction",
                               "EquipableItemSet",
                               "ItemSet"};

struct Language {
  const char* code;
  const char* phrase;
};
constexpr std::array<Language, 13> kLanguages = {{{"en", "Radiant Lance"},
                                                  {"fr", "Lance éclatante"},
                                                  {"es", "Lanza radiante"},
                                                  {"es-mx", "Lanza fulgurante"},
                                                  {"de", "Größte Lanze"},
                                                  {"it", "Lancia raggiante"},
                                                  {"ja", "輝く槍"},
                                                  {"pt-br", "Lança radiante"},
                                                  {"ru", "Сияющее копьё"},
                                                  {"pl", "Promienna włócznia"},
                                                  {"ko", "빛나는 창"},
                                                  {"zh-cht", "光輝長矛"},
                                                  {"zh-chs", "光辉长矛"}}};

// JSON text of a string. One letter is written as an escape that need not be one.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case 'z':
        out += "\\u007a";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

std::string guid_of(std::uint64_t seed, std::uint32_t number) {
  const std::uint64_t a = hash_of(seed, number, 1);
  const std::uint64_t b = hash_of(seed, number, 2);
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(a >> 32U), static_cast<unsigned>(a >> 16U & 0xFFFFU),
                static_cast<unsigned>(a & 0xFFFFU), static_cast<unsigned>(b >> 48U),
                static_cast<unsigned long long>(b & 0xFFFFFFFFFFFFULL));
  return text.data();
}

std::string version_of(std::uint32_t number) {
  return std::to_string(244'000 + 58 * number) + ".26.05.29.1640-4-bnet." +
         std::to_string(65'312 + 77 * number);
}

bool names(const std::vector<std::string>& list, const std::string& table) {
  return std::find(list.begin(), list.end(), table) != list.end();
}

}  // namespace

const std::vector<std::string>& languages() {
  static const std::vector<std::string> codes = [] {
    std::vector<std::string> out;
    for (const Language& language : kLanguages) {
      out.emplace_back(language.code);
    }
    return out;
  }();
  return codes;
}

World::World(std::uint64_t seed, const BungieOptions& options)
    : seed_(hash_of(seed, hash_text("bungie"))), options_(options) {
  if (options.tables < 1 || options.tables > kNames.size()) {
    throw std::invalid_argument("the number of tables must lie between 1 and " +
                                std::to_string(kNames.size()));
  }
  if (options.entries < 1 || options.items < 1 || options.item_bytes > 1U << 20U) {
    throw std::invalid_argument(
        "a table needs an entry at least, and an item has at most a megabyte");
  }
  Build first;
  first.version = version_of(0);
  first.guid = guid_of(seed_, 0);
  for (std::uint32_t i = 0; i < options.tables; ++i) {
    tables_.push_back("Destiny" + std::string(kNames[i]) + "Definition");
    index_.emplace(tables_.back(), i);
    first.tables.push_back({.count = i == 0 ? options.items : options.entries});
  }
  builds_.push_back(std::move(first));
}

std::size_t World::table(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw std::invalid_argument("there is no table '" + std::string(name) + "'");
  }
  return found->second;
}

bool World::has_table(std::string_view name) const {
  return index_.find(name) != index_.end();
}

bool World::has_text_keys(std::string_view table) {
  return table == "DestinyHistoricalStatsDefinition";
}

std::map<std::string, std::uint32_t> World::publish(const Changes& changes) {
  Build next = newest();
  next.number = static_cast<std::uint32_t>(builds_.size());
  next.guid = guid_of(seed_, next.number);
  next.version = changes.same_version ? next.version : version_of(next.number);
  next.order += changes.reorder ? 1 : 0;
  for (const auto* list : {&changes.tables, &changes.drop, &changes.restore}) {
    for (const std::string& name : *list) {
      (void)table(name);
    }
  }
  std::map<std::string, std::uint32_t> done;
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    TableState& state = next.tables[t];
    state.present =
        (state.present && !names(changes.drop, tables_[t])) || names(changes.restore, tables_[t]);
    if (!changes.tables.empty() && !names(changes.tables, tables_[t])) {
      continue;
    }
    std::vector<std::uint32_t> pool;
    for (std::uint32_t i = 0; i < state.count; ++i) {
      if (state.vanished.count(i) == 0) {
        pool.push_back(i);
      }
    }
    const std::uint64_t salt = hash_of(seed_, next.number, t);
    std::sort(pool.begin(), pool.end(), [&](std::uint32_t a, std::uint32_t b) {
      return hash_of(salt, a) < hash_of(salt, b);
    });
    std::uint32_t vanished = 0;
    std::uint32_t changed = 0;
    std::uint32_t revealed = 0;
    for (const std::uint32_t i : pool) {
      const bool hidden = redacted(newest(), t, i);
      if (hidden && revealed < changes.revealed) {
        state.revealed.insert(i);
        ++revealed;
      } else if (!hidden && vanished < changes.vanished) {
        state.vanished.insert(i);
        ++vanished;
      } else if (!hidden && changed < changes.changed) {
        ++state.revision[i];
        ++changed;
      }
    }
    state.count += changes.added;
    done["vanished"] += vanished;
    done["changed"] += changed;
    done["revealed"] += revealed;
    done["added"] += changes.added;
  }
  builds_.push_back(std::move(next));
  return done;
}

std::vector<std::uint32_t> World::entries(const Build& build, std::size_t table) const {
  const TableState& state = build.tables.at(table);
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; state.present && i < state.count; ++i) {
    if (state.vanished.count(i) == 0) {
      out.push_back(i);
    }
  }
  if (build.order % 2 == 1) {
    std::reverse(out.begin(), out.end());
  }
  return out;
}

// A bijection of 32 bits, so no two entries of a table share one; half of them are negative when
// read as signed.
std::uint32_t World::hash(std::size_t table, std::uint32_t entry) const {
  const auto salt = static_cast<std::uint32_t>(hash_of(seed_, table));
  return (entry + 1) * 2'654'435'761U + salt;
}

std::string World::key(std::size_t table, std::uint32_t entry) const {
  return has_text_keys(tables_[table]) ? "stat_" + std::to_string(entry)
                                       : std::to_string(hash(table, entry));
}

bool World::redacted(const Build& build, std::size_t table, std::uint32_t entry) const {
  return hash_of(seed_, table, entry, 7) % 16 == 3 && !has_text_keys(tables_[table]) &&
         build.tables.at(table).revealed.count(entry) == 0;
}

std::uint32_t World::revision(const Build& build, std::size_t table, std::uint32_t entry) const {
  const auto& revisions = build.tables.at(table).revision;
  const auto found = revisions.find(entry);
  return found == revisions.end() ? 0 : found->second;
}

Shown World::shown(const Build& build, std::size_t table, std::uint32_t entry,
                   std::size_t language) const {
  if (redacted(build, table, entry)) {
    return {"Classified", "Keep it secret.  Keep it safe."};
  }
  const std::string phrase = kLanguages.at(language).phrase;
  const std::string number = std::to_string(entry);
  Shown out;
  out.name = entry % 11 == 5 ? "" : phrase + " " + number;
  out.description =
      "\"" + phrase + "\"\n" + number + " \\ " + std::to_string(revision(build, table, entry));
  return out;
}

std::string World::refer(std::string_view table, std::uint32_t entry) const {
  const auto found = index_.find(table);
  if (found == index_.end()) {
    return "0";
  }
  const std::uint32_t count = builds_.front().tables[found->second].count;
  return std::to_string(hash(found->second, entry % count));
}

std::string World::sale_list(std::uint32_t entry) const {
  std::string out = "[";
  for (std::uint32_t i = 0; i < sales(entry); ++i) {
    out += (i == 0 ? "" : ",");
    out += R"({"vendorItemIndex":)" + std::to_string(i) + R"(,"itemHash":)" +
           refer("DestinyInventoryItemDefinition", entry * 7 + i) + R"(,"quantity":)" +
           std::to_string(i + 1) + R"(,"currencies":[{"itemHash":)" +
           refer("DestinyInventoryItemDefinition", 0) +
           R"(,"quantity":25}],"categoryIndex":0,"displayCategory":"category.one"})";
  }
  return out + "]";
}

void World::add_item_members(std::uint32_t entry, std::size_t language, Members& out) const {
  const std::string phrase = kLanguages.at(language).phrase;
  if (entry % 3 == 0) {
    out.emplace_back("collectibleHash", refer("DestinyCollectibleDefinition", entry / 3));
  }
  out.emplace_back("itemTypeDisplayName", quoted(phrase + " T" + std::to_string(entry % 5)));
  out.emplace_back("flavorText", quoted(entry % 4 == 0 ? "" : "… " + phrase));
  out.emplace_back("itemType", is_currency(entry) ? "1" : std::to_string(2 + entry % 2));
  out.emplace_back("itemSubType", std::to_string(entry % 30));
  out.emplace_back("classType", std::to_string(entry % 4));
  out.emplace_back("equippable", entry % 2 == 0 ? "true" : "false");
  out.emplace_back("inventory",
                   R"({"maxStackSize":)" + std::to_string(1 + entry % 999) +
                       R"(,"bucketTypeHash":)" + refer("DestinyInventoryBucketDefinition", entry) +
                       R"(,"tierType":)" + std::to_string(2 + entry % 5) + R"(,"tierTypeName":)" +
                       quoted(phrase) + R"(,"isInstanceItem":true})");
  if (options_.item_bytes > 0) {
    std::string filler = "[";
    for (std::uint32_t i = 0; filler.size() + 600 < options_.item_bytes; ++i) {
      filler += i == 0 ? "" : ",";
      filler += R"({"statTypeHash":)" + std::to_string(hash_of(entry, i) & 0xFFFFFFFFU) +
                R"(,"value":)" + std::to_string(i) + R"(,"isConditionallyActive":false})";
    }
    out.emplace_back("investmentStats", filler + "]");
  }
}

void World::add_own_members(const Build& build, std::size_t table, std::uint32_t entry,
                            std::size_t language, Members& out) const {
  const std::string& name = tables_[table];
  if (name == "DestinyInventoryItemDefinition") {
    add_item_members(entry, language, out);
  } else if (name == "DestinyActivityDefinition") {
    out.emplace_back("destinationHash",
                     entry % 9 == 4 ? "0" : refer("DestinyDestinationDefinition", entry));
    out.emplace_back("placeHash", refer("DestinyPlaceDefinition", entry / 2));
    out.emplace_back("activityLightLevel", std::to_string(10 * (entry % 200)));
    out.emplace_back("isPvP", entry % 5 == 0 ? "true" : "false");
  } else if (name == "DestinyDestinationDefinition") {
    out.emplace_back("placeHash", refer("DestinyPlaceDefinition", entry / 2));
  } else if (name == "DestinyVendorDefinition") {
    out.emplace_back("vendorIdentifier", quoted("VENDOR_" + std::to_string(entry)));
    out.emplace_back("itemList", sale_list(entry));
  } else if (name == "DestinyObjectiveDefinition") {
    out.emplace_back("completionValue", std::to_string(entry % 100));
    out.emplace_back("progressDescription", quoted(kLanguages.at(language).phrase));
  } else if (name == "DestinyMilestoneDefinition") {
    out.emplace_back("milestoneType", std::to_string(1 + entry % 5));
    out.emplace_back("friendlyName", quoted("MILESTONE_" + std::to_string(entry)));
  } else if (name == "DestinyCollectibleDefinition") {
    out.emplace_back("itemHash", refer("DestinyInventoryItemDefinition", entry * 3));
    out.emplace_back("sourceString", quoted(kLanguages.at(language).phrase));
  } else {
    out.emplace_back("value", std::to_string(revision(build, table, entry)) + ".5");
    out.emplace_back("steps", R"([{"stepIndex":0,"perkHashes":[]},{"stepIndex":1}])");
  }
}

std::string World::json(const Build& build, std::size_t table, std::uint32_t entry,
                        std::size_t language) const {
  const Shown text = shown(build, table, entry, language);
  const bool hidden = redacted(build, table, entry);
  Members members;
  Members display = {{"description", quoted(text.description)},
                     {"name", quoted(text.name)},
                     {"icon", hidden ? "\"/img/misc/missing_icon_d2.png\""
                                     : "\"/common/destiny2_content/icons/" +
                                           std::to_string(hash(table, entry)) + ".png\""},
                     {"hasIcon", hidden ? "false" : "true"}};
  const auto written = [&](Members& list) {
    if (build.order % 2 == 1) {
      std::reverse(list.begin(), list.end());
    }
    std::string out = "{";
    for (const auto& [name, value] : list) {
      out += (out.size() == 1 ? "\"" : ",\"") + name + "\":" + value;
    }
    return out + "}";
  };
  members.emplace_back("displayProperties", written(display));
  if (!hidden) {
    add_own_members(build, table, entry, language, members);
  }
  if (has_text_keys(tables_[table])) {
    members.emplace_back("statId", quoted(key(table, entry)));
    members.emplace_back("statName", quoted(text.name));
  } else {
    members.emplace_back("hash", std::to_string(hash(table, entry)));
    members.emplace_back("index", std::to_string(entry));
    members.emplace_back("redacted", hidden ? "true" : "false");
    members.emplace_back("blacklisted", entry % 13 == 0 ? "true" : "false");
  }
  return written(members);
}

}  // namespace sluice::twin::bungie
