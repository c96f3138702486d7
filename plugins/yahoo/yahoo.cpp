// SPDX-License-Identifier: Apache-2.0
//
// Candles, dividends and splits from Yahoo Finance's chart service, as a source.
#include <atomic>
#include <memory>
#include <sluice/cpp/plugin.hpp>
#include <vector>

#include "client.hpp"
#include "config.hpp"
#include "readers.hpp"

namespace yahoo {

struct Source {
  static constexpr auto id = "yahoo", name = "Yahoo Finance", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://finance.yahoo.com";
  static constexpr bool parallel_read = true;

  using Config = yahoo::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    std::atomic<bool> told{false};

    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection) {}
    Shared shared(sluice::Host& host) const { return {host, selection, client}; }
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    return {candle_stream(instance.selection), dividend_stream(), split_stream(),
            instrument_stream()};
  }

  static void partitions(sluice::Host& host, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    list_securities(instance.shared(host), wanted, instance.told, out);
  }

  static void check(sluice::Host& host, const Config&, Instance& instance) {
    const int64_t now = instance.shared(host).now_s();
    for (const Security& security : instance.selection.securities) {
      (void)instance.client.chart(security, {"1d", now - 7 * kDay, now, false});
    }
  }

  struct Reader {
    std::unique_ptr<SliceReader> reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request) {
      const Shared shared = instance.shared(host);
      reader = request.stream() == "candles"       ? read_candles(shared, request)
               : request.stream() == "instruments" ? read_instrument(shared, request)
                                                   : read_events(shared, request);
    }

    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return reader->next(batch, state);
    }
  };
};

}  // namespace yahoo

SLUICE_PLUGIN(yahoo::Source)
