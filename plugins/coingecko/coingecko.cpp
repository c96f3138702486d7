// SPDX-License-Identifier: Apache-2.0
//
// Prices of coins from CoinGecko's API, version 3, as a source.
#include <atomic>
#include <memory>
#include <set>
#include <sluice/cpp/plugin.hpp>
#include <vector>

#include "client.hpp"
#include "config.hpp"
#include "lists.hpp"
#include "series.hpp"

namespace coingecko {

struct Source {
  static constexpr auto id = "coingecko", name = "CoinGecko", version = "0.1.0";
  static constexpr auto license = "Apache-2.0";
  static constexpr auto doc_url = "https://docs.coingecko.com";
  static constexpr bool parallel_read = true;

  using Config = coingecko::Config;

  // Lives from open() to close().
  struct Instance {
    Selection selection;
    Client client;
    std::atomic<bool> told_chart{false}, told_candles{false};

    Instance(sluice::Host& host, const Config& config)
        : selection(config), client(host, selection) {}
    Shared shared(sluice::Host& host) const { return {host, selection, client}; }
  };

  static std::vector<sluice::Stream> discover(sluice::Host&, const Config&, Instance& instance) {
    const Selection& selection = instance.selection;
    std::vector<sluice::Stream> out;
    if (!selection.pairs.empty()) {
      out.push_back(chart_stream(selection));
      out.push_back(candle_stream(selection));
    }
    if (selection.all_markets || !selection.ids.empty()) {
      out.push_back(market_stream());
    }
    out.push_back(coin_stream());
    return out;
  }

  static void partitions(sluice::Host& host, const Config&, Instance& instance,
                         const sluice::ListRequest& wanted, const sluice::Lister& out) {
    if (wanted.stream() == "markets") {
      for (const std::string& vs : instance.selection.vs_currencies) {
        out.partition({.key = vs});
      }
    } else if (wanted.stream() != "coins") {
      list_pairs(instance.shared(host), wanted,
                 wanted.stream() == "candles" ? instance.told_candles : instance.told_chart, out);
    }
  }

  // Asks for the price of every coin in every currency: what it knows not is left out, without an
  // error.
  static void check(sluice::Host&, const Config&, Instance& instance) {
    const std::vector<Pair>& pairs = instance.selection.pairs;
    if (pairs.empty()) {
      (void)instance.client.get("/ping");
      return;
    }
    std::set<std::string> ids, currencies;
    for (const Pair& pair : pairs) {
      ids.insert(pair.coin);
      currencies.insert(pair.vs);
    }
    const auto prices =
        sluice::json::parse(instance.client.get("/simple/price?ids=" + escaped(joined(ids)) +
                                                "&vs_currencies=" + escaped(joined(currencies))),
                            nullptr, false);
    for (const Pair& pair : pairs) {
      const bool coin = prices.is_object() && prices.contains(pair.coin);
      if (!coin || !prices[pair.coin].contains(pair.vs)) {
        throw sluice::Error(
            sluice::Code::kInvalidConfig,
            coin ? "CoinGecko tells no price of " + pair.coin + " in '" + pair.vs +
                       "'; look at vs_currencies."
                 : "CoinGecko knows no coin '" + pair.coin + "'; ids stand in the stream coins.")
            .at_config(pair.pointer);
      }
    }
  }

  static std::string joined(const std::set<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
      out += (out.empty() ? "" : ",") + text;
    }
    return out;
  }

  struct Reader {
    std::unique_ptr<SliceReader> reader;

    Reader(sluice::Host& host, const Config&, Instance& instance,
           const sluice::ReadRequest& request) {
      const Shared shared = instance.shared(host);
      reader = request.stream() == "market_chart" ? read_chart(shared, request)
               : request.stream() == "candles"    ? read_candles(shared, request)
               : request.stream() == "markets"    ? read_markets(shared, request)
                                                  : read_coins(shared, request);
    }

    sluice::Next next(sluice::Batch& batch, sluice::json& state) {
      return reader->next(batch, state);
    }
  };
};

}  // namespace coingecko

SLUICE_PLUGIN(coingecko::Source)
