// SPDX-License-Identifier: Apache-2.0
//
// The streams and how their slices are read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "config.hpp"
#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/request.hpp"

namespace binance {

class SliceReader {
 public:
  SliceReader() = default;
  SliceReader(const SliceReader&) = delete;
  SliceReader& operator=(const SliceReader&) = delete;
  virtual ~SliceReader() = default;
  virtual bool next(sluice::Batch& batch, sluice::json& state) = 0;
};

// What readers and listings share.
struct Sources {
  sluice::Host& host;
  const Selection& selection;
  Client& client;
};

sluice::Stream candles_stream(const Selection& selection, const CandleKind& kind);
sluice::Stream trades_stream();
sluice::Stream symbols_stream();

// By what name first instants of candles and trades are remembered.
std::string first_name(const Interval& interval);
constexpr const char* kFirstTrades = "trades";
// First instants of a symbol's candles and trades; nothing if there are none yet.
std::optional<int64_t> first_candle_us(const Sources& sources, const Interval& interval,
                                       const std::string& symbol);
std::optional<int64_t> first_trade_us(const Sources& sources, const std::string& symbol);

// The symbols that the configuration selects, each once, with those that have been read before.
// `what` they are selected for: "candles_1m", "trades".
std::vector<std::string> selected_symbols(const Sources& sources, const std::string& what);
// Throws INVALID_CONFIG, with its place, for a symbol of the configuration that does not exist.
void check_symbols(const Sources& sources);

std::unique_ptr<SliceReader> read_candles(const Sources& sources, const CandleKind& kind,
                                          const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_trades(const Sources& sources,
                                         const sluice::ReadRequest& request);
std::unique_ptr<SliceReader> read_symbols(const Sources& sources,
                                          const sluice::ReadRequest& request);

}  // namespace binance
