// SPDX-License-Identifier: Apache-2.0
//
// The token endpoint: OAuth 2 client credentials, by POST only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/twin/message.hpp"
#include "tests/twin/twin.hpp"

namespace sluice::twin::blizzard {

// Thread-safe.
class Tokens {
 public:
  Tokens(std::uint64_t seed, const BlizzardOptions& options) : seed_(seed), options_(options) {}

  // Answers a request to the token endpoint.
  Response issue(const Request& request);
  // Whether the request carries a token that still holds, in its Authorization header.
  bool admits(const Request& request) const;
  // From now on no token holds that was given out so far.
  void expire();

 private:
  using Clock = std::chrono::steady_clock;
  bool is_client(const Request& request) const;

  const std::uint64_t seed_;
  const BlizzardOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::uint64_t given_ = 0;
  std::map<std::string, Clock::time_point, std::less<>> ends_;
};

}  // namespace sluice::twin::blizzard
