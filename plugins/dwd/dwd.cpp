// SPDX-License-Identifier: Apache-2.0
//
// Observations of the German weather service (DWD) from its open data server, as a source.
#include <sluice/cpp/plugin.hpp>

#include "config.hpp"
#include "crawl.hpp"
#include "readers.hpp"

namespace dwd {

struct Source {
  static constexpr auto id = "dwd", name = "DWD open data", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://opendata.dwd.de/climate_environment/CDC/";
  static constexpr bool parallel_read = true;

  using Config = dwd::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Server server;
    Instance(sluice::Host& host, const Config& config)
        : selection(config), server(host, selection) {}
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    std::vector<sluice::Stream> out;
    out.push_back(station_stream());
    out.push_back(parameter_stream());
    for (const auto table : instance.selection.metadata) {
      out.push_back(metadata_stream(*find_metadata_stream(table)));
    }
    for (const Dataset* dataset : instance.selection.datasets) {
      out.push_back(observation_stream(*dataset, instance.selection.rows));
    }
    return out;
  }

  static void slices(sluice::Host& host, const Config&, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (wanted.stream() == "stations") {
      list_station_lists(instance.selection, instance.server, out);
    } else if (find_metadata_stream(wanted.stream())) {
      list_metadata(host, instance.selection, instance.server, out);
    } else if (const Dataset* dataset = find_stream(wanted.stream())) {
      list_archives(host, instance.selection, instance.server, *dataset, wanted, out);
    }
  }

  struct Reader {
    std::unique_ptr<SliceReader> reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request) {
      const Sources sources{host, instance.selection, instance.server};
      if (request.stream() == "stations") {
        reader = read_stations(sources, request);
      } else if (const auto kind = find_metadata_stream(request.stream())) {
        reader = read_metadata(sources, *kind, request);
      } else if (const Dataset* dataset = find_stream(request.stream())) {
        reader = read_observations(sources, *dataset, request);
      } else {
        reader = read_parameters(sources);
      }
    }

    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return reader->next(batch, state);
    }
  };
};

}  // namespace dwd

SLUICE_PLUGIN(dwd::Source)
