// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <utility>

namespace blizzard {
namespace {

using sluice::ColumnOptions;
using sluice::Kind;
using sluice::Stream;
using sluice::Type;

constexpr auto kDay = std::chrono::hours(24);
constexpr auto kListAge = std::chrono::minutes(10);  // lists of auctions are made anew each hour

ColumnOptions from(const char* pointer, const char* doc, const char* unit = "") {
  return {.unit = unit, .doc = doc, .source_name = pointer};
}
ColumnOptions required(const char* pointer, const char* doc) {
  return {.nullable = false, .doc = doc, .source_name = pointer};
}

Stream& world_columns(Stream& stream) {
  return stream.col("region", Type::kUtf8, {.doc = "us, eu, kr or tw."})
      .col("game", Type::kUtf8, {.doc = "retail, or the classic variant."});
}

Stream& locale_column(Stream& stream) {
  return stream.col("locale", Type::kUtf8, {.doc = "Language of the texts in the row."});
}

Stream& hash_column(Stream& stream) {
  return stream
      .col("content_hash", Type::kUtf8,
           {.nullable = false,
            .doc = "Hash of the document without the game's build: equal means unchanged."})
      .hash("content_hash");
}

Stream& removed_column(Stream& stream) {
  return stream
      .col("removed_at", Type::kTimestamp, {.doc = "When it was first missing from its list."})
      .removed("removed_at");
}

// What auctions and commodities have in common; the time is part of the key of a history.
Stream& list_end(Stream& stream, bool history) {
  stream
      .col("time_left", Type::kUtf8,
           from("/time_left", "SHORT (under 30 minutes), MEDIUM, LONG or VERY_LONG."))
      .col("snapshot_at", Type::kTimestamp,
           {.nullable = false, .doc = "Last-Modified of the list that the row is from."});
  return history ? stream : removed_column(hash_column(stream));
}

}  // namespace

Stream item_class_stream() {
  Stream out("item_classes", Kind::kSnapshot);
  out.key("region", "game", "locale", "class_id")
      .refresh(kDay)
      .doc("Classes of items, from the index: their ids have holes.");
  locale_column(world_columns(out))
      .col("class_id", Type::kInt64, from("/class_id", "The class."))
      .col("name", Type::kUtf8, from("/name", "Its name."))
      .col("subclass_count", Type::kInt32, {.doc = "How many subclasses it has."});
  return removed_column(hash_column(out));
}

Stream item_subclass_stream() {
  Stream out("item_subclasses", Kind::kSnapshot);
  out.key("region", "game", "locale", "class_id", "subclass_id")
      .refresh(kDay)
      .references({"region", "game", "locale", "class_id"}, "item_classes",
                  {"region", "game", "locale", "class_id"})
      .doc("Subclasses of items.");
  locale_column(world_columns(out))
      .col("class_id", Type::kInt64, {.doc = "The class that it is of."})
      .col("subclass_id", Type::kInt64, from("/id", "The subclass, within its class."))
      .col("name", Type::kUtf8, from("/name", "Its name."));
  return removed_column(hash_column(out));
}

Stream connected_realm_stream() {
  Stream out("connected_realms", Kind::kSnapshot);
  out.key("region", "game", "locale", "id")
      .refresh(kDay)
      .doc("Groups of realms that share players and auctions.");
  locale_column(world_columns(out))
      .col("id", Type::kInt64, from("/id", "The connected realm."))
      .col("has_queue", Type::kBool, from("/has_queue", "Whether players wait to log in."))
      .col("status", Type::kUtf8, from("/status/type", "UP or DOWN."))
      .col("status_name", Type::kUtf8, from("/status/name", "The same for people."))
      .col("population", Type::kUtf8, from("/population/type", "LOW to FULL, RECOMMENDED …"))
      .col("population_name", Type::kUtf8, from("/population/name", "The same for people."))
      .col("realm_count", Type::kInt32, {.doc = "How many realms it connects."});
  return removed_column(hash_column(out));
}

Stream realm_stream() {
  Stream out("realms", Kind::kSnapshot);
  out.key("region", "game", "locale", "id")
      .refresh(kDay)
      .references({"region", "game", "locale", "connected_realm_id"}, "connected_realms",
                  {"region", "game", "locale", "id"})
      .index("slug")
      .doc("Realms, with the connected realm that each is part of.");
  locale_column(world_columns(out))
      .col("id", Type::kInt64, from("/id", "The realm."))
      .col("connected_realm_id", Type::kInt64,
           {.nullable = false, .doc = "The connected realm that lists it."})
      .col("slug", Type::kUtf8, from("/slug", "Its name in addresses."))
      .col("name", Type::kUtf8, from("/name", "Its name."))
      .col("category", Type::kUtf8, from("/category", "Group in the list of realms."))
      .col("realm_locale", Type::kUtf8, from("/locale", "Language spoken there, as \"enUS\"."))
      .col("timezone", Type::kUtf8, from("/timezone", "IANA time zone."))
      .col("type", Type::kUtf8, from("/type/type", "NORMAL, RP, PVP …"))
      .col("type_name", Type::kUtf8, from("/type/name", "The same for people."))
      .col("is_tournament", Type::kBool, from("/is_tournament", "Whether for tournaments."))
      .col("region_id", Type::kInt64, from("/region/id", "The service's number of the region."))
      .col("region_name", Type::kUtf8, from("/region/name", "Its name."));
  return removed_column(hash_column(out));
}

Stream token_stream() {
  Stream out("token_price", Kind::kSeries);
  out.key("region", "game", "time")
      .time("time")
      .lag(std::chrono::hours(1))  // a price is told a little after the time that it bears
      .doc("Price of the WoW Token; the service tells the newest only.");
  world_columns(out)
      .col("time", Type::kTimestamp, from("/last_updated_timestamp", "When the price was set."))
      .col("price", Type::kInt64,
           {.nullable = false, .unit = "copper", .doc = "The price.", .source_name = "/price"});
  return out;
}

Stream auction_stream(bool history) {
  Stream out("auctions", Kind::kSnapshot);
  history ? out.key("region", "game", "connected_realm_id", "auction_house_id", "snapshot_at", "id")
          : out.key("region", "game", "connected_realm_id", "auction_house_id", "id");
  out.refresh(kListAge).index("item_id").doc(
      "Auctions of each connected realm, without commodities.");
  world_columns(out)
      .col("connected_realm_id", Type::kInt64, {.doc = "Where it is offered."})
      .col("auction_house_id", Type::kInt64,
           {.doc = "2 Alliance, 6 Horde, 7 neutral on classic realms; 0 where there is one house."})
      .col("id", Type::kInt64, from("/id", "The auction."))
      .col("item_id", Type::kInt64, required("/item/id", "What is offered."))
      .col("context", Type::kInt64, from("/item/context", "Where the item was created."))
      .col("bonus_lists", Type::kJson, from("/item/bonus_lists", "Ids of the item's bonuses."))
      .col("modifiers", Type::kJson, from("/item/modifiers", "Its modifiers: type and value."))
      .col("pet_species_id", Type::kInt64, from("/item/pet_species_id", "Of a caged pet."))
      .col("pet_breed_id", Type::kInt64, from("/item/pet_breed_id", "Of a caged pet."))
      .col("pet_level", Type::kInt64, from("/item/pet_level", "Of a caged pet."))
      .col("pet_quality_id", Type::kInt64, from("/item/pet_quality_id", "Of a caged pet."))
      .col("bid", Type::kInt64, from("/bid", "Highest bid, or where bids begin.", "copper"))
      .col("buyout", Type::kInt64, from("/buyout", "Price of the whole stack.", "copper"))
      .col("unit_price", Type::kInt64, from("/unit_price", "Price of one.", "copper"))
      .col("quantity", Type::kInt64, from("/quantity", "How many."));
  return list_end(out, history);
}

Stream commodity_stream(bool history) {
  Stream out("commodities", Kind::kSnapshot);
  history ? out.key("region", "game", "snapshot_at", "id") : out.key("region", "game", "id");
  out.refresh(kListAge).index("item_id").doc(
      "Offers of goods that a whole region trades together.");
  world_columns(out)
      .col("id", Type::kInt64, from("/id", "The offer."))
      .col("item_id", Type::kInt64, required("/item/id", "What is offered."))
      .col("quantity", Type::kInt64, from("/quantity", "How many."))
      .col("unit_price", Type::kInt64, from("/unit_price", "Price of one.", "copper"));
  return list_end(out, history);
}

Stream item_stream(const Selection& selection) {
  Stream out("items", Kind::kKeys);
  out.key("region", "game", "locale", "id")
      .max_keys(selection.batch_items())
      .retry_empty(selection.config.ask_again_after.chrono())
      .index("item_class_id", "item_subclass_id")
      .references({"region", "game", "locale", "item_class_id"}, "item_classes",
                  {"region", "game", "locale", "class_id"})
      .doc("Items of the game.");
  locale_column(world_columns(out))
      .col("id", Type::kInt64, from("/id", "The item."))
      .col("name", Type::kUtf8, from("/name", "Its name."))
      .col("description", Type::kUtf8,
           from("/description", "The text in yellow, where it has one."))
      .col("quality", Type::kUtf8, from("/quality/type", "POOR to LEGENDARY, ARTIFACT, HEIRLOOM …"))
      .col("quality_name", Type::kUtf8, from("/quality/name", "The same for people."))
      .col("level", Type::kInt64, from("/level", "Item level."))
      .col("required_level", Type::kInt64, from("/required_level", "Level that wearing it needs."))
      .col("item_class_id", Type::kInt64, from("/item_class/id", "Its class."))
      .col("item_class_name", Type::kUtf8, from("/item_class/name", "The class's name."))
      .col("item_subclass_id", Type::kInt64, from("/item_subclass/id", "Its subclass."))
      .col("item_subclass_name", Type::kUtf8, from("/item_subclass/name", "The subclass's name."))
      .col("inventory_type", Type::kUtf8, from("/inventory_type/type", "Where it is worn."))
      .col("inventory_type_name", Type::kUtf8, from("/inventory_type/name", "The same for people."))
      .col("purchase_price", Type::kInt64,
           from("/purchase_price", "What vendors ask for purchase_quantity of them.", "copper"))
      .col("purchase_quantity", Type::kInt64, from("/purchase_quantity", "How many at once."))
      .col("sell_price", Type::kInt64, from("/sell_price", "What vendors pay for one.", "copper"))
      .col("max_count", Type::kInt64, from("/max_count", "How many one may have; 0: any number."))
      .col("is_equippable", Type::kBool, from("/is_equippable", "Whether it can be worn."))
      .col("is_stackable", Type::kBool, from("/is_stackable", "Whether several lie in one place."))
      .col("binding", Type::kUtf8,
           from("/preview_item/binding/type", "ON_ACQUIRE, ON_EQUIP, TO_ACCOUNT …"))
      .col("appearances", Type::kJson, from("/appearances", "Links to what it looks like."));
  if (selection.config.documents) {
    out.col("document", Type::kJson,
            {.nullable = false,
             .doc = "All that the service says of it, in the row's language, members by name."});
  }
  return hash_column(out);
}

std::vector<Stream> streams(const Selection& selection) {
  const bool history = selection.config.auction_history;
  bool retail = false;
  for (const World& world : selection.worlds) {
    retail = retail || world.retail();
  }
  std::vector<Stream> out{item_class_stream(), item_subclass_stream(), connected_realm_stream(),
                          realm_stream(), token_stream()};
  if (retail) {
    out.push_back(commodity_stream(history));
  }
  out.push_back(auction_stream(history));
  for (Stream& stream : out) {
    stream.partitioned();  // by world, or realm
  }
  out.push_back(item_stream(selection));
  return out;
}

}  // namespace blizzard
