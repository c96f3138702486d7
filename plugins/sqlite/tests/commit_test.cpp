// SPDX-License-Identifier: Apache-2.0
//
// The commit log: rows and records land together, and the log never speaks of rows that are gone.
#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <sys/resource.h>
#include <csignal>
#include <map>
#include <random>

#include "sqlite_rig.hpp"
#include "support/temp_dir.hpp"

using rig::one;
using rig::sql;
using rig::sqlite_config;
using sluice::Batch;
using sluice::Code;
using sluice::testing::LoggedCommit;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

struct Fixture {
  sluice::test::TempDir folder;
  std::string path = folder / "target.db";
  kit::FakeHost host;
  OpenPlugin sink{rig::tested(), host, SLUICE_KIND_SINK, "sqlite",
                  sqlite_config(path, R"("busy_timeout":"0s")")};
};

void fill(Batch& batch, int64_t from, int64_t count) {
  for (int64_t i = from; i < from + count; ++i) {
    batch.row(i, rig::at(0), 1.0);
  }
}

}  // namespace

TEST_CASE("sqlite sink: says what it can", "[sqlite][commit]") {
  Fixture f;
  CHECK(f.sink.descriptor().caps == (SLUICE_CAP_TRANSACTION | SLUICE_CAP_COMMIT_LOG |
                                     SLUICE_CAP_UPSERT | SLUICE_CAP_SCHEMA | SLUICE_CAP_KEYS));
  CHECK(kit::head(f.sink).value_or("").empty());
  CHECK(kit::list(f.sink).empty());
  CHECK_FALSE(std::filesystem::exists(f.path));
}

TEST_CASE("sqlite commits: rows and record land together", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings(), {.lineage = true});
  Batch batch(rig::readings());
  fill(batch, 0, 3);
  writer.begin();
  LoggedCommit record;
  record.stream = "s";
  record.commit_id = writer.reserve();
  record.slice = "file-ä.zip";
  record.generation = 2;
  record.part = 4;
  record.rows = 3;
  record.detail = R"({"state":"x"})";
  writer.write(s, record.commit_id, batch);
  writer.record(record);
  CHECK(kit::list(f.sink).empty());  // not yet
  writer.commit();
  CHECK(kit::list(f.sink) == std::vector<LoggedCommit>{record});
  CHECK(one(f.path,
            "SELECT count(*) FROM s JOIN _sluice_commits c ON c.id = s._sluice_commit "
            "WHERE c.slice = 'file-ä.zip'") == "3");
}

TEST_CASE("sqlite commits: a rollback leaves nothing", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings());
  const auto head = kit::head(f.sink);
  Batch batch(rig::readings());
  fill(batch, 0, 3);
  writer.begin();
  LoggedCommit record;
  record.stream = "s";
  record.commit_id = writer.reserve();
  writer.write(s, record.commit_id, batch);
  writer.record(record);
  writer.rollback();
  writer.rollback();
  CHECK(kit::list(f.sink).empty());
  CHECK(kit::head(f.sink) == head);
  CHECK(one(f.path, "SELECT count(*) FROM s") == "0");
}

TEST_CASE("sqlite commits: a second writer of a part is told so", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings());
  Batch batch(rig::readings());
  fill(batch, 0, 1);
  rig::land(writer, s, batch, "a");
  fill(batch, 5, 1);
  CHECK(kit::code_of([&] { rig::land(writer, s, batch, "a"); }) == Code::kBadState);
  writer.rollback();
  CHECK(one(f.path, "SELECT count(*) FROM s") == "1");
  fill(batch, 6, 1);
  CHECK_NOTHROW(rig::land(writer, s, batch, "a", 2));
}

TEST_CASE("sqlite commits: ids are never given twice", "[sqlite][commit]") {
  Fixture f;
  int64_t last = 0;
  {
    kit::SinkWriter writer(f.sink);
    const uint32_t s = writer.bind(rig::readings());
    Batch batch(rig::readings());
    fill(batch, 0, 1);
    last = rig::land(writer, s, batch, "a");
    CHECK(last > 0);
  }
  kit::forget(f.sink, {.pipeline = "test", .stream = "s", .slice = "a"});
  CHECK(kit::list(f.sink).empty());
  kit::SinkWriter writer(f.sink);
  writer.begin();
  CHECK(writer.reserve() == last + 1);
  CHECK(writer.reserve() == last + 2);
}

