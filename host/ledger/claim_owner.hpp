// SPDX-License-Identifier: Apache-2.0
//
// The process that holds claims, told apart from every other of this boot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sluice::host {

// The id of the running boot; empty if the system does not tell.
std::string boot_id();
// Whether `file` holds the id of the running boot.
bool is_of_this_boot(const std::filesystem::path& file);

// Format of a record in claims.mdb: varints of process number, start and namespace, signed lease.
struct ClaimOwner {
  uint64_t pid = 0;
  uint64_t start = 0;  // in clock ticks since boot: a later process may have the same number
  uint64_t name_space = 0;
  int64_t lease_us = 0;

  // This process, without a lease.
  static ClaimOwner self();
  [[nodiscard]] std::string encode() const;
  // Throws Failure(MDB_CORRUPTED).
  static ClaimOwner decode(std::string_view bytes);
  // A process of another container cannot be looked at: its lease decides.
  [[nodiscard]] bool dead() const;
};

}  // namespace sluice::host
