// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/reader.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "host/plugin/text.hpp"
#include "host/plugin/validate.hpp"

namespace sluice::host {
namespace {

constexpr size_t kMaxStateBytes = 64U << 10;
constexpr size_t kMaxPayloadBytes = 64U << 10;
constexpr size_t kMaxValidatorBytes = 1U << 10;
constexpr size_t kMaxTextBytes = 4U << 10;
constexpr uint64_t kMaxIdleMs = 3'600'000;

class Handle final : public ReadHandle {
 public:
  Handle(std::shared_ptr<Instance> instance, Stream stream, ReadRequest request,
         ReadObserver observer, bool holds_slot)
      : instance_(std::move(instance)),
        stream_(std::move(stream)),
        request_(std::move(request)),
        observer_(std::move(observer)),
        holds_slot_(holds_slot) {
    for (const std::string& key : request_.keys) {
      keys_.push_back(str(key));
    }
    raw_request_ = {sizeof raw_request_,
                    request_.state_version,
                    str(request_.stream),
                    str(request_.partition),
                    str(request_.slice),
                    bytes(request_.token),
                    request_.from_us,
                    request_.to_us,
                    keys_.empty() ? nullptr : keys_.data(),
                    keys_.size(),
                    request_.has_state ? bytes(request_.state) : sluice_bytes_t{nullptr, 0},
                    str(request_.validator),
                    {nullptr, 0},
                    request_.target_batch_bytes};
    raw_observer_ = {this, on_validator, on_key_outcome, on_reject, on_note};
  }

  ~Handle() override {
    if (reader_.release != nullptr) {
      reader_.release(reader_.self);
    }
    if (holds_slot_) {
      instance_->free_slot();
    }
  }

  Result<void> open(const sluice_source_t& table) {
    ErrorSlot slot;
    const sluice_status_t status =
        table.open_reader(instance_->self(), &raw_request_, &raw_observer_, &reader_, slot.get());
    if (status != SLUICE_OK) {
      reader_ = {};
      return instance_->failure(status, slot);
    }
    if (reader_.next == nullptr || reader_.release == nullptr) {
      return instance_->misbehaved("open_reader() left empty slots in the reader");
    }
    return {};
  }

  Result<ReadStatus> next(ReadBatch& out) override {
    if (failed_) {
      return *failed_;
    }
    if (ended_) {
      return *ended_;
    }
    auto result = call(out);
    first_ = false;
    if (!result) {
      failed_ = result.error();
    } else if (*result == ReadStatus::kEnd || *result == ReadStatus::kUnchanged) {
      ended_ = *result;
    }
    return result;
  }

  void interrupt() override {
    if (reader_.interrupt != nullptr) {
      reader_.interrupt(reader_.self);
    }
  }

 private:
  Result<ReadStatus> call(ReadBatch& out) {
    sluice_batch_t batch{};
    batch.struct_size = sizeof batch;
    ErrorSlot slot;
    complaint_.clear();
    in_next_ = true;
    const sluice_status_t status = reader_.next(reader_.self, &batch, slot.get());
    in_next_ = false;
    // From here on whatever came is released, on every path.
    ArrayHandle array(batch.array);
    if (batch.schema.release != nullptr) {
      SLUICE_TRY(take_schema(batch));
    }
    if (status != SLUICE_OK && array.get().release != nullptr) {
      return instance_->misbehaved("next() gave rows together with status " +
                                   std::to_string(status));
    }
    if (!complaint_.empty()) {
      return instance_->misbehaved(complaint_);
    }
    switch (status) {
      case SLUICE_OK:
        return take_rows(batch, std::move(array), out);
      case SLUICE_END:
        return ReadStatus::kEnd;
      case SLUICE_IDLE:
        return wait(batch.idle_ms);
      case SLUICE_UNCHANGED:
        if (!first_ || request_.validator.empty()) {
          return instance_->misbehaved(
              "next() said UNCHANGED though it was not the first answer to a request with a "
              "validator");
        }
        return ReadStatus::kUnchanged;
      default:
        return instance_->failure(status, slot);
    }
  }

  Result<ReadStatus> wait(uint64_t ms) {
    if (instance_->cancel().sleep_ms(std::clamp<uint64_t>(ms, 1, kMaxIdleMs))) {
      return Error{Code::kCancelled, "cancelled while the source had nothing new"};
    }
    return ReadStatus::kIdle;
  }

  // A schema with a batch must be the declared one: targets are bound to that.
  Result<void> take_schema(sluice_batch_t& batch) {
    auto told = read_stream_columns(&batch.schema);
    if (!told) {
      return std::move(told).error();
    }
    const bool same = std::equal(
        told->begin(), told->end(), stream_.columns.begin(), stream_.columns.end(),
        [](const auto& a, const Column& b) { return a.first == b.name && a.second == b.format; });
    if (!same) {
      return Error{Code::kSchemaChanged,
                   "the columns of stream \"" + clean_text(stream_.name, 200) +
                       "\" changed while it was read; the streams are to be discovered again"};
    }
    return {};
  }

