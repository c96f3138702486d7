// SPDX-License-Identifier: Apache-2.0
//
// Values: what lands as what, and which rows are refused while the others land.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "sqlite_rig.hpp"
#include "support/temp_dir.hpp"

using rig::one;
using rig::sql;
using rig::sqlite_config;
using sluice::Batch;
using sluice::Kind;
using sluice::Stream;
using sluice::Type;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

struct Fixture {
  explicit Fixture(const std::string& more = {})
      : sink(rig::tested(), host, SLUICE_KIND_SINK, "sqlite", sqlite_config(path, more)) {}
  sluice::test::TempDir folder;
  std::string path = folder / "target.db";
  kit::FakeHost host;
  OpenPlugin sink;

  std::vector<kit::WriteReject> land(const Stream& stream, Batch& batch) {
    kit::SinkWriter writer(sink);
    const uint32_t number = writer.bind(stream);
    writer.begin();
    auto refused = writer.write(number, writer.reserve(), batch);
    writer.commit();
    return refused;
  }
};

Stream every_type() {
  Stream s("t", Kind::kSnapshot);
  s.col("b", Type::kBool)
      .col("i", Type::kInt32)
      .col("l", Type::kInt64)
      .col("g", Type::kFloat64)
      .col("d", Type::kDecimal128, {.precision = 38, .scale = 2})
      .col("u", Type::kUtf8)
      .col("big", Type::kLargeUtf8)
      .col("z", Type::kBinary)
      .col("day", Type::kDate32)
      .col("t", Type::kTimestamp)
      .col("j", Type::kJson);
  return s;
}

