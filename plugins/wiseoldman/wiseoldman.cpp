// SPDX-License-Identifier: Apache-2.0
//
// Groups, players and their history from the Wise Old Man API, as a source.
#include <sluice/cpp/plugin.hpp>

#include "client.hpp"
#include "config.hpp"
#include "listing.hpp"
#include "readers.hpp"
#include "roster.hpp"
#include "streams.hpp"

namespace wiseoldman {

struct Source {
  static constexpr auto id = "wiseoldman", name = "Wise Old Man", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://docs.wiseoldman.net/api";
  static constexpr bool parallel_read = true;

  using Config = wiseoldman::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    Roster roster;
    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection), roster(client, selection) {}
    Service service() { return {selection, client, roster}; }
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    return streams(instance.selection);
  }
  static void partitions(sluice::Host&, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    list_partitions(instance.service(), wanted, out);
  }
  static void slices(sluice::Host&, const Config&, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    list_slices(instance.service(), wanted, out);
  }
  static void check(sluice::Host&, const Config&, Instance& instance) {
    (void)instance.roster.load();
  }

  struct Reader {
    std::unique_ptr<SliceReader> reader;

    Reader(sluice::Host&, const Config&, Instance& instance, const sluice::ReadRequest& request) {
      const auto make = request.stream() == "group"          ? &read_group
                        : request.stream() == "members"      ? &read_members
                        : request.stream() == "players"      ? &read_players
                        : request.stream() == "snapshots"    ? &read_snapshots
                        : request.stream() == "gained"       ? &read_gained
                        : request.stream() == "achievements" ? &read_achievements
                                                             : &read_name_changes;
      reader = make(instance.service(), request);
    }
    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return reader->next(batch, state);
    }
  };
};

}  // namespace wiseoldman

SLUICE_PLUGIN(wiseoldman::Source)
