// SPDX-License-Identifier: Apache-2.0
//
// The snapshots: all coins, and the market of each.
#pragma once

#include <memory>

#include "series.hpp"

namespace coingecko {

sluice::Stream coin_stream();
sluice::Stream market_stream();

std::unique_ptr<SliceReader> read_coins(const Shared& shared, const sluice::ReadRequest& request);
// The partition is the currency.
std::unique_ptr<SliceReader> read_markets(const Shared& shared, const sluice::ReadRequest& request);

}  // namespace coingecko
