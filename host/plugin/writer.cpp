// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/writer.hpp"

#include <utility>

#include "host/plugin/text.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMaxReasonBytes = 4U << 10;

// Gathers the rows a sink refuses during one write().
struct Rejects {
  std::vector<RejectedRow>* rows = nullptr;
  uint64_t batch_rows = 0;
  bool beyond = false;  // a row that the batch does not have, or more of them than it has
  bool failed = false;
};

void on_reject(void* ctx, uint64_t row, sluice_str_t column, sluice_str_t sqlstate,
               sluice_str_t reason) noexcept {
  auto& rejects = *static_cast<Rejects*>(ctx);
  if (row >= rejects.batch_rows || rejects.rows->size() >= rejects.batch_rows) {
    rejects.beyond = true;
    return;
  }
  try {
    rejects.rows->push_back({row, clean_text(view(column), 200), clean_text(view(sqlstate), 8),
                             clean_text(view(reason), kMaxReasonBytes)});
  } catch (...) {
    rejects.failed = true;
  }
}

class WriterHandle final : public Writer {
 public:
  WriterHandle(std::shared_ptr<Instance> instance, bool holds_slot)
      : instance_(std::move(instance)), holds_slot_(holds_slot) {}

  ~WriterHandle() override {
    if (writer_.release != nullptr) {
      writer_.release(writer_.self);
    }
    if (holds_slot_) {
      instance_->free_slot();
    }
  }

  Result<void> open(const sluice_sink_t& table) {
    auto turn = instance_->enter();
    if (!turn) {
      return std::move(turn).error();
    }
    ErrorSlot slot;
    const sluice_status_t status = table.open_writer(instance_->self(), &writer_, slot.get());
    if (status != SLUICE_OK) {
      writer_ = {};
      return instance_->failure(status, slot);
    }
    const bool filled = writer_.bind != nullptr && writer_.begin != nullptr &&
                        writer_.reserve != nullptr && writer_.write != nullptr &&
                        writer_.record != nullptr && writer_.commit != nullptr &&
                        writer_.rollback != nullptr && writer_.release != nullptr;
    return filled ? Result<void>()
                  : instance_->misbehaved("open_writer() left empty slots in the writer");
  }

  Result<uint32_t> bind(const Binding& binding) override {
    const sluice_binding_t raw = to_raw(binding);
    uint32_t stream = 0;
    ErrorSlot slot;
    SLUICE_TRY(instance_->done(writer_.bind(writer_.self, &raw, &stream, slot.get()), slot));
    return stream;
  }

  Result<void> begin() override {
    ErrorSlot slot;
    return instance_->done(writer_.begin(writer_.self, slot.get()), slot);
  }

  Result<int64_t> reserve() override {
    int64_t id = 0;
    ErrorSlot slot;
    SLUICE_TRY(instance_->done(writer_.reserve(writer_.self, &id, slot.get()), slot));
    if (id <= 0) {
      return instance_->misbehaved("reserve() gave the commit id " + std::to_string(id));
    }
    return id;
  }

  Result<void> write(uint32_t stream, int64_t commit_id, ArrayHandle array,
                     std::vector<RejectedRow>& rejected) override {
    rejected.clear();
    Rejects rejects{&rejected, static_cast<uint64_t>(array.rows()), false, false};
    const sluice_rejects_t table = {&rejects, on_reject};
    ArrowArray moved = array.release();
    ErrorSlot slot;
    const sluice_status_t status =
        writer_.write(writer_.self, stream, commit_id, &moved, &table, slot.get());
    if (moved.release != nullptr) {
      // Not released here: the sink may hold a copy and release that one. A leak is the lesser
      // evil.
      return instance_->misbehaved("write() did not take its array over");
    }
    SLUICE_TRY(instance_->done(status, slot));
    if (rejects.beyond) {
      return instance_->misbehaved("write() refused rows that its batch does not have");
    }
    if (rejects.failed) {
      return Error{Code::kInternal, "no memory for the rows that the target refused"};
    }
    return {};
  }

  Result<void> record(const CommitRecord& record) override {
    sluice_commit_record_t raw{};
    raw.struct_size = sizeof raw;
    raw.flags = (record.final ? SLUICE_RECORD_FINAL : 0) |
                (record.empty ? SLUICE_RECORD_EMPTY : 0) |
                (record.unsure ? SLUICE_RECORD_UNSURE : 0);
    raw.commit_id = record.commit_id;
    raw.pipeline = str(record.pipeline);
    raw.stream = str(record.stream);
    raw.slice = str(record.slice);
    raw.generation = record.generation;
    raw.part = record.part;
    raw.rows = record.rows;
    raw.committed_us = record.committed_us;
    raw.run = str(record.run);
    raw.detail = str(record.detail);
    ErrorSlot slot;
    return instance_->done(writer_.record(writer_.self, &raw, slot.get()), slot);
  }

  Result<void> commit() override {
    ErrorSlot slot;
    return instance_->done(writer_.commit(writer_.self, slot.get()), slot);
  }

  void rollback() override { writer_.rollback(writer_.self); }

  void interrupt() override {
    if (writer_.interrupt != nullptr) {
      writer_.interrupt(writer_.self);
    }
  }

 private:
  std::shared_ptr<Instance> instance_;
  bool holds_slot_;
  sluice_writer_t writer_{};
};

}  // namespace

sluice_binding_t to_raw(const Binding& binding) {
  sluice_binding_t raw{};
  raw.struct_size = sizeof raw;
  raw.flags = binding.lineage ? SLUICE_WRITE_LINEAGE : 0;
  raw.pipeline = str(binding.pipeline);
  raw.stream = str(binding.stream);
  raw.table = str(binding.table);
  raw.schema = binding.schema;
  return raw;
}

Result<std::unique_ptr<Writer>> open_writer(std::shared_ptr<Instance> instance,
                                            const sluice_sink_t& table, bool holds_slot) {
  auto writer = std::make_unique<WriterHandle>(std::move(instance), holds_slot);
  SLUICE_TRY(writer->open(table));
  return std::unique_ptr<Writer>(std::move(writer));
}

}  // namespace sluice::host
