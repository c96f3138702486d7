// SPDX-License-Identifier: Apache-2.0
#include "writer.hpp"

#include <algorithm>
#include <utility>

namespace sluice::sqlite {

BindPlan plan_bind(Database* db, const Binding& binding, const Table& table) {
  const std::string& stream = binding.stream().name();
  BindPlan plan;
  plan.changes = changes_for(db == nullptr ? nullptr : db->get(), table);
  if (db == nullptr) {
    return plan;
  }
  const CommitLog log(*db);
  if (log.exists() && log.has_records(binding.pipeline(), stream)) {
    const auto before = log.table_of(binding.pipeline(), stream);
    plan.records_are_void = plan.changes.creates || (before && !same_name(*before, table.name));
  }
  return plan;
}

Writer::Writer(const Config& config, Sleep sleep)
    : config_(config), db_(config, Database::Mode::kCreate, std::move(sleep)), log_(db_) {
  Transaction transaction(db_);
  log_.create();
  transaction.commit();
  records_.emplace(db_);
}

Writer::~Writer() {
  rollback();
}

uint32_t Writer::bind(const Binding& binding) {
  const std::string& stream = binding.stream().name();
  if (db_.in_transaction()) {
    throw Error(Code::kInternal, "bind() was called inside a transaction.");
  }
  Table table = make_table(binding.stream(), binding.table(), binding.lineage(), config_);
  Transaction transaction(db_);
  const BindPlan plan = plan_bind(&db_, binding, table);
  for (const std::string& statement : plan.changes.statements) {
    const int rc = sqlite3_exec(db_.get(), statement.c_str(), nullptr, nullptr, nullptr);
    if ((rc & 0xFF) == SQLITE_CONSTRAINT) {
      throw Error(Code::kSchemaChanged, "The table '" + table.name +
                                            "' holds several rows with one key (" +
                                            sqlite3_errmsg(db_.get()) +
                                            "). Remove the duplicates, or set another name with "
                                            "`table`.");
    }
    if (rc != SQLITE_OK) {
      throw failure(db_.get(), rc, "make the table '" + table.name + "' fit");
    }
  }
  if (plan.records_are_void) {
    log_.remove({binding.pipeline(), stream, {}});
  }
  log_.set_table(binding.pipeline(), stream, table.name);
  if (plan.records_are_void || !plan.changes.statements.empty()) {
    log_.touch(0);
  }
  transaction.commit();
  bound_.push_back(
      {stream, std::make_unique<RowWriter>(db_, std::move(table), config_, bound_.size())});
  return static_cast<uint32_t>(bound_.size() - 1);
}

void Writer::require_transaction(const char* call) const {
  if (!db_.in_transaction()) {
    throw Error(Code::kInternal, std::string(call) + "() was called outside a transaction.");
  }
}

void Writer::begin() {
  if (db_.in_transaction()) {
    throw Error(Code::kInternal, "begin() was called inside a transaction.");
  }
  db_.exec("BEGIN IMMEDIATE", "begin a transaction");
  try {
    last_id_ = log_.last_commit_id();
  } catch (...) {
    db_.rollback();
    throw;
  }
}

int64_t Writer::reserve() {
  require_transaction("reserve");
  if (last_id_ == INT64_MAX) {
    throw Error(Code::kUnsupported, "The commit ids of the database are used up.");
  }
  return ++last_id_;
}

void Writer::write(uint32_t stream, int64_t commit_id, const BatchView& rows, Rejects& rejects) {
  require_transaction("write");
  if (stream >= bound_.size()) {
    throw Error(Code::kInternal, "write() was called for a stream that is not bound.");
  }
  bound_[stream].rows->write(rows, commit_id, rejects);
}

void Writer::record(const CommitRecord& record) {
  require_transaction("record");
  records_->write(record);
  // The latest: a stream that was bound again has a new table.
  const auto bound = std::find_if(bound_.rbegin(), bound_.rend(),
                                  [&](const Bound& one) { return one.stream == record.stream; });
  if (bound != bound_.rend()) {
    bound->rows->recorded(record);
  }
}

void Writer::commit() {
  require_transaction("commit");
  log_.touch(last_id_);
  db_.exec("COMMIT", "commit");
}

void Writer::rollback() noexcept {
  db_.rollback();
}

}  // namespace sluice::sqlite
