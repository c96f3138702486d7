// SPDX-License-Identifier: Apache-2.0
//
// What a source is asked for, and what it tells besides rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/cpp/checked.hpp"
#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json.hpp"
#include "sluice/cpp/type.hpp"
#include "sluice/reader.h"
#include "sluice/slices.h"

namespace sluice::inline sdk_v0 {

// What next() ended with. `true` is kRows, `false` is kEnd.
enum class Next : uint8_t { kRows, kEnd, kIdle, kUnchanged };

enum class Outcome : uint32_t {
  kLanded = SLUICE_OUTCOME_LANDED,
  kEmpty = SLUICE_OUTCOME_EMPTY,
  kFailed = SLUICE_OUTCOME_FAILED,
};

// One slice to read. A view: valid, with all it refers to, until the reader is released.
class ReadRequest {
 public:
  ReadRequest(const sluice_read_request_t* request, const sluice_observer_t* observer) noexcept
      : request_(request), observer_(observer) {}

  std::string_view stream() const noexcept { return view(request_->stream); }
  std::string_view partition() const noexcept { return view(request_->partition); }
  std::string_view slice() const noexcept { return view(request_->slice); }
  std::string_view token() const noexcept { return view(request_->token); }
  // The interval [from_us, to_us), microseconds since the epoch, UTC.
  int64_t from_us() const noexcept { return request_->from_us; }
  int64_t to_us() const noexcept { return request_->to_us; }
  Micros from() const noexcept { return Micros(std::chrono::microseconds(from_us())); }
  Micros to() const noexcept { return Micros(std::chrono::microseconds(to_us())); }
  std::size_t key_count() const noexcept { return request_->key_count; }
  std::string_view key(std::size_t i) const noexcept { return view(request_->keys[i]); }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < key_count(); ++i) {
      out.emplace_back(key(i));
    }
    return out;
  }
  // Whether an earlier reader's resume point is given.
  bool resumed() const noexcept { return request_->state.data != nullptr; }
  std::string_view raw_state() const noexcept { return view(request_->state); }
  uint32_t state_version() const noexcept { return request_->state_version; }
  // The resume point as JSON, an empty object from the start. Throws BAD_STATE.
  json state() const {
    if (!resumed()) {
      return json::object();
    }
    json out = json::parse(raw_state(), nullptr, false);
    if (out.is_discarded()) {
      throw Error(Code::kBadState, "The resume state is not JSON; the slice is read again.");
    }
    return out;
  }
  // What validator() told when this slice last landed; empty = never.
  std::string_view last_validator() const noexcept { return view(request_->validator); }
  // Names of the wanted columns as a JSON array; empty = all. A hint.
  std::string_view projection() const noexcept { return view(request_->projection); }
  uint64_t target_batch_bytes() const noexcept { return request_->target_batch_bytes; }

  // ---- to be told from within next() only ----
  // The version of the slice that is being read; last call wins.
  void validator(std::string_view version) const {
    need_next("validator");
    observer_->validator(observer_->ctx, to_c(version));
  }
  // `keys` streams: what became of one key. Keys never mentioned landed.
  void key_outcome(std::string_view key, Outcome outcome, std::string_view text = {}) const {
    need_next("key_outcome");
    observer_->key_outcome(observer_->ctx, to_c(key), static_cast<uint32_t>(outcome), to_c(text));
  }
  // `series` streams: what became of the part [from_us, to_us) of the interval. kFailed: it lands
  // without that part, which later runs ask for again; kEmpty: the source confirmed that it has
  // nothing there, told in the report.
  void interval_outcome(int64_t from_us, int64_t to_us, Outcome outcome,
                        std::string_view text = {}) const {
    need_next("interval_outcome");
    const std::string part = std::to_string(from_us) + "/" + std::to_string(to_us);
    observer_->key_outcome(observer_->ctx, to_c(part), static_cast<uint32_t>(outcome), to_c(text));
  }
  // A record that cannot become a row: the rule it broke, why, and the record itself.
  void reject(std::string_view rule, std::string_view reason, std::string_view record) const {
    need_next("reject");
    observer_->reject(observer_->ctx, to_c(rule), to_c(reason), to_c_bytes(record));
  }
  // Something worth a line in the report, counted per code ([a-z0-9_]+).
  void note(std::string_view code, std::string_view text, uint64_t count = 1) const {
    need_next("note");
    observer_->note(observer_->ctx, to_c(code), to_c(text), count);
  }

  const sluice_read_request_t* c() const noexcept { return request_; }
  // For helpers of a reader that gather what there is to tell: `work` runs at the end of every
  // next() that did not fail, when telling is still possible. It must not refer to the reader.
  void at_end_of_next(std::function<void()> work) const { at_end_.push_back(std::move(work)); }

  // For the SDK: around next().
  void begin_next() const noexcept { in_next_ = true; }
  void end_next() const {
    for (const auto& work : at_end_) {
      work();
    }
    in_next_ = false;
  }

 private:
  void need_next(const char* function) const {
    detail::require_plugin(in_next_, function, "was called outside of next()");
  }

  const sluice_read_request_t* request_;
  const sluice_observer_t* observer_;
  mutable bool in_next_ = false;
  mutable std::vector<std::function<void()>> at_end_;
};

