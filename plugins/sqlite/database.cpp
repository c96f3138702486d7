// SPDX-License-Identifier: Apache-2.0
#include "database.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::sqlite {

namespace {

std::string path_of(sqlite3* db) {
  const char* path = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  return path == nullptr || *path == '\0' ? "the database" : "'" + std::string(path) + "'";
}

struct Verdict {
  Code code;
  bool retryable;
  const char* remedy;
};

Verdict judge(int rc) noexcept {
  switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kUnavailable, true,
              "Another process holds the write lock; end it or raise busy_timeout."};
    case SQLITE_FULL:
      return {Code::kUnavailable, true, "The disk is full; free some space."};
    case SQLITE_IOERR:
      return {Code::kUnavailable, true, "The disk failed; check it and the free space."};
    case SQLITE_NOMEM:
      return {Code::kUnavailable, true, "Memory is used up; lower page_cache."};
    case SQLITE_CANTOPEN:
      return {Code::kUnavailable, true, "Check that the folder exists and may be written."};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Code::kInvalidConfig, false,
              "Give this user the right to write the file and its folder."};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kInvalidConfig, false,
              "The file is damaged or is no SQLite database; restore a backup or name another."};
    case SQLITE_INTERRUPT:
      return {Code::kCancelled, false, "The call was interrupted."};
    default:
      return {Code::kInternal, false, "Report this."};
  }
}

}  // namespace

Error failure(sqlite3* db, int rc, std::string_view action) {
  const Verdict verdict = judge(rc);
  const char* text = db == nullptr ? sqlite3_errstr(rc) : sqlite3_errmsg(db);
  Error error(verdict.code, "SQLite could not " + std::string(action) + " in " + path_of(db) +
                                ": " + text + ". " + verdict.remedy);
  std::move(error).vendor(db == nullptr ? rc : sqlite3_extended_errcode(db));
  return verdict.retryable ? std::move(error).retryable() : error;
}

std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    out += c;
    if (c == '"') {
      out += c;
    }
  }
  return out + '"';
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

Statement::Statement(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  handle_.reset(statement);
  if (rc != SQLITE_OK) {
    throw failure(db, rc, "prepare a statement");
  }
}

Statement& Statement::bind(int at, int64_t value) {
  if (const int rc = sqlite3_bind_int64(handle_.get(), at, value); rc != SQLITE_OK) {
    throw failure(sqlite3_db_handle(handle_.get()), rc, "bind a number");
  }
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();  // NULL would be the SQL NULL
  const int rc =
      sqlite3_bind_text64(handle_.get(), at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (rc != SQLITE_OK) {
    throw failure(sqlite3_db_handle(handle_.get()), rc, "bind a text");
  }
  return *this;
}

bool Statement::step() {
  const int rc = sqlite3_step(handle_.get());
  if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
    return rc == SQLITE_ROW;
  }
  Error error = failure(sqlite3_db_handle(handle_.get()), rc, "run a statement");
  reset();
  throw error;
}

void Statement::run() {
  step();
  reset();
}

std::string_view Statement::text(int at) const noexcept {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), at));
  const int size = sqlite3_column_bytes(handle_.get(), at);
  return data == nullptr ? std::string_view{}
                         : std::string_view{data, static_cast<std::size_t>(size)};
}

Database::Database(const Config& config, Mode mode, Sleep sleep)
    : sleep_(std::move(sleep)),
      busy_timeout_ms_(static_cast<uint64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(config.busy_timeout.chrono()).count())) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (mode == Mode::kCreate) {
    flags |= SQLITE_OPEN_CREATE;
    const auto folder = std::filesystem::path(config.path).parent_path();
    std::error_code ignored;  // what is wrong with the folder, opening the file says better
    std::filesystem::create_directories(folder, ignored);
  }
  if (config.path.empty() || config.path == ":memory:") {
    throw Error(
        Code::kInvalidConfig,
        "The key 'path' must name a file: a database in memory would be lost with the run.");
  }
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(config.path.c_str(), &db, flags, nullptr);
  handle_.reset(db);
  if (rc != SQLITE_OK) {
    const Error error = failure(nullptr, rc, "open");
    throw Error(error.code(), "SQLite could not open '" + config.path + "': " + sqlite3_errstr(rc) +
                                  ". " + judge(rc).remedy)
        .flag(error.flags())
        .vendor(rc);
  }
  tune(config, mode);
}

void Database::tune(const Config& config, Mode mode) {
  sqlite3_busy_handler(handle_.get(), &Database::wait, this);
  if (mode == Mode::kCreate) {
    set_journal(config.journal);
  }
  exec("PRAGMA synchronous=" + config.synchronous, "set the durability");
  exec("PRAGMA cache_size=-" + std::to_string(config.page_cache.count / 1024),
       "set the page cache");
  // Fewer checkpoints write a hot page to the database less often; the log is cut back afterwards.
  exec("PRAGMA wal_autocheckpoint=4000", "set the checkpoint interval");
  exec("PRAGMA journal_size_limit=67108864", "limit the size of the log");
  exec("PRAGMA trusted_schema=OFF", "guard against a hostile schema");
}

// For this SQLite does not ask the busy handler when another process sets it at the same moment.
void Database::set_journal(const std::string& mode) {
  const std::string sql = "PRAGMA journal_mode=" + mode;
  for (int attempts = 0;; ++attempts) {
    const int rc = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (rc == SQLITE_OK) {
      return;
    }
    if ((rc & 0xFF) != SQLITE_BUSY || wait(this, attempts) == 0) {
      return exec(sql, "set the journal mode");  // says why not
    }
  }
}

int Database::wait(void* self, int attempts) noexcept {
  auto* db = static_cast<Database*>(self);
  constexpr uint64_t kStepMs = 5;
  if (static_cast<uint64_t>(attempts) * kStepMs >= db->busy_timeout_ms_) {
    return 0;
  }
  try {
    db->cancelled_ = db->sleep_(kStepMs);
    return db->cancelled_ ? 0 : 1;
  } catch (...) {
    return 0;  // a C frame is above
  }
}

void Database::exec(const std::string& sql, std::string_view action) {
  if (const int rc = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
      rc != SQLITE_OK) {
    if (cancelled_) {
      throw Error(Code::kCancelled, "The wait for the lock of the database was cancelled.");
    }
    throw failure(handle_.get(), rc, action);
  }
}

void Database::rollback() noexcept {
  if (in_transaction()) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Transaction::Transaction(Database& db) : db_(&db) {
  db.exec("BEGIN IMMEDIATE", "begin a transaction");
}

Transaction::~Transaction() {
  if (db_ != nullptr) {
    db_->rollback();
  }
}

void Transaction::commit() {
  db_->exec("COMMIT", "commit");
  db_ = nullptr;
}

}  // namespace sluice::sqlite
