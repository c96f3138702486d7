// SPDX-License-Identifier: Apache-2.0
//
// What sources, sinks and transforms have in common: instance and life cycle. A component
// is a struct without a base class; what it can do follows from the members it has.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/cpp/checked.hpp"
#include "sluice/cpp/component_descriptor.hpp"
#include "sluice/cpp/guard.hpp"
#include "sluice/cpp/host.hpp"
#include "sluice/cpp/result.hpp"
#include "sluice/cpp/stream.hpp"
#include "sluice/plugin.h"

namespace sluice::inline sdk_v0::detail {

template <class C>
concept HasInstance = requires {
  typename C::Instance;
};

struct NoInstance {};
template <class C>
struct SharedOf {
  using type = NoInstance;
};
template <HasInstance C>
struct SharedOf<C> {
  using type = typename C::Instance;
};
template <class C>
using Shared = typename SharedOf<C>::type;

// What stands behind sluice_plugin_t.self.
template <class C>
struct Instance {
  explicit Instance(const sluice_host_t* h) : host(h) {}

  Host host;
  std::optional<Config<C>> config;
  std::unique_ptr<Shared<C>> shared;  // between open() and close()
  std::mutex streams_mutex;           // guards `streams`
  std::optional<std::vector<Stream>> streams;
  Lifecycle life;

  void start(uint32_t mode) {
    host.set_offline(mode == SLUICE_OPEN_OFFLINE);
    if constexpr (!HasInstance<C>) {
      shared = std::make_unique<NoInstance>();
    } else if constexpr (std::is_constructible_v<Shared<C>, Host&, const Config<C>&>) {
      shared = std::make_unique<Shared<C>>(host, *config);
    } else {
      shared = std::make_unique<Shared<C>>();
    }
  }
  void stop() noexcept {
    const std::lock_guard lock(streams_mutex);
    streams.reset();
    shared.reset();
  }
};

// Calls `f(host, config, instance, args...)`, or the same without the instance, whichever exists.
template <class C, class F, class... Args>
decltype(auto) call(Instance<C>& self, F&& f, Args&&... args) {
  if constexpr (std::is_invocable_v<F, Host&, const Config<C>&, Shared<C>&, Args...>) {
    return f(self.host, *self.config, *self.shared, std::forward<Args>(args)...);
  } else {
    return f(self.host, *self.config, std::forward<Args>(args)...);
  }
}

// Constructs a Reader, Writer or Stage the same way.
template <class T, class C, class... Args>
T construct(Instance<C>& self, Args&&... args) {
  if constexpr (std::is_constructible_v<T, Host&, const Config<C>&, Shared<C>&, Args...>) {
    return T(self.host, *self.config, *self.shared, std::forward<Args>(args)...);
  } else {
    return T(self.host, *self.config, std::forward<Args>(args)...);
  }
}

// The functions of sluice_plugin_t. `Kind` adds descriptor() and extension(id).
template <class C, class Kind>
struct Life {
  static Instance<C>& self_of(void* self) { return *static_cast<Instance<C>*>(self); }

  static sluice_status_t create(const sluice_host_t* host, sluice_plugin_t* out,
                                sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto instance = std::make_unique<Instance<C>>(host);
      *out = {.self = instance.get(),
              .descriptor = Kind::descriptor(),
              .configure = &configure,
              .open = &open,
              .get_extension = &get_extension,
              .close = &close,
              .destroy = &destroy};
      (void)instance.release();
      return SLUICE_OK;
    });
  }
  static sluice_status_t configure(void* p, sluice_str_t text, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = self_of(p);
      const auto scope = self.life.control("configure", kCreated | kConfigured);
      self.config = parse_config<Config<C>>(view(text));
      self.life.enter(kConfigured);
      return SLUICE_OK;
    });
  }
  static sluice_status_t open(void* p, uint32_t mode, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = self_of(p);
      const auto scope = self.life.control("open", kConfigured);
      try {
        self.start(mode);
        if constexpr (requires { &C::check; }) {
          if (mode == SLUICE_OPEN_CHECK) {
            check(self);
          }
        }
      } catch (...) {
        self.stop();  // a failed open leaves the state as it was
        throw;
      }
      self.life.enter(kOpen);
      return SLUICE_OK;
    });
  }
  static const void* get_extension(void* p, const char* id) noexcept {
    self_of(p).life.any();
    return Kind::extension(id == nullptr ? std::string_view{} : std::string_view{id});
  }
  static void close(void* p) noexcept {
    auto& self = self_of(p);
    const auto scope = self.life.control("close", kOpen);
    self.life.expect_no_objects("close");
    guard_void([&] { self.stop(); });
    self.life.enter(kConfigured);
  }
  static void destroy(void* p) noexcept {
    auto& self = self_of(p);
    {
      const auto scope = self.life.control("destroy", kCreated | kConfigured | kOpen);
      self.life.expect_no_objects("destroy");
      guard_void([&] { self.stop(); });
    }
    delete &self;
  }

 private:
  static void check(Instance<C>& self) {
    const auto run = [](auto&&... args) -> decltype(C{}.check(args...)) {
      return C{}.check(args...);
    };
    if constexpr (std::is_same_v<decltype(call(self, run)), Result<void>>) {
      call(self, run).value();
    } else {
      call(self, run);
    }
  }
};

}  // namespace sluice::inline sdk_v0::detail
