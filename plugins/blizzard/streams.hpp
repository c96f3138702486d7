// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config.hpp"
#include "sluice/cpp/stream.hpp"

namespace blizzard {

sluice::Stream item_class_stream();
sluice::Stream item_subclass_stream();
sluice::Stream connected_realm_stream();
sluice::Stream realm_stream();
sluice::Stream token_stream();
// `history`: every list stays under its time; else a row that left the list is marked.
sluice::Stream auction_stream(bool history);
sluice::Stream commodity_stream(bool history);
sluice::Stream item_stream(const Selection& selection);

// In the order they are best run: what a query for item ids may look at comes first.
std::vector<sluice::Stream> streams(const Selection& selection);

}  // namespace blizzard
