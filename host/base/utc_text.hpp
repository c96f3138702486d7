// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace sluice::host {

// A time for people, without fractions of a second: "2026-03-30T12:00:00Z". `us`: microseconds
// since the epoch.
std::string utc_text(int64_t us);

}  // namespace sluice::host