TEST_CASE("sqlite commits: forget takes records and leaves rows", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings());
  Batch batch(rig::readings());
  for (int i = 0; i < 3; ++i) {
    fill(batch, i, 1);
    rig::land(writer, s, batch, std::string(1, static_cast<char>('a' + i)));
  }
  const auto head = kit::head(f.sink);
  kit::forget(f.sink, {.pipeline = "test", .stream = "s", .slice = "b"});
  CHECK(kit::head(f.sink) != head);
  CHECK(kit::list(f.sink).size() == 2);
  CHECK(kit::list(f.sink, {.pipeline = "test", .stream = "s", .slice = "c"}).size() == 1);
  CHECK(kit::list(f.sink, {.pipeline = "test", .stream = "s", .slice = "b"}).empty());
  CHECK(kit::list(f.sink, {.pipeline = "other"}).empty());
  kit::forget(f.sink, {.pipeline = "test", .stream = "s", .slice = ""});
  CHECK(kit::list(f.sink).empty());
  CHECK(one(f.path, "SELECT count(*) FROM s") == "3");
}

TEST_CASE("sqlite commits: records come by stream and id", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  std::vector<uint32_t> numbers;
  for (const char* name : {"b", "a"}) {
    sluice::Stream stream(name, sluice::Kind::kSnapshot);
    stream.col("x", sluice::Type::kInt64);
    numbers.push_back(writer.bind(stream));
  }
  writer.begin();
  for (int i = 0; i < 10; ++i) {
    LoggedCommit record;
    record.stream = "s";
    record.commit_id = writer.reserve();
    record.stream = i % 2 == 0 ? "b" : "a";
    record.slice = std::to_string(9 - i);
    writer.record(record);
  }
  writer.commit();
  const auto records = kit::list(f.sink);
  REQUIRE(records.size() == 10);
  CHECK(std::is_sorted(records.begin(), records.end(), [](const auto& x, const auto& y) {
    return std::pair(x.stream, x.commit_id) < std::pair(y.stream, y.commit_id);
  }));
}

TEST_CASE("sqlite commits: a dropped table takes its records along", "[sqlite][commit]") {
  Fixture f;
  {
    kit::SinkWriter writer(f.sink);
    const uint32_t s = writer.bind(rig::readings());
    Batch batch(rig::readings());
    fill(batch, 0, 2);
    rig::land(writer, s, batch, "a");
  }
  const auto head = kit::head(f.sink);
  sql(f.path, "DROP TABLE s");
  CHECK(kit::head(f.sink) != head);
  CHECK(kit::list(f.sink).empty());
  CHECK(kit::diff(f.sink, rig::readings()).size() == 2);  // the table, and what becomes of the log
  kit::SinkWriter writer(f.sink);
  writer.bind(rig::readings());
  CHECK(one(f.path, "SELECT count(*) FROM _sluice_commits") == "0");
}

TEST_CASE("sqlite commits: another table of the stream makes its slices work again",
          "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings());
  Batch batch(rig::readings());
  fill(batch, 0, 2);
  rig::land(writer, s, batch, "a");
  sql(f.path, "CREATE TABLE elsewhere AS SELECT * FROM s WHERE 0");
  writer.bind(rig::readings(), {.table = "elsewhere"});
  CHECK(kit::list(f.sink).empty());
}

TEST_CASE("sqlite commits: a restored backup brings its head back", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter* writer = new kit::SinkWriter(f.sink);
  const uint32_t s = writer->bind(rig::readings());
  Batch batch(rig::readings());
  fill(batch, 0, 1);
  rig::land(*writer, s, batch, "a");
  sql(f.path, "VACUUM INTO '" + (f.folder / "backup.db") + "'");
  const auto before = kit::head(f.sink);
  fill(batch, 1, 1);
  rig::land(*writer, s, batch, "b");
  CHECK(kit::head(f.sink) != before);
  delete writer;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(f.path + suffix);
  }
  std::filesystem::copy(f.folder / "backup.db", f.path);
  CHECK(kit::head(f.sink)->substr(0, 32) == before->substr(0, 32));
  CHECK(kit::list(f.sink).size() == 1);
}

TEST_CASE("sqlite commits: a lock of another process is an outage", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  writer.bind(rig::readings());
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(f.path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  try {
    writer.begin();
    FAIL("It began.");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == Code::kUnavailable);
    CHECK((error.flags() & SLUICE_ERROR_RETRYABLE) != 0);
    CHECK(error.message().find("raise busy_timeout") != std::string::npos);
  }
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  CHECK_NOTHROW(writer.begin());
}

