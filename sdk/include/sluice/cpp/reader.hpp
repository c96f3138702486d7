// SPDX-License-Identifier: Apache-2.0
//
// The object behind sluice_reader_t: drives a source's Reader, which has one of
//   bool next(Batch&, json& state)         resume state as JSON
//   bool next(Batch&, std::string& state)  resume state as bytes
//   bool next(Batch&)                      resume points, if any, by Batch::resume_from()
// and returns bool, Next, or a Result of them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sluice/cpp/batch.hpp"
#include "sluice/cpp/component.hpp"
#include "sluice/cpp/request.hpp"

namespace sluice::inline sdk_v0::detail {

inline Next as_next(bool rows) noexcept {
  return rows ? Next::kRows : Next::kEnd;
}
inline Next as_next(Next next) noexcept {
  return next;
}

template <class Reader>
concept JsonState = requires(Reader& reader, Batch& batch, json& state) {
  reader.next(batch, state);
};
template <class Reader>
concept RawState =
    !JsonState<Reader> && requires(Reader & reader, Batch& batch, std::string& state) {
  reader.next(batch, state);
};

template <class C>
class ReaderObject {
 public:
  static void open(Instance<C>& instance, Stream stream, const sluice_read_request_t* request,
                   const sluice_observer_t* observer, sluice_reader_t* out) {
    // In two steps: the component's Reader may keep references to what is made first.
    std::unique_ptr<ReaderObject> self(
        new ReaderObject(instance, std::move(stream), request, observer));
    const bool can_interrupt = requires {
      &Reader::interrupt;
    };
    *out = {.self = self.get(),
            .next = &next,
            .interrupt = can_interrupt ? &interrupt : nullptr,
            .release = &release};
    instance.life.add_object();
    (void)self.release();
  }

 private:
  using Reader = typename C::Reader;

  ReaderObject(Instance<C>& instance, Stream stream, const sluice_read_request_t* request,
               const sluice_observer_t* observer)
      : instance_(instance),
        request_(request, observer),
        batch_(std::move(stream), request->target_batch_bytes),
        reader_(construct<Reader>(instance, std::as_const(request_))) {
    if constexpr (JsonState<Reader>) {
      json_state_ = request_.state();
      encoded_ = json_state_.dump();
    } else if constexpr (RawState<Reader>) {
      raw_state_ = encoded_ = std::string(request_.raw_state());
    }
  }

  static sluice_status_t next(void* p, sluice_batch_t* out, sluice_error_t* error) noexcept {
    return guard(error, [&] {
      auto& self = *static_cast<ReaderObject*>(p);
      self.instance_.life.need_open("next");
      const auto scope = self.busy_.enter("next");
      return self.step(out);
    });
  }

  sluice_status_t step(sluice_batch_t* out) {
    require_host(!failed_, "next", "was called after a failure");
    if (ended_) {
      return SLUICE_END;
    }
    failed_ = true;  // until it went well
    batch_.clear();
    request_.begin_next();
    const Next got = pull();
    request_.end_next();
    const bool rows = got == Next::kRows || !batch_.empty();  // rows are never dropped
    ended_ = got == Next::kEnd || got == Next::kUnchanged;
    require_plugin(got != Next::kUnchanged || (!rows && !request_.last_validator().empty()), "next",
                   "answered UNCHANGED with rows, or for a slice that never landed");
    if (rows) {
      deliver(out);
    } else if (got == Next::kIdle) {
      out->idle_ms = batch_.idle_ms();
    }
    failed_ = false;
    return rows                 ? SLUICE_OK
           : got == Next::kIdle ? SLUICE_IDLE
           : got == Next::kEnd  ? SLUICE_END
                                : SLUICE_UNCHANGED;
  }

  Next pull() {
    if constexpr (JsonState<Reader>) {
      return as_next(unwrap(reader_.next(batch_, json_state_)));
    } else if constexpr (RawState<Reader>) {
      return as_next(unwrap(reader_.next(batch_, raw_state_)));
    } else {
      return as_next(unwrap(reader_.next(batch_)));
    }
  }

  void deliver(sluice_batch_t* out) {
    const bool resumable = encode_state();
    constexpr std::size_t kMostState = std::size_t{64} << 10U;
    if (resumable && encoded_.size() > kMostState) {
      throw Error(Code::kInternal, "The resume state has " + std::to_string(encoded_.size()) +
                                       " bytes; at most 65536 are kept. Keep positions in it, not "
                                       "data.");
    }
    Array rows = batch_.finish();
    out->flags = resumable ? SLUICE_BATCH_RESUMABLE : 0;
    out->state = resumable ? to_c_bytes(encoded_) : sluice_bytes_t{nullptr, 0};
    rows.move_to(&out->array);
  }

  // A state that next() left as it was stands for the place before these rows, so it is none.
  bool encode_state() {
    if (batch_.resume_point()) {
      encoded_ = *batch_.resume_point();
      return true;
    }
    std::string now;
    if constexpr (JsonState<Reader>) {
      now = json_state_.is_null() ? std::string{} : json_state_.dump();
    } else {
      now = raw_state_;
    }
    const bool fresh = !now.empty() && now != encoded_;
    if (fresh) {
      encoded_ = std::move(now);
    }
    return fresh;
  }

  static void interrupt(void* p) noexcept {
    if constexpr (requires { &Reader::interrupt; }) {
      guard_void([&] { static_cast<ReaderObject*>(p)->reader_.interrupt(); });
    }
  }
  static void release(void* p) noexcept {
    auto* self = static_cast<ReaderObject*>(p);
    auto& life = self->instance_.life;
    life.need_open("release");
    { const auto scope = self->busy_.enter("release"); }
    guard_void([&] { delete self; });
    life.drop_object();
  }

  Instance<C>& instance_;
  ReadRequest request_;
  Batch batch_;
  Reader reader_;
  json json_state_;
  std::string raw_state_;
  std::string encoded_;  // the state as last given; the host reads it until the next call
  bool ended_ = false;
  bool failed_ = false;
  OneAtATime busy_;
};

}  // namespace sluice::inline sdk_v0::detail
