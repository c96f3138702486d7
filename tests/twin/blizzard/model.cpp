// SPDX-License-Identifier: Apache-2.0
#include "tests/twin/blizzard/model.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/twin/hash.hpp"

namespace sluice::twin::blizzard {
namespace {

constexpr std::int64_t kFirstId = 25;
constexpr std::int64_t kIdStep = 3;             // ids have holes: one in each so many
constexpr std::int64_t kStart = 1'736'251'200;  // 2025-01-07T12:00:00Z
constexpr std::int64_t kWeek = 7 * 86'400;
constexpr std::uint64_t kLife = 5;                 // generations an auction lives, on average
constexpr std::int64_t kRealmOffset = 10'000'000;  // ids of auctions of one realm
constexpr std::int64_t kBig = 5'000'000'000;       // copper, beyond 32 bits

enum Salt : std::uint64_t {
  kItemSalt = 1,
  kIdSalt,
  kRealmSalt,
  kBirthSalt,
  kTokenSalt,
  kClassSalt
};

std::string title(std::string_view region, std::int64_t id) {
  static constexpr std::array<const char*, 8> kFirst = {"Ash",  "Bright", "Cold",  "Dun",
                                                        "Ever", "Frost",  "Grim'", "Hö"};
  static constexpr std::array<const char*, 6> kSecond = {"vale", "mark", "hold",
                                                         "wick", "mere", "gard"};
  const auto n = static_cast<std::uint64_t>(id);
  return std::string(kFirst[n % kFirst.size()]) + kSecond[n / 8 % kSecond.size()] + " " +
         std::string(region) + std::to_string(id);
}

std::string slug_of(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == ' ') {
      out += '-';
    } else if (static_cast<unsigned char>(c) < 0x80 && c != '\'') {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
  }
  return out;
}

bool is_version(std::string_view part) {
  return part.find_first_not_of("0123456789._") == std::string_view::npos;
}

}  // namespace

const std::vector<std::string>& regions() {
  static const std::vector<std::string> all = {"us", "eu", "kr", "tw"};
  return all;
}

const std::vector<std::string>& games() {
  static const std::vector<std::string> all = {"retail", "classic", "classic1x"};
  return all;
}

std::optional<Namespace> parse_namespace(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('-', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    if (!is_version(part) || part.empty()) {
      parts.emplace_back(part);
    }
    at = end + 1;
  }
  if (parts.size() == 2) {
    parts.insert(parts.begin() + 1, "retail");
  }
  const auto known = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  if (parts.size() != 3 || (parts[0] != "static" && parts[0] != "dynamic") ||
      !known(games(), parts[1]) || !known(regions(), parts[2])) {
    return std::nullopt;
  }
  return Namespace{parts[0], parts[1], parts[2]};
}

World::World(std::uint64_t seed, const BlizzardOptions& options) : seed_(seed), options_(options) {
  if (options.connected_realms == 0 || options.connected_realms > 1000) {
    throw std::invalid_argument("connected realms must be 1 to 1000");
  }
  for (const std::uint32_t id : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 9U, 12U, 15U, 17U}) {
    ItemClass one{id, {}};
    const std::uint64_t count = 1 + hash_of(seed, kClassSalt, id) % 9;
    for (std::uint32_t i = 0; i < count; ++i) {
      one.subclasses.push_back(i < 3 ? i : i + 2);  // with a hole, as the real ones
    }
    classes_.push_back(std::move(one));
  }
}

std::uint64_t World::item_count() const {
  const std::lock_guard lock(mutex_);
  return options_.items + added_;
}

std::int64_t World::item_id(std::uint64_t game, std::uint64_t no) const {
  return kFirstId + static_cast<std::int64_t>(no) * kIdStep +
         static_cast<std::int64_t>(hash_of(seed_, kIdSalt, game, no) % kIdStep);
}

Item World::item(const std::string& game, std::uint64_t no) const {
  Item out;
  out.no = no;
  out.id = item_id(hash_text(game), no);
  {
    const std::lock_guard lock(mutex_);
    out.revision = edits_.count({game, out.id});
  }
  const std::uint64_t fixed = hash_of(seed_, kItemSalt, hash_text(game), no);
  const std::uint64_t h = hash_of(fixed, out.revision);
  const ItemClass& of = classes_[fixed % classes_.size()];
  out.item_class = of.id;
  out.item_subclass = of.subclasses[fixed / 64 % of.subclasses.size()];
  out.quality = static_cast<std::uint32_t>(fixed / 4096 % 7);
  out.slot = static_cast<std::uint32_t>(fixed / 32'768 % 10);
  out.level = static_cast<std::int64_t>(1 + h % 700);
  out.required_level = static_cast<std::int64_t>(h / 1024 % 81);
  out.purchase_price = static_cast<std::int64_t>(h / 8192 % 3'000'000) + (no % 37 == 5 ? kBig : 0);
  out.sell_price = out.purchase_price / 5;
  out.equippable = of.id == 2 || of.id == 4;
  out.stackable = !out.equippable;
  out.has_description = fixed / 7 % 2 == 0;
  out.has_preview = game == "retail" && fixed / 11 % 10 != 0;
  out.has_quantity = game == "retail" && fixed / 13 % 10 != 0;
  return out;
}

std::optional<Item> World::find_item(const std::string& game, std::int64_t id) const {
  if (id < kFirstId) {
    return std::nullopt;
  }
  const auto no = static_cast<std::uint64_t>((id - kFirstId) / kIdStep);
  if (no >= item_count() || item_id(hash_text(game), no) != id) {
    return std::nullopt;
  }
  return item(game, no);
}

bool World::hidden(const Item& item) const {
  const std::lock_guard lock(mutex_);
  return !healed_ && options_.missing_every != 0 &&
         item.no % options_.missing_every == options_.missing_every - 1;
}

std::vector<ConnectedRealm> World::realms(const std::string& region,
                                          const std::string& game) const {
  const std::uint64_t place = hash_of(hash_text(region), hash_text(game));
  std::vector<ConnectedRealm> out;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(options_.connected_realms); ++i) {
    ConnectedRealm one{(game == "retail" ? 500 : 4400) + 7 * i, {}};
    const std::uint64_t count = 1 + hash_of(seed_, kRealmSalt, place, one.id) % 4;
    for (std::int64_t k = 0; k < static_cast<std::int64_t>(count); ++k) {
      const std::string name = title(region, one.id + k);
      one.realms.push_back({one.id + k, name, slug_of(name)});
    }
    out.push_back(std::move(one));
  }
  const std::lock_guard lock(mutex_);
  for (std::uint64_t i = 0; i < merged_ && out.size() > 1; ++i) {
    out.front().realms.insert(out.front().realms.end(), out.back().realms.begin(),
                              out.back().realms.end());
    out.pop_back();
  }
  return out;
}

