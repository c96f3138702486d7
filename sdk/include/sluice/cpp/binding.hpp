// SPDX-License-Identifier: Apache-2.0
//
// What a sink is told: streams bound to tables, commit records, and how rows are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/commits.h"
#include "sluice/cpp/stream_parse.hpp"
#include "sluice/keys.h"
#include "sluice/writer.h"

namespace sluice::inline sdk_v0 {

// A stream and the table it lands in. Valid during the call; stream() may be copied.
class Binding {
 public:
  explicit Binding(const sluice_binding_t* binding)
      : binding_(binding), stream_(from_schema(binding->schema, view(binding->stream))) {}

  std::string_view pipeline() const noexcept { return view(binding_->pipeline); }
  const Stream& stream() const noexcept { return stream_; }
  // Name in the target.
  std::string_view table() const noexcept {
    const auto table = view(binding_->table);
    return table.empty() ? std::string_view(stream_.name()) : table;
  }
  // Whether each row gets the integer column _sluice_commit with its commit id.
  bool lineage() const noexcept { return (binding_->flags & SLUICE_WRITE_LINEAGE) != 0; }

 private:
  const sluice_binding_t* binding_;
  Stream stream_;
};

// One part of a slice in the target's commit log; see sluice/writer.h.
struct CommitRecord {
  bool final = false;
  bool empty = false;
  bool unsure = false;  // what is missing in it is not removed; SLUICE_RECORD_UNSURE
  int64_t commit_id = 0;
  std::string_view pipeline{};
  std::string_view stream{};
  std::string_view slice{};
  int64_t generation = 0;
  int64_t part = 0;
  uint64_t rows = 0;
  int64_t committed_us = 0;
  std::string_view run{};
  std::string_view detail{};  // JSON object of the host

  uint32_t flags() const noexcept {
    return (final ? SLUICE_RECORD_FINAL : 0) | (empty ? SLUICE_RECORD_EMPTY : 0) |
           (unsure ? SLUICE_RECORD_UNSURE : 0);
  }
  void set_flags(uint32_t flags) noexcept {
    final = (flags & SLUICE_RECORD_FINAL) != 0;
    empty = (flags & SLUICE_RECORD_EMPTY) != 0;
    unsure = (flags & SLUICE_RECORD_UNSURE) != 0;
  }
};

inline CommitRecord from_c(const sluice_commit_record_t& c) noexcept {
  CommitRecord out;
  out.set_flags(c.flags);
  out.commit_id = c.commit_id;
  out.pipeline = view(c.pipeline);
  out.stream = view(c.stream);
  out.slice = view(c.slice);
  out.generation = c.generation;
  out.part = c.part;
  out.rows = c.rows;
  out.committed_us = c.committed_us;
  out.run = view(c.run);
  out.detail = view(c.detail);
  return out;
}

inline sluice_commit_record_t to_c(const CommitRecord& record) noexcept {
  sluice_commit_record_t c{};
  c.struct_size = sizeof(c);
  c.flags = record.flags();
  c.commit_id = record.commit_id;
  c.pipeline = to_c(record.pipeline);
  c.stream = to_c(record.stream);
  c.slice = to_c(record.slice);
  c.generation = record.generation;
  c.part = record.part;
  c.rows = record.rows;
  c.committed_us = record.committed_us;
  c.run = to_c(record.run);
  c.detail = to_c(record.detail);
  return c;
}

// Which records of the commit log are meant. Empty stream: all; empty slice: all of the stream.
struct CommitFilter {
  std::string_view pipeline{};
  std::string_view stream{};
  std::string_view slice{};
};

namespace detail {
struct StopVisit {
  sluice_status_t status;
};
}  // namespace detail

// Takes commit records one by one. Valid during the call.
class CommitVisitor {
 public:
  explicit CommitVisitor(const sluice_commit_visitor_t* visitor) noexcept : visitor_(visitor) {}
  void operator()(const CommitRecord& record) const {
    const auto c = to_c(record);
    const auto status = visitor_->visit(visitor_->ctx, &c);
    if (status != SLUICE_OK) {
      status_ = status;
      throw detail::StopVisit{status};
    }
  }
  sluice_status_t status() const noexcept { return status_; }

 private:
  const sluice_commit_visitor_t* visitor_;
  mutable sluice_status_t status_ = SLUICE_OK;
};

// Takes keys one by one. Valid during the call.
class KeyVisitor {
 public:
  explicit KeyVisitor(const sluice_key_visitor_t* visitor) noexcept : visitor_(visitor) {}
  void operator()(std::string_view key) const {
    const auto status = visitor_->visit(visitor_->ctx, to_c(key));
    if (status != SLUICE_OK) {
      status_ = status;
      throw detail::StopVisit{status};
    }
  }
  sluice_status_t status() const noexcept { return status_; }

 private:
  const sluice_key_visitor_t* visitor_;
  mutable sluice_status_t status_ = SLUICE_OK;
};

// Rows that the target refuses, while the others land. Valid during write().
class Rejects {
 public:
  explicit Rejects(const sluice_rejects_t* rejects) noexcept : rejects_(rejects) {}
  void reject(uint64_t row, std::string_view reason, std::string_view column = {},
              std::string_view sqlstate = {}) {
    ++count_;
    rejects_->reject(rejects_->ctx, row, to_c(column), to_c(sqlstate), to_c(reason));
  }
  uint64_t count() const noexcept { return count_; }

 private:
  const sluice_rejects_t* rejects_;
  uint64_t count_ = 0;
};

}  // namespace sluice::inline sdk_v0
