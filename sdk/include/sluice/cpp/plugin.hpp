// SPDX-License-Identifier: Apache-2.0
//
// The C++20 layer over the C headers, whole: include this in a plugin, write one struct per
// component, and name them in one line at the end of one file:
//
//   SLUICE_PLUGIN(MySource, MySink)
//
// Nothing of this layer crosses the ABI: it is compiled into the plugin.
#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/cpp/sink.hpp"
#include "sluice/cpp/source.hpp"
#include "sluice/cpp/transform.hpp"
#include "sluice/entry.h"

namespace sluice::inline sdk_v0 {

namespace detail {

template <class C>
concept IsSource = requires {
  typename C::Reader;
};
template <class C>
concept IsSink = requires {
  typename C::Writer;
};
template <class C>
concept IsTransform = requires {
  typename C::Stage;
};

template <class C>
struct KindOf {
  static_assert(IsSource<C> + IsSink<C> + IsTransform<C> == 1,
                "A component has a Reader (source), a Writer (sink) or a Stage (transform)");
};
template <IsSource C>
struct KindOf<C> {
  using type = SourceKind<C>;
};
template <IsSink C>
struct KindOf<C> {
  using type = SinkKind<C>;
};
template <IsTransform C>
struct KindOf<C> {
  using type = TransformKind<C>;
};

}  // namespace detail

// Entry and factory of a library with these components. Tests use it without a library.
template <class... Components>
struct Library {
  static const sluice_entry_t* entry() noexcept {
    static constexpr sluice_entry_t entry = {
        .struct_size = sizeof(sluice_entry_t),
        .abi_major = SLUICE_ABI_MAJOR,
        .abi_minor = SLUICE_ABI_MINOR,
        .min_host_minor = 0,
        .reserved = {0, 0, 0},
        .get_factory = &get_factory,
    };
    return &entry;
  }

 private:
  static const void* get_factory(const char* id) noexcept {
    static constexpr sluice_factory_t factory = {&count, &descriptor, &create};
    return id != nullptr && std::string_view(id) == SLUICE_FACTORY_ID ? &factory : nullptr;
  }
  static uint32_t count() noexcept { return sizeof...(Components); }

  template <class C>
  using Kind = typename detail::KindOf<C>::type;
  template <class C>
  static const sluice_descriptor_t* describe() {
    return Kind<C>::descriptor();
  }

  static const sluice_descriptor_t* descriptor(uint32_t index) noexcept {
    using Describe = const sluice_descriptor_t* (*)();
    static constexpr Describe all[] = {&describe<Components>...};
    const sluice_descriptor_t* out = nullptr;
    guard_void([&] { out = index < count() ? all[index]() : nullptr; });
    return out;
  }
  static sluice_status_t create(const sluice_host_t* host, uint32_t kind, const char* id,
                                sluice_plugin_t* out, sluice_error_t* error) noexcept {
    using Create = sluice_status_t (*)(const sluice_host_t*, sluice_plugin_t*, sluice_error_t*);
    static constexpr Create all[] = {&detail::Life<Components, Kind<Components>>::create...};
    return guard(error, [&] {
      for (uint32_t i = 0; i < count(); ++i) {
        const auto* d = descriptor(i);
        if (d != nullptr && id != nullptr && d->kind == kind && std::string_view(d->id) == id) {
          return all[i](host, out, error);
        }
      }
      throw Error(Code::kUnsupported, "This library has no component '" +
                                          std::string(id == nullptr ? "" : id) +
                                          "' of the kind that was asked for.");
    });
  }
};

}  // namespace sluice::inline sdk_v0

// The one exported function of a plugin library, for one or more components.
#define SLUICE_PLUGIN(...)                                               \
  extern "C" SLUICE_EXPORT const sluice_entry_t* sluice_entry_v1(void) { \
    return ::sluice::Library<__VA_ARGS__>::entry();                      \
  }
