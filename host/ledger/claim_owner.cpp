// SPDX-License-Identifier: Apache-2.0
#include "host/ledger/claim_owner.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "host/ledger/lmdb_env.hpp"
#include "host/ledger/varint.hpp"

namespace sluice::host {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// When the process started, in clock ticks since boot: with it a process number is not mistaken for
// a later one's. 0: there is no such process.
uint64_t start_of_process(uint64_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  size_t at = stat.rfind(')');  // the name may hold spaces and brackets
  if (at == std::string::npos || at + 2 >= stat.size()) {
    return 0;
  }
  if (stat[at + 2] == 'Z' || stat[at + 2] == 'X') {
    return 0;  // dead, not yet waited for
  }
  for (int field = 2; field < 22; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) {
      return 0;
    }
  }
  uint64_t ticks = 0;
  for (++at; at < stat.size() && stat[at] >= '0' && stat[at] <= '9'; ++at) {
    ticks = ticks * 10 + static_cast<uint64_t>(stat[at] - '0');
  }
  return ticks;
}

uint64_t pid_namespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n') {
    id.pop_back();
  }
  return id;
}

bool is_of_this_boot(const std::filesystem::path& file) {
  return read_file(file) == boot_id();
}

ClaimOwner ClaimOwner::self() {
  const auto pid = static_cast<uint64_t>(getpid());
  return {pid, start_of_process(pid), pid_namespace(), 0};
}

std::string ClaimOwner::encode() const {
  std::string out;
  put_varint(out, pid);
  put_varint(out, start);
  put_varint(out, name_space);
  put_signed(out, lease_us);
  return out;
}

ClaimOwner ClaimOwner::decode(std::string_view bytes) {
  ByteReader in(bytes);
  ClaimOwner owner;
  owner.pid = in.varint();
  owner.start = in.varint();
  owner.name_space = in.varint();
  owner.lease_us = in.signed_varint();
  if (!in.ok()) {
    throw Failure(MDB_CORRUPTED);
  }
  return owner;
}

bool ClaimOwner::dead() const {
  return name_space == pid_namespace() && start_of_process(pid) != start;
}

}  // namespace sluice::host
