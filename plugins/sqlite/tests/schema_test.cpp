// SPDX-License-Identifier: Apache-2.0
//
// Tables: what is created, what is adopted, what is refused.
#include <catch2/catch.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "sqlite_rig.hpp"
#include "support/temp_dir.hpp"

using rig::one;
using rig::sql;
using rig::sqlite_config;
using sluice::Code;
using sluice::Kind;
using sluice::Stream;
using sluice::Type;
using sluice::testing::BindOptions;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

struct Fixture {
  sluice::test::TempDir folder;
  std::string path = folder / "target.db";
  kit::FakeHost host;
  OpenPlugin sink{rig::tested(), host, SLUICE_KIND_SINK, "sqlite", sqlite_config(path)};

  void bind(const Stream& stream, const BindOptions& options = {}) {
    kit::SinkWriter writer(sink);
    writer.bind(stream, options);
  }
};

}  // namespace

TEST_CASE("sqlite schema: a table is created strict and ordered by its key", "[sqlite][schema]") {
  Fixture f;
  auto stream = rig::readings();
  stream.index("value").index("station");
  f.bind(stream, {.lineage = true});
  const std::string ddl = one(f.path, "SELECT sql FROM sqlite_schema WHERE name = 's'");
  CHECK(ddl.find("STRICT, WITHOUT ROWID") != std::string::npos);
  CHECK(sql(f.path, "SELECT name, type, pk FROM pragma_table_info('s')") ==
        std::vector<std::string>{"station|INTEGER|1", "time|TEXT|2", "value|REAL|0",
                                 "_sluice_commit|INTEGER|0"});
  // (station) begins the primary key, so it needs no index of its own.
  CHECK(sql(f.path, "SELECT name FROM pragma_index_list('s') WHERE origin = 'c'") ==
        std::vector<std::string>{"idx_s_value"});
}

TEST_CASE("sqlite schema: wide rows have a rowid and removed ones are found by an index",
          "[sqlite][schema]") {
  Fixture f;
  auto stream = rig::readings();
  stream.col("raw", Type::kJson).col("gone", Type::kTimestamp).removed("gone");
  f.bind(stream, {.lineage = true});
  CHECK(one(f.path, "SELECT sql FROM sqlite_schema WHERE name = 's'").ends_with("STRICT"));
  CHECK(sql(f.path, "SELECT name FROM pragma_index_list('s') WHERE origin = 'c'") ==
        std::vector<std::string>{"idx_s__sluice_commit"});
  CHECK(sql(f.path, "SELECT name, \"notnull\", pk FROM pragma_table_info('s') WHERE pk > 0") ==
        std::vector<std::string>{"station|1|1", "time|1|2"});
  CHECK(kit::diff(f.sink, stream, {.lineage = true}).empty());
}

TEST_CASE("sqlite schema: diff shows what bind does and does none of it", "[sqlite][schema]") {
  Fixture f;
  const auto before = kit::diff(f.sink, rig::readings());
  REQUIRE(before.size() == 1);
  CHECK(before[0].starts_with("CREATE TABLE \"s\""));
  CHECK_FALSE(std::filesystem::exists(f.path));
  f.bind(rig::readings());
  CHECK(kit::diff(f.sink, rig::readings()).empty());
  auto wider = rig::readings();
  wider.col("note", Type::kUtf8).index("note");
  CHECK(kit::diff(f.sink, wider) ==
        std::vector<std::string>{"ALTER TABLE \"s\" ADD COLUMN \"note\" TEXT",
                                 "CREATE INDEX \"idx_s_note\" ON \"s\" (\"note\")"});
  CHECK(one(f.path, "SELECT count(*) FROM pragma_table_info('s')") == "3");
  f.bind(wider);
  CHECK(kit::diff(f.sink, wider).empty());
  CHECK(one(f.path, "SELECT count(*) FROM pragma_table_info('s')") == "4");
}

TEST_CASE("sqlite schema: any name is a name", "[sqlite][schema]") {
  Fixture f;
  const std::string table = "o'dd \"name\"; DROP TABLE s; -- ä";
  Stream stream(table, Kind::kSnapshot);
  stream.key("select").seq("a.b");
  stream.col("select", Type::kUtf8).col("a.b", Type::kInt64).col("x\"y", Type::kUtf8).index("x\"y");
  {
    kit::SinkWriter writer(f.sink);
    const uint32_t number = writer.bind(stream);
    sluice::Batch batch(stream);
    batch.row("k", int64_t{1}, "v");
    batch.row("k", int64_t{2}, "w");
    writer.begin();
    CHECK(writer.write(number, writer.reserve(), batch).empty());
    writer.commit();
  }
  CHECK(one(f.path, "SELECT \"x\"\"y\" FROM \"o'dd \"\"name\"\"; DROP TABLE s; -- ä\"") == "w");
}

TEST_CASE("sqlite schema: names SQLite cannot hold are refused", "[sqlite][schema]") {
  Fixture f;
  const auto refused = [&](const std::string& table, const std::string& column, bool lineage) {
    Stream stream("s", Kind::kSnapshot);
    stream.col("a", Type::kInt64).col(column, Type::kInt64);
    return kit::code_of([&] { f.bind(stream, {.table = table, .lineage = lineage}); });
  };
  CHECK(refused("sqlite_x", "b", false) == Code::kInvalidConfig);
  CHECK(refused("_SLUICE_commits", "b", false) == Code::kInvalidConfig);
  CHECK(refused("t", "_sluice_commit", true) == Code::kInvalidConfig);
  CHECK(refused("t", "A", false) == Code::kUnsupported);
  CHECK(refused("t\xFF", "b", false) == Code::kInvalidConfig);
  Stream wide("wide", Kind::kSnapshot);
  for (int i = 0; i < 2001; ++i) {
    wide.col("c" + std::to_string(i), Type::kInt64);
  }
  CHECK(kit::code_of([&] { f.bind(wide); }) == Code::kUnsupported);
  CHECK(kit::code_of([&] { kit::diff(f.sink, wide); }) == Code::kUnsupported);
}

