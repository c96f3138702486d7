// SPDX-License-Identifier: Apache-2.0
//
// Makes a cassette of a HAR file (HTTP Archive 1.2), as browsers and proxies export it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/http/cassette/redaction.hpp"

namespace sluice::host::cassette {

struct HarImport {
  uint64_t exchanges = 0;
  std::vector<std::string> skipped;  // entries that are no HTTP exchange, with the reason
};

// `folder` as for a recording. kInvalidConfig with file and place for what is no HAR file.
Result<HarImport> import_har(const std::filesystem::path& file, const std::filesystem::path& folder,
                             const Redact& redact);

}  // namespace sluice::host::cassette
