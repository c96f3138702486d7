// SPDX-License-Identifier: Apache-2.0
//
// The object behind sluice_writer_t: drives a sink's Writer.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "sluice/cpp/arrow.hpp"
#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/binding.hpp"
#include "sluice/cpp/component.hpp"

namespace sluice::inline sdk_v0::detail {

template <class C>
class WriterObject {
 public:
  static void open(Instance<C>& instance, sluice_writer_t* out) {
    std::unique_ptr<WriterObject> self(new WriterObject(instance));
    const bool can_interrupt = requires {
      &Writer::interrupt;
    };
    *out = {.self = self.get(),
            .bind = &bind,
            .begin = &begin,
            .reserve = &reserve,
            .write = &write,
            .record = &record,
            .commit = &commit,
            .rollback = &rollback,
            .interrupt = can_interrupt ? &interrupt : nullptr,
            .release = &release};
    instance.life.add_object();
    (void)self.release();
  }

 private:
  using Writer = typename C::Writer;

  explicit WriterObject(Instance<C>& instance)
      : instance_(instance), writer_(construct<Writer>(instance)) {}

  // Runs `work(self)`, which may return void, a status-less value or a Result.
  template <class F>
  static sluice_status_t run(void* p, const char* function, bool in_transaction,
                             sluice_error_t* error, F&& work) noexcept {
    return guard(error, [&] {
      auto& self = *static_cast<WriterObject*>(p);
      self.instance_.life.need_open(function);
      const auto scope = self.busy_.enter(function);
      require_host(self.in_transaction_ == in_transaction, function,
                   in_transaction ? "was called outside of a transaction"
                                  : "was called inside a transaction");
      require_host(!self.failed_, function, "was called after a failure, where only rollback() is");
      self.failed_ = in_transaction;  // until it went well
      work(self);
      self.failed_ = false;
      return SLUICE_OK;
    });
  }
  // For members that return nothing or a Result<void>.
  template <class F>
  static void settle(F&& f) {
    if constexpr (std::is_void_v<decltype(f())>) {
      f();
    } else {
      f().value();
    }
  }

  static sluice_status_t bind(void* p, const sluice_binding_t* binding, uint32_t* out,
                              sluice_error_t* error) noexcept {
    return run(p, "bind", false, error, [&](WriterObject& self) {
      const Binding bound(binding);
      const uint32_t number = unwrap(self.writer_.bind(bound));
      self.streams_.insert_or_assign(number, bound.stream());
      *out = number;
    });
  }
  static sluice_status_t begin(void* p, sluice_error_t* error) noexcept {
    return run(p, "begin", false, error, [&](WriterObject& self) {
      settle([&] { return self.writer_.begin(); });
      self.in_transaction_ = true;
    });
  }
  static sluice_status_t reserve(void* p, int64_t* out, sluice_error_t* error) noexcept {
    return run(p, "reserve", true, error,
               [&](WriterObject& self) { *out = unwrap(self.writer_.reserve()); });
  }
  static sluice_status_t write(void* p, uint32_t stream, int64_t commit_id, ArrowArray* array,
                               const sluice_rejects_t* rejects, sluice_error_t* error) noexcept {
    const Array owned(array);  // it is ours, whatever happens
    return run(p, "write", true, error, [&](WriterObject& self) {
      const auto found = self.streams_.find(stream);
      if (found == self.streams_.end()) {
        throw Error(Code::kInternal, "Rows came for the stream number " + std::to_string(stream) +
                                         ", which was never bound.");
      }
      const BatchView rows(found->second, owned.get());
      Rejects refused(rejects);
      settle([&] { return self.writer_.write(stream, commit_id, rows, refused); });
    });
  }
  static sluice_status_t record(void* p, const sluice_commit_record_t* c,
                                sluice_error_t* error) noexcept {
    return run(p, "record", true, error, [&](WriterObject& self) {
      settle([&] { return self.writer_.record(from_c(*c)); });
    });
  }
  static sluice_status_t commit(void* p, sluice_error_t* error) noexcept {
    return run(p, "commit", true, error, [&](WriterObject& self) {
      settle([&] { return self.writer_.commit(); });
      self.in_transaction_ = false;
    });
  }
  static void rollback(void* p) noexcept {
    auto& self = *static_cast<WriterObject*>(p);
    self.instance_.life.need_open("rollback");
    const auto scope = self.busy_.enter("rollback");
    self.abandon();
  }
  static void interrupt(void* p) noexcept {
    if constexpr (requires { &Writer::interrupt; }) {
      guard_void([&] { static_cast<WriterObject*>(p)->writer_.interrupt(); });
    }
  }
  static void release(void* p) noexcept {
    auto* self = static_cast<WriterObject*>(p);
    auto& life = self->instance_.life;
    life.need_open("release");
    {
      const auto scope = self->busy_.enter("release");
      self->abandon();
    }
    guard_void([&] { delete self; });
    life.drop_object();
  }

  void abandon() noexcept {
    if (in_transaction_) {
      guard_void([&] { writer_.rollback(); });
    }
    in_transaction_ = failed_ = false;
  }

  Instance<C>& instance_;
  Writer writer_;
  std::map<uint32_t, Stream> streams_;  // by the number that bind() gave; views point into it
  bool in_transaction_ = false;
  bool failed_ = false;
  OneAtATime busy_;
};

}  // namespace sluice::inline sdk_v0::detail
