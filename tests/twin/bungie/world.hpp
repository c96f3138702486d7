// SPDX-License-Identifier: Apache-2.0
//
// The definitions of a game, build by build: which tables a build has, which entries, and what they
// say. A pure function of seed, options and the changes that were published.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/twin/twin.hpp"

namespace sluice::twin::bungie {

// The languages of the service, in the order of its manifest.
const std::vector<std::string>& languages();

// A table of one build. Entries keep their number for ever; those above a build's count are not
// there yet.
struct TableState {
  bool present = true;
  std::uint32_t count = 0;
  std::map<std::uint32_t, std::uint32_t> revision{};  // of entries that were changed
  std::set<std::uint32_t> vanished{};
  std::set<std::uint32_t> revealed{};  // redacted ones that are shown now
};

struct Build {
  std::uint32_t number = 0;
  std::uint32_t order = 0;  // another number: members and entries in another order
  std::string version;
  std::string guid;
  std::vector<TableState> tables;  // as World::tables()
};

// What is asked of a new build, for each of its tables.
struct Changes {
  std::uint32_t changed = 0;
  std::uint32_t added = 0;
  std::uint32_t vanished = 0;
  std::uint32_t revealed = 0;
  bool reorder = false;
  bool same_version = false;
  std::vector<std::string> tables;  // that change; empty: all
  std::vector<std::string> drop;
  std::vector<std::string> restore;
};

// What a person sees of an entry in one language, unescaped.
struct Shown {
  std::string name;
  std::string description;
};

// Immutable but for publish(), which the caller guards.
class World {
 public:
  // Throws std::invalid_argument on bad options.
  World(std::uint64_t seed, const BungieOptions& options);

  const std::vector<std::string>& tables() const { return tables_; }
  // Position of a table. Throws std::invalid_argument for an unknown one.
  std::size_t table(std::string_view name) const;
  bool has_table(std::string_view name) const;
  // Whether its entries are named by text instead of a number.
  static bool has_text_keys(std::string_view table);

  const Build& build(std::size_t i) const { return builds_.at(i); }
  std::size_t builds() const { return builds_.size(); }
  const Build& newest() const { return builds_.back(); }
  // Appends a build and tells how many entries really changed so, by kind.
  std::map<std::string, std::uint32_t> publish(const Changes& changes);

  // Numbers of the entries of a build, in the order in which it writes them.
  std::vector<std::uint32_t> entries(const Build& build, std::size_t table) const;
  std::uint32_t hash(std::size_t table, std::uint32_t entry) const;
  // What names it in the file: the hash as a decimal number, or a text.
  std::string key(std::size_t table, std::uint32_t entry) const;
  bool redacted(const Build& build, std::size_t table, std::uint32_t entry) const;
  Shown shown(const Build& build, std::size_t table, std::uint32_t entry,
              std::size_t language) const;
  // The entry as JSON.
  std::string json(const Build& build, std::size_t table, std::uint32_t entry,
                   std::size_t language) const;
  // Entries of the items' table that are currencies, and lines of a vendor's list.
  static bool is_currency(std::uint32_t entry) { return entry % 40 == 0; }
  static std::uint32_t sales(std::uint32_t entry) { return entry % 6; }

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;
  void add_own_members(const Build& build, std::size_t table, std::uint32_t entry,
                       std::size_t language, Members& out) const;
  void add_item_members(std::uint32_t entry, std::size_t language, Members& out) const;
  std::string refer(std::string_view table, std::uint32_t entry) const;
  std::string sale_list(std::uint32_t entry) const;
  std::uint32_t revision(const Build& build, std::size_t table, std::uint32_t entry) const;

  std::uint64_t seed_;
  BungieOptions options_;
  std::vector<std::string> tables_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::deque<Build> builds_;  // references stay good when one is added
};

}  // namespace sluice::twin::bungie
