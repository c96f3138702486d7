// SPDX-License-Identifier: Apache-2.0
//
// Prices come as 32-bit numbers, widened to 64 bits: 34.1 as 34.099998474121094.
#pragma once

#include <string_view>

#include "sluice/cpp/decimal.hpp"

namespace yahoo {

// The price that is meant. `hint`: digits after the point that the service shows, -1 = not told.
// Rounds to them if that is no more than the noise; else, unless `always`, gives the shortest
// decimal of the same 32-bit number, since prices before a split have more digits. Throws BAD_DATA
// if the text is no number.
sluice::Decimal price_of(std::string_view text, int hint, bool always);

}  // namespace yahoo