// Which partitions or slices are wanted. A view, valid during the call.
class ListRequest {
 public:
  explicit ListRequest(const sluice_list_request_t* request) noexcept : request_(request) {}
  std::string_view stream() const noexcept { return view(request_->stream); }
  int64_t from_us() const noexcept { return request_->from_us; }
  int64_t to_us() const noexcept { return request_->to_us; }
  // Series that cut: the partition whose missing interval [from_us, to_us) is to be cut.
  std::string_view partition() const noexcept {
    return request_->struct_size < sizeof(*request_) ? std::string_view{}
                                                     : view(request_->partition);
  }

 private:
  const sluice_list_request_t* request_;
};

struct Partition {
  std::string_view key;
  int64_t from_us = SLUICE_TIME_MIN;
  int64_t to_us = SLUICE_TIME_MAX;
};

struct Slice {
  std::string_view key{};
  std::string_view title{};
  std::string_view partition{};
  std::string_view validator{};
  std::string_view token{};
  int64_t from_us = SLUICE_TIME_MIN;
  int64_t to_us = SLUICE_TIME_MAX;
  uint64_t estimated_rows = 0;
  uint64_t estimated_bytes = 0;
};

namespace detail {
// Ends a listing because the host said so; the barrier gives its status back unchanged.
struct StopListing {
  sluice_status_t status;
};
}  // namespace detail

// Takes what is listed, one by one; nothing is kept. Valid during the call.
class Lister {
 public:
  explicit Lister(const sluice_lister_t* lister) noexcept : lister_(lister) {}

  void partition(const Partition& p) const {
    sluice_partition_t c{};
    c.struct_size = sizeof(c);
    c.key = to_c(p.key);
    c.from_us = p.from_us;
    c.to_us = p.to_us;
    stop_unless_ok(lister_->partition(lister_->ctx, &c));
  }
  void slice(const Slice& s) const {
    sluice_slice_t c{};
    c.struct_size = sizeof(c);
    c.key = to_c(s.key);
    c.title = to_c(s.title);
    c.partition = to_c(s.partition);
    c.validator = to_c(s.validator);
    c.token = {s.token.data(), s.token.size()};
    c.from_us = s.from_us;
    c.to_us = s.to_us;
    c.estimated_rows = s.estimated_rows;
    c.estimated_bytes = s.estimated_bytes;
    stop_unless_ok(lister_->slice(lister_->ctx, &c));
  }
  // What the host last said; the listing's own end.
  sluice_status_t status() const noexcept { return status_; }

 private:
  void stop_unless_ok(sluice_status_t status) const {
    if (status != SLUICE_OK) {
      status_ = status;
      throw detail::StopListing{status};
    }
  }
  const sluice_lister_t* lister_;
  mutable sluice_status_t status_ = SLUICE_OK;
};

}  // namespace sluice::inline sdk_v0
