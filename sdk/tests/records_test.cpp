// SPDX-License-Identifier: Apache-2.0
//
// Records into rows: lenient where the meaning is plain, loud where it is not, never the end of a
// run.
#include <catch2/catch.hpp>
#include <random>

#include "sluice/cpp/json_stream.hpp"
#include "sluice/cpp/records.hpp"
#include "sluice/testing/testing.hpp"

using namespace sluice;                // NOLINT: a test of this namespace
using namespace sluice::testing;       // NOLINT
using namespace std::chrono_literals;  // NOLINT

namespace {

constexpr auto kUrl = "https://example.org/items";

// Every type, nullable, besides a key.
Stream everything() {
  Stream stream("s", Kind::kSnapshot);
  stream.key("id", "region").col("id", Type::kInt64, {.source_name = "/id"});
  const std::pair<const char*, Type> types[] = {
      {"b", Type::kBool},       {"i", Type::kInt32},      {"l", Type::kInt64},
      {"d", Type::kFloat64},    {"m", Type::kDecimal128}, {"t", Type::kUtf8},
      {"T", Type::kLargeUtf8},  {"x", Type::kBinary},     {"day", Type::kDate32},
      {"at", Type::kTimestamp}, {"j", Type::kJson}};
  for (const auto& [name, type] : types) {
    stream.col(name, type, {.source_name = name, .precision = 38, .scale = 18});
  }
  return stream.col("ms", Type::kTimestamp, {.source_name = "/ms"})
      .col("s", Type::kTimestamp, {.source_name = "/s"})
      .col("kind", Type::kUtf8, {.source_name = "/quality/type"})
      .col("quality", Type::kJson, {.source_name = "/quality"})
      .col("second", Type::kInt32, {.source_name = "/list/1"})
      .col("region", Type::kUtf8, {.source_name = "/region"})
      .col("inner", Type::kUtf8, {.source_name = "/outer/inner"})
      .col("removed_at", Type::kTimestamp);
}

Stream pairs() {
  return Stream("pairs", Kind::kSnapshot)
      .key("at")
      .col("at", Type::kTimestamp, {.source_name = "/0"})
      .col("price", Type::kFloat64, {.source_name = "/1"});
}

struct Records {
  static constexpr auto id = "records", name = "Records", version = "1.0.0";
  static std::vector<Stream> streams() { return {everything(), pairs()}; }
  struct Reader {
    JsonStream items;
    RecordDecoder decoder;
    bool pairs;
    Reader(Host& host, const NoConfig&, const ReadRequest& request)
        : items(host.open(kUrl), "/items"),
          decoder(request.stream() == "s" ? everything() : ::pairs(), request),
          pairs(request.stream() == "pairs") {
      if (pairs) {
        decoder.epoch("at", 1ms).optional("price");
      } else {
        decoder.epoch("ms", 1ms).epoch("s", 1s).ignore("/_links").ignore("/outer");
      }
    }
    bool next(Batch& out) {
      for (int left = 1000; left > 0; --left) {
        if (!items.next()) {
          return false;
        }
        pairs ? decoder.row(out, items.text()) : decoder.row(out, items.text(), {{"region", "eu"}});
      }
      return true;
    }
  };
};

SourceRun run(const std::string& items, const std::string& stream = "s") {
  FakeHost host;
  host.http.on(kUrl, {.body = "{\"items\":" + items + "}"});
  SourceRun out = run_source(Plugin::of<Records>(), host, json::object(), {.stream = stream});
  INFO((out.error ? out.error->message() : ""));
  CHECK(out.end == SLUICE_END);
  return out;
}

// The one row of a record that holds `field` besides its key.
json row_of(const std::string& field, SourceRun* whole = nullptr) {
  auto out = run("[{\"id\":1," + field + "}]");
  REQUIRE(out.rows.size() == 1);
  json row = out.rows[0];
  if (whole != nullptr) {
    *whole = std::move(out);
  }
  return row;
}

uint64_t noted(const SourceRun& run, const std::string& code, const std::string& part) {
  uint64_t count = 0;
  for (const auto& note : run.notes) {
    count += note.code == code && note.text.find(part) != std::string::npos ? note.count : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("records: each type takes what plainly means it", "[sdk]") {
  const auto is = [](const std::string& column, const std::string& given, const json& wanted) {
    CAPTURE(column, given);
    SourceRun whole;
    CHECK(row_of("\"" + column + "\":" + given, &whole)[column] == wanted);
    CHECK(noted(whole, "mistyped_field", "`" + column + "`") == 0);
  };
  is("b", "true", true);
  is("b", "\"False\"", false);
  is("b", "1", true);
  is("b", "\"0\"", false);
  for (const char* five : {"5", "\"5\"", "5.0", "\"5.000\"", "50e-1", "\" +5 \"", "0.5e1"}) {
    is("i", five, 5);
    is("l", five, 5);
    is("d", five, 5.0);
  }
  is("l", "9223372036854775807", std::numeric_limits<int64_t>::max());
  is("l", "\"-9223372036854775808\"", std::numeric_limits<int64_t>::min());
  is("d", "0.1", 0.1);
  is("d", "-1.7976931348623157e308", -1.7976931348623157e308);
  is("m", "0.1", "0.100000000000000000");
  is("m", "\"12345678901234567890.123456789012345678\"", "12345678901234567890.123456789012345678");
  is("m", "1e-18", "0.000000000000000001");
  is("t", "\"a\\u00e9\\ud83d\\ude00\\n\\\"\"", "a\u00e9\U0001F600\n\"");
  is("t", "\"\\ud83d!\"", "\uFFFD!");
  is("t", "\"\"", "");
  is("t", "12.50", "12.50");
  is("t", "true", "true");
  is("T", "\"x\"", "x");
  is("day", "\"2024-02-29\"", "2024-02-29");
  is("day", "\"2024-02-29T00:30:00+02:00\"", "2024-02-29");
  for (const char* time :
       {"\"2024-01-31T12:00:00Z\"", "\"2024-01-31T12:00:00.000Z\"", "\"2024-01-31T13:00:00+01:00\"",
        "\"2024-01-31T13:00:00+0100\"", "\"2024-01-31 12:00:00\"", "\"2024-01-31T12:00\""}) {
    is("at", time, "2024-01-31T12:00:00Z");
    is("ms", time, "2024-01-31T12:00:00Z");
  }
  is("at", "\"2024-01-31\"", "2024-01-31T00:00:00Z");
  is("ms", "1706702400000", "2024-01-31T12:00:00Z");
  is("ms", "\"1706702400000\"", "2024-01-31T12:00:00Z");
  is("ms", "1.7067024e12", "2024-01-31T12:00:00Z");
  is("s", "1706702400", "2024-01-31T12:00:00Z");
  is("s", "1706702400.1234567", "2024-01-31T12:00:00.123456Z");
  is("j", "{\"a\": [1, 2]}", {{"a", {1, 2}}});
  is("j", "\"text\"", "text");
  is("j", "1.50", 1.5);
}

TEST_CASE("records: what means nothing of a type is null with a note", "[sdk]") {
  const auto null = [](const std::string& column, const std::string& given) {
    CAPTURE(column, given);
    SourceRun whole;
    CHECK(row_of("\"" + column + "\":" + given, &whole)[column].is_null());
    CHECK(noted(whole, "mistyped_field", "`" + column + "`") == 1);
  };
  const std::pair<const char*, std::vector<const char*>> bad[] = {
      {"b", {"2", "\"yes\"", "\"\"", "[]", "{}", "0.5"}},
      {"i", {"2147483648", "5.5", "\"x\"", "\"\"", "true", "[5]", "{}", "1e99999999999"}},
      {"l",
       {"9223372036854775808", "-9223372036854775809", "18446744073709551615", "5.1", "\"0x10\"",
        "\"1_000\"", "\"5 5\"", "\"\\u0000\""}},
      {"d", {"1e999", "\"NaN\"", "\"inf\"", "true", "\"1,5\"", "[]"}},
      {"m", {"1e-19", "123456789012345678901", "\"1.\"", "false", "\"--1\"", "1e400"}},
      {"t", {"[]", "{\"a\":1}"}},
      {"T", {"[]", "{}"}},
      {"x", {"{}"}},
      {"day", {"\"2023-02-29\"", "1706702400", "\"soon\"", "{}", "\"2024\""}},
      {"at",
       {"\"2024-13-01T00:00:00Z\"", "1706702400", "\"\"", "true", "\"2024-01-31T25:00:00Z\""}},
      {"ms", {"1e30", "\"soon\"", "[]", "9223372036854775807"}},
      {"s", {"\"2024-01-31T12:00:60:00Z\"", "9e18"}}};
  for (const auto& [column, values] : bad) {
    for (const char* value : values) {
      null(column, value);
    }
  }
  SourceRun whole;
  CHECK(row_of("\"b\":null,\"quality\":null", &whole)["b"].is_null());
  CHECK(noted(whole, "missing_field", "") == 14);  // all but these, what is in them, and the fixed
  CHECK(noted(whole, "missing_field", "`b`") == 0);
  CHECK(noted(whole, "mistyped_field", "") == 0);
}

TEST_CASE("records: a field that may be missing is not noted", "[sdk]") {
  const SourceRun whole = run("[[1],[2,\"dear\"]]", "pairs");
  REQUIRE(whole.rows.size() == 2);
  CHECK(whole.rows[0]["price"].is_null());
  CHECK(noted(whole, "missing_field", "") == 0);
  CHECK(noted(whole, "mistyped_field", "price") == 1);
}

TEST_CASE("records: numbers of any length and nesting of any depth do no harm", "[sdk]") {
  const std::string digits(200'000, '9');
  SourceRun whole;
  json row =
      row_of("\"i\":" + digits + ",\"l\":\"" + digits + "\",\"d\":" + digits + ",\"m\":0." +
                 digits + ",\"s\":" + digits + ",\"ms\":1e" + digits + ",\"at\":\"" + digits + "\"",
             &whole);
  for (const char* column : {"i", "l", "d", "m", "s", "ms", "at"}) {
    CHECK(row[column].is_null());
  }
  CHECK(noted(whole, "mistyped_field", "") == 7);
  for (const auto& note : whole.notes) {
    CHECK(note.text.size() < 300);
  }
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  row = row_of("\"deep\":" + deep + ",\"j\":" + deep, &whole);
  CHECK(row["j"] == json::parse(deep));
  CHECK(noted(whole, "unknown_field", "`/deep`") == 1);
}

TEST_CASE("records: a bad key or required field rejects the record with its place", "[sdk]") {
  const auto out = run(
      R"([{"id":1},{"id":null},{"i":2},{"id":"x"},{"id":3.5},[1],null,7,{"id":"4"},{"id":[1],"t":"\u00e9"}])");
  CHECK(out.rows.size() == 2);
  CHECK(out.rows.at(1)["id"] == 4);
  CHECK(out.rows.at(1)["region"] == "eu");
  REQUIRE(out.rejects.size() == 8);
  CHECK(out.rejects[0].reason == "/id: is null.");
  CHECK(out.rejects[1].reason == "/id: is missing.");
  CHECK(out.rejects[1].record == R"({"i":2})");
  CHECK(out.rejects[2].reason == "/id: holds a text, \"x\", where int64 is wanted.");
  CHECK(out.rejects[2].rule == "required_field");
  CHECK(out.rejects[4].rule == "record_shape");
  CHECK(out.rejects[7].record == R"({"id":[1],"t":"\u00e9"})");
}

TEST_CASE("records: goes into objects and arrays and keeps them whole beside", "[sdk]") {
  SourceRun whole;
  const json row =
      row_of(R"("quality":{"new":1,"type":"EPIC"},"list":[1,2,3],"_links":{"a":1})", &whole);
  CHECK(row["kind"] == "EPIC");
  CHECK(row["quality"] == json({{"new", 1}, {"type", "EPIC"}}));
  CHECK(row["second"] == 2);
  CHECK(noted(whole, "unknown_field", "") == 0);
  CHECK(row_of(R"("outer":{"x":1,"inner":"in"})", &whole)["inner"] == "in");
  CHECK(noted(whole, "unknown_field", "") == 0);
  CHECK(row_of(R"("quality":7,"list":{"1":5})")["kind"].is_null());
  CHECK(row_of(R"("quality":[{"type":"A"}],"list":{"1":5})")["second"] == 5);
  CHECK(row_of(R"("quality":{"type":1,"type":"last"})")["kind"] == "last");
  CHECK(row_of(R"("qu\u0061lity":{"t\u0079pe":"A"})")["kind"] == "A");
}

TEST_CASE("records: unknown fields are counted by name up to a bound", "[sdk]") {
  std::string items = "[";
  for (int i = 0; i < 3000; ++i) {
    items += (i == 0 ? "" : ",") +
             std::string("{\"id\":1,\"a/b\":{\"inner\":1},\"\\u0061\":1,\"n") + std::to_string(i) +
             "\":0}";
  }
  const auto out = run(items + "]");
  CHECK(out.rows.size() == 3000);
  CHECK(noted(out, "unknown_field", "`/a~1b`") == 3000);
  CHECK(noted(out, "unknown_field", "`/a`") == 3000);
  CHECK(noted(out, "unknown_field", "") == 9000);
  CHECK(noted(out, "unknown_field", "64") == 3000 - 62);
  CHECK(noted(out, "missing_field", "`l`") == 3000);
  CHECK(out.notes.size() < 300);  // not per row, but per batch
}

TEST_CASE("records: bytes that are no UTF-8 cost the character and not the record", "[sdk]") {
  SourceRun whole;
  CHECK(row_of("\"t\":\"a\xFF"
               "b\xC3\",\"j\":[\"\xE2\x82\"]",
               &whole)["t"] == "a\uFFFDb\uFFFD");
  CHECK(noted(whole, "invalid_utf8", "") == 1);
  CHECK(row_of("\"t\":\"a\\u0000b\"")["t"] == std::string("a\0b", 3));
}

TEST_CASE("records: an array is a record where columns point into it", "[sdk]") {
  const auto out = run(
      "[[1706702400000,1.5],[1706702400000],[null,2],{\"0\":1706702400000,\"1\":2},[]]", "pairs");
  REQUIRE(out.rows.size() == 3);
  CHECK(out.rows[0] == json({{"at", "2024-01-31T12:00:00Z"}, {"price", 1.5}}));
  CHECK(out.rows[1]["price"].is_null());
  CHECK(out.rejects.size() == 2);
}

TEST_CASE("records: cut and mutated records fail in order or become rows", "[sdk]") {
  const Stream stream = everything();
  SourceRun told;
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  const sluice_observer_t observer = observe(told);
  const ReadRequest wanted(&request, &observer);
  wanted.begin_next();
  RecordDecoder decoder(stream, wanted);
  Batch batch(stream);
  const std::string base =
      R"({"id":1,"b":true,"l":5,"d":1.5,"m":"0.1","t":"x\n","j":{"a":[1]},"quality":{"type":"E"},"list":[1,2]})";
  for (std::size_t size = 0; size < base.size(); ++size) {
    const auto rows = batch.rows();
    bool made = false;
    try {
      made = decoder.row(batch, base.substr(0, size), {{"region", "eu"}});
    } catch (const Error& error) {
      CHECK(error.code() == Code::kBadData);
    }
    CHECK_FALSE(made);
    CHECK(batch.rows() == rows);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 50000; ++round) {
    std::string text = base;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const auto rows = batch.rows();
    bool made = false;
    try {
      made = decoder.row(batch, text, {{"region", "eu"}});
    } catch (const Error& error) {
      CHECK(error.code() == Code::kBadData);
    }
    REQUIRE(batch.rows() == rows + (made ? 1 : 0));
    told.rejects.clear();
    if (batch.full()) {
      batch.clear();
    }
  }
  (void)batch.finish();
  decoder.flush();
  CHECK(told.notes.size() < 200);
  CHECK(code_of([&] { decoder.epoch("none", 1s); }) == Code::kInternal);
}

TEST_CASE("records: the whole record goes into a column on request", "[sdk]") {
  Stream stream("s", Kind::kSnapshot);
  stream.col("raw", Type::kJson)
      .col("id", Type::kInt32, {.nullable = false, .source_name = "id"})
      .col("n", Type::kFloat64, {.source_name = "n"})
      .col("at", Type::kTimestamp);
  SourceRun told;
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  const sluice_observer_t observer = observe(told);
  const ReadRequest wanted(&request, &observer);
  wanted.begin_next();
  RecordDecoder decoder(stream, wanted);
  decoder.whole("raw").null("n", "-1").null("n", "n/a");
  Batch batch(stream);
  CHECK(decoder.row(batch, R"( {"id":1,"n":-1,"x":{"y":2}} )", {{"at", AnyText{"2024-01-31"}}}));
  CHECK(decoder.value("id").raw == "1");
  CHECK(decoder.row(batch, R"({"id":2,"n":"n/a"})"));
  CHECK(decoder.row(batch, R"({"id":3,"n":"-1.5"})"));
  CHECK(batch.rows() == 3);
  wanted.end_next();
  CHECK(told.notes.empty());
  const auto rows = to_rows(stream, batch.finish().get());
  CHECK(rows.at(0)["raw"] == json({{"id", 1}, {"n", -1}, {"x", {{"y", 2}}}}));
  CHECK(rows.at(0)["at"] == "2024-01-31T00:00:00Z");
  CHECK(rows.at(0)["n"].is_null());
  CHECK(rows.at(1)["n"].is_null());
  CHECK(rows.at(2)["n"] == -1.5);
}

TEST_CASE("records: text for any column is read as a field of the record", "[sdk]") {
  Stream stream("s", Kind::kSnapshot);
  stream.col("at", Type::kTimestamp)
      .col("day", Type::kDate32, {.nullable = false})
      .col("x", Type::kInt32, {.source_name = "x"});
  SourceRun told;
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  const sluice_observer_t observer = observe(told);
  const ReadRequest wanted(&request, &observer);
  wanted.begin_next();
  RecordDecoder decoder(stream, wanted);
  decoder.epoch("at", 1ms).null("at", "never").epoch("day", 1s);
  Batch batch(stream);
  const auto row = [&](std::string_view at, std::string_view day) {
    return decoder.row(batch, R"({"x":1})", {{"at", AnyText{at}}, {"day", AnyText{day}}});
  };
  CHECK(row("1706702400123", "1706702400"));
  CHECK(row("never", "2024-01-31"));
  CHECK(row("soon", "2024-01-31"));
  CHECK_FALSE(row("1706702400123", "_meta"));
  wanted.end_next();
  CHECK(batch.rows() == 3);
  REQUIRE(told.rejects.size() == 1);
  CHECK(told.rejects[0].reason == "day: holds a text, _meta, where date32 is wanted.");
  REQUIRE(told.notes.size() == 1);
  CHECK(noted(told, "mistyped_field", "`at`") == 1);
  const auto rows = to_rows(stream, batch.finish().get());
  CHECK(rows.at(0) ==
        json({{"at", "2024-01-31T12:00:00.123000Z"}, {"day", "2024-01-31"}, {"x", 1}}));
  CHECK(rows.at(1)["at"].is_null());
  CHECK(rows.at(2)["at"].is_null());
}

TEST_CASE("records: optional columns and ignored fields are not noted", "[sdk]") {
  Stream stream("s", Kind::kSnapshot);
  stream.col("a", Type::kInt32, {.source_name = "/a"})
      .col("b", Type::kInt32, {.source_name = "/b"});
  SourceRun told;
  sluice_read_request_t request{};
  request.struct_size = sizeof(request);
  const sluice_observer_t observer = observe(told);
  const ReadRequest wanted(&request, &observer);
  wanted.begin_next();
  RecordDecoder decoder(stream, wanted);
  decoder.optional("a").ignore("");
  Batch batch(stream);
  CHECK(decoder.row(batch, R"({"x":{"y":2},"z":3})"));
  CHECK(decoder.row(batch, R"({"a":"no number","b":1})"));
  wanted.end_next();
  CHECK(noted(told, "unknown_field", "") == 0);
  CHECK(noted(told, "missing_field", "") == 1);  // of b
  CHECK(noted(told, "mistyped_field", "/a") == 1);
  CHECK(to_rows(stream, batch.finish().get()).at(1)["b"] == 1);
}