  using NameAndFormat = std::pair<std::string, std::string>;
  Result<std::vector<NameAndFormat>> read_stream_columns(ArrowSchema* schema) {
    struct Release {
      ArrowSchema* schema;
      explicit Release(ArrowSchema* moved) : schema(moved) {}
      Release(const Release&) = delete;
      Release& operator=(const Release&) = delete;
      ~Release() { schema->release(schema); }
    } const release(schema);
    std::vector<NameAndFormat> out;
    if (schema->n_children < 0 || schema->n_children > 2000 ||
        (schema->n_children > 0 && schema->children == nullptr)) {
      return instance_->misbehaved("the schema that came with its batch cannot be");
    }
    for (int64_t i = 0; i < schema->n_children; ++i) {
      const ArrowSchema* child = schema->children[i];
      if (child == nullptr || child->name == nullptr || child->format == nullptr) {
        return instance_->misbehaved("the schema that came with its batch cannot be");
      }
      out.emplace_back(child->name, child->format);
    }
    return out;
  }

  Result<ReadStatus> take_rows(const sluice_batch_t& batch, ArrayHandle array, ReadBatch& out) {
    if (array.get().release == nullptr) {
      return instance_->misbehaved("next() said OK but gave no array");
    }
    const bool full = array.rows() > 0 && instance_->first_batch(stream_.name);
    auto held = check_batch(array.get(), stream_, full ? Depth::kFull : Depth::kShape);
    if (!held) {
      return instance_->misbehaved(held.error().message);
    }
    out.resumable = (batch.flags & SLUICE_BATCH_RESUMABLE) != 0;
    out.state.clear();
    if (out.resumable) {
      if (batch.state.size > kMaxStateBytes || (batch.state.data == nullptr && batch.state.size)) {
        return instance_->misbehaved("the resume state of its batch is over 64 KiB, or NULL");
      }
      out.state.assign(view(batch.state));
    }
    out.bytes = *held;
    out.array = std::move(array);
    return ReadStatus::kRows;
  }

  // --- observer: called by the plugin from within next() ---
  template <class Body>
  static void observe(void* ctx, Body&& body) noexcept {
    auto& self = *static_cast<Handle*>(ctx);
    quiet_barrier([&] {
      if (!self.in_next_) {
        self.complaint_ = "it called its observer outside of next()";
        return;
      }
      try {
        body(self);
      } catch (const std::exception& failure) {
        self.complaint_ = std::string("the host could not take what it told: ") + failure.what();
      }
    });
  }

  static void on_validator(void* ctx, sluice_str_t validator) noexcept {
    observe(ctx, [&](Handle& self) {
      if (validator.size > kMaxValidatorBytes || !is_utf8(view(validator))) {
        self.complaint_ = "a validator is over 1 KiB or not UTF-8";
      } else if (self.observer_.validator) {
        self.observer_.validator(view(validator));
      }
    });
  }

  static void on_key_outcome(void* ctx, sluice_str_t key, uint32_t outcome,
                             sluice_str_t text) noexcept {
    observe(ctx, [&](Handle& self) {
      const auto& keys = self.request_.keys;
      // Of a series it is a part of the interval, which the receiver reads.
      const bool asked = self.stream_.kind == StreamKind::kSeries
                             ? is_utf8(view(key))
                             : std::find(keys.begin(), keys.end(), view(key)) != keys.end();
      if (outcome < SLUICE_OUTCOME_LANDED || outcome > SLUICE_OUTCOME_FAILED || !asked) {
        self.complaint_ = "it told an unknown outcome, or one of a key it was not asked for";
      } else if (self.observer_.key_outcome) {
        self.observer_.key_outcome(view(key), outcome, clean_text(view(text), kMaxTextBytes));
      }
    });
  }

  static void on_reject(void* ctx, sluice_str_t rule, sluice_str_t reason,
                        sluice_bytes_t payload) noexcept {
    observe(ctx, [&](Handle& self) {
      if (self.observer_.reject) {
        self.observer_.reject(clean_text(view(rule), 200), clean_text(view(reason), kMaxTextBytes),
                              view(payload).substr(0, kMaxPayloadBytes));
      }
    });
  }

  static void on_note(void* ctx, sluice_str_t code, sluice_str_t text, uint64_t count) noexcept {
    observe(ctx, [&](Handle& self) {
      if (self.observer_.note) {
        self.observer_.note(clean_text(view(code), 100), clean_text(view(text), kMaxTextBytes),
                            count);
      }
    });
  }

  std::shared_ptr<Instance> instance_;
  Stream stream_;
  ReadRequest request_;
  ReadObserver observer_;
  bool holds_slot_;
  std::vector<sluice_str_t> keys_;
  sluice_read_request_t raw_request_{};
  sluice_observer_t raw_observer_{};
  sluice_reader_t reader_{};
  bool first_ = true;
  bool in_next_ = false;
  std::string complaint_;  // what the plugin told its observer and should not have
  std::optional<Error> failed_;
  std::optional<ReadStatus> ended_;
};

}  // namespace

Result<std::unique_ptr<ReadHandle>> open_reader(std::shared_ptr<Instance> instance,
                                                const sluice_source_t& table, const Stream& stream,
                                                ReadRequest request, ReadObserver observer,
                                                bool holds_slot) {
  auto handle = std::make_unique<Handle>(std::move(instance), stream, std::move(request),
                                         std::move(observer), holds_slot);
  SLUICE_TRY(handle->open(table));
  return std::unique_ptr<ReadHandle>(std::move(handle));
}

}  // namespace sluice::host
