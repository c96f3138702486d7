// SPDX-License-Identifier: Apache-2.0
//
// The tables of a source. A source is a struct with `id`, `name`, `version`, streams() or
// discover(), and a Reader; see sdk/README.md for all members it may have.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/component.hpp"
#include "sluice/cpp/reader.hpp"
#include "sluice/cpp/stream_schema.hpp"
#include "sluice/source.h"

namespace sluice::inline sdk_v0::detail {

template <class C>
concept HasPartitions = requires {
  &C::partitions;
};
template <class C>
concept HasSlices = requires {
  &C::slices;
};

// Readers may run at once unless the source shares an Instance and does not say otherwise.
template <class C>
constexpr bool parallel_read() {
  if constexpr (requires { C::parallel_read; }) {
    return C::parallel_read;
  } else {
    return !HasInstance<C>;
  }
}

template <class C>
struct SourceKind {
  static uint64_t caps() {
    return (parallel_read<C>() ? SLUICE_CAP_SPLITS : 0) |
           (HasPartitions<C> || HasSlices<C> ? SLUICE_CAP_SLICES : 0);
  }
  static const sluice_descriptor_t* descriptor() {
    return make_descriptor<C>(SLUICE_KIND_SOURCE, caps());
  }
  static const void* extension(std::string_view id) {
    static constexpr sluice_source_t source = {&discover, &open_reader};
    // Hosts want every slot filled; a listing that the component does not have tells nothing.
    static constexpr sluice_slices_t slices = {&list_partitions, &list_slices};
    if (id == SLUICE_SOURCE_ID) {
      return &source;
    }
    const bool lists = HasPartitions<C> || HasSlices<C>;
    return lists && id == SLUICE_SLICES_ID ? &slices : nullptr;
  }

 private:
  static Instance<C>& self_of(void* self) { return *static_cast<Instance<C>*>(self); }

  // Asks the component once per open().
  static std::vector<Stream> streams(Instance<C>& self, bool anew) {
    const std::lock_guard lock(self.streams_mutex);
    if (anew || !self.streams) {
      if constexpr (requires { &C::discover; }) {
        const auto run = [](auto&&... args) -> decltype(C{}.discover(args...)) {
          return C{}.discover(args...);
        };
        self.streams = unwrap(call(self, run));
      } else {
        self.streams = C::streams();
      }
    }
    return *self.streams;
  }

  static sluice_status_t discover(void* p, const sluice_catalog_t* catalog,
                                  sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = self_of(p);
      const auto scope = self.life.control_open("discover");
      for (const Stream& stream : streams(self, true)) {
        Schema schema = to_schema(stream);
        ArrowSchema moved{};
        schema.move_to(&moved);
        const auto status = catalog->add_stream(catalog->ctx, to_c(stream.name()), &moved, error);
        if (status != SLUICE_OK) {
          return status;
        }
      }
      return SLUICE_OK;
    });
  }

  static sluice_status_t open_reader(void* p, const sluice_read_request_t* request,
                                     const sluice_observer_t* observer, sluice_reader_t* out,
                                     sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = self_of(p);
      self.life.need_open("open_reader");
      const auto* descriptor = SourceKind::descriptor();
      if (request->state.data != nullptr && request->state_version > descriptor->state_version) {
        throw Error(Code::kBadState, "The resume state was written by a newer version of '" +
                                         std::string(descriptor->id) +
                                         "'. Install that version, or read the slice again.");
      }
      for (Stream& stream : streams(self, false)) {
        if (stream.name() == view(request->stream)) {
          ReaderObject<C>::open(self, std::move(stream), request, observer, out);
          return SLUICE_OK;
        }
      }
      throw Error(Code::kInvalidConfig, "The source '" + std::string(descriptor->id) +
                                            "' has no stream '" +
                                            std::string(view(request->stream)) + "'.");
    });
  }

  template <class F>
  static sluice_status_t list(void* p, const char* function, const sluice_lister_t* lister,
                              sluice_error_t* error, F&& work) noexcept {
    return guard(error, [&] {
      auto& self = self_of(p);
      const auto scope = self.life.control_open(function);
      Lister out(lister);
      try {
        work(self, out);
      } catch (const StopListing& stop) {
        return stop.status;
      }
      return out.status();
    });
  }
  static sluice_status_t list_partitions(void* p, const sluice_list_request_t* request,
                                         const sluice_lister_t* lister,
                                         sluice_error_t* error) noexcept {
    return list(p, "list_partitions", lister, error, [&](Instance<C>& self, Lister& out) {
      if constexpr (HasPartitions<C>) {
        const ListRequest wanted(request);
        const auto run = [](auto&&... args) -> decltype(C{}.partitions(args...)) {
          return C{}.partitions(args...);
        };
        call(self, run, wanted, out);
      }
    });
  }
  static sluice_status_t list_slices(void* p, const sluice_list_request_t* request,
                                     const sluice_lister_t* lister,
                                     sluice_error_t* error) noexcept {
    return list(p, "list_slices", lister, error, [&](Instance<C>& self, Lister& out) {
      if constexpr (HasSlices<C>) {
        const ListRequest wanted(request);
        const auto run = [](auto&&... args) -> decltype(C{}.slices(args...)) {
          return C{}.slices(args...);
        };
        call(self, run, wanted, out);
      }
    });
  }
};

}  // namespace sluice::inline sdk_v0::detail
