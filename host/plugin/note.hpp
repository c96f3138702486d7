// SPDX-License-Identifier: Apache-2.0
//
// The content of a plugin's ELF note (sluice/note.h), read and checked.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/plugin/library.hpp"

namespace sluice::host {

// `json` comes from a file nobody vouches for. kInvalidConfig with one sentence. LibraryInfo::path
// is left empty.
Result<LibraryInfo> parse_note(std::string_view json);

// The gate of sluice/entry.h for these numbers; kUnsupported with both sides named.
Result<void> check_gate(uint16_t abi_major, uint16_t abi_minor, uint16_t min_host_minor,
                        uint16_t host_minor);

// [a-z0-9._-]+ of at most 100 bytes.
bool is_component_id(std::string_view id);

}  // namespace sluice::host
