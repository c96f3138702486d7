// SPDX-License-Identifier: Apache-2.0
//
// Memory for secret values: locked against swapping where the system allows it, left out of core
// files, overwritten before it is given back.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::host {

// Bytes of a fixed size, zero at first. One thread at a time; movable.
class LockedBytes {
 public:
  LockedBytes() = default;
  explicit LockedBytes(size_t size);
  explicit LockedBytes(std::string_view text);
  LockedBytes(LockedBytes&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  LockedBytes& operator=(LockedBytes&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  LockedBytes(const LockedBytes&) = delete;
  LockedBytes& operator=(const LockedBytes&) = delete;
  ~LockedBytes() = default;

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] unsigned char* data() { return data_.get(); }
  [[nodiscard]] const unsigned char* data() const { return data_.get(); }
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(data_.get()), size_};
  }
  [[nodiscard]] std::string_view view(size_t length) const { return view().substr(0, length); }

 private:
  struct Free {
    void operator()(unsigned char* data) const;
  };
  std::unique_ptr<unsigned char[], Free> data_;
  size_t size_ = 0;
};

// Overwrites what `text` holds, its spare room included, and empties it.
void wipe(std::string& text);

// Once per process, before the first value is read: no core files, and no reading of this process's
// memory by others of the same user. Values that a plugin or the HTTP client hold in ordinary
// memory are covered by this.
void keep_memory_private();

// False if libsodium cannot be used, which only a broken system causes.
bool sodium_ready();

}  // namespace sluice::host
