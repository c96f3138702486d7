// SPDX-License-Identifier: Apache-2.0
//
// A row of a batch as JSON, for quarantine; and batches that two sides look at.
#pragma once

#include <memory>
#include <string>

#include "host/plugin/component.hpp"

namespace sluice::host {

// One JSON object, columns in order. `row` counts from 0; the array has been checked against the
// stream.
std::string row_json(const Stream& stream, const ArrowArray& array, uint64_t row);

// A second array over the same buffers, which live until both are gone: the receiver may release it
// at any time, on any thread, also child by child.
ArrayHandle share(const std::shared_ptr<const ArrayHandle>& array);

}  // namespace sluice::host
