// SPDX-License-Identifier: Apache-2.0
//
// The table of a transform. A transform is a struct with `id`, `name`, `version`,
// `Stream bind(Host&, const Config&, const Stream& input)` and a
// `Stage(Host&, const Config&, const Stream& input)` with `void process(const BatchView&,
// Emitter&)`.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/batch_view.hpp"
#include "sluice/cpp/component.hpp"
#include "sluice/cpp/stream_parse.hpp"
#include "sluice/transform.h"

namespace sluice::inline sdk_v0 {

namespace detail {
struct StopEmit {
  sluice_status_t status;
};
}  // namespace detail

// Where a stage's rows go. Valid during process().
class Emitter {
 public:
  Emitter(const sluice_emitter_t* emitter, Batch& batch, Array& input) noexcept
      : emitter_(emitter), batch_(batch), input_(input) {}

  // Rows of the output stream; what is in it when process() returns is emitted.
  Batch& batch() noexcept { return batch_; }
  // Emits what the batch holds. Call it when the batch is full().
  void emit() {
    if (!batch_.empty()) {
      Array rows = batch_.finish();
      send(rows);
    }
  }
  // Hands the input on as it is, for stages whose output has the same columns. The view of it is
  // not to be used afterwards.
  void pass() {
    emit();
    send(input_);
  }
  // A row of the input, counted from 0, that breaks a rule.
  void reject(uint64_t row, std::string_view rule, std::string_view reason) {
    emitter_->reject(emitter_->ctx, row, to_c(rule), to_c(reason));
  }
  sluice_status_t status() const noexcept { return status_; }

 private:
  void send(Array& rows) {
    ArrowArray moved{};
    rows.move_to(&moved);
    status_ = emitter_->emit(emitter_->ctx, &moved);
    if (status_ != SLUICE_OK) {
      throw detail::StopEmit{status_};
    }
  }

  const sluice_emitter_t* emitter_;
  Batch& batch_;
  Array& input_;
  sluice_status_t status_ = SLUICE_OK;
};

namespace detail {

template <class C>
Stream bind_transform(Instance<C>& self, const Stream& input) {
  const auto run = [](auto&&... args) -> decltype(C{}.bind(args...)) { return C{}.bind(args...); };
  return unwrap(call(self, run, input));
}

template <class C>
class StageObject {
 public:
  static void open(Instance<C>& instance, Stream input, sluice_stage_t* out) {
    Stream output = bind_transform(instance, input);
    std::unique_ptr<StageObject> self(
        new StageObject(instance, std::move(input), std::move(output)));
    *out = {.self = self.get(), .process = &process, .release = &release};
    instance.life.add_object();
    (void)self.release();
  }

 private:
  using Stage = typename C::Stage;

  StageObject(Instance<C>& instance, Stream input, Stream output)
      : instance_(instance),
        input_(std::move(input)),
        batch_(std::move(output)),
        stage_(construct<Stage>(instance, std::as_const(input_))) {}

  static sluice_status_t process(void* p, ArrowArray* array, const sluice_emitter_t* emitter,
                                 sluice_error_t* error) noexcept {
    Array owned(array);  // it is ours, whatever happens
    return guard(error, [&] {
      auto& self = *static_cast<StageObject*>(p);
      self.instance_.life.need_open("process");
      const auto scope = self.busy_.enter("process");
      self.batch_.clear();
      const BatchView rows(self.input_, owned.get());
      Emitter out(emitter, self.batch_, owned);
      try {
        self.stage_.process(rows, out);
        out.emit();
      } catch (const StopEmit& stop) {
        return stop.status;
      }
      return out.status();
    });
  }
  static void release(void* p) noexcept {
    auto* self = static_cast<StageObject*>(p);
    auto& life = self->instance_.life;
    life.need_open("release");
    guard_void([&] { delete self; });
    life.drop_object();
  }

  Instance<C>& instance_;
  Stream input_;
  Batch batch_;
  Stage stage_;
  OneAtATime busy_;
};

template <class C>
struct TransformKind {
  static const sluice_descriptor_t* descriptor() {
    return make_descriptor<C>(SLUICE_KIND_TRANSFORM, 0);
  }
  static const void* extension(std::string_view id) {
    static constexpr sluice_transform_t transform = {&bind, &open_stage};
    return id == SLUICE_TRANSFORM_ID ? &transform : nullptr;
  }

 private:
  static sluice_status_t bind(void* p, sluice_str_t stream, const ArrowSchema* input,
                              ArrowSchema* output, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = *static_cast<Instance<C>*>(p);
      const auto scope = self.life.control_open("bind");
      Schema schema = to_schema(bind_transform(self, from_schema(input, view(stream))));
      schema.move_to(output);
      return SLUICE_OK;
    });
  }
  static sluice_status_t open_stage(void* p, sluice_str_t stream, const ArrowSchema* input,
                                    sluice_stage_t* out, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = *static_cast<Instance<C>*>(p);
      self.life.need_open("open_stage");
      StageObject<C>::open(self, from_schema(input, view(stream)), out);
      return SLUICE_OK;
    });
  }
};

}  // namespace detail

}  // namespace sluice::inline sdk_v0
