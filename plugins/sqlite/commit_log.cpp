// SPDX-License-Identifier: Apache-2.0
#include "commit_log.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "sluice/cpp/text.hpp"

namespace sluice::sqlite {

namespace {

constexpr int64_t kVersion = 1;

// `committed_at` is in microseconds since 1970-01-01, UTC. The key is part of the protocol: a
// second writer of a part fails on it.
constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS _sluice_meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL,
  head TEXT NOT NULL,
  last_commit INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS _sluice_streams (
  pipeline TEXT NOT NULL,
  stream TEXT NOT NULL,
  table_name TEXT NOT NULL,
  PRIMARY KEY (pipeline, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _sluice_commits (
  id INTEGER PRIMARY KEY,
  pipeline TEXT NOT NULL,
  stream TEXT NOT NULL,
  slice TEXT NOT NULL,
  generation INTEGER NOT NULL,
  part INTEGER NOT NULL,
  final INTEGER NOT NULL,
  empty INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  committed_at INTEGER NOT NULL,
  run TEXT NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE (pipeline, stream, slice, generation, part)
) STRICT;
)sql";

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t more = getrandom(bytes.data() + got, bytes.size() - got, 0);
    got += more > 0 ? static_cast<std::size_t>(more) : 0;  // EINTR: ask again
  }
  std::string token;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    token += kDigits[byte >> 4U];
    token += kDigits[byte & 15U];
  }
  return token;
}

// Streams of the pipeline whose table is there.
std::vector<std::string> live_streams(sqlite3* db, std::string_view pipeline) {
  Statement select(db,
                   "SELECT stream FROM _sluice_streams AS s WHERE pipeline = ?1 AND EXISTS "
                   "(SELECT 1 FROM sqlite_schema AS t WHERE t.type = 'table' "
                   "AND t.name = s.table_name COLLATE NOCASE) ORDER BY stream");
  select.bind(1, pipeline);
  std::vector<std::string> out;
  while (select.step()) {
    out.emplace_back(select.text(0));
  }
  return out;
}

