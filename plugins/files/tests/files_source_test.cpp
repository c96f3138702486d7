// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <zlib.h>
#include <zstd.h>

#include <cmath>
#include <random>

#include "source_rig.hpp"
#include "support/temp_dir.hpp"

using rig::put_file;
using rig::read_slice;
using rig::Reading;
using sluice::Code;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

constexpr const char* kColumns =
    R"("columns":[{"name":"id","type":"int64","nullable":false},{"name":"price","type":"float64"},
       {"name":"name","type":"text"},{"name":"at","type":"timestamp"}],"key":["id"])";

struct Fixture {
  sluice::test::TempDir folder;
  kit::FakeHost host;
  std::unique_ptr<OpenPlugin> source;

  void open(const std::string& pattern, const std::string& more = kColumns) {
    source.reset();
    source = std::make_unique<OpenPlugin>(
        rig::tested(), host, SLUICE_KIND_SOURCE, "files",
        sluice::json::parse(R"({"paths":[")" + (folder / pattern) + "\"]," + more + "}"));
  }
  Reading read(const std::string& name, const rig::ReadOptions& options = {}) {
    return read_slice(*source, folder / name, options);
  }
};

using Rows = std::vector<std::string>;

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string many_lines(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += R"({"id":)" + std::to_string(i) + R"(,"price":)" + std::to_string(i) +
           R"(.25,"name":"row","at":"2024-01-01T00:00:00Z"})" + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("files source: NDJSON becomes typed rows", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.ndjson",
           "\xEF\xBB\xBF{\"id\":1,\"price\":1.5,\"name\":\"a\",\"at\":\"2024-01-01T00:00:00Z\"}\r\n"
           "\n"
           "{\"id\":2,\"price\":-2e3,\"name\":null,\"at\":\"2024-01-01T01:00:00.5+01:00\"}\n"
           "{\"name\":\"\\u00e4\\n\",\"id\":3}\n"
           "{\"id\":4,\"price\":\"4.25\",\"name\":5,\"at\":\"2024-01-01\"}");
  f.open("*.ndjson");
  const Reading r = f.read("a.ndjson");
  CHECK(r.rejects.empty());
  CHECK(r.rows == Rows{"1|1.5|a|1704067200000000", "2|-2000|NULL|1704067200500000",
                       "3|NULL|\xC3\xA4\n|NULL", "4|4.25|5|1704067200000000"});
  CHECK(r.end == SLUICE_END);
  CHECK(r.validator == rig::slices(*f.source).at(0).validator);
  CHECK(f.read("a.ndjson", {.last_validator = r.validator}).end == SLUICE_UNCHANGED);
}

TEST_CASE("files source: bad lines are rejected with their number and reading goes on",
          "[files][source]") {
  Fixture f;
  const std::string good =
      "{\"id\":1,\"price\":1,\"name\":\"a\",\"at\":\"2024-01-01T00:00:00Z\"}\n";
  const char* bad = GENERATE(
      "{\"id\":1.5}", "{\"id\":\"x\"}", "{\"price\":1}", "{\"id\":null}", "[1]", "7", "garbage",
      "{", "{\"id\":1", "{\"id\":1}}", "{\"id\":1} {\"id\":2}", "{\"id\":1,\"id\":2}",
      "{\"id\":1,}", "{\"id\":9223372036854775808}", "{\"id\":01}", "{\"id\":1,\"price\":1.}",
      "{\"id\":1,\"price\":.5}", "{\"id\":1,\"price\":+1}", "{\"id\":1,\"price\":NaN}",
      "{\"id\":1,\"price\":1e999}", "{\"id\":1,\"name\":\"\xFF\"}", "{\"id\":1,\"name\":\"a\tb\"}",
      "{\"id\":1,\"at\":\"2024-02-30T00:00:00Z\"}", "{\"id\":1,\"at\":\"2024-01-01T25:00:00Z\"}",
      "{\"id\":1,\"price\":true}", "{\"id\":1,\"price\":{}}", "{\"id\":1,\"name\":\"\\ud800\"}",
      "{\"id\":1,\"price\":1,\"name\":\"a\",\"at\":\"2024-01-01T00:00:00Z\"},",
      "{\"id\":1,\"price\":01,\"name\":\"a\",\"at\":\"2024-01-01T00:00:00Z\"}",
      "{\"id\":1,\"price\":1,\"name\":\"a\",\"at\":\"2024-01-01T00:00:00Z\"");
  put_file(f.folder / "a.ndjson", good + good + bad + "\n" + good);
  f.open("*.ndjson");
  const Reading r = f.read("a.ndjson");
  INFO(bad);
  REQUIRE(r.rejects.size() == 1);
  CHECK(r.rejects[0].find("a.ndjson:3: ") != std::string::npos);
  CHECK(r.rows == Rows(3, "1|1|a|1704067200000000"));
}

