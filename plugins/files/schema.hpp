// SPDX-License-Identifier: Apache-2.0
//
// The stream of the source: from the configured columns, or found once from a sample and kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "records.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/stream.hpp"
#include "source_config.hpp"

namespace sluice::files {

// The files that match the patterns, in order, each once. Throws UNAVAILABLE for unreadable
// folders.
std::vector<std::string> matching_files(const SourceConfig& config);

// What a file holds, by configuration or name.
Format format_of(const SourceConfig& config, const std::string& name);
char delimiter_of(const SourceConfig& config, const std::string& name);

// The stream; none when it must be found from files and `host` is offline and has not kept it, or
// no file matches yet. Throws INVALID_CONFIG, BAD_DATA.
std::optional<Stream> stream_of(Host& host, const SourceConfig& config);

}  // namespace sluice::files
