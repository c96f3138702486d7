// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/documents.hpp"

#include <array>

#include "tests/twin/hash.hpp"

namespace sluice::twin::blizzard {
namespace {

constexpr std::array<const char*, 7> kQualities = {"POOR", "COMMON",    "UNCOMMON", "RARE",
                                                   "EPIC", "LEGENDARY", "ARTIFACT"};
constexpr std::array<const char*, 10> kSlots = {"NON_EQUIP", "HEAD", "NECK",   "SHOULDER", "BODY",
                                                "CHEST",     "LEGS", "WEAPON", "SHIELD",   "CLOAK"};
constexpr std::array<const char*, 4> kTimes = {"VERY_LONG", "LONG", "MEDIUM", "SHORT"};

// A text as the view wants it.
Document text(const View& view, Word kind, std::uint64_t n) {
  if (view.locale) {
    return word(kind, n, *view.locale);
  }
  Document out = Document::object();
  for (std::size_t i = 0; i < kLocales.size(); ++i) {
    out[std::string(kLocales[i])] = word(kind, n, i);
  }
  return out;
}

Document link(const View& view, const std::string& path) {
  return Document{{"href", href(view, path)}};
}

Document self(const View& view, const std::string& path) {
  return Document{{"self", link(view, path)}};
}

Document named(const View& view, const char* type, Word kind, std::uint64_t n) {
  return Document{{"type", type}, {"name", text(view, kind, n)}};
}

std::string item_path(const Item& item) {
  return "/data/wow/item/" + std::to_string(item.id);
}
std::string class_path(std::uint32_t id) {
  return "/data/wow/item-class/" + std::to_string(id);
}
std::string subclass_path(std::uint32_t of, std::uint32_t id) {
  return class_path(of) + "/item-subclass/" + std::to_string(id);
}
std::uint64_t subclass_word(std::uint32_t of, std::uint32_t id) {
  return std::uint64_t{of} * 100 + id;
}

// What an item's own document and its preview have in common.
void put_facts(const View& view, const Item& item, Document& out) {
  out["name"] = text(view, Word::kItem, item.no + item.revision * 1'000'000);
  out["quality"] = named(view, kQualities.at(item.quality), Word::kQuality, item.quality);
}

void put_kind(const View& view, const Item& item, Document& out) {
  out["media"] = Document{{"key", link(view, "/data/wow/media/item/" + std::to_string(item.id))},
                          {"id", item.id}};
  out["item_class"] = Document{{"key", link(view, class_path(item.item_class))},
                               {"name", text(view, Word::kClass, item.item_class)},
                               {"id", item.item_class}};
  out["item_subclass"] = Document{
      {"key", link(view, subclass_path(item.item_class, item.item_subclass))},
      {"name", text(view, Word::kSubclass, subclass_word(item.item_class, item.item_subclass))},
      {"id", item.item_subclass}};
  out["inventory_type"] = named(view, kSlots.at(item.slot), Word::kSlot, item.slot);
}

Document preview(const View& view, const Item& item) {
  Document out;
  out["item"] = Document{{"key", link(view, item_path(item))}, {"id", item.id}};
  put_facts(view, item, out);
  put_kind(view, item, out);
  if (item.no % 3 == 0) {
    out["binding"] = named(view, "ON_ACQUIRE", Word::kOther, 1);
  }
  if (item.has_description) {
    out["description"] = text(view, Word::kDescription, item.no);
  }
  if (item.equippable) {
    Document stats = Document::array();
    for (std::uint64_t i = 0; i < 1 + item.no % 3; ++i) {
      stats.push_back(
          Document{{"type", named(view, "STAMINA", Word::kOther, 10 + i)},
                   {"value", 5 + i},
                   {"display", {{"color", {{"r", 255}, {"g", 255}, {"b", 255}, {"a", 1}}}}}});
    }
    out["stats"] = std::move(stats);
    out["weapon"] = Document{{"dps", {{"value", 9.038461}}}};
  } else {
    out["crafting_reagent"] = text(view, Word::kOther, 2);
  }
  out["level"] = Document{{"value", item.level}};
  return out;
}

void append_field(std::string& out, const char* name, const std::optional<std::int64_t>& value) {
  if (value) {
    out += name;
    out += std::to_string(*value);
  }
}

void append_item(std::string& out, const Auction& auction, bool bare) {
  out += R"("item":{"id":)" + std::to_string(auction.pet ? 82'800 : auction.item);
  if (bare) {
    out += '}';
    return;
  }
  const std::uint64_t h = auction.salt;
  if (h % 3 != 0) {
    out += R"(,"context":)" + std::to_string(h % 40);
  }
  if (h % 5 < 2) {
    out += R"(,"bonus_lists":[)" + std::to_string(6000 + h % 999) + "," +
           std::to_string(1 + h / 7 % 9999) + "]";
  }
  if (h % 7 < 3) {
    out += R"(,"modifiers":[{"type":9,"value":)" + std::to_string(h % 80) + "}]";
  }
  if (auction.pet) {
    out += R"(,"pet_breed_id":)" + std::to_string(3 + h % 20) + R"(,"pet_level":)" +
           std::to_string(1 + h % 25) + R"(,"pet_quality_id":)" + std::to_string(h % 4) +
           R"(,"pet_species_id":)" + std::to_string(100 + h % 900);
  }
  out += '}';
}

}  // namespace

std::string full_namespace(const Namespace& ns, const std::string& build) {
  return ns.kind + "-" + (ns.kind == "static" ? build + "-" : "") +
         (ns.game == "retail" ? "" : ns.game + "-") + ns.region;
}

std::string href(const View& view, const std::string& path) {
  return "https://" + view.ns.region + ".api.blizzard.com" + path +
         "?namespace=" + view.full_namespace;
}

Document item_document(const View& view, const Item& item) {
  Document out;
  out["_links"] = self(view, item_path(item));
  out["id"] = item.id;
  put_facts(view, item, out);
  out["level"] = item.level;
  out["required_level"] = item.required_level;
  put_kind(view, item, out);
  out["purchase_price"] = item.purchase_price;
  out["sell_price"] = item.sell_price;
  out["max_count"] = item.no % 4 == 0 ? 1 : 0;
  out["is_equippable"] = item.equippable;
  out["is_stackable"] = item.stackable;
  if (item.has_description) {
    out["description"] = text(view, Word::kDescription, item.no);
  }
  if (item.has_preview) {
    out["preview_item"] = preview(view, item);
  }
  if (item.has_quantity) {
    out["purchase_quantity"] = 1 + item.no % 5;
  }
  if (item.equippable && view.ns.game == "retail") {
    const auto id = static_cast<std::int64_t>(40'000 + item.no);
    out["appearances"] = Document::array({Document{
        {"key", link(view, "/data/wow/item-appearance/" + std::to_string(id))}, {"id", id}}});
  }
  return out;
}

Document item_media_document(const View& view, const Item& item) {
  Document out;
  out["_links"] = self(view, "/data/wow/media/item/" + std::to_string(item.id));
  out["assets"] = Document::array(
      {Document{{"key", "icon"},
                {"value", "https://render.worldofwarcraft.com/" + view.ns.region +
                              "/icons/56/icon_" + std::to_string(item.no % 97) + ".jpg"},
                {"file_data_id", 130'000 + item.no % 97}}});
  out["id"] = item.id;
  return out;
}

Document item_hit(const View& view, const Item& item) {
  View all = view;
  all.locale.reset();
  Document data;
  data["level"] = item.level;
  data["required_level"] = item.required_level;
  data["sell_price"] = item.sell_price;
  data["id"] = item.id;
  put_facts(all, item, data);
  return Document{{"key", link(all, item_path(item))}, {"data", std::move(data)}};
}

Document item_class_index(const View& view, const std::vector<ItemClass>& classes) {
  Document list = Document::array();
  for (const ItemClass& one : classes) {
    list.push_back(Document{{"key", link(view, class_path(one.id))},
                            {"name", text(view, Word::kClass, one.id)},
                            {"id", one.id}});
  }
  return Document{{"_links", self(view, "/data/wow/item-class/")}, {"item_classes", list}};
}

Document item_class_document(const View& view, const ItemClass& one) {
  Document list = Document::array();
  for (const std::uint32_t id : one.subclasses) {
    list.push_back(Document{{"key", link(view, subclass_path(one.id, id))},
                            {"name", text(view, Word::kSubclass, subclass_word(one.id, id))},
                            {"id", id}});
  }
  Document out;
  out["_links"] = self(view, class_path(one.id));
  out["class_id"] = one.id;
  out["name"] = text(view, Word::kClass, one.id);
  out["item_subclasses"] = std::move(list);
  return out;
}

namespace {

std::string connected_path(std::int64_t id) {
  return "/data/wow/connected-realm/" + std::to_string(id);
}

Document region_link(const View& view) {
  std::uint64_t no = 1;
  for (const std::string& region : regions()) {
    if (region == view.ns.region) {
      break;
    }
    ++no;
  }
  return Document{{"key", link(view, "/data/wow/region/" + std::to_string(no))},
                  {"name", text(view, Word::kOther, 100 + no)},
                  {"id", no}};
}

}  // namespace

Document connected_realm_index(const View& view, const std::vector<ConnectedRealm>& realms) {
  Document list = Document::array();
  for (const ConnectedRealm& one : realms) {
    list.push_back(link(view, connected_path(one.id)));
  }
  return Document{{"_links", self(view, "/data/wow/connected-realm/")}, {"connected_realms", list}};
}

Document realm_document(const View& view, const ConnectedRealm& of, const Realm& realm) {
  const auto n = static_cast<std::uint64_t>(realm.id);
  Document out;
  out["id"] = realm.id;
  out["region"] = region_link(view);
  out["connected_realm"] = link(view, connected_path(of.id));
  out["name"] = realm.name;
  out["category"] = text(view, Word::kOther, 200 + n % 5);
  out["locale"] = n % 2 == 0 ? "deDE" : "frFR";
  out["timezone"] = "Europe/Paris";
  out["type"] = named(view, n % 7 == 0 ? "RP" : "NORMAL", Word::kOther, 300 + n % 2);
  out["is_tournament"] = false;
  out["slug"] = realm.slug;
  return out;
}

Document connected_realm_document(const View& view, const ConnectedRealm& one) {
  Document list = Document::array();
  for (const Realm& realm : one.realms) {
    Document entry = realm_document(view, one, realm);
    entry["name"] = view.locale ? Document(realm.name) : [&] {
      Document all = Document::object();
      for (const std::string_view locale : kLocales) {
        all[std::string(locale)] = realm.name;
      }
      return all;
    }();
    list.push_back(std::move(entry));
  }
  const std::string path = connected_path(one.id);
  Document out;
  out["_links"] = self(view, path);
  out["id"] = one.id;
  out["has_queue"] = one.id % 3 == 0;
  out["status"] = named(view, "UP", Word::kOther, 400);
  out["population"] = named(view, one.id % 2 == 0 ? "FULL" : "LOW", Word::kOther,
                            static_cast<std::uint64_t>(410 + one.id % 2));
  out["realms"] = std::move(list);
  if (view.ns.game == "retail") {
    out["mythic_leaderboards"] = link(view, path + "/mythic-leaderboard/");
  }
  out["auctions"] = link(view, path + "/auctions");
  return out;
}

Document realm_index(const View& view, const std::vector<ConnectedRealm>& realms) {
  Document list = Document::array();
  for (const ConnectedRealm& of : realms) {
    for (const Realm& realm : of.realms) {
      list.push_back(Document{{"key", link(view, "/data/wow/realm/" + std::to_string(realm.id))},
                              {"name", realm.name},
                              {"id", realm.id},
                              {"slug", realm.slug}});
    }
  }
  return Document{{"_links", self(view, "/data/wow/realm/")}, {"realms", list}};
}

Document token_document(const View& view, std::int64_t price, std::int64_t time) {
  Document out;
  out["_links"] = self(view, "/data/wow/token/");
  out["last_updated_timestamp"] = time * 1000;
  out["price"] = price;
  return out;
}

std::string auctions_text(const View& view, const std::string& path, std::int64_t connected_realm,
                          const std::vector<Auction>& auctions) {
  std::string out = R"({"_links":{"self":{"href":")" + href(view, path) + R"("}})";
  if (connected_realm != 0) {
    out += R"(,"connected_realm":{"href":")" + href(view, connected_path(connected_realm)) + "\"}";
  }
  out += R"(,"auctions":[)";
  for (const Auction& one : auctions) {
    out += out.back() == '[' ? "{\"id\":" : ",{\"id\":";
    out += std::to_string(one.id) + ",";
    append_item(out, one, connected_realm == 0);
    append_field(out, ",\"bid\":", one.bid);
    append_field(out, ",\"buyout\":", one.buyout);
    out += ",\"quantity\":" + std::to_string(one.quantity);
    append_field(out, ",\"unit_price\":", one.unit_price);
    out += ",\"time_left\":\"";
    out += kTimes.at(std::min<std::uint64_t>(one.age, kTimes.size() - 1));
    out += "\"}";
  }
  out += "]";
  if (connected_realm != 0 && view.ns.game == "retail") {
    out += R"(,"commodities":{"href":")" + href(view, "/data/wow/auctions/commodities") + "\"}";
  }
  return out + "}";
}

}  // namespace sluice::twin::blizzard