void add_rows(Batch& batch) {
  using std::nullopt;
  batch.row(true, 7, int64_t{-8}, 1.5, "12.3", "grün", "large",
            "\x00\x01"
            "raw",
            19723, rig::at(1'704'067'200'123'000), R"({"a":1})");
  batch.row(nullopt, nullopt, nullopt, nullopt, nullopt, nullopt, nullopt, nullopt, nullopt,
            nullopt, nullopt);
  batch.row(false, std::numeric_limits<int32_t>::min(), std::numeric_limits<int64_t>::max(),
            std::numeric_limits<double>::infinity(), "-0.01", "", "", "", -1, rig::at(-1), "[]");
}

}  // namespace

TEST_CASE("sqlite values: every type lands as ISO and exact text", "[sqlite][value]") {
  Fixture f;
  Batch batch(every_type());
  add_rows(batch);
  CHECK(f.land(every_type(), batch).empty());
  CHECK(sql(f.path, "SELECT b, i, l, g, d, u, big, hex(z), day, t, j FROM t") ==
        std::vector<std::string>{
            "1|7|-8|1.5|12.30|grün|large||2024-01-01|2024-01-01T00:00:00.123Z|{\"a\":1}",
            "NULL|NULL|NULL|NULL|NULL|NULL|NULL||NULL|NULL|NULL",
            "0|-2147483648|9223372036854775807|Inf|-0.01||||1969-12-31|"
            "1969-12-31T23:59:59.999999Z|[]"});
  CHECK(sql(f.path, "SELECT typeof(z) FROM t") == std::vector<std::string>{"blob", "null", "blob"});
}

TEST_CASE("sqlite values: times as integers and decimals as numbers by option", "[sqlite][value]") {
  Fixture f(R"("times":"integer","decimals":"real","strict":false,"journal":"delete")");
  Batch batch(every_type());
  add_rows(batch);
  CHECK(f.land(every_type(), batch).empty());
  CHECK(sql(f.path, "SELECT d, day, t, typeof(d) FROM t") ==
        std::vector<std::string>{"12.3|19723|1704067200123000|real", "NULL|NULL|NULL|null",
                                 "-0.01|-1|-1|real"});
  CHECK(one(f.path, "PRAGMA journal_mode") == "delete");
}

TEST_CASE("sqlite values: the ends of time and of decimals", "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("t", Type::kTimestamp).col("d", Type::kDecimal128, {.precision = 38, .scale = 38});
  Batch batch(s);
  batch.row(rig::at(std::numeric_limits<int64_t>::min()),
            "-0.99999999999999999999999999999999999999");
  batch.row(rig::at(std::numeric_limits<int64_t>::max()), "0");
  batch.row(rig::at(253'402'300'799'000'000), "0.00000000000000000000000000000000000001");
  batch.row(rig::at(253'402'300'800'000'000), "0.1");
  batch.row(rig::at(-62'167'219'200'000'000), std::nullopt);
  CHECK(f.land(s, batch).empty());
  CHECK(sql(f.path, "SELECT t, d FROM t") ==
        std::vector<std::string>{
            "-290308-12-21T19:59:05.224192Z|-0.99999999999999999999999999999999999999",
            "+294247-01-10T04:00:54.775807Z|0.00000000000000000000000000000000000000",
            "9999-12-31T23:59:59Z|0.00000000000000000000000000000000000001",
            "+010000-01-01T00:00:00Z|0.10000000000000000000000000000000000000",
            "0000-01-01T00:00:00Z|NULL"});
}

TEST_CASE("sqlite values: text that SQLite cannot hold costs its row only", "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("id", Type::kInt64).col("u", Type::kUtf8);
  Batch batch(s);
  batch.row(int64_t{0}, "plain");
  batch.row(int64_t{1}, std::string("cut\0here", 8));
  batch.row(int64_t{2}, "\xC3\x28");
  batch.row(int64_t{3}, "ünïcödé 🦆");
  batch.row(int64_t{4}, "half a character\xE2\x82");
  batch.row(int64_t{5}, "");
  const auto refused = f.land(s, batch);
  REQUIRE(refused.size() == 3);
  CHECK(refused[0].row == 1);
  CHECK(refused[1].row == 2);
  CHECK(refused[2].row == 4);
  for (const auto& refusal : refused) {
    CHECK(refusal.column == "u");
    CHECK(refusal.sqlstate == "22021");
  }
  CHECK(sql(f.path, "SELECT id FROM t") == std::vector<std::string>{"0", "3", "5"});
}

TEST_CASE("sqlite values: NaN is NULL and refused where there is none", "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("id", Type::kInt64).col("a", Type::kFloat64).col("b", Type::kFloat64, {.nullable = false});
  Batch batch(s);
  const double nan = std::nan("");
  batch.row(int64_t{0}, nan, 1.0);
  batch.row(int64_t{1}, 1.0, nan);
  batch.row(int64_t{2}, -std::numeric_limits<double>::infinity(), -0.0);
  const auto refused = f.land(s, batch);
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].row == 1);
  CHECK(refused[0].column == "b");
  CHECK(refused[0].sqlstate == "23502");
  CHECK(sql(f.path, "SELECT id, a FROM t") == std::vector<std::string>{"0|NULL", "2|-Inf"});
}

TEST_CASE("sqlite values: constraints of an adopted table cost their rows only",
          "[sqlite][value]") {
  Fixture f;
  sql(f.path,
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INT CHECK (age >= 0)) STRICT");
  Stream s("t", Kind::kSnapshot);
  s.key("id").col("id", Type::kInt64).col("name", Type::kUtf8).col("age", Type::kInt32);
  Batch batch(s);
  batch.row(int64_t{1}, "a", 1);
  batch.row(int64_t{2}, "a", 2);
  batch.row(int64_t{3}, "b", -3);
  batch.row(int64_t{4}, "c", 4);
  const auto refused = f.land(s, batch);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].row == 1);
  CHECK(refused[0].sqlstate == "23505");
  CHECK(refused[0].column == "name");
  CHECK(refused[1].row == 2);
  CHECK(refused[1].sqlstate == "23514");
  CHECK(sql(f.path, "SELECT id FROM t") == std::vector<std::string>{"1", "4"});
}

TEST_CASE("sqlite values: a trigger that ends the transaction fails the batch", "[sqlite][value]") {
  Fixture f;
  sql(f.path,
      "CREATE TABLE t (id INT); CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.id = 2 "
      "BEGIN SELECT RAISE(ROLLBACK, 'no twos'); END");
  Stream s("t", Kind::kSnapshot);
  s.col("id", Type::kInt64);
  Batch batch(s);
  batch.row(int64_t{1});
  batch.row(int64_t{2});
  CHECK_THROWS_AS(f.land(s, batch), sluice::Error);
  CHECK(one(f.path, "SELECT count(*) FROM t") == "0");
}

TEST_CASE("sqlite values: the later row of a key wins unless its sequence is lower",
          "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.key("id").seq("version");
  s.col("id", Type::kUtf8).col("version", Type::kInt64).col("v", Type::kUtf8);
  Batch batch(s);
  batch.row("a", int64_t{2}, "two");
  batch.row("a", int64_t{1}, "one");
  batch.row("b", int64_t{1}, "one");
  batch.row("b", int64_t{1}, "again");
  batch.row("c", std::nullopt, "none");
  batch.row("c", int64_t{1}, "some");
  batch.row("c", std::nullopt, "none again");
  CHECK(f.land(s, batch).empty());
  CHECK(sql(f.path, "SELECT id, v FROM t ORDER BY id") ==
        std::vector<std::string>{"a|two", "b|again", "c|some"});
}

TEST_CASE("sqlite values: rows without a key all land", "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("id", Type::kInt64);
  Batch batch(s);
  for (int i = 0; i < 3; ++i) {
    batch.row(int64_t{1});
  }
  CHECK(f.land(s, batch).empty());
  CHECK(one(f.path, "SELECT count(*) FROM t") == "3");
}

TEST_CASE("sqlite values: a table of nothing but its key takes a key once", "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.key("a", "b").col("a", Type::kInt64).col("b", Type::kInt64);
  Batch batch(s);
  batch.row(int64_t{1}, int64_t{1});
  batch.row(int64_t{1}, int64_t{1});
  CHECK(f.land(s, batch).empty());
  CHECK(one(f.path, "SELECT count(*) FROM t") == "1");
}

TEST_CASE("sqlite values: slices of arrays and empty batches are read as they are",
          "[sqlite][value]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("id", Type::kInt64).col("u", Type::kUtf8).col("b", Type::kBool);
  Batch batch(s);
  for (int i = 0; i < 20; ++i) {
    i % 3 == 0 ? batch.row(int64_t{i}, std::nullopt, i % 2 == 0)
               : batch.row(int64_t{i}, std::to_string(i), i % 2 == 0);
  }
  kit::SinkWriter writer(f.sink);
  const uint32_t number = writer.bind(s);
  writer.begin();
  const int64_t id = writer.reserve();
  ArrowArray array{};
  batch.finish().move_to(&array);
  array.offset = 9;
  array.length = 5;
  CHECK(writer.write(number, id, array).empty());
  CHECK(writer.write(number, id, batch).empty());  // nothing in it
  writer.commit();
  CHECK(sql(f.path, "SELECT id, u, b FROM t") ==
        std::vector<std::string>{"9|NULL|0", "10|10|1", "11|11|0", "12|NULL|1", "13|13|0"});
}