TEST_CASE("files source: the short cut and the parser agree on numbers", "[files][source]") {
  Fixture f;
  std::mt19937_64 random(7);
  std::string text;
  Rows expected;
  for (int i = 0; i < 3000; ++i) {
    double value = 0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    value =
        i % 3 == 0 ? static_cast<double>(static_cast<int64_t>(bits % 2'000'000)) / 1e4 - 50 : value;
    if (!std::isfinite(value)) {
      continue;
    }
    char number[40];
    std::snprintf(number, sizeof(number), "%.17g", value);
    text +=
        "{\"id\":" + std::to_string(static_cast<int64_t>(bits)) + ",\"price\":" + number + "}\n";
    expected.push_back(std::to_string(static_cast<int64_t>(bits)) + "|" + number + "|NULL|NULL");
  }
  put_file(f.folder / "a.ndjson", text);
  f.open("*.ndjson");
  const Reading r = f.read("a.ndjson");
  CHECK(r.rejects.empty());
  CHECK(r.rows == expected);
}

TEST_CASE("files source: a bad value becomes null by option and is counted", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.ndjson",
           "{\"id\":1,\"price\":\"dear\",\"new\":1}\n{\"id\":2,\"new\":[]}\n");
  f.open("*.ndjson", std::string(kColumns) + R"(,"bad_values":"null")");
  const Reading r = f.read("a.ndjson");
  CHECK(r.rows == Rows{"1|NULL|NULL|NULL", "2|NULL|NULL|NULL"});
  REQUIRE(r.notes.size() == 2);
  CHECK(r.notes[0].starts_with("unknown_field×2 "));
  CHECK(r.notes[1].starts_with("value_nulled×1 "));
}

TEST_CASE("files source: reading goes on at any resume point", "[files][source]") {
  Fixture f;
  const std::string text = many_lines(5000);
  const auto [name, content] = GENERATE_COPY(table<std::string, std::string>(
      {{"a.ndjson", text}, {"a.ndjson.gz", gzip(text)}, {"a.ndjson.zst", zstd(text)}}));
  put_file(f.folder / name, content);
  f.open("a.*");
  const Reading whole = f.read(name, {.target_bytes = 4096});
  REQUIRE(whole.rows.size() == 5000);
  REQUIRE(whole.states.size() > 3);
  for (std::size_t i = 0; i < whole.states.size(); i += 5) {
    const Reading rest = f.read(name, {.state = whole.states[i], .target_bytes = 4096});
    CHECK(rest.rows ==
          Rows(whole.rows.begin() + static_cast<std::ptrdiff_t>(whole.rows_at_state[i]),
               whole.rows.end()));
  }
  put_file(f.folder / name, content + " ");
  CHECK(kit::code_of([&, &file = name] { f.read(file, {.state = whole.states[1]}); }) ==
        Code::kBadState);
  CHECK(kit::code_of([&, &file = name] { f.read(file, {.state = "{}"}); }) == Code::kBadState);
}

TEST_CASE("files source: truncated packing is bad data", "[files][source]") {
  Fixture f;
  const std::string text = many_lines(2000);
  const auto [name, content] = GENERATE_COPY(
      table<std::string, std::string>({{"a.ndjson.gz", gzip(text)}, {"a.ndjson.zst", zstd(text)}}));
  f.open("a.*");
  put_file(f.folder / name, content.substr(0, content.size() - 9));
  CHECK(kit::code_of([&, &file = name] { f.read(file); }) == Code::kBadData);
  std::string damaged = content;
  damaged[content.size() / 2] = static_cast<char>(~damaged[content.size() / 2]);
  put_file(f.folder / name, damaged);
  try {
    f.read(name);  // zstd without a checksum may not notice
    CHECK(name == "a.ndjson.zst");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == Code::kBadData);
  }
}

