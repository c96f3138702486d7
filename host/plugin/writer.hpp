// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/plugin/instance.hpp"

namespace sluice::host {

// The C struct of a binding; its texts point into `binding`.
sluice_binding_t to_raw(const Binding& binding);

// Opens a writer on an open instance. The slot of the instance, if `holds_slot`, is freed with the
// writer, or here on failure.
Result<std::unique_ptr<Writer>> open_writer(std::shared_ptr<Instance> instance,
                                            const sluice_sink_t& table, bool holds_slot);

}  // namespace sluice::host
