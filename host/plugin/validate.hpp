// SPDX-License-Identifier: Apache-2.0
//
// Arrow arrays of plugins, checked before they are believed. Buffers carry no sizes in the C data
// interface, so what can be checked is that everything the array states agrees with itself.
#pragma once

#include <cstdint>

#include "host/base/result.hpp"
#include "host/plugin/stream.hpp"
#include "sluice/arrow.h"

namespace sluice::host {

enum class Depth : uint8_t {
  kShape,  // counts, lengths, missing buffers, first and last offsets: a few loads per column
  kFull,   // also every offset, every text's UTF-8, nulls where the column has none
};

// Bytes that the rows' buffers hold, or kInternal with a sentence that names the column.
Result<uint64_t> check_batch(const ArrowArray& batch, const Stream& stream, Depth depth);

}  // namespace sluice::host
