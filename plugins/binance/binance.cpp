// SPDX-License-Identifier: Apache-2.0
//
// The spot market of Binance as a source: candles, aggregate trades, pairs.
#include <sluice/cpp/plugin.hpp>

#include "archive.hpp"
#include "readers.hpp"

namespace binance {

namespace {
constexpr int64_t kTradesSettle = 10 * kSecond;  // so long after its time a trade is surely listed
}  // namespace

struct Source {
  static constexpr auto id = "binance", name = "Binance spot market", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://github.com/binance/binance-spot-api-docs";
  static constexpr bool parallel_read = true;

  using Config = binance::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection) {}
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    std::vector<sluice::Stream> out;
    for (const CandleKind& kind : instance.selection.candles) {
      out.push_back(candles_stream(instance.selection, kind));
    }
    out.push_back(trades_stream());
    out.push_back(symbols_stream());
    return out;
  }

  static void partitions(sluice::Host& host, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    const Sources sources{host, instance.selection, instance.client};
    const CandleKind* candles = instance.selection.find_candles(wanted.stream());
    if (candles == nullptr && wanted.stream() != "trades") {
      return;
    }
    const int64_t now_us = host.now().time_since_epoch().count();
    const std::string what = candles != nullptr ? first_name(*candles->interval) : kFirstTrades;
    for (const std::string& symbol : selected_symbols(sources, what)) {
      const auto first_us = candles != nullptr
                                ? first_candle_us(sources, *candles->interval, symbol)
                                : first_trade_us(sources, symbol);
      if (!first_us) {
        host.info("Binance has nothing of " + symbol + " yet.");
        continue;
      }
      // Without a grid the host cannot know what is not over yet.
      const int64_t end_us = candles == nullptr        ? now_us - kTradesSettle
                             : candles->interval->grid ? SLUICE_TIME_MAX
                                                       : candles->interval->floor(now_us);
      out.partition({.key = symbol, .from_us = *first_us, .to_us = end_us});
    }
  }

  static void slices(sluice::Host& host, const Config& config, Instance& instance,
                     const sluice::ListRequest& wanted, const sluice::Lister& out) {
    const CandleKind* candles = instance.selection.find_candles(wanted.stream());
    if (candles != nullptr && config.archive) {
      list_archive_slices(instance.selection, *candles->interval,
                          host.now().time_since_epoch().count(), wanted, out);
    }
  }

  static void check(sluice::Host& host, const Config&, Instance& instance) {
    check_symbols({host, instance.selection, instance.client});
  }

  struct Reader {
    std::unique_ptr<SliceReader> reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request) {
      const Sources sources{host, instance.selection, instance.client};
      if (const CandleKind* kind = instance.selection.find_candles(request.stream())) {
        reader = read_candles(sources, *kind, request);
      } else if (request.stream() == "trades") {
        reader = read_trades(sources, request);
      } else {
        reader = read_symbols(sources, request);
      }
    }

    bool next(sluice::Batch& batch, sluice::json& state) { return reader->next(batch, state); }
  };
};

}  // namespace binance

SLUICE_PLUGIN(binance::Source)
