// SPDX-License-Identifier: Apache-2.0
//
// What the game holds: items, realms, auctions and prices as a function of seed, options and what
// the control verbs have changed.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::blizzard {

// "static-eu", "dynamic-classic-us", with or without a version: "static-12.0.7_67808-eu".
struct Namespace {
  std::string kind;    // static, dynamic
  std::string game;    // retail, classic, classic1x
  std::string region;  // us, eu, kr, tw
};
std::optional<Namespace> parse_namespace(std::string_view text);
const std::vector<std::string>& regions();
const std::vector<std::string>& games();

struct Item {
  std::int64_t id = 0;
  std::uint64_t no = 0;        // of the game, from 0
  std::uint64_t revision = 0;  // how often it was changed
  std::uint32_t item_class = 0, item_subclass = 0;
  std::uint32_t quality = 0, slot = 0;
  std::int64_t level = 0, required_level = 0;
  std::int64_t purchase_price = 0, sell_price = 0;  // copper; some beyond 32 bits
  bool equippable = false, stackable = false;
  bool has_description = false, has_preview = false, has_quantity = false;
};

struct ItemClass {
  std::uint32_t id;
  std::vector<std::uint32_t> subclasses;
};

struct Realm {
  std::int64_t id;
  std::string name, slug;
};
struct ConnectedRealm {
  std::int64_t id;
  std::vector<Realm> realms;
};

struct Auction {
  std::int64_t id = 0, item = 0, quantity = 1;
  std::optional<std::int64_t> bid, buyout, unit_price;
  std::uint64_t age = 0;   // generations
  std::uint64_t salt = 0;  // decides the rest
  bool pet = false;
};

// A house is 0 where a connected realm has one for all. Thread-safe.
class World {
 public:
  World(std::uint64_t seed, const BlizzardOptions& options);

  std::uint64_t item_count() const;
  // By number, and by id; whether the service answers for it is another matter, see hidden().
  Item item(const std::string& game, std::uint64_t no) const;
  std::optional<Item> find_item(const std::string& game, std::int64_t id) const;
  // Known to the search, but answered 404.
  bool hidden(const Item& item) const;
  const std::vector<ItemClass>& classes() const { return classes_; }

  std::vector<ConnectedRealm> realms(const std::string& region, const std::string& game) const;
  std::vector<int> houses(const std::string& game) const;
  std::vector<Auction> auctions(const std::string& region, const std::string& game,
                                std::int64_t connected_realm, int house) const;
  std::vector<Auction> commodities(const std::string& region) const;
  std::int64_t token_price(const std::string& region, const std::string& game) const;
  std::int64_t token_time() const;  // seconds since the epoch

  std::string build(const std::string& game) const;  // "12.0.7_67808"
  std::int64_t patch_time() const;                   // of static documents
  std::int64_t dump_time() const;                    // of auctions
  std::uint64_t generation() const;                  // of auctions; changes with dump_time()

  // Control. patch() changes `edit` items and adds `add` new ones.
  std::vector<std::int64_t> patch(const std::string& game, std::uint64_t edit, std::uint64_t add);
  void heal();
  void advance(std::uint64_t hours);
  void merge_realms();
  void close_auctions(bool closed);

 private:
  std::int64_t item_id(std::uint64_t game, std::uint64_t no) const;
  Auction auction(std::uint64_t place, std::uint64_t slot, bool commodity) const;

  const std::uint64_t seed_;
  const BlizzardOptions options_;
  std::vector<ItemClass> classes_;

  mutable std::mutex mutex_;  // guards all below
  std::uint64_t patches_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t merged_ = 0;
  bool healed_ = false;
  bool closed_ = false;
  std::multiset<std::pair<std::string, std::int64_t>> edits_;  // game and id, once a change
};

}  // namespace sluice::twin::blizzard
