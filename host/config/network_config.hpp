// SPDX-License-Identifier: Apache-2.0
//
// [http] and [cache] as far as they say how requests reach a service and what is kept of answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::host {

struct NetworkConfig {
  std::chrono::milliseconds dns_timeout{8'000};
  uint64_t low_speed = 100;  // bytes per second
  std::chrono::milliseconds low_speed_window{60'000};
  uint32_t max_redirects = 5;
  std::string contact;
  std::string proxy;
  std::string ca_file, client_cert, client_key;
  bool deny_private = false;
  bool operator==(const NetworkConfig&) const = default;
};

struct CacheConfig {  // [cache]
  uint64_t entries = 1000;
  uint64_t bytes = 32ULL << 20;
  std::chrono::seconds ttl{86'400};
};

}  // namespace sluice::host
