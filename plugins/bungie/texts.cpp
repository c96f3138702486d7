// SPDX-License-Identifier: Apache-2.0
#include "texts.hpp"

#include <fcntl.h>
#include <sqlite3.h>

#include <array>
#include <cstring>

#include "sluice/cpp/error.hpp"
#include "sluice/cpp/json.hpp"

namespace bungie {

namespace {

[[noreturn]] void fail(sqlite3* db) {
  throw sluice::Error(sluice::Code::kUnavailable,
                      std::string("The temporary database for texts does not work: ") +
                          sqlite3_errmsg(db) + ". Set TMPDIR to a folder with room.");
}

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(db);
  }
}

DatabaseHandle open_own(const std::filesystem::path& path) {
  // Made before SQLite opens it, which would take the mode from the umask.
  const OwnedFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  const int status = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  DatabaseHandle handle(db);
  if (status != SQLITE_OK) {
    fail(db);
  }
  run(db,
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
      "PRAGMA cache_size = -8192;"
      "CREATE TABLE t (language INTEGER, key TEXT, texts TEXT, digest BLOB,"
      " PRIMARY KEY (language, key)) WITHOUT ROWID; BEGIN");
  return handle;
}

StatementHandle prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) {
    fail(db);
  }
  return StatementHandle(statement);
}

void bind_key(sqlite3_stmt* statement, std::size_t language, std::string_view key) {
  sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(language));
  sqlite3_bind_text64(statement, 2, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

Texts::Texts(Workspace& workspace)
    : file_(workspace.fresh_path()),
      db_(open_own(file_.path())),
      insert_(prepare(db_.get(), "INSERT OR REPLACE INTO t VALUES (?1, ?2, ?3, ?4)")),
      select_(prepare(db_.get(), "SELECT texts, digest FROM t WHERE language = ?1 AND key = ?2")) {}

void Texts::add(std::size_t language, std::string_view key, const Translation& translation) {
  sluice::json texts = sluice::json::array();
  for (const auto& text : translation.texts) {
    texts.push_back(text ? sluice::json(*text) : sluice::json());
  }
  const std::string written = texts.dump(-1, ' ', false, sluice::json::error_handler_t::replace);
  const std::array<uint64_t, 2> digest{translation.digest.high, translation.digest.low};
  bind_key(insert_.get(), language, key);
  sqlite3_bind_text64(insert_.get(), 3, written.data(), written.size(), SQLITE_STATIC, SQLITE_UTF8);
  sqlite3_bind_blob(insert_.get(), 4, digest.data(), sizeof(digest), SQLITE_STATIC);
  const int status = sqlite3_step(insert_.get());
  sqlite3_reset(insert_.get());
  if (status != SQLITE_DONE) {
    fail(db_.get());
  }
  ++added_;
}

void Texts::close() {
  run(db_.get(), "COMMIT");
}

std::optional<Translation> Texts::find(std::size_t language, std::string_view key) {
  bind_key(select_.get(), language, key);
  std::optional<Translation> out;
  if (sqlite3_step(select_.get()) == SQLITE_ROW) {
    out.emplace();
    const auto* written = reinterpret_cast<const char*>(sqlite3_column_text(select_.get(), 0));
    for (const auto& text : sluice::json::parse(written)) {
      out->texts.push_back(text.is_string() ? std::optional(text.get<std::string>())
                                            : std::nullopt);
    }
    std::array<uint64_t, 2> digest{};
    std::memcpy(digest.data(), sqlite3_column_blob(select_.get(), 1), sizeof(digest));
    out->digest = {digest[0], digest[1]};
    ++found_;
  }
  sqlite3_reset(select_.get());
  return out;
}

}  // namespace bungie
