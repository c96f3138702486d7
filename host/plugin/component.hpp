// SPDX-License-Identifier: Apache-2.0
//
// A running instance of a source or a sink, with the C tables behind typed calls: statuses become
// Errors, ownership becomes RAII, and what a plugin returns is checked before it is believed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/cancel.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/http/http.hpp"
#include "host/plugin/stream.hpp"
#include "sluice/sluice.h"

namespace sluice::host {

class Ledger;

// Resolves a secret's name; kAuth when it is not to be had.
using SecretLookup = std::function<Result<std::string>(std::string_view name)>;
// level is SLUICE_LOG_*; `fields` is a JSON object or empty. Any thread.
using LogSink =
    std::function<void(uint32_t level, std::string_view message, std::string_view fields)>;

// What an instance gets from the host: the services behind its sluice_host_t. Everything pointed to
// outlives the instance. Null members: that service is absent.
struct Services {
  std::string pipeline;
  std::string component;           // "source dwd"
  const Cancel* cancel = nullptr;  // required
  const Clock* clock = nullptr;    // required
  LogSink log;                     // required
  uint32_t log_level = SLUICE_LOG_INFO;
  Http* http = nullptr;
  HttpCaller* http_caller = nullptr;
  Ledger* ledger = nullptr;  // for sluice.state/1
  // Of verbs that only look: what plugins keep goes here and is looked for here first.
  Ledger* scratch = nullptr;
  SecretLookup secret;
  // Where keys of the configuration stand: JSON Pointer -> "file:line:column".
  std::map<std::string, std::string> config_places;
};

// A metric of sluice.metrics/1 as it stands.
struct Metric {
  uint32_t type = SLUICE_METRIC_COUNTER;
  std::string name, help;
  double value = 0;         // counter: sum, gauge: last value, histogram: sum of values
  uint64_t count = 0;       // updates
  double min = 0, max = 0;  // histogram, once count > 0
};

// Bytes that plugins hold through sluice.alloc/1, over the whole process. Any thread.
uint64_t plugin_allocated_bytes();
// From then on sluice.alloc/1 gives NULL beyond it. 0 = no limit. Any thread.
void set_plugin_allocation_limit(uint64_t bytes);

// Owns an Arrow array; releases it once.
class ArrayHandle {
 public:
  ArrayHandle() = default;
  explicit ArrayHandle(const ArrowArray& moved) : array_(moved) {}
  ArrayHandle(ArrayHandle&& other) noexcept : array_(std::exchange(other.array_, {})) {}
  ArrayHandle& operator=(ArrayHandle&& other) noexcept {
    if (this != &other) {
      reset();
      array_ = std::exchange(other.array_, {});
    }
    return *this;
  }
  ArrayHandle(const ArrayHandle&) = delete;
  ArrayHandle& operator=(const ArrayHandle&) = delete;
  ~ArrayHandle() { reset(); }
  void reset() {
    if (array_.release != nullptr) {
      array_.release(&array_);
      array_ = {};
    }
  }
  [[nodiscard]] const ArrowArray& get() const { return array_; }
  [[nodiscard]] ArrowArray release() { return std::exchange(array_, {}); }
  [[nodiscard]] int64_t rows() const { return array_.length; }

 private:
  ArrowArray array_{};
};

struct ReadBatch {
  ArrayHandle array;
  uint64_t bytes = 0;  // memory its buffers hold
  bool resumable = false;
  std::string state;
};

// Told by a reader besides rows; called within ReadHandle::next.
struct ReadObserver {
  std::function<void(std::string_view validator)> validator;
  std::function<void(std::string_view key, uint32_t outcome, std::string_view text)> key_outcome;
  std::function<void(std::string_view rule, std::string_view reason, std::string_view payload)>
      reject;
  std::function<void(std::string_view code, std::string_view text, uint64_t count)> note;
};

struct ReadRequest {
  std::string stream, partition, slice, token, validator, state;
  bool has_state = false;
  uint32_t state_version = 0;
  int64_t from_us = INT64_MIN, to_us = INT64_MAX;
  std::vector<std::string> keys;
  uint64_t target_batch_bytes = 1U << 20;
};

enum class ReadStatus : uint8_t { kRows, kEnd, kIdle, kUnchanged };

// Reads one slice. One thread at a time.
class ReadHandle {
 public:
  ReadHandle() = default;
  ReadHandle(const ReadHandle&) = delete;
  ReadHandle& operator=(const ReadHandle&) = delete;
  virtual ~ReadHandle() = default;
  // kRows fills `out`; the array has been checked against the stream's schema (lengths on every
  // batch, offsets and UTF-8 in full on the first batch of a stream). kIdle has waited already.
  // After kEnd, kUnchanged or an error it only repeats that.
  virtual Result<ReadStatus> next(ReadBatch& out) = 0;
  // Makes a waiting next() return kCancelled soon, where the plugin waits outside the host's
  // services (those observe Services::cancel by themselves). Any thread, while the handle lives.
  virtual void interrupt() {}
};

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  [[nodiscard]] virtual const sluice_descriptor_t& descriptor() const = 0;
  virtual Result<void> open(uint32_t mode) = 0;  // SLUICE_OPEN_*
  // Streams in the source's order. After open().
  virtual Result<std::vector<Stream>> discover() = 0;
  using PartitionVisitor = std::function<Result<void>(const sluice_partition_t&)>;
  using SliceVisitor = std::function<Result<void>(const sluice_slice_t&)>;
  // Tells nothing of a stream that has none.
  virtual Result<void> list_partitions(const std::string& stream, int64_t from_us, int64_t to_us,
                                       const PartitionVisitor& visit) = 0;
  // `cutting`: of a series, the interval that is missing of `partition` is to be cut.
  virtual Result<void> list_slices(const std::string& stream, const std::string& partition,
                                   int64_t from_us, int64_t to_us, const SliceVisitor& visit,
                                   bool cutting = false) = 0;
  // Thread-safe. Without SLUICE_CAP_SPLITS one reader at a time may exist: a second call waits
  // until the first handle is gone (or until cancelled), so a thread never holds two.
  virtual Result<std::unique_ptr<ReadHandle>> read(const Stream& stream, ReadRequest request,
                                                   ReadObserver observer) = 0;
  [[nodiscard]] virtual std::vector<Metric> metrics() const { return {}; }  // any thread
};

