// SPDX-License-Identifier: Apache-2.0
//
// The definitions of Destiny 2 from Bungie.net, as a source.
#include <sluice/cpp/plugin.hpp>

#include "config.hpp"
#include "reader.hpp"
#include "slices.hpp"

namespace bungie {

struct Source {
  static constexpr auto id = "bungie", name = "Destiny 2 definitions", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://bungie-net.github.io/";
  static constexpr bool parallel_read = true;

  using Config = bungie::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    Databases databases;
    MissingTables missing;
    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection), databases(client), missing(host) {}
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    std::vector<sluice::Stream> out;
    for (const Table& table : instance.selection.tables) {
      out.push_back(make_stream(table, instance.selection));
    }
    return out;
  }

  // Whether the service answers, and takes the key.
  static void check(sluice::Host&, const Config&, Instance& instance) {
    (void)instance.client.manifest();
  }

  static void slices(sluice::Host& host, const Config&, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (const Table* table = instance.selection.find(wanted.stream())) {
      list_table(host, instance.selection, instance.client, instance.missing, *table, out);
    }
  }

  struct Reader {
    SliceReader reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request)
        : reader({host, instance.selection, instance.client, instance.databases, instance.missing},
                 *instance.selection.find(request.stream()), request) {}

    bool next(sluice::Batch& batch, sluice::json& state) { return reader.next(batch, state); }
  };
};

}  // namespace bungie

SLUICE_PLUGIN(bungie::Source)
