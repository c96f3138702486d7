// SPDX-License-Identifier: Apache-2.0
//
// The one header of the SDK that includes nlohmann/json whole.
#pragma once

#include <nlohmann/json.hpp>

namespace sluice::inline sdk_v0 {
using json = nlohmann::json;
}
