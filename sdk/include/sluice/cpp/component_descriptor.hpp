// SPDX-License-Identifier: Apache-2.0
//
// What a component says of itself, from its static members.
#pragma once

#include <string>
#include <string_view>

#include "sluice/cpp/config_struct.hpp"
#include "sluice/cpp/text.hpp"
#include "sluice/descriptor.h"

namespace sluice::inline sdk_v0::detail {

template <class C>
concept HasConfig = requires {
  typename C::Config;
};
template <class C>
struct ConfigOf {
  using type = NoConfig;
};
template <HasConfig C>
struct ConfigOf<C> {
  using type = typename C::Config;
};
template <class C>
using Config = typename ConfigOf<C>::type;

template <class C>
const sluice_descriptor_t* make_descriptor(uint32_t kind, uint64_t caps) {
  static const std::string id(C::id);
  static const std::string schema = config_schema<Config<C>>().dump();
  static const sluice_descriptor_t descriptor = [&] {
    sluice_descriptor_t d{};
    d.struct_size = sizeof(d);
    d.kind = kind;
    d.caps = caps;
    if constexpr (requires { C::thread_bound; }) {
      d.caps |= C::thread_bound ? SLUICE_CAP_THREAD_BOUND : 0;
    }
    d.id = id.c_str();
    d.name = to_c(std::string_view(C::name));
    d.version = to_c(std::string_view(C::version));
    d.vendor = to_c("");
    d.license = to_c("");
    d.doc_url = to_c("");
    if constexpr (requires { C::vendor; }) {
      d.vendor = to_c(std::string_view(C::vendor));
    }
    if constexpr (requires { C::license; }) {
      d.license = to_c(std::string_view(C::license));
    }
    if constexpr (requires { C::doc_url; }) {
      d.doc_url = to_c(std::string_view(C::doc_url));
    }
    d.config_schema = to_c(schema);
    if constexpr (requires { C::state_version; }) {
      d.state_version = C::state_version;
    } else {
      d.state_version = 1;
    }
    return d;
  }();
  return &descriptor;
}

}  // namespace sluice::inline sdk_v0::detail
