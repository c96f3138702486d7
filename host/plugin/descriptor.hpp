// SPDX-License-Identifier: Apache-2.0
//
// A component's descriptor, copied and checked.
#pragma once

#include <cstdint>

#include "host/base/result.hpp"
#include "sluice/descriptor.h"

namespace sluice::host {

// "source", "sink", "transform", or "component".
const char* kind_name(uint32_t kind);

// At most sizeof of ours is read; what an older plugin lacks is zero. Its texts stay the plugin's
// static storage. kInternal ("plugin misbehaved: …") for NULL, a kind or an id that cannot be.
Result<sluice_descriptor_t> read_descriptor(const sluice_descriptor_t* theirs);

}  // namespace sluice::host
