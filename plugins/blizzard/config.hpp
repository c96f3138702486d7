// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration, and what it selects.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sluice/cpp/config.hpp"
#include "sluice/cpp/config_json.hpp"
#include "sluice/cpp/config_quantity.hpp"

namespace blizzard {

// Items of one batch; 0 stands for "auto".
struct BatchSize {
  int64_t items = 50;
};

}  // namespace blizzard

namespace sluice::inline sdk_v0::detail {

template <>
struct ConfigValue<blizzard::BatchSize> {
  static json schema() {
    return {
        {"type", {"integer", "string"}}, {"minimum", 1}, {"maximum", 1000}, {"pattern", "^auto$"}};
  }
  static json write(const blizzard::BatchSize& value) {
    return value.items == 0 ? json("auto") : json(value.items);
  }
  static void parse(const json& in, blizzard::BatchSize& out, const std::string& path) {
    if (in.is_number_integer() && in >= 1 && in <= 1000) {
      out.items = in.get<int64_t>();
    } else if (in == "auto") {
      out.items = 0;
    } else {
      throw_config(path, "must be a number from 1 to 1000, or \"auto\".");
    }
  }
};

}  // namespace sluice::inline sdk_v0::detail

namespace blizzard {

struct Config {
  std::string base_url = "https://{region}.api.blizzard.com";
  std::string credential = "blizzard";
  std::vector<std::string> regions{"eu"};
  std::vector<std::string> games{"retail"};
  std::vector<std::string> locales{"en_US"};
  std::string item_ids = "search";
  std::vector<std::string> item_ranges;
  std::vector<std::string> skip_items;
  sluice::Seconds search_every{86'400};
  sluice::Seconds ask_again_after{30 * 86'400};
  BatchSize batch_size;
  sluice::Duration batch_pause{};
  bool documents = true;
  std::vector<std::string> realms;
  std::vector<int64_t> auction_houses{2, 6, 7};
  bool auction_history = false;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("base_url", &Config::base_url, R"("pattern":"^https?://")")
            .doc("Address of the service; {region} stands for the region."),
        optional("credential", &Config::credential, R"("minLength":1,"maxLength":64)")
            .doc("Name of the [credential.NAME] with the client's id and secret."),
        optional("regions", &Config::regions,
                 R"("minItems":1,"uniqueItems":true,)"
                 R"("items":{"type":"string","enum":["us","eu","kr","tw"]})")
            .doc("Regions to read; each has realms, auctions and prices of its own."),
        optional("games", &Config::games,
                 R"("minItems":1,"uniqueItems":true,)"
                 R"("items":{"type":"string","pattern":"^[a-z][a-z0-9]{0,30}$"})")
            .doc("\"retail\" or a classic variant as its namespaces name it: \"classic\", "
                 "\"classic1x\"."),
        optional("locales", &Config::locales,
                 R"("minItems":1,"uniqueItems":true,"items":{"type":"string","enum":["all",)"
                 R"("en_US","es_MX","pt_BR","de_DE","en_GB","es_ES","fr_FR","it_IT","ru_RU",)"
                 R"("ko_KR","zh_TW","zh_CN"]})")
            .doc("Languages of the texts, a row for each; \"all\" for every one there is."),
        optional("item_ids", &Config::item_ids, R"("enum":["search","ranges"])")
            .doc(
                "Where ids come from: \"search\" walks the service's item search, \"ranges\" "
                "asks for each id of item_ranges. keys_query of [stream.items] comes before both."),
        optional("item_ranges", &Config::item_ranges,
                 R"("items":{"type":"string","pattern":"^[0-9]+(-[0-9]*)?$"})")
            .doc("Ids to look at, as \"19019\", \"1-25000\" or, for the search, \"200000-\"; empty "
                 "for all that the search knows."),
        optional("skip_items", &Config::skip_items,
                 R"("items":{"type":"string","pattern":"^[0-9]+(-[0-9]*)?$"})")
            .doc("Ids never to ask for, written alike."),
        optional("search_every", &Config::search_every)
            .doc("Age at which the search is walked again for new ids."),
        optional("ask_again_after", &Config::ask_again_after)
            .doc("Age at which an id that was not found is asked for again."),
        optional("batch_size", &Config::batch_size)
            .doc("Items that are read and landed together, or \"auto\": what a second of the quota "
                 "gives."),
        optional("batch_pause", &Config::batch_pause)
            .doc("Pause of a worker after each batch of items."),
        optional("documents", &Config::documents)
            .doc("Keep the whole document of an item beside its fields."),
        optional("realms", &Config::realms)
            .doc("Realms to read auctions of, by slug, or connected realms by id; empty for all."),
        optional("auction_houses", &Config::auction_houses,
                 R"("items":{"type":"integer","minimum":1,"maximum":1000})")
            .doc("Auction houses of each classic realm: 2 Alliance, 6 Horde, 7 neutral."),
        optional("auction_history", &Config::auction_history)
            .doc("Keep every list of auctions under its time, instead of the newest only.")};
  }
};

// A region's variant of the game: what a namespace stands for.
struct World {
  std::string region, game;

  std::string key() const { return region + "/" + game; }
  bool retail() const { return game == "retail"; }
  // "static" or "dynamic".
  std::string name_space(std::string_view kind) const {
    return std::string(kind) + "-" + (retail() ? "" : game + "-") + region;
  }
};

struct IdRange {
  int64_t first = 0;
  int64_t last = std::numeric_limits<int64_t>::max();
};

// The configuration, checked. Immutable.
struct Selection {
  // Throws INVALID_CONFIG.
  explicit Selection(const Config& config);

  Config config;
  std::vector<World> worlds;         // in the order of the configuration
  std::vector<std::string> locales;  // empty = all
  std::vector<IdRange> ranges;       // in rising order, not overlapping; empty = all
  std::vector<IdRange> skipped;

  bool skips(int64_t id) const;
  uint64_t batch_items() const;
  // The world that the beginning of a key or partition names ("eu/retail/19019"), and what follows
  // behind it; nullptr if none is selected.
  const World* find(std::string_view key, std::string_view& rest) const;
};

}  // namespace blizzard
