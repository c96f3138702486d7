// SPDX-License-Identifier: Apache-2.0
//
// World of Warcraft's game data from Blizzard's Battle.net service, as a source.
#include <sluice/cpp/plugin.hpp>

#include "client.hpp"
#include "config.hpp"
#include "readers.hpp"
#include "streams.hpp"

namespace blizzard {

const World& Sources::world_of(std::string_view partition, std::string_view& rest) const {
  const World* world = selection.find(partition, rest);
  if (world == nullptr) {
    throw sluice::Error(sluice::Code::kInvalidConfig,
                        "Neither regions nor games select '" + std::string(partition) + "'.");
  }
  return *world;
}

void list_worlds(const Selection& selection, bool retail_only, const sluice::Lister& out) {
  for (const World& world : selection.worlds) {
    if (world.retail() || !retail_only) {
      out.partition({.key = world.key()});
    }
  }
}

struct Source {
  static constexpr auto id = "blizzard", name = "Blizzard World of Warcraft", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://develop.battle.net/documentation/world-of-warcraft";
  static constexpr bool parallel_read = true;

  using Config = blizzard::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection) {}
    Sources sources() const { return {selection, client}; }
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    return streams(instance.selection);
  }

  static void check(sluice::Host&, const Config&, Instance& instance) {
    const World& world = instance.selection.worlds.front();
    (void)instance.client.get(instance.client.url(world, "static", "item-class/index"));
  }

  static void partitions(sluice::Host&, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (wanted.stream() == "auctions") {
      list_auctions(instance.sources(), out);
    } else if (wanted.stream() == "token_price") {
      list_tokens(instance.sources(), out);
    } else if (wanted.stream() != "items") {
      list_worlds(instance.selection, wanted.stream() == "commodities", out);
    }
  }

  static void slices(sluice::Host&, const Config&, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (wanted.stream() == "items") {
      list_items(instance.sources(), out);
    }
  }

  struct Reader {
    ReaderPtr reader;

    Reader(sluice::Host&, const Config&, Instance& instance, const sluice::ReadRequest& request) {
      const Sources sources = instance.sources();
      const auto wanted = request.stream();
      for (const sluice::Stream& stream : streams(instance.selection)) {
        if (stream.name() != wanted) {
          continue;
        }
        reader = wanted == "items"              ? read_items(sources, stream, request)
                 : wanted == "item_classes"     ? read_classes(sources, stream, request, false)
                 : wanted == "item_subclasses"  ? read_classes(sources, stream, request, true)
                 : wanted == "connected_realms" ? read_realms(sources, stream, request, false)
                 : wanted == "realms"           ? read_realms(sources, stream, request, true)
                 : wanted == "token_price"      ? read_token(sources, stream, request)
                                                : read_auctions(sources, stream, request);
      }
    }

    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return reader->next(batch, state);
    }
  };
};

}  // namespace blizzard

SLUICE_PLUGIN(blizzard::Source)
