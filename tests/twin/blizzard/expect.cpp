// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/expect.hpp"

namespace sluice::twin::blizzard {
namespace {

using nlohmann::json;

// Rows and sums over a list of auctions.
class Sums {
 public:
  void add(const Auction& one) {
    ++rows_;
    id_ += one.id;
    item_ += one.pet ? 82'800 : one.item;
    quantity_ += one.quantity;
    bid_ += one.bid.value_or(0);
    bids_ += one.bid ? 1 : 0;
    buyout_ += one.buyout.value_or(0);
    buyouts_ += one.buyout ? 1 : 0;
    unit_price_ += one.unit_price.value_or(0);
    pets_ += one.pet ? 1 : 0;
  }
  json to_json() const {
    return {{"rows", rows_},
            {"sum_id", id_},
            {"sum_item", item_},
            {"sum_bid", bid_},
            {"bids", bids_},
            {"sum_buyout", buyout_},
            {"buyouts", buyouts_},
            {"pets", pets_},
            {"sum_quantity", quantity_},
            {"sum_unit_price", unit_price_}};
  }

 private:
  std::int64_t rows_ = 0, id_ = 0, item_ = 0, quantity_ = 0, bid_ = 0, bids_ = 0, buyout_ = 0,
               buyouts_ = 0, unit_price_ = 0, pets_ = 0;
};

json expect_items(const World& world, const std::string& game) {
  std::int64_t known = 0, found = 0, id = 0, purchase = 0, sell = 0, level = 0, described = 0;
  for (std::uint64_t no = 0; no < world.item_count(); ++no) {
    const Item item = world.item(game, no);
    ++known;
    if (world.hidden(item)) {
      continue;
    }
    ++found;
    id += item.id;
    purchase += item.purchase_price;
    sell += item.sell_price;
    level += item.level;
    described += item.has_description ? 1 : 0;
  }
  return {{"known", known},         {"found", found},           {"missing", known - found},
          {"sum_id", id},           {"sum_level", level},       {"sum_purchase_price", purchase},
          {"sum_sell_price", sell}, {"descriptions", described}};
}

}  // namespace

json expect(const World& world, const std::string& region, const std::string& game) {
  json out;
  out["items"] = expect_items(world, game);
  std::int64_t subclasses = 0;
  for (const ItemClass& one : world.classes()) {
    subclasses += static_cast<std::int64_t>(one.subclasses.size());
  }
  out["item_classes"] = world.classes().size();
  out["item_subclasses"] = subclasses;
  std::int64_t realms = 0;
  Sums auctions;
  const auto connected = world.realms(region, game);
  for (const ConnectedRealm& one : connected) {
    realms += static_cast<std::int64_t>(one.realms.size());
    for (const int house : world.houses(game)) {
      for (const Auction& auction : world.auctions(region, game, one.id, house)) {
        auctions.add(auction);
      }
    }
  }
  out["connected_realms"] = connected.size();
  out["realms"] = realms;
  out["auctions"] = auctions.to_json();
  Sums commodities;
  if (game == "retail") {
    for (const Auction& auction : world.commodities(region)) {
      commodities.add(auction);
    }
  }
  out["commodities"] = commodities.to_json();
  out["token"] = {{"price", world.token_price(region, game)}, {"time", world.token_time()}};
  return out;
}

}  // namespace sluice::twin::blizzard
