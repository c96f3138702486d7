// SPDX-License-Identifier: Apache-2.0
#include "host/base/utc_text.hpp"

#include <array>
#include <ctime>

namespace sluice::host {

std::string utc_text(int64_t us) {
  // Rounded down, also before the epoch.
  const int64_t seconds = us / 1'000'000 - (us % 1'000'000 < 0 ? 1 : 0);
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  std::array<char, 40> text{};
  if (gmtime_r(&whole, &parts) == nullptr) {
    return std::to_string(seconds) + " s";
  }
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace sluice::host