TEST_CASE("sqlite commits: waiting for a lock ends with cancellation", "[sqlite][commit]") {
  sluice::test::TempDir folder;
  kit::FakeHost host;
  const OpenPlugin sink(rig::tested(), host, SLUICE_KIND_SINK, "sqlite",
                        sqlite_config(folder / "x.db", R"("busy_timeout":"1d")"));
  kit::SinkWriter writer(sink);
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((folder / "x.db").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  host.cancel();
  CHECK(kit::code_of([&] { writer.begin(); }) == Code::kCancelled);
  sqlite3_close(other);
}

TEST_CASE("sqlite commits: a full disk fails the batch and loses nothing", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  const uint32_t s = writer.bind(rig::readings());
  Batch batch(rig::readings(), uint64_t{64} << 20U);
  fill(batch, 0, 1);
  rig::land(writer, s, batch, "a");
  // SQLite answers SQLITE_FULL alike for a full disk and a full quota of pages, but the quota is a
  // connection's own; a trigger cannot set it, so the size limit of the process stands in.
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{256 * 1024, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  Code code{};
  uint32_t flags = 0;
  try {
    for (int64_t i = 1; i < 400; ++i) {
      fill(batch, i * 10'000, 10'000);
      rig::land(writer, s, batch, std::to_string(i));
    }
  } catch (const sluice::Error& error) {
    code = error.code();
    flags = error.flags();
  }
  writer.rollback();
  setrlimit(RLIMIT_FSIZE, &old);
  (void)std::signal(SIGXFSZ, handler);
  CHECK(code == Code::kUnavailable);
  CHECK((flags & SLUICE_ERROR_RETRYABLE) != 0);
  const auto records = kit::list(f.sink);
  uint64_t rows = 0;
  for (const auto& record : records) {
    rows += record.rows;
  }
  CHECK(one(f.path, "SELECT count(*) FROM s") == std::to_string(rows));
  CHECK(one(f.path, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("sqlite commits: calls out of order are refused", "[sqlite][commit]") {
  Fixture f;
  kit::SinkWriter writer(f.sink);
  Batch batch(rig::readings());
  CHECK(kit::code_of([&] { writer.reserve(); }) == Code::kInternal);
  CHECK(kit::code_of([&] { writer.commit(); }) == Code::kInternal);
  CHECK(kit::code_of([&] { writer.write(0, 1, batch); }) == Code::kInternal);
  writer.begin();
  CHECK(kit::code_of([&] { writer.write(7, 1, batch); }) == Code::kInternal);
}

TEST_CASE("sqlite commits: a log of a newer sluice is not touched", "[sqlite][commit]") {
  Fixture f;
  { kit::SinkWriter writer(f.sink); }
  sql(f.path, "UPDATE _sluice_meta SET version = 2");
  CHECK(kit::code_of([&] { kit::SinkWriter writer(f.sink); }) == Code::kUnsupported);
  CHECK(kit::code_of([&] { kit::head(f.sink); }) == Code::kUnsupported);
}

// A model in memory does what the contract says; the sink must agree after every step.
TEST_CASE("sqlite commits: any sequence of calls equals the model", "[sqlite][commit]") {
  const auto seed = GENERATE(range(1U, 9U));
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<int64_t>(random() % n); };
  Fixture f;
  using Rows = std::map<int64_t, double>;
  Rows committed, pending;
  std::vector<LoggedCommit> records, pending_records;
  auto stream = rig::readings();
  auto writer = std::make_unique<kit::SinkWriter>(f.sink);
  uint32_t number = writer->bind(stream);
  Batch batch(stream);
  int64_t slice = 0;
  for (int step = 0; step < 60; ++step) {
    if (below(8) == 0) {  // a new process
      writer.reset();
      writer = std::make_unique<kit::SinkWriter>(f.sink);
      number = writer->bind(stream);
    }
    pending = committed;
    pending_records = records;
    writer->begin();
    for (int64_t part = 1 + below(3); part > 0; --part) {
      LoggedCommit record;
      record.stream = "s";
      record.commit_id = writer->reserve();
      record.slice = std::to_string(slice++);
      record.rows = static_cast<uint64_t>(below(50));
      for (uint64_t i = 0; i < record.rows; ++i) {
        const int64_t key = below(200);
        const double value = static_cast<double>(random());
        batch.row(key, rig::at(0), value);
        pending[key] = value;
      }
      writer->write(number, record.commit_id, batch);
      writer->record(record);
      pending_records.push_back(record);
    }
    if (below(3) == 0) {
      writer->rollback();
    } else {
      writer->commit();
      committed = pending;
      records = pending_records;
    }
  }
  CHECK(kit::list(f.sink) == records);
  Rows there;
  for (const auto& row : sql(f.path, "SELECT station, printf('%.17g', value) FROM s")) {
    const auto bar = row.find('|');
    there[std::stoll(row.substr(0, bar))] = std::stod(row.substr(bar + 1));
  }
  CHECK(there == committed);
}
