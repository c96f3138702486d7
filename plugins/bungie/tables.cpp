// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <algorithm>

#include "config.hpp"

namespace bungie {

namespace {

using sluice::Type;

constexpr Type kHash = Type::kInt64;  // unsigned 32 bits

std::vector<Field> item_fields() {
  return {
      {"type_name", Type::kUtf8, "/itemTypeDisplayName", "Kind of item as players read it.", true},
      {"flavor_text", Type::kUtf8, "/flavorText", "A line of lore.", true},
      {"item_type", Type::kInt32, "/itemType", "Number of the kind: 2 armor, 3 weapon, …"},
      {"item_sub_type", Type::kInt32, "/itemSubType", "Number of the kind within it."},
      {"class_type", Type::kInt32, "/classType", "0 Titan, 1 Hunter, 2 Warlock, 3 any."},
      {"tier_type", Type::kInt32, "/inventory/tierType", "Rarity: 2 basic to 6 exotic."},
      {"tier_name", Type::kUtf8, "/inventory/tierTypeName", "Rarity as players read it.", true},
      {"max_stack_size", Type::kInt32, "/inventory/maxStackSize", "Most of them in one place."},
      {"bucket_hash", kHash, "/inventory/bucketTypeHash",
       "Entry of DestinyInventoryBucketDefinition."},
      {"equippable", Type::kBool, "/equippable", "Whether a character can wear or wield it."},
      {"season_hash", kHash, "/seasonHash", "Entry of DestinySeasonDefinition."},
      {"lore_hash", kHash, "/loreHash", "Entry of DestinyLoreDefinition."},
      {"collectible_hash", kHash, "/collectibleHash", "The collectible that stands for it.", false,
       "collectibles"},
  };
}

std::vector<Field> sale_fields() {
  return {
      {"item_hash", kHash, "/itemHash", "The item on sale.", false, "items"},
      {"quantity", Type::kInt32, "/quantity", "How many are sold at once."},
      {"category_index", Type::kInt32, "/categoryIndex", "Position among the vendor's categories."},
      {"display_category", Type::kUtf8, "/displayCategory", "Identifier of the category."},
      {"currencies", Type::kJson, "/currencies", "What is paid, as the service writes it."}};
}

}  // namespace

std::vector<Table> known_tables() {
  return {
      {.stream = "places",
       .table = "DestinyPlaceDefinition",
       .fields = {},
       .doc = "Worlds and other large places."},
      {.stream = "destinations",
       .table = "DestinyDestinationDefinition",
       .fields = {{"place_hash", kHash, "/placeHash", "The place it is part of.", false, "places"}},
       .doc = "Regions of places."},
      {.stream = "activities",
       .table = "DestinyActivityDefinition",
       .fields = {{"destination_hash", kHash, "/destinationHash", "Where it happens.", false,
                   "destinations"},
                  {"place_hash", kHash, "/placeHash", "The place it is part of.", false, "places"},
                  {"activity_type_hash", kHash, "/activityTypeHash",
                   "Entry of DestinyActivityTypeDefinition."},
                  {"light_level", Type::kInt32, "/activityLightLevel", "Recommended power."},
                  {"is_playlist", Type::kBool, "/isPlaylist", "Whether it only leads to others."},
                  {"is_pvp", Type::kBool, "/isPvP", "Whether players fight each other."}},
       .doc = "What can be played."},
      {.stream = "collectibles",
       .table = "DestinyCollectibleDefinition",
       .fields = {{"source_text", Type::kUtf8, "/sourceString", "Where it can be got.", true},
                  {"source_hash", kHash, "/sourceHash", "Marks collectibles of one origin."},
                  {"item_hash", kHash, "/itemHash", "The item it stands for."}},
       .doc = "Entries of the collection."},
      {.stream = "items",
       .table = "DestinyInventoryItemDefinition",
       .fields = item_fields(),
       .doc = "Everything that can be owned, and much that only looks so."},
      {.stream = "currencies",
       .table = "DestinyInventoryItemDefinition",
       .rows = Rows::kCurrencies,
       .fields = {{"type_name", Type::kUtf8, "/itemTypeDisplayName",
                   "Kind of item as players read it.", true},
                  {"max_stack_size", Type::kInt32, "/inventory/maxStackSize",
                   "Most of them that can be owned."}},
       .doc = "The items that are currencies: those with itemType 1 or of category 18."},
      {.stream = "vendors",
       .table = "DestinyVendorDefinition",
       .fields = {{"subtitle", Type::kUtf8, "/displayProperties/subtitle", "A title.", true},
                  {"identifier", Type::kUtf8, "/vendorIdentifier", "Name in the game's data."},
                  {"enabled", Type::kBool, "/enabled", "Whether it is in use."},
                  {"visible", Type::kBool, "/visible", "Whether players see it."},
                  {"faction_hash", kHash, "/factionHash", "Entry of DestinyFactionDefinition."},
                  {"reset_interval", Type::kInt32, "/resetIntervalMinutes",
                   "Minutes after which its goods change."},
                  {"reset_offset", Type::kInt32, "/resetOffsetMinutes",
                   "Minutes by which that is shifted."}},
       .doc = "Who sells things."},
      {.stream = "vendor_items",
       .table = "DestinyVendorDefinition",
       .rows = Rows::kSales,
       .fields = sale_fields(),
       .doc = "What vendors may sell, from their definitions."},
      {.stream = "objectives",
       .table = "DestinyObjectiveDefinition",
       .fields = {{"progress_description", Type::kUtf8, "/progressDescription",
                   "What is to be done.", true},
                  {"completion_value", Type::kInt32, "/completionValue", "How often."},
                  {"location_hash", kHash, "/locationHash", "Entry of DestinyLocationDefinition."},
                  {"counts_down", Type::kBool, "/isCountingDownward",
                   "Whether progress goes down."}},
       .doc = "What quests, bounties and triumphs ask for."},
      {.stream = "milestones",
       .table = "DestinyMilestoneDefinition",
       .fields = {{"friendly_name", Type::kUtf8, "/friendlyName", "Name in the game's data."},
                  {"milestone_type", Type::kInt32, "/milestoneType",
                   "1 tutorial, 2 one time, 3 weekly, 4 daily, 5 special."},
                  {"recruitable", Type::kBool, "/recruitable", "Whether one can look for a group."},
                  {"quests", Type::kJson, "/quests", "Its quests, by their item's hash."}},
       .doc = "Quests and what else is worth a player's week."},
  };
}

Table any_table(const std::string& name, bool text_keys) {
  Table out{.stream = {},
            .table = name,
            .text_keys = text_keys,
            .fields = {},
            .doc = "The table " + name + "."};
  for (const char c : name.substr(7, name.size() - 17)) {  // between Destiny and Definition
    const bool upper = c >= 'A' && c <= 'Z';
    out.stream += upper && !out.stream.empty() ? "_" : "";
    out.stream += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::vector<Field> fields_of(const Table& table) {
  std::vector<Field> out;
  if (table.table == "DestinyHistoricalStatsDefinition") {
    out = {{"name", Type::kUtf8, "/statName", "Name.", true},
           {"description", Type::kUtf8, "/statDescription", "Description.", true},
           {"icon", Type::kUtf8, "/iconImage", "Path of the picture below base_url."}};
  } else if (table.rows != Rows::kSales) {
    out = {{"name", Type::kUtf8, "/displayProperties/name", "Name.", true},
           {"description", Type::kUtf8, "/displayProperties/description", "Description.", true},
           {"icon", Type::kUtf8, "/displayProperties/icon", "Path of the picture below base_url."}};
  }
  out.insert(out.end(), table.fields.begin(), table.fields.end());
  return out;
}

std::vector<Field> translated_fields(const Table& table) {
  std::vector<Field> out = fields_of(table);
  out.erase(std::remove_if(out.begin(), out.end(), [](const Field& f) { return !f.translated; }),
            out.end());
  return out;
}

std::string column_of(const Field& field, std::string_view language, const Selection& selection) {
  std::string out(field.column);
  if (field.translated && selection.columns) {
    out += "_" + std::string(language);
    std::replace(out.begin(), out.end(), '-', '_');
  }
  return out;
}

namespace {

// The columns that name a row, in their order.
sluice::Stream::Names key_of(const Table& table, const Selection& selection) {
  if (table.rows == Rows::kSales) {
    return {"vendor_hash", "vendor_item_index"};
  }
  sluice::Stream::Names key{table.text_keys ? "key" : "hash"};
  if (!selection.columns) {
    key.emplace_back("language");
  }
  return key;
}

void add_key(sluice::Stream& out, const Table& table, const Selection& selection) {
  if (table.rows == Rows::kSales) {
    out.col("vendor_hash", kHash, {.doc = "The vendor."});
    out.col("vendor_item_index", Type::kInt32,
            {.doc = "Position in the vendor's list.", .source_name = "/vendorItemIndex"});
  } else if (table.text_keys) {
    out.col("key", Type::kUtf8, {.doc = "What names the entry."});
  } else {
    out.col("hash", kHash, {.doc = "What names the entry: 32 bits, unsigned."});
  }
  if (!selection.columns) {
    out.col("language", Type::kUtf8,
            {.nullable = false, .doc = "Language of the texts, as the service names it."});
  }
  if (!table.text_keys && table.rows != Rows::kSales) {
    out.col("hash_signed", Type::kInt32,
            {.nullable = false, .doc = "The same bits as a signed number, the id in databases."});
  }
}

void add_state(sluice::Stream& out, const Table& table, const Selection& selection) {
  if (table.rows != Rows::kSales) {
    out.col("index", Type::kInt32,
            {.doc = "Number of the entry in its table.", .source_name = "/index"});
    out.col("redacted", Type::kBool,
            {.doc = "Whether it is still secret; its texts are then \"Classified\".",
             .source_name = "/redacted"});
    out.col("blacklisted", Type::kBool,
            {.doc = "Whether it shall not be shown.", .source_name = "/blacklisted"});
  }
  out.col("content_hash", Type::kUtf8,
          {.nullable = false,
           .doc = "Digest of the entry in all languages of the row, whatever the order of its "
                  "members."});
  out.col("removed_at", Type::kTimestamp,
          {.doc = "When a newer version of the table came without it; filled by the sink."});
  if (selection.definitions) {  // last: what stands behind it is slow to reach in some databases
    out.col("definition", Type::kJson,
            {.doc = "The whole entry as the service writes it; where languages are columns, in the "
                    "first."});
  }
}

}  // namespace

sluice::Stream make_stream(const Table& table, const Selection& selection) {
  sluice::Stream out(table.stream, sluice::Kind::kFiles);
  out.doc(table.doc);
  add_key(out, table, selection);
  for (const Field& field : fields_of(table)) {
    const bool each = field.translated && selection.columns;
    for (const auto& language : selection.languages) {
      // Other languages' texts come from other files.
      const bool first = language == selection.languages.front();
      out.col(column_of(field, language, selection), field.type,
              {.doc = std::string(field.doc),
               .source_name = first ? std::string(field.pointer) : std::string()});
      if (!each) {
        break;
      }
    }
  }
  add_state(out, table, selection);
  // Rows whose hash is as before stay as they are, and those that a newer version lacks are marked.
  out.key_columns(key_of(table, selection)).hash("content_hash").removed("removed_at");

  const auto refer = [&](std::string_view column, std::string_view stream) {
    sluice::Stream::Names from{std::string(column)};
    sluice::Stream::Names to{"hash"};
    if (!selection.columns) {
      from.emplace_back("language");
      to.emplace_back("language");
    }
    out.references(from, std::string(stream), to);
    if (!out.in_key(column)) {
      out.index(column);
    }
  };
  for (const Field& field : table.fields) {
    if (!field.refers.empty()) {
      refer(field.column, field.refers);
    }
  }
  if (table.rows == Rows::kSales) {
    refer("vendor_hash", "vendors");
  } else if (table.rows == Rows::kCurrencies) {
    refer("hash", "items");
  }
  return out;
}

}  // namespace bungie
