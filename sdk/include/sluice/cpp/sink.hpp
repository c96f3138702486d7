// SPDX-License-Identifier: Apache-2.0
//
// The tables of a sink. A sink is a struct with `id`, `name`, `version` and a Writer; see
// sdk/README.md for all members it may have.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "sluice/commits.h"
#include "sluice/cpp/component.hpp"
#include "sluice/cpp/writer.hpp"
#include "sluice/schema.h"
#include "sluice/sink.h"

namespace sluice::inline sdk_v0::detail {

template <class C>
concept HasCommits = requires {
  &C::head;
  &C::list;
  &C::forget;
};
template <class C>
concept HasKeys = requires {
  &C::keys;
};
template <class C>
concept HasDiff = requires {
  &C::diff;
};

template <class C>
struct SinkKind {
  static uint64_t caps() {
    uint64_t caps = (HasCommits<C> ? SLUICE_CAP_COMMIT_LOG : 0) |
                    (HasDiff<C> ? SLUICE_CAP_SCHEMA : 0) | (HasKeys<C> ? SLUICE_CAP_KEYS : 0);
    if constexpr (requires { C::transactional; }) {
      caps |= C::transactional ? SLUICE_CAP_TRANSACTION : 0;
    }
    if constexpr (requires { C::upsert; }) {
      caps |= C::upsert ? SLUICE_CAP_UPSERT : 0;
    }
    if constexpr (requires { C::parallel_write; }) {
      caps |= C::parallel_write ? SLUICE_CAP_PARALLEL_WRITE : 0;
    }
    return caps;
  }
  static const sluice_descriptor_t* descriptor() {
    return make_descriptor<C>(SLUICE_KIND_SINK, caps());
  }
  static const void* extension(std::string_view id) {
    static constexpr sluice_sink_t sink = {&open_writer};
    static constexpr sluice_commits_t commits = {&head, &list, &forget};
    static constexpr sluice_schema_t schema = {&diff};
    static constexpr sluice_keys_t keys = {&list_keys};
    if (id == SLUICE_SINK_ID) {
      return &sink;
    }
    if (HasCommits<C> && id == SLUICE_COMMITS_ID) {
      return &commits;
    }
    if (HasKeys<C> && id == SLUICE_KEYS_ID) {
      return &keys;
    }
    return HasDiff<C> && id == SLUICE_SCHEMA_ID ? &schema : nullptr;
  }

 private:
  // `work(self)` within [ctl] on an open instance.
  template <class F>
  static sluice_status_t control(void* p, const char* function, sluice_error_t* error,
                                 F&& work) noexcept {
    return guard(error, [&] {
      auto& self = *static_cast<Instance<C>*>(p);
      const auto scope = self.life.control_open(function);
      return work(self);
    });
  }

  static sluice_status_t open_writer(void* p, sluice_writer_t* out,
                                     sluice_error_t* error) noexcept {
    return control(p, "open_writer", error, [&](Instance<C>& self) {
      WriterObject<C>::open(self, out);
      return SLUICE_OK;
    });
  }
  static sluice_status_t head(void* p, const sluice_put_t* out, sluice_error_t* error) noexcept {
    return control(p, "head", error, [&](Instance<C>& self) {
      if constexpr (HasCommits<C>) {
        const auto run = [](auto&&... args) -> decltype(C{}.head(args...)) {
          return C{}.head(args...);
        };
        const std::optional<std::string> text = unwrap(call(self, run));
        if (text) {
          out->put(out->ctx, text->data(), text->size());
        }
      }
      return SLUICE_OK;
    });
  }
  static sluice_status_t list(void* p, sluice_str_t pipeline, sluice_str_t stream,
                              sluice_str_t slice, const sluice_commit_visitor_t* visitor,
                              sluice_error_t* error) noexcept {
    return control(p, "list", error, [&](Instance<C>& self) {
      CommitVisitor visit(visitor);
      if constexpr (HasCommits<C>) {
        const CommitFilter filter{view(pipeline), view(stream), view(slice)};
        const auto run = [](auto&&... args) -> decltype(C{}.list(args...)) {
          return C{}.list(args...);
        };
        try {
          call(self, run, filter, visit);
        } catch (const StopVisit& stop) {
          return stop.status;
        }
      }
      return visit.status();
    });
  }
  static sluice_status_t forget(void* p, sluice_str_t pipeline, sluice_str_t stream,
                                sluice_str_t slice, sluice_error_t* error) noexcept {
    return control(p, "forget", error, [&](Instance<C>& self) {
      if constexpr (HasCommits<C>) {
        const CommitFilter filter{view(pipeline), view(stream), view(slice)};
        const auto run = [](auto&&... args) -> decltype(C{}.forget(args...)) {
          return C{}.forget(args...);
        };
        call(self, run, filter);
      }
      return SLUICE_OK;
    });
  }
  static sluice_status_t list_keys(void* p, sluice_str_t query, const sluice_key_visitor_t* visitor,
                                   sluice_error_t* error) noexcept {
    return control(p, "list_keys", error, [&](Instance<C>& self) {
      KeyVisitor visit(visitor);
      if constexpr (HasKeys<C>) {
        const auto run = [](auto&&... args) -> decltype(C{}.keys(args...)) {
          return C{}.keys(args...);
        };
        try {
          call(self, run, view(query), visit);
        } catch (const StopVisit& stop) {
          return stop.status;
        }
      }
      return visit.status();
    });
  }
  static sluice_status_t diff(void* p, const sluice_binding_t* binding, const sluice_put_t* out,
                              sluice_error_t* error) noexcept {
    return control(p, "diff", error, [&](Instance<C>& self) {
      if constexpr (HasDiff<C>) {
        const Binding bound(binding);
        const auto run = [](auto&&... args) -> decltype(C{}.diff(args...)) {
          return C{}.diff(args...);
        };
        for (const std::string& statement : unwrap(call(self, run, bound))) {
          out->put(out->ctx, statement.data(), statement.size());
        }
      }
      return SLUICE_OK;
    });
  }
};

}  // namespace sluice::inline sdk_v0::detail
