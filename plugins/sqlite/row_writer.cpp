// SPDX-License-Identifier: Apache-2.0
#include "row_writer.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "sluice/cpp/value_text.hpp"

namespace sluice::sqlite {

struct RowWriter::Scratch {
  std::array<char, kValueTextSize> text;
};

namespace {

// Whether `text` is ASCII without a NUL: the common case, told at memory speed.
bool is_plain(std::string_view text) noexcept {
  constexpr uint64_t kHigh = 0x8080808080808080U;
  constexpr uint64_t kOnes = 0x0101010101010101U;
  uint64_t seen = 0;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    seen |= word | ((word - kOnes) & ~word);  // the second term has a high bit where a byte is 0
  }
  for (; left > 0; ++at, --left) {
    seen |= *at == '\0' ? kHigh : static_cast<unsigned char>(*at);
  }
  return (seen & kHigh) == 0;
}

// All text of a column's rows, nulls included: they are ranges of one buffer, in order.
std::string_view whole_text(const ColumnView& column) noexcept {
  const std::string_view first = column.text(0);
  const std::string_view last = column.text(column.size() - 1);
  return first.data() == nullptr
             ? std::string_view{}
             : std::string_view{first.data(),
                                static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

// SQLSTATE for the ways in which SQLite refuses a row; empty = not the row's fault.
std::string_view sqlstate_of(int rc) noexcept {
  switch (rc) {
    case SQLITE_CONSTRAINT_NOTNULL:
      return "23502";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "23503";
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
      return "23505";
    case SQLITE_CONSTRAINT_CHECK:
      return "23514";
    case SQLITE_CONSTRAINT_DATATYPE:
      return "42804";
    default:
      break;
  }
  switch (rc & 0xFF) {
    case SQLITE_CONSTRAINT:
      return "23000";
    case SQLITE_MISMATCH:
      return "42804";
    case SQLITE_TOOBIG:
      return "54000";
    default:
      return {};
  }
}

// The column SQLite names in "… failed: table.column" or "… column table.column", or none.
std::string_view named_column(const Table& table, std::string_view message) noexcept {
  std::string_view best;
  for (const TableColumn& column : table.columns) {
    const auto at = message.find("." + column.name);
    const bool ends =
        at != std::string_view::npos && (at + 1 + column.name.size() == message.size() ||
                                         message[at + 1 + column.name.size()] == ',');
    if (ends && column.name.size() > best.size()) {
      best = column.name;
    }
  }
  return best;
}

int bind_text(sqlite3_stmt* statement, int at, std::string_view text) noexcept {
  const char* data = text.data() == nullptr ? "" : text.data();  // NULL would be the SQL NULL
  return sqlite3_bind_text64(statement, at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

RowWriter::RowWriter(Database& db, Table table, const Config& config, std::size_t number)
    : db_(&db),
      table_(std::move(table)),
      iso_times_(config.iso_times()),
      exact_decimals_(config.exact_decimals()),
      insert_(db.get(), insert_statement(table_)) {
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    if (table_.columns[i].in_key || table_.columns[i].not_null) {
      required_.push_back(i);
    }
  }
  for (const std::string& name : table_.key) {
    key_.push_back(static_cast<std::size_t>(table_.find(name) - table_.columns.data()));
  }
  if (!table_.removed.empty()) {
    seen_.emplace(db, table_, number);
  }
}

void RowWriter::find_suspects(const BatchView& batch) {
  suspects_.clear();
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    const ColumnView& column = batch.column(i);
    if (is_text(column.type()) && column.type() != Type::kBinary && !is_plain(whole_text(column))) {
      suspects_.push_back(i);
    }
  }
}

bool RowWriter::acceptable(const BatchView& batch, int64_t row, Rejects& rejects) const {
  for (const std::size_t i : required_) {
    // SQLite would give a null in an INTEGER key a number of its own.
    if (batch.column(i).is_null(row)) {
      rejects.reject(static_cast<uint64_t>(row),
                     table_.columns[i].in_key
                         ? "The row has no value for a column of its key."
                         : "The row has no value for a column that must have one.",
                     table_.columns[i].name, "23502");
      return false;
    }
  }
  for (const std::size_t i : suspects_) {
    const ColumnView& column = batch.column(i);
    if (column.is_null(row)) {
      continue;
    }
    const std::string_view text = column.text(row);
    if (text.find('\0') != std::string_view::npos) {
      rejects.reject(
          static_cast<uint64_t>(row),
          "The text holds a NUL character, at which SQLite's functions would cut it off.",
          table_.columns[i].name, "22021");
      return false;
    }
    if (!is_utf8(text)) {
      rejects.reject(static_cast<uint64_t>(row), "The text is not well-formed UTF-8.",
                     table_.columns[i].name, "22021");
      return false;
    }
  }
  return true;
}

int RowWriter::bind_value(sqlite3_stmt* statement, int at, const BatchView& batch,
                          std::size_t index, int64_t row, char* text) const {
  const ColumnView& column = batch.column(index);
  const int scale = table_.columns[index].scale;
  const auto bind_scratch = [&](const char* end) {
    return bind_text(statement, at, {text, static_cast<std::size_t>(end - text)});
  };
  if (column.is_null(row)) {
    return sqlite3_bind_null(statement, at);
  }
  switch (column.type()) {
    case Type::kFloat64:
      return sqlite3_bind_double(statement, at, column.float64(row));
    case Type::kInt64:
      return sqlite3_bind_int64(statement, at, column.int64(row));
    case Type::kInt32:
      return sqlite3_bind_int64(statement, at, column.int32(row));
    case Type::kBool:
      return sqlite3_bind_int64(statement, at, column.boolean(row) ? 1 : 0);
    case Type::kTimestamp:
      return iso_times_ ? bind_scratch(put_time(text, column.int64(row)))
                        : sqlite3_bind_int64(statement, at, column.int64(row));
    case Type::kDate32:
      return iso_times_ ? bind_scratch(put_date(text, column.int32(row)))
                        : sqlite3_bind_int64(statement, at, column.int32(row));
    case Type::kDecimal128: {
      const Int128 value = column.decimal(row).unscaled;
      return exact_decimals_ ? bind_scratch(put_decimal(text, value, scale))
                             : sqlite3_bind_double(statement, at, decimal_to_double(value, scale));
    }
    case Type::kBinary: {
      const std::string_view bytes = column.text(row);
      const void* data = bytes.empty() ? "" : bytes.data();
      return sqlite3_bind_blob64(statement, at, data, bytes.size(), SQLITE_STATIC);
    }
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kJson:
      break;
  }
  return bind_text(statement, at, column.text(row));
}

bool RowWriter::bind_row(const BatchView& batch, int64_t row, std::vector<Scratch>& scratch) {
  int rc = SQLITE_OK;
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    rc |= bind_value(insert_.get(), static_cast<int>(i) + 1, batch, i, row, scratch[i].text.data());
  }
  return rc == SQLITE_OK;
}

// Also rows that the table will refuse: the source has them. A key that cannot be is of no row.
void RowWriter::see(const BatchView& batch, int64_t row, std::vector<Scratch>& scratch) {
  Statement& insert = seen_->insert();
  for (std::size_t i = 0; i < key_.size(); ++i) {
    bind_value(insert.get(), static_cast<int>(i) + 1, batch, key_[i], row,
               scratch[key_[i]].text.data());
  }
  insert.run();
}

void RowWriter::recorded(const CommitRecord& record) {
  if (seen_ && record.final) {
    Scratch scratch;
    const char* end = put_time(scratch.text.data(), record.committed_us);
    seen_->finish(record,
                  {scratch.text.data(), static_cast<std::size_t>(end - scratch.text.data())},
                  iso_times_);
  }
}

void RowWriter::unbindable(const BatchView& batch, int64_t row, Rejects& rejects) const {
  const auto most = static_cast<uint64_t>(sqlite3_limit(db_->get(), SQLITE_LIMIT_LENGTH, -1));
  for (const ColumnView& column : batch.columns()) {
    if (is_text(column.type()) && !column.is_null(row) && column.text(row).size() > most) {
      rejects.reject(
          static_cast<uint64_t>(row),
          "The value has more than the " + std::to_string(most) + " bytes that SQLite holds.",
          column.name(), "54000");
      return;
    }
  }
  throw failure(db_->get(), SQLITE_NOMEM, "bind a row");
}

void RowWriter::refused(int rc, int64_t row, Rejects& rejects) {
  const std::string message = sqlite3_errmsg(db_->get());
  const std::string_view state = sqlstate_of(rc);
  // A trigger that says RAISE(ROLLBACK) has ended the transaction: then nothing of it may land.
  if (state.empty() || !db_->in_transaction()) {
    Error error = failure(db_->get(), rc, "write a row to '" + table_.name + "'");
    sqlite3_reset(insert_.get());
    throw error;
  }
  sqlite3_reset(insert_.get());
  rejects.reject(static_cast<uint64_t>(row), message, named_column(table_, message), state);
}

void RowWriter::write(const BatchView& batch, int64_t commit_id, Rejects& rejects) {
  if (batch.rows() == 0) {
    return;
  }
  find_suspects(batch);
  std::vector<Scratch> scratch(table_.columns.size());
  sqlite3_stmt* const statement = insert_.get();
  // Bindings survive a reset, so this one is set once. They point into the batch, so none may
  // survive the call.
  const struct ClearBindings {
    sqlite3_stmt* statement;
    ~ClearBindings() { sqlite3_clear_bindings(statement); }
  } clear{statement};
  if (table_.lineage) {
    insert_.bind(static_cast<int>(table_.columns.size()) + 1, commit_id);
  }
  if (seen_) {
    seen_->begin_part(commit_id);
    seen_->insert().bind(static_cast<int>(key_.size()) + 1, commit_id);
  }
  const bool look = !required_.empty() || !suspects_.empty();
  for (int64_t row = 0; row < batch.rows(); ++row) {
    if (seen_) {
      see(batch, row, scratch);
    }
    if (look && !acceptable(batch, row, rejects)) {
      continue;
    }
    if (!bind_row(batch, row, scratch)) [[unlikely]] {
      unbindable(batch, row, rejects);
      continue;
    }
    const int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE) [[unlikely]] {
      refused(rc, row, rejects);
      continue;
    }
    sqlite3_reset(statement);
  }
}

}  // namespace sluice::sqlite
