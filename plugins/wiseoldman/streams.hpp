// SPDX-License-Identifier: Apache-2.0
//
// The declarations of the streams.
#pragma once

#include <vector>

#include "config.hpp"
#include "sluice/cpp/stream.hpp"

namespace wiseoldman {

sluice::Stream group_stream();
sluice::Stream member_stream();
sluice::Stream player_stream();
sluice::Stream snapshot_stream(const Selection& selection);
sluice::Stream gained_stream(const Selection& selection);
sluice::Stream achievement_stream();
sluice::Stream name_change_stream();

// All that the configuration gives, in the order to run them.
std::vector<sluice::Stream> streams(const Selection& selection);

}  // namespace wiseoldman