// Ids first, from the index alone, then row by row: a listing of half a million records costs
// 4 MiB, where a sort of the records would cost all of them.
std::vector<int64_t> ids_of(sqlite3* db, std::string_view pipeline, std::string_view stream,
                            std::string_view slice) {
  Statement select(db, slice.empty()
                           ? "SELECT id FROM _sluice_commits WHERE pipeline = ?1 AND stream = ?2"
                           : "SELECT id FROM _sluice_commits WHERE pipeline = ?1 AND stream = ?2 "
                             "AND slice = ?3");
  select.bind(1, pipeline).bind(2, stream);
  if (!slice.empty()) {
    select.bind(3, slice);
  }
  std::vector<int64_t> ids;
  while (select.step()) {
    ids.push_back(select.integer(0));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

CommitRecord record_of(const Statement& row, std::string_view pipeline, std::string_view stream,
                       int64_t id) {
  CommitRecord record;
  record.final = row.integer(3) != 0;
  record.empty = row.integer(4) != 0;
  record.commit_id = id;
  record.pipeline = pipeline;
  record.stream = stream;
  record.slice = row.text(0);
  record.generation = row.integer(1);
  record.part = row.integer(2);
  record.rows = static_cast<uint64_t>(row.integer(5));
  record.committed_us = row.integer(6);
  record.run = row.text(7);
  record.detail = row.text(8);
  return record;
}

}  // namespace

bool CommitLog::exists() const {
  Statement there(db_->get(), "SELECT 1 FROM sqlite_schema WHERE name = '_sluice_meta'");
  if (!there.step()) {
    return false;
  }
  Statement version(db_->get(), "SELECT version FROM _sluice_meta");
  if (!version.step()) {
    return false;
  }
  if (version.integer(0) > kVersion) {
    throw Error(Code::kUnsupported, "The commit log of the database has version " +
                                        std::to_string(version.integer(0)) +
                                        ", this plugin knows up to " + std::to_string(kVersion) +
                                        ". Use the newer plugin that wrote it.");
  }
  return true;
}

void CommitLog::create() const {
  if (exists()) {
    return;
  }
  db_->exec(kTables, "create the commit log");
  Statement insert(db_->get(),
                   "INSERT OR IGNORE INTO _sluice_meta (one, version, head, last_commit) "
                   "VALUES (1, ?1, ?2, (SELECT coalesce(max(id), 0) FROM _sluice_commits))");
  const std::string token = random_token();
  insert.bind(1, kVersion).bind(2, token).run();
}

std::optional<std::string> CommitLog::table_of(std::string_view pipeline,
                                               std::string_view stream) const {
  Statement select(db_->get(),
                   "SELECT table_name FROM _sluice_streams WHERE pipeline = ?1 AND stream = ?2");
  if (!select.bind(1, pipeline).bind(2, stream).step()) {
    return std::nullopt;
  }
  return std::string(select.text(0));
}

bool CommitLog::has_records(std::string_view pipeline, std::string_view stream) const {
  Statement select(db_->get(),
                   "SELECT 1 FROM _sluice_commits WHERE pipeline = ?1 AND stream = ?2 LIMIT 1");
  return select.bind(1, pipeline).bind(2, stream).step();
}

void CommitLog::set_table(std::string_view pipeline, std::string_view stream,
                          std::string_view table) const {
  Statement upsert(db_->get(),
                   "INSERT INTO _sluice_streams (pipeline, stream, table_name) VALUES (?1, ?2, ?3) "
                   "ON CONFLICT DO UPDATE SET table_name = excluded.table_name");
  upsert.bind(1, pipeline).bind(2, stream).bind(3, table).run();
}

void CommitLog::remove(const CommitFilter& filter) const {
  std::string sql = "DELETE FROM _sluice_commits WHERE pipeline = ?1";
  sql += filter.stream.empty() ? "" : " AND stream = ?2";
  sql += filter.slice.empty() ? "" : " AND slice = ?3";
  Statement remove(db_->get(), sql);
  remove.bind(1, filter.pipeline);
  if (!filter.stream.empty()) {
    remove.bind(2, filter.stream);
  }
  if (!filter.slice.empty()) {
    remove.bind(3, filter.slice);
  }
  remove.run();
}

void CommitLog::touch(int64_t last_commit_id) const {
  Statement update(db_->get(),
                   "UPDATE _sluice_meta SET head = ?1, last_commit = max(last_commit, ?2)");
  const std::string token = random_token();
  update.bind(1, token).bind(2, last_commit_id).run();
}

int64_t CommitLog::last_commit_id() const {
  // The maximum of both, in case someone edited one of the tables.
  Statement select(db_->get(),
                   "SELECT max((SELECT last_commit FROM _sluice_meta), "
                   "(SELECT coalesce(max(id), 0) FROM _sluice_commits))");
  select.step();
  return select.integer(0);
}

std::string CommitLog::head() const {
  Statement select(db_->get(),
                   "SELECT head, (SELECT schema_version FROM pragma_schema_version) "
                   "FROM _sluice_meta");
  if (!select.step()) {
    return {};
  }
  return std::string(select.text(0)) + "." + std::string(select.text(1));
}

void CommitLog::list(const CommitFilter& filter, const CommitVisitor& visit) const {
  db_->exec("BEGIN", "begin reading");  // one state of the log, whatever is committed meanwhile
  const struct End {
    Database* db;
    ~End() { db->rollback(); }
  } end{db_};
  Statement select(db_->get(),
                   "SELECT slice, generation, part, final, empty, rows, committed_at, run, detail "
                   "FROM _sluice_commits WHERE id = ?1");
  for (const std::string& live : live_streams(db_->get(), filter.pipeline)) {
    if (!filter.stream.empty() && live != filter.stream) {
      continue;
    }
    for (const int64_t id : ids_of(db_->get(), filter.pipeline, live, filter.slice)) {
      if (select.bind(1, id).step()) {
        visit(record_of(select, filter.pipeline, live, id));
      }
      select.reset();
    }
  }
}

RecordWriter::RecordWriter(Database& db)
    : insert_(db.get(),
              "INSERT INTO _sluice_commits (id, pipeline, stream, slice, generation, part, final, "
              "empty, rows, committed_at, run, detail) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)") {}

void RecordWriter::write(const CommitRecord& record) {
  if (record.rows > static_cast<uint64_t>(INT64_MAX) || record.commit_id <= 0) {
    throw Error(Code::kInternal, "A commit record has an impossible id or number of rows.");
  }
  insert_.bind(1, record.commit_id)
      .bind(2, record.pipeline)
      .bind(3, record.stream)
      .bind(4, record.slice)
      .bind(5, record.generation)
      .bind(6, record.part)
      .bind(7, record.final ? 1 : 0)
      .bind(8, record.empty ? 1 : 0)
      .bind(9, static_cast<int64_t>(record.rows))
      .bind(10, record.committed_us)
      .bind(11, record.run)
      .bind(12, record.detail);
  const int rc = sqlite3_step(insert_.get());
  if (rc == SQLITE_DONE) {
    insert_.reset();
    return;
  }
  Error error = failure(sqlite3_db_handle(insert_.get()), rc, "record a commit");
  insert_.reset();
  if ((rc & 0xFF) == SQLITE_CONSTRAINT) {
    throw Error(Code::kBadState,
                "Part " + std::to_string(record.part) + " of slice '" + std::string(record.slice) +
                    "' (stream '" + std::string(record.stream) + "', generation " +
                    std::to_string(record.generation) +
                    ") is recorded already: another run has landed it. Roll back and read the "
                    "commit log again.")
        .vendor(rc);
  }
  throw error;
}

}  // namespace sluice::sqlite
