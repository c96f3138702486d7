// SPDX-License-Identifier: Apache-2.0
#include "host/secret/locked_text.hpp"

#include <sodium.h>
#include <sys/prctl.h>

#include <cstring>
#include <mutex>
#include <new>

namespace sluice::host {

bool sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  return ready;
}

// Guard pages, mlock and MADV_DONTDUMP come with sodium_malloc(). Where the limit for locked memory
// is used up it gives memory that is merely not locked.
LockedBytes::LockedBytes(size_t size) : size_(size) {
  if (!sodium_ready()) {
    throw std::bad_alloc();
  }
  data_.reset(static_cast<unsigned char*>(sodium_malloc(size == 0 ? 1 : size)));
  if (!data_) {
    throw std::bad_alloc();
  }
  sodium_memzero(data_.get(), size);
}

LockedBytes::LockedBytes(std::string_view text) : LockedBytes(text.size()) {
  std::memcpy(data_.get(), text.data(), text.size());
}

void LockedBytes::Free::operator()(unsigned char* data) const {
  sodium_free(data);  // overwrites it first
}

void wipe(std::string& text) {
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

void keep_memory_private() {
  static std::once_flag once;
  std::call_once(once, [] { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); });
}

}  // namespace sluice::host
