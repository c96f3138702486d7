// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include "source_rig.hpp"
#include "support/kill.hpp"
#include "support/temp_dir.hpp"

using rig::get_file;
using rig::put_file;
using sluice::Batch;
using sluice::Code;
using sluice::Kind;
using sluice::Stream;
using sluice::Type;
using sluice::testing::LoggedCommit;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

Stream pairs() {
  Stream s("s", Kind::kFiles);
  s.col("slice", Type::kInt64).col("row", Type::kInt64);
  return s;
}

struct Fixture {
  explicit Fixture(std::string more = {}) : more_(std::move(more)) {}
  sluice::test::TempDir folder;
  kit::FakeHost host;

  sluice::json config() const {
    return sluice::json::parse(R"({"path":")" + (folder / "out") + '"' +
                               (more_.empty() ? "" : "," + more_) + "}");
  }
  std::unique_ptr<OpenPlugin> sink() {
    return std::make_unique<OpenPlugin>(rig::tested(), host, SLUICE_KIND_SINK, "files", config());
  }
  std::string file(const std::string& name) const { return folder / ("out/" + name); }

 private:
  std::string more_;
};

void land(kit::SinkWriter& writer, uint32_t number, int64_t slice, int64_t rows) {
  Batch batch(pairs());
  for (int64_t row = 0; row < rows; ++row) {
    batch.row(slice, row);
  }
  writer.begin();
  LoggedCommit record;
  record.stream = "s";
  record.commit_id = writer.reserve();
  record.slice = std::to_string(slice);
  record.rows = static_cast<uint64_t>(rows);
  writer.write(number, record.commit_id, batch);
  writer.record(record);
  writer.commit();
}

// All lines of the sink's data files, unpacked by the source of the same library.
std::vector<std::string> all_rows(Fixture& f, const std::string& pattern) {
  const OpenPlugin source(
      rig::tested(), f.host, SLUICE_KIND_SOURCE, "files",
      sluice::json::parse(
          R"({"paths":[")" + f.file(pattern) +
          R"("],"columns":[{"name":"slice","type":"int64"},{"name":"row","type":"int64"}]})"));
  std::vector<std::string> rows;
  for (const auto& slice : rig::slices(source)) {
    const auto reading = rig::read_slice(source, slice.token);
    CHECK(reading.rejects.empty());
    rows.insert(rows.end(), reading.rows.begin(), reading.rows.end());
  }
  return rows;
}

}  // namespace

