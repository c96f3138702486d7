// SPDX-License-Identifier: Apache-2.0
//
// Candles and trades as the service writes them.
#pragma once

#include <string>

#include "tests/twin/binance/market.hpp"

namespace sluice::twin::binance {

// With eight decimals: "61000.01000000".
void append_units(std::string& out, Units value);
std::string units_text(Units value);
void append_number(std::string& out, std::int64_t value);

// A row of /api/v3/klines.
void append_json(std::string& out, const Candle& candle);
// A line of the archive; from 2025 on with microseconds.
void append_csv(std::string& out, const Candle& candle, bool micros);
void append_json(std::string& out, const Trade& trade);

}  // namespace sluice::twin::binance