TEST_CASE("sqlite schema: 2000 columns are held", "[sqlite][schema]") {
  Fixture f;
  Stream wide("wide", Kind::kSnapshot);
  for (int i = 0; i < 2000; ++i) {
    wide.col("c" + std::to_string(i), Type::kInt64);
  }
  f.bind(wide);
  CHECK(one(f.path, "SELECT count(*) FROM pragma_table_info('wide')") == "2000");
}

TEST_CASE("sqlite schema: a table of the user is adopted where it fits", "[sqlite][schema]") {
  Fixture f;
  sql(f.path,
      "CREATE TABLE s (id INTEGER PRIMARY KEY, station INT, \"time\" DATETIME, VALUE DOUBLE, "
      "extra TEXT DEFAULT 'x' NOT NULL); INSERT INTO s (station, time, value) VALUES (1, 'a', "
      "1.5)");
  CHECK(kit::diff(f.sink, rig::readings()).size() == 1);  // the unique index on its key
  kit::SinkWriter writer(f.sink);
  const uint32_t number = writer.bind(rig::readings());
  sluice::Batch batch(rig::readings());
  batch.row(int64_t{1}, rig::at(0), 2.5);
  batch.row(int64_t{1}, rig::at(0), 3.5);
  rig::land(writer, number, batch, "a");
  CHECK(sql(f.path, "SELECT station, time, value, extra FROM s ORDER BY id") ==
        std::vector<std::string>{"1|a|1.5|x", "1|1970-01-01T00:00:00Z|3.5|x"});
}

TEST_CASE("sqlite schema: a table that cannot fit is left alone", "[sqlite][schema]") {
  const char* ddl = GENERATE(
      "CREATE TABLE s (station TEXT, time TEXT, value REAL, PRIMARY KEY (station, time))",
      "CREATE TABLE s (station INT, time TEXT, value INT, PRIMARY KEY (station, time)) STRICT",
      "CREATE TABLE s (station INT, time TEXT, value REAL, PRIMARY KEY (station))",
      "CREATE TABLE s (station INT, time TEXT, value REAL, must INT NOT NULL, "
      "PRIMARY KEY (station, time))",
      "CREATE TABLE s (station INT, time TEXT, value REAL AS (1.0), PRIMARY KEY (station, time))",
      "CREATE TABLE s (station INT, value REAL)",
      "CREATE VIEW s AS SELECT 1 AS station, 'x' AS time, 1.0 AS value",
      "CREATE TABLE s (station INT, time TEXT, value REAL); "
      "INSERT INTO s VALUES (1, 'a', 1), (1, 'a', 2)");
  Fixture f;
  sql(f.path, ddl);
  const auto before = sql(f.path, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE '_sluice%'");
  CHECK(kit::code_of([&] { f.bind(rig::readings()); }) == Code::kSchemaChanged);
  CHECK(sql(f.path, "SELECT sql FROM sqlite_schema WHERE tbl_name NOT LIKE '_sluice%'") == before);
}

TEST_CASE("sqlite schema: a narrower declaration is refused with its reason", "[sqlite][schema]") {
  Fixture f;
  f.bind(rig::readings());
  Stream narrow("s", Kind::kFiles);
  narrow.key("station", "time");
  narrow.col("station", Type::kInt64).col("time", Type::kTimestamp).col("value", Type::kInt64);
  try {
    f.bind(narrow);
    FAIL("It was bound.");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == Code::kSchemaChanged);
    CHECK(error.message().find("'value' is REAL") != std::string::npos);
    CHECK(error.message().find("int64") != std::string::npos);
  }
}

TEST_CASE("sqlite schema: two indexes of one name both find room", "[sqlite][schema]") {
  Fixture f;
  sql(f.path, "CREATE TABLE other (a); CREATE INDEX idx_s_value ON other (a)");
  auto stream = rig::readings();
  stream.index("value");
  f.bind(stream);
  CHECK(one(f.path, "SELECT name FROM pragma_index_list('s') WHERE origin = 'c'") ==
        "idx_s_value_2");
}

TEST_CASE("sqlite check: says whether the database can be made", "[sqlite][schema]") {
  kit::FakeHost host;
  sluice::test::TempDir folder;
  const auto check = [&](const std::string& path) {
    const OpenPlugin sink(rig::tested(), host, SLUICE_KIND_SINK, "sqlite", sqlite_config(path),
                          SLUICE_OPEN_CHECK);
  };
  CHECK_NOTHROW(check(folder / "new/deep/target.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
  std::FILE* file = std::fopen((folder / "text.db").c_str(), "w");
  std::fputs("This is no database, however long one looks at it.", file);
  std::fclose(file);
  CHECK(kit::code_of([&] { check(folder / "text.db"); }) == Code::kInvalidConfig);
  CHECK(kit::code_of([&] { check(folder / "text.db/x.db"); }) == Code::kInvalidConfig);
}

TEST_CASE("sqlite readme: shows the sample as it is", "[sqlite][schema]") {
  const auto text = [](const char* path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string sample = text("plugins/sqlite/sample.toml");
  CHECK_FALSE(sample.empty());
  CHECK(text("plugins/sqlite/README.md").find(sample) != std::string::npos);
}
