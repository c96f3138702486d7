// SPDX-License-Identifier: Apache-2.0
//
// Building and reading Arrow batches, with arrays as a hostile peer would send them.
#include <catch2/catch.hpp>
#include <sluice/cpp/stream_parse.hpp>
#include <sluice/testing/rows.hpp>
#include <thread>

#include "components.hpp"

using namespace sluice;           // NOLINT: a test of this namespace
using namespace sluice::testing;  // NOLINT

namespace {

std::vector<json> sample_rows() {
  return {{{"id", 1},
           {"flag", true},
           {"small", -5},
           {"real", 1.5},
           {"money", "12345.6789"},
           {"text", "Größe"},
           {"long_text", "x"},
           {"raw", "\x01\x02"},
           {"day", "2024-02-29"},
           {"ts", "2024-02-29T12:00:00.000001Z"},
           {"doc", {{"a", {1, nullptr}}}}},
          {{"id", 2},
           {"flag", nullptr},
           {"small", nullptr},
           {"real", nullptr},
           {"money", nullptr},
           {"text", nullptr},
           {"long_text", nullptr},
           {"raw", nullptr},
           {"day", nullptr},
           {"ts", nullptr},
           {"doc", nullptr}}};
}

std::string message_of(const Stream& stream, const ArrowArray* array) {
  try {
    const BatchView view(stream, array);
  } catch (const Error& e) {
    REQUIRE(e.code() == Code::kBadData);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("a declaration survives the way across the ABI") {
  Stream stream = sdk_test::every_type();
  stream.index("text", "day")
      .references({"small"}, "others", {"id"})
      .seq("small")
      .time("ts")
      .lag(std::chrono::minutes(3))
      .refresh(std::chrono::hours(1))
      .max_keys(100)
      .unordered();
  const Stream back = from_schema(to_schema(stream).get(), "every");
  CHECK(back.kind() == Kind::kSnapshot);
  CHECK(back.key_columns() == Stream::Names{"id"});
  CHECK(back.indexes() == std::vector<Stream::Names>{{"text", "day"}});
  CHECK(back.references().at(0).stream == "others");
  CHECK(back.seq() == "small");
  CHECK(back.lag() == std::chrono::minutes(3));
  CHECK(back.refresh() == std::chrono::hours(1));
  CHECK(back.max_keys() == 100);
  CHECK(back.is_unordered());
  REQUIRE(back.columns().size() == stream.columns().size());
  for (std::size_t i = 0; i < back.columns().size(); ++i) {
    CHECK(back.columns()[i].type == stream.columns()[i].type);
    CHECK(back.nullable(back.columns()[i]) == stream.nullable(stream.columns()[i]));
  }
  CHECK(back.columns()[4].options.scale == 4);
  CHECK(back.columns()[3].options.unit == "K");
}

TEST_CASE("a declaration that contradicts itself is refused with its place") {
  CHECK_THROWS_WITH(to_schema(Stream("s", Kind::kSnapshot)), Catch::Contains("no columns"));
  CHECK_THROWS_WITH(to_schema(Stream("s", Kind::kSeries).col("a", Type::kInt64)),
                    Catch::Contains("needs a time column"));
  CHECK_THROWS_WITH(to_schema(Stream("s", Kind::kFiles).key("b").col("a", Type::kInt64)),
                    Catch::Contains("names the column 'b'"));
  CHECK_THROWS_WITH(
      to_schema(Stream("s", Kind::kFiles).col("a", Type::kInt64).col("a", Type::kInt64)),
      Catch::Contains("declared twice"));
}

TEST_CASE("schemas that are not understood are refused") {
  Schema schema = to_schema(Stream("s", Kind::kFiles).col("a", Type::kInt64));
  auto* column = schema.get()->children[0];
  for (const char* format : {"", "L", "tss:UTC", "d:99,1", "d:10", "w:8", "+l"}) {
    column->format = format;
    CHECK_THROWS_AS(from_schema(schema.get(), "s"), Error);
  }
  CHECK_THROWS_AS(from_schema(nullptr, "s"), Error);
}

TEST_CASE("every type, with and without nulls, reads as it was written") {
  const Array array = from_rows(sdk_test::every_type(), sample_rows());
  CHECK(to_rows(sdk_test::every_type(), array.get()) == sample_rows());
}

TEST_CASE("offsets of the struct and of its columns are honoured") {
  const Stream stream = sdk_test::every_type();
  std::vector<json> rows;
  for (int i = 0; i < 20; ++i) {
    rows.push_back(sample_rows()[static_cast<std::size_t>(i % 2)]);
    rows.back()["id"] = i;
  }
  const Array array = from_rows(stream, rows);
  ArrowArray cut = *array.get();  // a borrowed window; never released
  cut.offset = 3;
  cut.length = 9;
  for (int64_t i = 0; i < cut.n_children; ++i) {
    cut.children[i]->offset = 2;
    cut.children[i]->length -= 2;
  }
  const auto read = to_rows(stream, &cut);
  CHECK(read == std::vector<json>(rows.begin() + 5, rows.begin() + 14));
  for (int64_t i = 0; i < cut.n_children; ++i) {
    cut.children[i]->offset = 0;
    cut.children[i]->length += 2;
  }
}

TEST_CASE("hostile arrays are refused before a byte of them is read") {
  const Stream stream = sdk_test::every_type();
  Array owned = from_rows(stream, sample_rows());
  auto* array = const_cast<ArrowArray*>(owned.get());
  const auto column = [&](const char* name) { return array->children[stream.find(name)]; };
  CHECK(message_of(stream, array).empty());

  SECTION("length and offset") {
    for (const int64_t bad : {int64_t{-1}, INT64_MIN, INT64_MAX}) {
      array->length = bad;
      CHECK_THAT(message_of(stream, array), Catch::Contains("length or offset"));
      array->length = 2;
      array->offset = bad;
      CHECK_THAT(message_of(stream, array), Catch::Contains("length or offset"));
      array->offset = 0;
      column("real")->offset = bad;
      CHECK_THAT(message_of(stream, array), Catch::Contains("'real'"));
      column("real")->offset = 0;
    }
    column("text")->length = 1;
    CHECK_THAT(message_of(stream, array), Catch::Contains("has 1 rows where the batch has 2"));
    column("text")->length = 2;
  }
  SECTION("columns") {
    array->n_children = 3;
    CHECK_THAT(message_of(stream, array), Catch::Contains("has 3 columns where 11"));
    array->n_children = 11;
    auto* const kept = array->children[1];
    array->children[1] = nullptr;
    CHECK_THAT(message_of(stream, array), Catch::Contains("'flag' is released"));
    array->children[1] = kept;
  }
  SECTION("buffers") {
    column("text")->n_buffers = 2;
    CHECK_THAT(message_of(stream, array), Catch::Contains("buffers of its type"));
    column("text")->n_buffers = 3;
    const void*& values = column("small")->buffers[1];
    const void* const kept = std::exchange(values, nullptr);
    CHECK_THAT(message_of(stream, array), Catch::Contains("no buffer that holds them"));
    values = kept;
    const void*& validity = column("small")->buffers[0];
    const void* const bits = std::exchange(validity, nullptr);
    CHECK_THAT(message_of(stream, array), Catch::Contains("no validity buffer"));
    validity = bits;
    column("small")->null_count = 3;
    CHECK_THAT(message_of(stream, array), Catch::Contains("impossible count"));
    column("small")->null_count = 1;
  }
  SECTION("text offsets") {
    auto* offsets = static_cast<int32_t*>(const_cast<void*>(column("text")->buffers[1]));
    const int32_t kept = offsets[1];
    for (const int32_t bad : {-1, INT32_MAX, INT32_MIN}) {
      offsets[1] = bad;
      CHECK_THAT(message_of(stream, array), Catch::Contains("negative or go back"));
    }
    offsets[1] = kept;
    offsets[0] = -4;
    CHECK_THAT(message_of(stream, array), Catch::Contains("negative or go back"));
    offsets[0] = 0;
  }
  SECTION("a null in the key") {
    uint8_t none = 0;
    column("id")->buffers[0] = &none;
    column("id")->null_count = -1;  // not counted yet, as Arrow allows
    CHECK_THAT(message_of(stream, array), Catch::Contains("'id' is not nullable, but row 0"));
    column("id")->buffers[0] = nullptr;
    column("id")->null_count = 0;
  }
}

TEST_CASE("a row that does not fit leaves the batch as it was") {
  Batch batch(sdk_test::every_type());
  const auto row = [&](auto id, auto flag, auto money) {
    batch.row(id, flag, 1, 1.0, money, "t", "l", "r", 1, 1, "{}");
  };
  row(1, true, "1.5");
  CHECK_THROWS_WITH(row(2, "yes", "1.5"), Catch::Contains("'flag' is declared as bool"));
  CHECK_THROWS_WITH(row(nullptr, true, "1.5"), Catch::Contains("'id' is declared not nullable"));
  CHECK_THROWS_WITH(row(2, true, "1.55555"), Catch::Contains("more digits after the point"));
  CHECK_THROWS_WITH(batch.row(1), Catch::Contains("has 11 columns"));
  CHECK(batch.rows() == 1);
  row(2, std::optional<bool>{}, std::nullopt);
  const auto rows = to_rows(batch.stream(), batch.finish().get());
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["money"] == "1.5000");
  CHECK(rows[1]["money"].is_null());
}

TEST_CASE("a short batch of many columns holds little beside its values") {
  constexpr int64_t kRows = 200;
  Stream wide("wide", Kind::kSnapshot);
  for (int i = 0; i < 300; ++i) {
    wide.col("c" + std::to_string(i), Type::kInt64);
  }
  Batch batch(wide);
  for (int64_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < 300; ++i) {
      batch.col<int64_t>(i).append(row);
    }
  }
  const uint64_t told = batch.bytes();
  const Array array = batch.finish();
  const auto* store = static_cast<const sluice::detail::BatchStore*>(array.get()->private_data);
  CHECK(store->bytes() < told * 3 / 2);
}

TEST_CASE("columns of different length are told, not sent") {
  Batch batch(Stream("s", Kind::kFiles).col("a", Type::kInt64).col("b", Type::kInt64));
  batch.col<int64_t>("a").append(1);
  CHECK_THROWS_WITH(batch.finish(), Catch::Contains("'b'") && Catch::Contains("has 0 rows"));
  CHECK_THROWS_AS(batch.col<double>("a"), Error);
  CHECK_THROWS_AS(batch.col<int64_t>("c"), Error);
}

TEST_CASE("text past what its offsets address is an error") {
  Batch batch(Stream("s", Kind::kFiles).col("a", Type::kUtf8));
  auto& column = batch.col<std::string_view>("a");
  const char byte = 'x';
  // The length alone decides: nothing is copied before the check.
  CHECK_THROWS_WITH(column.append(std::string_view(&byte, uint64_t{1} << 31U)),
                    Catch::Contains("more than 2 GiB"));
  column.append("ok");
  CHECK(batch.finish()->length == 1);
}

TEST_CASE("buffers are used again once released, also in parts and on other threads") {
  Batch batch(Stream("s", Kind::kFiles).col("a", Type::kInt64).col("b", Type::kUtf8));
  const auto fill = [&] {
    batch.row(1, "x");
    return batch.finish();
  };
  Array first = fill();
  Array second = fill();
  const void* const buffer = first->children[0]->buffers[1];
  CHECK(second->children[0]->buffers[1] != buffer);
  ArrowArray child = *first->children[0];  // moved out, as the specification allows
  first->children[0]->release = nullptr;
  std::thread([&] { first.reset(); }).join();
  CHECK(static_cast<const int64_t*>(child.buffers[1])[0] == 1);
  std::thread([&] { child.release(&child); }).join();
  (void)fill();  // the batch holds one store already; the next one is the released
  const Array third = fill();
  const Array fourth = fill();
  CHECK((third->children[0]->buffers[1] == buffer || fourth->children[0]->buffers[1] == buffer));
}

TEST_CASE("many rows with nulls here and there keep their bits") {
  Batch batch(Stream("s", Kind::kFiles).col("a", Type::kInt32).col("f", Type::kBool));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i) {
      batch.row(i % 7 == 0 && round != 1 ? std::nullopt : std::optional<int>(i), i % 3 == 0);
    }
    const Array array = batch.finish();
    const BatchView view(batch.stream(), array.get());
    int64_t wrong = 0;
    for (int i = 0; i < 5000; ++i) {
      const bool null = i % 7 == 0 && round != 1;
      wrong += view.column(0).is_null(i) != null || (!null && view.column(0).int32(i) != i) ||
               view.column(1).boolean(i) != (i % 3 == 0);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("decimals with too many digits are rounded where that is asked for") {
  CHECK(to_text(round_decimal128("7.4123456789012345e-06", 38, 18), 18) == "0.000007412345678901");
  CHECK(to_text(round_decimal128("-0.25", 10, 1), 1) == "-0.3");
  CHECK(to_text(round_decimal128("0.24999", 10, 1), 1) == "0.2");
  CHECK(to_text(round_decimal128("0.996", 10, 2), 2) == "1.00");
  CHECK(to_text(round_decimal128("6e-3", 10, 2), 2) == "0.01");
  CHECK(to_text(round_decimal128("4e-3", 10, 2), 2) == "0.00");
  CHECK(to_text(round_decimal128("9e-30", 10, 2), 2) == "0.00");
  CHECK(to_text(round_decimal128("12.5", 10, 3), 3) == "12.500");
  CHECK_THROWS_AS(round_decimal128("123456", 5, 0), Error);
  CHECK_THROWS_AS(round_decimal128("9.996", 3, 2), Error);  // 10.00 has a digit more
  CHECK_THROWS_AS(round_decimal128("1.2.3", 5, 0), Error);
}

TEST_CASE("decimals are exact both ways") {
  CHECK(to_text(parse_decimal128("-0.00010", 10, 4), 4) == "-0.0001");
  CHECK(to_text(parse_decimal128("1e3", 10, 2), 2) == "1000.00");
  CHECK(to_text(parse_decimal128("12.5e-2", 10, 3), 3) == "0.125");
  CHECK(to_text(parse_decimal128("99999999999999999999999999999999999999", 38, 0), 0) ==
        "99999999999999999999999999999999999999");
  for (const char* bad : {"", "-", ".", "1.2.3", "1e", "1e+", "nan", "1 ", "0x1", "123456"}) {
    CHECK_THROWS_AS(parse_decimal128(bad, 5, 0), Error);
  }
}

TEST_CASE("sdk: short decimals are read as long ones are", "[unit][sdk]") {
  const auto same = [](const std::string& text, int precision, int scale) {
    CAPTURE(text, precision, scale);
    const auto value_of = [&](const std::string& form) -> std::string {
      try {
        return to_text(parse_decimal128(form, precision, scale), scale);
      } catch (const Error& error) {
        return error.code() == Code::kBadData ? "refused" : "another error";
      }
    };
    CHECK(value_of(text) == value_of(text + "e0"));  // with an exponent it goes the long way
  };
  for (const char* text : {"0",
                           "-0",
                           "+7",
                           "0.00002850",
                           "61000.01000000",
                           "-1.5",
                           ".5",
                           "5.",
                           "000000.10",
                           "9999999999999999999",
                           "99999999999999999999",
                           "1234567890123456789.1",
                           "0.1234567890123456789",
                           "0.000000000000000000001",
                           "1.230000000000000000000000",
                           "-",
                           "+",
                           ".",
                           "",
                           "1.2.3",
                           "--1",
                           "1 "}) {
    for (const auto& [precision, scale] :
         {std::pair{38, 18}, {38, 0}, {19, 8}, {5, 2}, {38, 38}, {20, 0}}) {
      same(text, precision, scale);
    }
  }
}
