// SPDX-License-Identifier: Apache-2.0
//
// The writer: rows and commit records in one transaction of the database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commit_log.hpp"
#include "config.hpp"
#include "database.hpp"
#include "row_writer.hpp"
#include "sluice/cpp/binding.hpp"

namespace sluice::sqlite {

// What has to be done so that the stream can land.
struct BindPlan {
  Changes changes;
  bool records_are_void = false;  // the log speaks of rows that this table does not hold
};

// `db` may be NULL: there is no database yet. Throws SCHEMA_CHANGED, INVALID_CONFIG, UNSUPPORTED.
BindPlan plan_bind(Database* db, const Binding& binding, const Table& table);

// One connection that writes. One thread at a time, but for interrupt().
class Writer {
 public:
  // Creates the database and its commit log if need be.
  Writer(const Config& config, Sleep sleep);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  // See sluice/writer.h for what each of these promises.
  uint32_t bind(const Binding& binding);
  void begin();
  int64_t reserve();
  void write(uint32_t stream, int64_t commit_id, const BatchView& rows, Rejects& rejects);
  void record(const CommitRecord& record);
  void commit();
  void rollback() noexcept;
  void interrupt() noexcept { db_.interrupt(); }

 private:
  void require_transaction(const char* call) const;

  Config config_;
  Database db_;
  CommitLog log_;
  std::optional<RecordWriter> records_;
  struct Bound {
    std::string stream;
    std::unique_ptr<RowWriter> rows;
  };
  std::vector<Bound> bound_;
  int64_t last_id_ = 0;  // highest commit id given, valid inside a transaction
};

}  // namespace sluice::sqlite