struct Binding {
  std::string pipeline, stream, table;
  bool lineage = true;
  const ArrowSchema* schema = nullptr;  // stays the caller's
};

struct CommitRecord {
  int64_t commit_id = 0;
  std::string pipeline, stream, slice;
  int64_t generation = 0, part = 0;
  bool final = false, empty = false;
  bool unsure = false;  // when written: SLUICE_RECORD_UNSURE
  uint64_t rows = 0;
  int64_t committed_us = 0;
  std::string run, detail;
};

struct RejectedRow {
  uint64_t row = 0;
  std::string column, sqlstate, reason;
};

// One thread at a time (not even one OS thread in particular).
class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  virtual ~Writer() = default;
  virtual Result<uint32_t> bind(const Binding& binding) = 0;
  virtual Result<void> begin() = 0;
  virtual Result<int64_t> reserve() = 0;
  // `array` moves to the sink. `rejected` gets the rows the target refused.
  virtual Result<void> write(uint32_t stream, int64_t commit_id, ArrayHandle array,
                             std::vector<RejectedRow>& rejected) = 0;
  virtual Result<void> record(const CommitRecord& record) = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
  virtual void interrupt() = 0;  // any thread
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;
  [[nodiscard]] virtual const sluice_descriptor_t& descriptor() const = 0;
  virtual Result<void> open(uint32_t mode) = 0;
  virtual Result<std::unique_ptr<Writer>> open_writer() = 0;
  // Commit log. kUnsupported without SLUICE_CAP_COMMIT_LOG.
  virtual Result<std::string> head() = 0;
  using KeyVisitor = std::function<Result<void>(std::string_view)>;
  // The first column of a query in the target's language.
  virtual Result<void> list_keys(const std::string& query, const KeyVisitor& visit) {
    (void)query, (void)visit;
    return Error{Code::kUnsupported, "this sink cannot be asked for keys (keys_query)"};
  }
  using RecordVisitor = std::function<Result<void>(const CommitRecord&)>;
  virtual Result<void> list_commits(const std::string& pipeline, const std::string& stream,
                                    const std::string& slice, const RecordVisitor& visit) = 0;
  virtual Result<void> forget_commits(const std::string& pipeline, const std::string& stream,
                                      const std::string& slice) = 0;
  // Statements that bind() would carry out. kUnsupported without SLUICE_CAP_SCHEMA.
  virtual Result<std::vector<std::string>> diff(const Binding& binding) = 0;
  [[nodiscard]] virtual std::vector<Metric> metrics() const { return {}; }  // any thread
};

// Creates and configures an instance. `services` is copied into it. Handles and writers keep their
// instance alive; it is closed and destroyed with the last of them. Calls tagged [ctl] wait for
// each other; one made from within a visitor of the same instance is kInternal. Messages of errors
// are clean UTF-8 without the values of secrets; what a plugin must not do ends as kInternal,
// "plugin ID misbehaved: …".
Result<std::unique_ptr<Source>> create_source(const sluice_factory_t& factory,
                                              const std::string& id, const std::string& config_json,
                                              Services services);
Result<std::unique_ptr<Sink>> create_sink(const sluice_factory_t& factory, const std::string& id,
                                          const std::string& config_json, Services services);

}  // namespace sluice::host