TEST_CASE("files sink: every type as NDJSON and CSV", "[files][sink]") {
  const bool csv = GENERATE(false, true);
  Fixture f(csv ? R"("format":"csv")" : "");
  Stream s("t", Kind::kSnapshot);
  s.col("b", Type::kBool)
      .col("g", Type::kFloat64)
      .col("d", Type::kDecimal128, {.precision = 10, .scale = 2})
      .col("u\"x", Type::kUtf8)
      .col("z", Type::kBinary)
      .col("day", Type::kDate32)
      .col("t", Type::kTimestamp)
      .col("j", Type::kJson);
  Batch batch(s);
  const auto at = sluice::Micros(std::chrono::microseconds(1'704'067'200'500'000));
  batch.row(true, 1.5, "12.3", "a,\"b\"\n", "\x01\x02", 0, at, "{\"a\":\n1}");
  batch.row(std::nullopt, std::nan(""), std::nullopt, "", "", std::nullopt, std::nullopt, "x");
  batch.row(false, -0.1, "-0.01", "ä", "abc", -1, at, "null");
  batch.row(false, 1e300, "0", "\xFF", "abc", -1, at, "null");
  const auto sink = f.sink();
  kit::SinkWriter writer(*sink);
  const uint32_t number = writer.bind(s, {.lineage = true});
  writer.begin();
  const int64_t id = writer.reserve();
  const auto refused = writer.write(number, id, batch);
  writer.commit();
  REQUIRE(refused.size() == (csv ? 1 : 2));
  CHECK(refused.back().row == 3);
  if (csv) {
    CHECK(get_file(f.file("t.csv")) ==
          "b,g,d,\"u\"\"x\",z,day,t,j,_sluice_commit\n"
          "true,1.5,12.30,\"a,\"\"b\"\"\n\",AQI=,1970-01-01,2024-01-01T00:00:00.500Z,"
          "\"{\"\"a\"\":\n1}\",1\n"
          ",nan,,\"\",,,,x,1\n"
          "false,-0.1,-0.01,ä,YWJj,1969-12-31,2024-01-01T00:00:00.500Z,null,1\n");
  } else {
    CHECK(get_file(f.file("t.ndjson")) ==
          "{\"b\":true,\"g\":1.5,\"d\":12.30,\"u\\\"x\":\"a,\\\"b\\\"\\n\",\"z\":\"AQI=\","
          "\"day\":\"1970-01-01\",\"t\":\"2024-01-01T00:00:00.500Z\",\"j\":{\"a\": 1},"
          "\"_sluice_commit\":1}\n"
          "{\"b\":false,\"g\":-0.1,\"d\":-0.01,\"u\\\"x\":\"ä\",\"z\":\"YWJj\","
          "\"day\":\"1969-12-31\",\"t\":\"2024-01-01T00:00:00.500Z\",\"j\":null,"
          "\"_sluice_commit\":1}\n");
  }
}

TEST_CASE("files sink: numbers read back as what they were", "[files][sink]") {
  Fixture f;
  Stream s("t", Kind::kSnapshot);
  s.col("g", Type::kFloat64);
  Batch batch(s, uint64_t{64} << 20U);
  std::mt19937_64 random(3);
  std::vector<double> values{0.0,
                             -0.0,
                             0.1,
                             1e15,
                             123456789012.3456,
                             99999999999.9999,
                             5e-324,
                             1.7976931348623157e308,
                             0.30000000000000004,
                             1e22,
                             0.00005};
  for (int i = 0; i < 5000; ++i) {
    double value = 0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(i % 2 == 0 ? static_cast<double>(bits % 100'000'000) / 1e4 : value);
  }
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  for (const double value : values) {
    batch.row(value);
  }
  const auto sink = f.sink();
  kit::SinkWriter writer(*sink);
  const uint32_t number = writer.bind(s);
  writer.begin();
  writer.write(number, writer.reserve(), batch);
  writer.commit();
  std::ifstream in(f.file("t.ndjson"));
  std::size_t i = 0;
  for (std::string line; std::getline(in, line); ++i) {
    const double back = std::strtod(line.c_str() + 5, nullptr);
    CHECK((back == values[i] && std::signbit(back) == std::signbit(values[i])));
    char shortest[40];
    const auto end = std::to_chars(shortest, shortest + 40, values[i]).ptr;
    CHECK(line.size() - 6 <= static_cast<std::size_t>(end - shortest) + 4);
  }
  CHECK(i == values.size());
}

TEST_CASE("files sink: commits are listed and a rollback leaves nothing", "[files][sink]") {
  const std::string packing = GENERATE("none", "gzip", "zstd");
  Fixture f(R"("compression":")" + packing + '"');
  const auto sink = f.sink();
  CHECK(kit::head(*sink).value_or("").empty());
  CHECK(kit::list(*sink).empty());
  CHECK_FALSE(std::filesystem::exists(f.folder / "out"));
  kit::SinkWriter writer(*sink);
  const uint32_t number = writer.bind(pairs());
  land(writer, number, 1, 3);
  const auto head = kit::head(*sink);
  Batch batch(pairs());
  batch.row(int64_t{9}, int64_t{9});
  writer.begin();
  LoggedCommit record;
  record.stream = "s";
  record.commit_id = writer.reserve();
  record.slice = "9";
  writer.write(number, record.commit_id, batch);
  writer.record(record);
  writer.rollback();
  CHECK(kit::head(*sink) == head);
  CHECK(kit::list(*sink).size() == 1);
  CHECK(kit::code_of([&] { land(writer, number, 1, 1); }) == Code::kBadState);
  writer.rollback();
  land(writer, number, 2, 2);
  CHECK(kit::list(*sink).at(1).commit_id > kit::list(*sink).at(0).commit_id);
  CHECK(all_rows(f, "s.*") == std::vector<std::string>{"1|0", "1|1", "1|2", "2|0", "2|1"});
}

TEST_CASE("files sink: forget takes records and leaves rows", "[files][sink]") {
  Fixture f;
  const auto sink = f.sink();
  {
    kit::SinkWriter writer(*sink);
    const uint32_t number = writer.bind(pairs());
    land(writer, number, 1, 1);
    land(writer, number, 2, 1);
    CHECK(kit::code_of([&] { kit::SinkWriter second(*sink); }) == Code::kUnavailable);
  }
  kit::forget(*sink, {.pipeline = "test", .stream = "s", .slice = "1"});
  REQUIRE(kit::list(*sink).size() == 1);
  CHECK(kit::list(*sink, {.pipeline = "test", .stream = "s", .slice = "2"}).size() == 1);
  kit::SinkWriter writer(*sink);
  const uint32_t number = writer.bind(pairs());
  CHECK_NOTHROW(land(writer, number, 1, 1));
  CHECK(all_rows(f, "s.*").size() == 3);
}

TEST_CASE("files sink: a file that lost rows makes its slices work again", "[files][sink]") {
  Fixture f;
  const auto sink = f.sink();
  {
    kit::SinkWriter writer(*sink);
    land(writer, writer.bind(pairs()), 1, 5);
  }
  const auto head = kit::head(*sink);
  std::filesystem::resize_file(f.file("s.ndjson"), 10);
  CHECK(kit::head(*sink) != head);
  CHECK(kit::list(*sink).empty());
  CHECK(kit::diff(*sink, pairs()).size() == 2);
  kit::SinkWriter writer(*sink);
  land(writer, writer.bind(pairs()), 1, 5);
  CHECK(get_file(f.file("s.ndjson")).size() > 10);
  CHECK(kit::list(*sink).size() == 1);
}

TEST_CASE("files sink: a file of somebody else is not touched", "[files][sink]") {
  Fixture f;
  std::filesystem::create_directories(f.folder / "out");
  put_file(f.file("s.ndjson"), "mine\n");
  const auto sink = f.sink();
  CHECK(kit::code_of([&] { kit::diff(*sink, pairs()); }) == Code::kSchemaChanged);
  kit::SinkWriter writer(*sink);
  CHECK(kit::code_of([&] { writer.bind(pairs()); }) == Code::kSchemaChanged);
  CHECK(get_file(f.file("s.ndjson")) == "mine\n");
}

TEST_CASE("files sink: files are rotated by size and by day", "[files][sink]") {
  const std::string how = GENERATE("\"rotate_size\":\"100B\"", "\"rotate_daily\":true");
  Fixture f(how);
  const auto sink = f.sink();
  kit::SinkWriter writer(*sink);
  const uint32_t number = writer.bind(pairs());
  for (int64_t slice = 0; slice < 6; ++slice) {
    land(writer, number, slice, 8);
    f.host.advance(std::chrono::days(1));
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(f.folder / "out")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  CHECK(files == 6);
  CHECK(all_rows(f, "s*.ndjson").size() == 48);
  CHECK(kit::list(*sink).size() == 6);
}

TEST_CASE("files sink: other CSV columns begin a new file", "[files][sink]") {
  Fixture f(R"("format":"csv")");
  const auto sink = f.sink();
  {
    kit::SinkWriter writer(*sink);
    land(writer, writer.bind(pairs()), 1, 2);
  }
  Stream wider = pairs();
  wider.col("more", Type::kUtf8);
  CHECK(kit::diff(*sink, wider).size() == 1);
  kit::SinkWriter writer(*sink);
  writer.bind(wider);
  CHECK(kit::list(*sink).size() == 1);
  CHECK(kit::diff(*sink, wider).empty());
}

TEST_CASE("files sink: a torn last line of the log never happened", "[files][sink]") {
  Fixture f;
  const auto sink = f.sink();
  {
    kit::SinkWriter writer(*sink);
    const uint32_t number = writer.bind(pairs());
    land(writer, number, 1, 2);
    land(writer, number, 2, 2);
  }
  const std::string log = f.file(".sluice/commits");
  const std::string whole = get_file(log);
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last; size < whole.size(); size += 7) {
    put_file(log, whole.substr(0, size));
    CHECK(kit::list(*sink).size() == 1);
    {
      kit::SinkWriter writer(*sink);
      writer.bind(pairs());
    }
    CHECK(all_rows(f, "s.*").size() == 2);
    std::ofstream(f.file("s.ndjson"), std::ios::app) << "{\"slice\":2,\"row\":0}\n";
  }
  std::string damaged = whole;
  damaged[last / 2] = static_cast<char>(damaged[last / 2] ^ 1);
  put_file(log, damaged);
  CHECK(kit::code_of([&] { kit::list(*sink); }) == Code::kUnsupported);
}

namespace {

constexpr int kSlices = 30;
constexpr int64_t kRows = 400;

void work(const sluice::json& config, const std::function<void()>& tell) {
  kit::FakeHost host;
  const OpenPlugin sink(rig::tested(), host, SLUICE_KIND_SINK, "files", config);
  std::set<std::string> landed;
  for (const auto& record : kit::list(sink)) {
    landed.insert(record.slice);
  }
  kit::SinkWriter writer(sink);
  const uint32_t number = writer.bind(pairs());
  for (int64_t slice = 0; slice < kSlices; ++slice) {
    if (!landed.contains(std::to_string(slice))) {
      tell();
      land(writer, number, slice, kRows);
    }
  }
}

}  // namespace

TEST_CASE("files sink: no row is lost or doubled by kills at any instant", "[files][sink][crash]") {
  const std::string more =
      GENERATE("\"format\":\"csv\"", "\"compression\":\"gzip\"",
               "\"compression\":\"zstd\",\"rotate_size\":\"3kB\"", "\"rotate_size\":\"20kB\"");
  Fixture f(more);
  std::mt19937 random(11);
  int kills = 0;
  while (!sluice::test::run_and_kill([&](const auto& tell) { work(f.config(), tell); },
                                     static_cast<int>(random() % 8),
                                     static_cast<unsigned>(random() % 2000))) {
    REQUIRE(++kills < 1000);
  }
  CHECK(kills > 0);
  const auto rows = all_rows(f, "s*");
  CHECK(rows.size() == kSlices * kRows);
  CHECK(std::set<std::string>(rows.begin(), rows.end()).size() == kSlices * kRows);
  CHECK(kit::list(*f.sink()).size() == kSlices);
}
