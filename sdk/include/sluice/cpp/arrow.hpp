// SPDX-License-Identifier: Apache-2.0
//
// Owners of Arrow C structs: move-only, released exactly once.
#pragma once

#include <utility>

#include "sluice/arrow.h"

namespace sluice::inline sdk_v0 {

template <class C>
class ArrowOwner {
 public:
  ArrowOwner() noexcept : value_{} {}
  // Takes the content over and leaves `*from` released, as the specification's move asks.
  explicit ArrowOwner(C* from) noexcept : value_(*from) { from->release = nullptr; }
  ArrowOwner(ArrowOwner&& other) noexcept : ArrowOwner(&other.value_) {}
  ArrowOwner& operator=(ArrowOwner&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = other.value_;
      other.value_.release = nullptr;
    }
    return *this;
  }
  ArrowOwner(const ArrowOwner&) = delete;
  ArrowOwner& operator=(const ArrowOwner&) = delete;
  ~ArrowOwner() { reset(); }

  explicit operator bool() const noexcept { return value_.release != nullptr; }
  const C* get() const noexcept { return &value_; }
  const C* operator->() const noexcept { return &value_; }
  // For a producer to fill. Requires: empty.
  C* out() noexcept { return &value_; }
  // Moves the content into `*to`, which must be empty.
  void move_to(C* to) noexcept {
    *to = value_;
    value_.release = nullptr;
  }
  void reset() noexcept {
    if (value_.release != nullptr) {
      value_.release(&value_);
      value_.release = nullptr;
    }
  }

 private:
  C value_;
};

using Schema = ArrowOwner<ArrowSchema>;
using Array = ArrowOwner<ArrowArray>;

}  // namespace sluice::inline sdk_v0