TEST_CASE("files source: several gzip members are one file", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.ndjson.gz", gzip("{\"id\":1}\n{\"i") + gzip("d\":2}\n"));
  f.open("a.*");
  CHECK(f.read("a.ndjson.gz").rows == Rows{"1|NULL|NULL|NULL", "2|NULL|NULL|NULL"});
}

TEST_CASE("files source: CSV with quotes and newlines and a BOM", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.csv",
           "\xEF\xBB\xBFname,extra,id,price,at\r\n"
           "\"a,\"\"b\"\"\r\nc\",x,1,1.5,2024-01-01 00:00:00\r\n"
           "\"\",,2,,\r\n"
           "5\" pipe,y,3,0,2024-01-01T00:00:00Z\r\n"
           "short,1\r\n"
           "bad\"quote\" is text,z,4,-0.5,2024-01-01\n"
           "\"closed\"x,z,5,1,2024-01-01\n"
           "last,,6,6,");
  f.open("a.csv");
  const Reading r = f.read("a.csv");
  CHECK(r.rows == Rows{"1|1.5|a,\"b\"\r\nc|1704067200000000", "2|NULL||NULL",
                       "3|0|5\" pipe|1704067200000000",
                       "4|-0.5|bad\"quote\" is text|1704067200000000", "6|6|last|NULL"});
  REQUIRE(r.rejects.size() == 2);
  CHECK(r.rejects[0].find("a.csv:6: ") != std::string::npos);
  CHECK(r.rejects[1].find("a.csv:8: ") != std::string::npos);
}

TEST_CASE("files source: CSV without header and with another delimiter", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.csv", "1;1.5;x;NA\n2;NA;NA;2024-01-01\n");
  f.open("a.csv", std::string(kColumns) + R"(,"header":false,"delimiter":";","nulls":["NA"])");
  CHECK(f.read("a.csv").rows == Rows{"1|1.5|x|NULL", "2|NULL|NULL|1704067200000000"});
}

TEST_CASE("files source: an open quote costs one line and not the file", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.csv", "id,name\n1,\"open\n2,b\n3,c\n");
  f.open("a.csv");
  const Reading r = f.read("a.csv");
  CHECK(r.rejects.size() == 1);
  CHECK(r.rows == Rows{"2|NULL|b|NULL", "3|NULL|c|NULL"});
}

TEST_CASE("files source: a giant line is bounded", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.ndjson",
           "{\"id\":1}\n{\"id\":2,\"name\":\"" + std::string(3'000'000, 'x') + "\"}\n{\"id\":3}\n");
  f.open("a.*", std::string(kColumns) + R"(,"max_record":"64KiB")");
  const Reading r = f.read("a.ndjson");
  CHECK(r.rows == Rows{"1|NULL|NULL|NULL", "3|NULL|NULL|NULL"});
  REQUIRE(r.rejects.size() == 1);
  CHECK(r.rejects[0].find("a.ndjson:2: ") != std::string::npos);
}

TEST_CASE("files source: JSON documents are read by element", "[files][source]") {
  Fixture f;
  f.open("a.json");
  put_file(f.folder / "a.json",
           "[\n {\"id\":1,\"name\":\"]}\\\"\"},\n {\"id\":2}, 7,\n{\"id\":3}]\n");
  const Reading r = f.read("a.json");
  CHECK(r.rows == Rows{"1|NULL|]}\"|NULL", "2|NULL|NULL|NULL", "3|NULL|NULL|NULL"});
  CHECK(r.rejects.size() == 1);
  put_file(f.folder / "a.json", "[{\"id\":1},{\"id\":2}");
  CHECK(kit::code_of([&] { f.read("a.json"); }) == Code::kBadData);
  put_file(f.folder / "a.json", "[{\"id\":1},{\"id\":");
  CHECK(kit::code_of([&] { f.read("a.json"); }) == Code::kBadData);
  put_file(f.folder / "a.json", "[]");
  CHECK(f.read("a.json").rows.empty());
}

TEST_CASE("files source: nested values are kept whole in JSON columns", "[files][source]") {
  Fixture f;
  put_file(f.folder / "a.ndjson",
           "{\"id\":1,\"j\":{\"a\": [1, 2]}}\n{\"id\":2,\"j\":\"x\"}\n{\"id\":3,\"j\":{x}}\n");
  f.open("a.*", R"("columns":[{"name":"id","type":"int64"},{"name":"j","type":"json"}])");
  const Reading r = f.read("a.ndjson");
  CHECK(r.rows == Rows{"1|{\"a\": [1, 2]}", "2|\"x\""});
  CHECK(r.rejects.size() == 1);
}

