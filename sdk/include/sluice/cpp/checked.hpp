// SPDX-License-Identifier: Apache-2.0
//
// With -DSLUICE_SDK_CHECKED the contract is asserted from the plugin's side: the life cycle of
// sluice/plugin.h, the thread tags, and what is released. A breach ends the process with one line
// that says which side misbehaves. Without it, all of this is empty.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace sluice::inline sdk_v0::detail {

inline constexpr uint32_t kCreated = 1;
inline constexpr uint32_t kConfigured = 2;
inline constexpr uint32_t kOpen = 4;

#ifdef SLUICE_SDK_CHECKED

[[noreturn]] inline void misbehaving(const char* side, const char* function, const char* what) {
  std::fprintf(stderr, "%s misbehaving: %s() %s\n", side, function, what);
  std::fflush(stderr);
  std::abort();
}

// At most one call at a time.
class OneAtATime {
 public:
  class Scope {
   public:
    Scope(std::atomic<const char*>& running, const char* function) : running_(running) {
      const char* other = nullptr;
      if (!running_.compare_exchange_strong(other, function)) {
        std::fprintf(stderr, "host misbehaving: %s() was called while %s() was running\n", function,
                     other);
        std::fflush(stderr);
        std::abort();
      }
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { running_.store(nullptr); }

   private:
    std::atomic<const char*>& running_;
  };
  Scope enter(const char* function) { return Scope(running_, function); }
  bool running() const noexcept { return running_.load() != nullptr; }

 private:
  std::atomic<const char*> running_{nullptr};
};

class Lifecycle {
 public:
  OneAtATime::Scope control(const char* function, uint32_t allowed) {
    if ((state_.load() & allowed) == 0) {
      misbehaving("host", function, "was called in a state in which it is not legal");
    }
    return control_.enter(function);
  }
  // For functions of tables and objects: only between open() and close().
  void need_open(const char* function) const {
    if (state_.load() != kOpen) {
      misbehaving("host", function, "was called on an instance that is not open");
    }
  }
  OneAtATime::Scope control_open(const char* function) { return control(function, kOpen); }
  void any() const noexcept {}
  void enter(uint32_t state) { state_.store(state); }
  // `parallel`: whether several objects may live at once.
  void add_object() { objects_.fetch_add(1); }
  void drop_object() { objects_.fetch_sub(1); }
  void expect_no_objects(const char* function) const {
    if (objects_.load() != 0) {
      misbehaving("host", function, "was called before all readers and writers were released");
    }
  }

 private:
  std::atomic<uint32_t> state_{kCreated};
  std::atomic<int64_t> objects_{0};
  OneAtATime control_;
};

inline void require_plugin(bool good, const char* function, const char* what) {
  if (!good) {
    misbehaving("plugin", function, what);
  }
}
inline void require_host(bool good, const char* function, const char* what) {
  if (!good) {
    misbehaving("host", function, what);
  }
}

#else

struct NoScope {
  ~NoScope() {}  // not trivial, so that an unused scope is no warning
};

class OneAtATime {
 public:
  NoScope enter(const char* /*function*/) noexcept { return {}; }
  bool running() const noexcept { return true; }
};

class Lifecycle {
 public:
  NoScope control(const char* /*function*/, uint32_t /*allowed*/) noexcept { return {}; }
  NoScope control_open(const char* /*function*/) noexcept { return {}; }
  void need_open(const char* /*function*/) const noexcept {}
  void any() const noexcept {}
  void enter(uint32_t /*state*/) noexcept {}
  void add_object() noexcept {}
  void drop_object() noexcept {}
  void expect_no_objects(const char* /*function*/) const noexcept {}
};

inline void require_plugin(bool /*good*/, const char* /*function*/, const char* /*what*/) noexcept {
}
inline void require_host(bool /*good*/, const char* /*function*/, const char* /*what*/) noexcept {}

#endif

}  // namespace sluice::inline sdk_v0::detail