std::vector<int> World::houses(const std::string& game) const {
  return game == "retail" ? std::vector<int>{0} : std::vector<int>{2, 6};
}

// The auction in a slot, as of now: each generation some are sold and replaced.
Auction World::auction(std::uint64_t place, std::uint64_t slot, bool commodity) const {
  const std::uint64_t now = generation();
  std::uint64_t born = now;
  while (born > 0 && hash_of(seed_, kBirthSalt, place, slot, born) % kLife != 0) {
    --born;
  }
  const std::uint64_t h = hash_of(seed_, place, slot, born);
  Auction out;
  out.age = now - born;
  out.salt = h;
  out.item = item_id(hash_text("retail"), h % std::max<std::uint32_t>(1, options_.items));
  const auto price =
      static_cast<std::int64_t>(100 * (1 + h / 512 % 900'000)) + (h % 41 == 7 ? 2000 * kBig : 0);
  if (commodity) {
    out.unit_price = price;
    out.quantity = static_cast<std::int64_t>(1 + h / 64 % 200);
  } else {
    out.pet = h % 20 == 3;
    if (h / 128 % 10 != 0) {
      out.buyout = price;
    }
    if (h / 256 % 5 == 0 || !out.buyout) {
      out.bid = price / 2;
    }
  }
  out.id = static_cast<std::int64_t>(born << 32U) + static_cast<std::int64_t>(slot);
  return out;
}

std::vector<Auction> World::auctions(const std::string& region, const std::string& game,
                                     std::int64_t connected_realm, int house) const {
  const std::uint64_t place =
      hash_of(hash_text(region), hash_text(game), connected_realm, house, 1);
  std::vector<Auction> out;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return out;
    }
  }
  for (std::uint64_t slot = 0; slot < options_.auctions; ++slot) {
    out.push_back(auction(place, slot, false));
    out.back().id += connected_realm * kRealmOffset;
  }
  return out;
}

std::vector<Auction> World::commodities(const std::string& region) const {
  const std::uint64_t place = hash_of(hash_text(region), 2);
  std::vector<Auction> out;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return out;
    }
  }
  for (std::uint64_t slot = 0; slot < options_.commodities; ++slot) {
    out.push_back(auction(place, slot, true));
  }
  return out;
}

std::int64_t World::token_price(const std::string& region, const std::string& game) const {
  const std::uint64_t h =
      hash_of(seed_, kTokenSalt, hash_text(region), hash_text(game), generation());
  return 2'000'000'000 + static_cast<std::int64_t>(h % 1'000'000) * 10'000;
}

std::int64_t World::token_time() const {
  return dump_time() - 17 * 60;
}

std::string World::build(const std::string& game) const {
  const std::lock_guard lock(mutex_);
  const std::string number = std::to_string(67'808 + 101 * patches_);
  return (game == "retail" ? "12.0.7_" : "1.15.8_") + number;
}

std::int64_t World::patch_time() const {
  const std::lock_guard lock(mutex_);
  return kStart - kWeek + static_cast<std::int64_t>(patches_) * kWeek;
}

std::int64_t World::dump_time() const {
  return kStart + static_cast<std::int64_t>(generation()) * 3600;
}

std::uint64_t World::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::vector<std::int64_t> World::patch(const std::string& game, std::uint64_t edit,
                                       std::uint64_t add) {
  std::vector<std::int64_t> changed;
  const std::uint64_t count = item_count();
  for (std::uint64_t no = 0; no < count && changed.size() < edit; ++no) {
    const Item one = item(game, no * 7919 % count);
    if (!hidden(one) && std::find(changed.begin(), changed.end(), one.id) == changed.end()) {
      changed.push_back(one.id);
    }
  }
  const std::lock_guard lock(mutex_);
  for (const std::int64_t id : changed) {
    edits_.emplace(game, id);
  }
  added_ += add;
  ++patches_;
  return changed;
}

void World::heal() {
  const std::lock_guard lock(mutex_);
  healed_ = true;
}

void World::advance(std::uint64_t hours) {
  const std::lock_guard lock(mutex_);
  generation_ += hours;
}

void World::merge_realms() {
  const std::lock_guard lock(mutex_);
  ++merged_;
}

void World::close_auctions(bool closed) {
  const std::lock_guard lock(mutex_);
  closed_ = closed;
}

}  // namespace sluice::twin::blizzard
