// SPDX-License-Identifier: Apache-2.0
//
// Arrow's binary metadata: int32 count, then per pair int32 length and bytes, twice, in native
// byte order.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace sluice::host {

using Metadata = std::map<std::string, std::string, std::less<>>;

// `metadata` is ArrowSchema::metadata, whose size nobody states: what it claims is limited to
// plausible numbers (1,000 pairs, 1 MiB each). Null when it is not plausible, or a key comes twice.
std::optional<Metadata> read_metadata(const char* metadata);

}  // namespace sluice::host
