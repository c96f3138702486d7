// SPDX-License-Identifier: Apache-2.0
//
// Values as text, without allocation.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <sluice/cpp/decimal.hpp>
#include <sluice/cpp/value_text.hpp>
#include <string>

using namespace sluice;  // NOLINT: a test of this namespace

namespace {

template <class F, class... Values>
std::string text_of(F put, Values... values) {
  char text[kValueTextSize];
  const char* const end = put(text, values...);
  REQUIRE(end <= text + kValueTextSize);
  return {text, static_cast<std::size_t>(end - text)};
}

constexpr int64_t kSecond = 1'000'000;

}  // namespace

TEST_CASE("value text: a date is ISO 8601 in every year that date32 reaches", "[unit][text]") {
  CHECK(text_of(put_date, 0) == "1970-01-01");
  CHECK(text_of(put_date, -1) == "1969-12-31");
  CHECK(text_of(put_date, 19782) == "2024-02-29");
  CHECK(text_of(put_date, 11016) == "2000-02-29");
  CHECK(text_of(put_date, -719528) == "0000-01-01");
  CHECK(text_of(put_date, -719529) == "-000001-12-31");
  CHECK(text_of(put_date, 2932896) == "9999-12-31");
  CHECK(text_of(put_date, 2932897) == "+010000-01-01");
  CHECK(text_of(put_date, std::numeric_limits<int32_t>::max()) == "+5881580-07-11");
  CHECK(text_of(put_date, std::numeric_limits<int32_t>::min()) == "-5877641-06-23");
}

TEST_CASE("value text: a date is the one that the standard library finds", "[unit][text]") {
  for (int64_t day = -700'000; day < 2'900'000; day += 37) {
    const std::chrono::year_month_day date{Days{std::chrono::days(day)}};
    char expected[40];
    std::snprintf(expected, sizeof(expected), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    if (text_of(put_date, day) != expected) {
      FAIL("day " << day << " is " << text_of(put_date, day) << ", not " << expected);
    }
  }
}

TEST_CASE("value text: a time has as many digits of a second as it needs", "[unit][text]") {
  CHECK(text_of(put_time, 0) == "1970-01-01T00:00:00Z");
  CHECK(text_of(put_time, -1) == "1969-12-31T23:59:59.999999Z");
  CHECK(text_of(put_time, 1'700'000'000 * kSecond) == "2023-11-14T22:13:20Z");
  CHECK(text_of(put_time, 500'000) == "1970-01-01T00:00:00.500Z");
  CHECK(text_of(put_time, 1'000) == "1970-01-01T00:00:00.001Z");
  CHECK(text_of(put_time, 1) == "1970-01-01T00:00:00.000001Z");
  CHECK(text_of(put_time, 86'399 * kSecond + 120'340) == "1970-01-01T23:59:59.120340Z");
  CHECK(text_of(put_time, std::numeric_limits<int64_t>::max()) == "+294247-01-10T04:00:54.775807Z");
  CHECK(text_of(put_time, std::numeric_limits<int64_t>::min()) == "-290308-12-21T19:59:05.224192Z");
}

TEST_CASE("value text: a decimal keeps every digit of its scale", "[unit][text]") {
  CHECK(text_of(put_decimal, Int128{0}, 0) == "0");
  CHECK(text_of(put_decimal, Int128{0}, 3) == "0.000");
  CHECK(text_of(put_decimal, Int128{150}, 2) == "1.50");
  CHECK(text_of(put_decimal, Int128{-5}, 2) == "-0.05");
  CHECK(text_of(put_decimal, Int128{-5}, 0) == "-5");
  const Int128 most = parse_decimal128("99999999999999999999999999999999999999", 38, 0).unscaled;
  CHECK(text_of(put_decimal, most, 0) == "99999999999999999999999999999999999999");
  CHECK(text_of(put_decimal, -most, 38) == "-0.99999999999999999999999999999999999999");
  CHECK(text_of(put_decimal, most, 10) == to_text(Decimal{most}, 10));
}

TEST_CASE("value text: a double is the shortest text that reads back as it", "[unit][text]") {
  CHECK(text_of(put_double, 0.0) == "0");
  CHECK(text_of(put_double, -0.0) == "-0");
  CHECK(text_of(put_double, 12.5) == "12.5");
  CHECK(text_of(put_double, -0.001) == "-0.001");
  CHECK(text_of(put_double, 0.1 + 0.2) == "0.30000000000000004");
  CHECK(text_of(put_double, 1e300) == "1e+300");
  CHECK(text_of(put_double, 5e-324) == "5e-324");
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same numbers every time
  for (int i = 0; i < 20'000; ++i) {
    const double value =
        i % 2 == 0 ? static_cast<double>(static_cast<int64_t>(random()) % 10'000'000) / 1e3
                   : std::ldexp(static_cast<double>(random()), -40);
    const std::string text = text_of(put_double, value);
    char shortest[64];
    const char* const end = std::to_chars(shortest, shortest + 64, value).ptr;
    const std::string expected(shortest, static_cast<std::size_t>(end - shortest));
    if (std::strtod(text.c_str(), nullptr) != value || text.size() > expected.size()) {
      FAIL(text << " is not the shortest for " << expected);
    }
  }
}

TEST_CASE("value text: a decimal as a double is the nearest one", "[unit][text]") {
  CHECK(decimal_to_double(150, 2) == 1.5);
  CHECK(decimal_to_double(-1, 1) == -0.1);
  CHECK(decimal_to_double((Int128{1} << 53) + 1, 0) == 9007199254740992.0);
  CHECK(decimal_to_double((Int128{1} << 53) + 3, 0) == 9007199254740996.0);
  const Int128 most = parse_decimal128("99999999999999999999999999999999999999", 38, 0).unscaled;
  CHECK(decimal_to_double(most, 38) == 1.0);
  CHECK(decimal_to_double(most, 0) == 1e38);
}
