// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/twin/dwd/catalog.hpp"

namespace sluice::twin::dwd {

// What a correct client holds after it has read all archives of a dataset in `periods`: the answer
// of
// /_twin/expect as JSON. Computed from the model's rows, never from the text or the archives that
// are served. With `expand_ranges`, a row that stands for a range of minutes counts as each of
// those minutes.
std::string expect_json(const Catalog& catalog, const Dataset& dataset,
                        const std::vector<Period>& periods, bool expand_ranges);

// What a correct client holds of the positions of a dataset's stations, as JSON: from the model, as
// above.
std::string expect_positions_json(const Catalog& catalog, const Dataset& dataset);

}  // namespace sluice::twin::dwd