TEST_CASE("files source: columns are found once and then kept", "[files][source]") {
  Fixture f;
  put_file(
      f.folder / "a.ndjson",
      "{\"i\":1,\"f\":1,\"b\":true,\"t\":\"2024-01-01T00:00:00Z\",\"d\":\"2024-01-01\","
      "\"s\":\"x\",\"j\":[],\"n\":null}\n{\"i\":2,\"f\":2.5,\"s\":\"2024-01-01\",\"late\":1}\n");
  f.open("*.ndjson", R"("stream":"found")");
  const auto types = [&] {
    std::string out;
    const sluice::Stream stream = rig::discover(*f.source);
    for (const auto& column : stream.columns()) {
      out += column.name + ":" + std::string(sluice::type_name(column.type)) + " ";
    }
    return out;
  };
  const std::string found =
      "i:int64 f:float64 b:bool t:timestamp[us, UTC] d:date32 s:utf8 j:json n:utf8 late:int64 ";
  CHECK(types() == found);
  put_file(f.folder / "0.ndjson", "{\"i\":\"now a text\",\"fresh\":1}\n");
  f.open("*.ndjson", R"("stream":"found")");
  CHECK(types() == found);
  const Reading r = f.read("0.ndjson");
  CHECK(r.rejects.size() == 1);
}

TEST_CASE("files source: a file changed while it is read is read again", "[files][source]") {
  Fixture f;
  f.open("*.ndjson");
  CHECK(kit::code_of([&] { f.read("gone.ndjson"); }) == Code::kNotFound);
  CHECK(rig::slices(*f.source).empty());
  put_file(f.folder / "b.ndjson", "");
  put_file(f.folder / "a.ndjson", "{\"id\":1}\n");
  const auto slices = rig::slices(*f.source);
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].key == f.folder / "a.ndjson");
  CHECK(f.read("b.ndjson").rows.empty());
}

TEST_CASE("files source: hostile bytes never do more than reject", "[files][source]") {
  Fixture f;
  f.open("a.*");
  std::mt19937 random(GENERATE(range(1U, 6U)));
  const std::string base = many_lines(20) + "id,price,name,at\n1,2,\"a\",\n[{}]";
  for (const char* name : {"a.ndjson", "a.csv", "a.json", "a.ndjson.gz", "a.ndjson.zst"}) {
    for (int round = 0; round < 30; ++round) {
      std::string text = name == std::string("a.ndjson.gz")    ? gzip(base)
                         : name == std::string("a.ndjson.zst") ? zstd(base)
                                                               : base;
      for (int i = 0; i < 8; ++i) {
        text[random() % text.size()] = static_cast<char>(random());
      }
      text.resize(random() % (text.size() + 1));
      put_file(f.folder / name, text);
      Code code = Code::kBadData;
      std::size_t rows = 0;
      try {
        rows = f.read(name).rows.size();
      } catch (const sluice::Error& error) {
        code = error.code();
      }
      CHECK(code == Code::kBadData);
      CHECK(rows < 100);
    }
  }
}

TEST_CASE("files readme: shows the sample as it is", "[files][source]") {
  const std::string sample = rig::get_file("plugins/files/sample.toml");
  CHECK_FALSE(sample.empty());
  CHECK(rig::get_file("plugins/files/README.md").find(sample) != std::string::npos);
}

TEST_CASE("files source: the sample of candles is read as the pipeline reads it",
          "[files][source]") {
  kit::FakeHost host;
  const std::string path = "plugins/files/tests/cases/candles/candles.ndjson";
  const OpenPlugin source(
      rig::tested(), host, SLUICE_KIND_SOURCE, "files",
      sluice::json::parse(R"({"paths":[")" + path +
                          R"("],"stream":"candles","key":["symbol","time"],"columns":[
      {"name":"symbol","nullable":false},
      {"name":"time","type":"timestamp","field":"open_time","time_format":"unix_ms"},
      {"name":"close","type":"decimal","precision":12,"scale":2},{"name":"trades","type":"int32"}]})"));
  const Reading r = read_slice(source, path);
  CHECK(r.rejects.empty());
  REQUIRE(r.rows.size() == 60);
  CHECK(r.rows[0] == "BTCUSDT|1704067200000000|42010.32|1565");
}
