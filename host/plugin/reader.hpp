// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/plugin/instance.hpp"

namespace sluice::host {

// Opens a reader on an open instance. The slot of the instance, if `holds_slot`, is freed with the
// handle, or here on failure.
Result<std::unique_ptr<ReadHandle>> open_reader(std::shared_ptr<Instance> instance,
                                                const sluice_source_t& table, const Stream& stream,
                                                ReadRequest request, ReadObserver observer,
                                                bool holds_slot);

}  // namespace sluice::host
