// SPDX-License-Identifier: Apache-2.0
//
// The streams of what DWD says of each station: one per kind of table.
#pragma once

#include <optional>
#include <string_view>

#include "metadata.hpp"
#include "sluice/cpp/stream.hpp"

namespace dwd {

std::string_view metadata_stream_name(MemberKind kind) noexcept;
std::optional<MemberKind> find_metadata_stream(std::string_view name) noexcept;
sluice::Stream metadata_stream(MemberKind kind);

}  // namespace dwd
