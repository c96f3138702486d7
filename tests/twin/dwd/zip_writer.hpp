// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::twin::dwd {

// Builds a zip archive in memory: one deflated or stored member after the other, then the
// directory. Sizes are known up front, so there are no data descriptors. Not thread-safe.
class ZipWriter {
 public:
  // `seconds` (UTC) becomes every member's time, at the format's two-second grain.
  explicit ZipWriter(std::int64_t seconds);

  void add(const std::string& name, const std::string& content, bool stored);
  // Ends the archive; call once, last.
  std::string finish();

 private:
  std::uint32_t dos_time_ = 0;
  std::string bytes_;
  std::string directory_;
  std::uint16_t members_ = 0;
};

}  // namespace sluice::twin::dwd
