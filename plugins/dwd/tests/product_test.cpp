// SPDX-License-Identifier: Apache-2.0
#include "product.hpp"

#include <catch2/catch.hpp>

#include "plugins/dwd/tests/support.hpp"
#include "sluice/cpp/error.hpp"

using dwd::test::parse_product;
using dwd::test::ParseOptions;
using Names = std::vector<std::string>;

namespace {

constexpr auto kTu = "ten_minutes_air_temperature";
const std::string kTuHeader = "STATIONS_ID;MESS_DATUM;  QN;PP_10;TT_10;TM5_10;RF_10;TD_10;eor\r\n";
const Names kKey{"station_id", "time"};

std::string tu_row(const std::string& stamp, const std::string& tt = "1.0") {
  return "          3;" + stamp + ";    3; 980.1;  " + tt + ";   0.5;  90.0;  -0.4;eor\r\n";
}

}  // namespace

TEST_CASE("product: a padded row becomes typed columns", "[unit][dwd]") {
  const auto out = parse_product(
      kTu,
      kTuHeader + "         44;202506251650;    2;   -999;  23.0;  25.1; 100.0; -16.7;eor\r\n");
  CHECK(out.table.names == Names{"station_id", "time", "quality_level", "air_pressure",
                                 "air_temperature_2m", "air_temperature_5cm", "relative_humidity",
                                 "dew_point_temperature", "period_rank"});
  REQUIRE(out.table.rows.size() == 1);
  CHECK(out.table.rows[0] ==
        Names{"44", "2025-06-25T16:50", "2", "-", "23", "25.1", "100", "-16.7", "3"});
  CHECK(out.rejected.empty());
  CHECK(out.notes.empty());
}

TEST_CASE("product: columns are bound by name in any order and without eor", "[unit][dwd]") {
  const auto out = parse_product(kTu,
                                 "MESS_DATUM;TT_10;STATIONS_ID;NEW_10;QN\n202401010000;  "
                                 "1.5;3;7;9\n202401010010;-999.0;3;;-999");
  CHECK(out.table.pick({"station_id", "time", "quality_level", "air_temperature_2m",
                        "air_pressure"}) == "3 2024-01-01T00:00 9 1.5 -|3 2024-01-01T00:10 - - -");
  CHECK(out.notes == Names{"unknown_column: NEW_10"});
}

TEST_CASE("product: every writing of missing is null", "[unit][dwd]") {
  for (const std::string missing : {"-999", "   -999", "-999.0", "-999.00", "  ", "", "-9999"}) {
    CAPTURE(missing);
    const auto out =
        parse_product(kTu, kTuHeader + "3;202401010000;3;1;" + missing + ";1;1;1;eor\n");
    CHECK(out.table.pick({"air_pressure", "air_temperature_2m"}) == "1 -");
    CHECK(out.notes.empty());
  }
  const auto near = parse_product(kTu, kTuHeader + "3;202401010000;3;1;-99.9;1;1;1;eor\n");
  CHECK(near.table.pick({"air_temperature_2m"}) == "-99.9");
}

TEST_CASE("product: numbers are read exactly", "[unit][dwd]") {
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, double>>{{"0.1", 0.1},
                                                   {"-0.0", -0.0},
                                                   {"1021.2", 1021.2},
                                                   {".5", .5},
                                                   {"7.", 7.0},
                                                   {"+3.5", 0},  // not DWD's writing
                                                   {"123456789.12345678901", 123456789.12345678901},
                                                   {"0.000000000000000000001", 1e-21},
                                                   {"1e3", 1e3}}) {
    CAPTURE(text);
    const char* p = text.data();
    double out = 0;
    const auto found = dwd::parse_number(p, text.data() + text.size(), out);
    if (text[0] == '+') {
      CHECK(found == dwd::Found::kBad);
    } else {
      CHECK(found == dwd::Found::kValue);
      CHECK(out == value);
    }
    CHECK(p == text.data() + text.size());
  }
}

TEST_CASE("product: the quick reading of numbers agrees with the careful one", "[unit][dwd]") {
  const std::string alphabet = "0123456789. -;x\n";
  uint32_t seed = 11;
  const auto random = [&] { return (seed = seed * 1664525U + 1013904223U) >> 16U; };
  std::vector<std::string> fields{"  -999;", "1021.2;", "      7;", "-.5;",
                                  "5.;",     "-0;",     "1 2;",     ";"};
  for (int round = 0; round < 200'000; ++round) {
    std::string field;
    for (std::size_t i = random() % 9; i > 0; --i) {
      const bool digit = random() % 3 != 0;
      field += alphabet[random() % (digit ? 10 : alphabet.size())];
    }
    fields.push_back(field + ";");
  }
  std::size_t quick = 0;
  for (const auto& field : fields) {
    char text[24] = {};
    field.copy(text, 16);
    double fast = 0;
    bool whole = false;
    const std::size_t size = dwd::parse_usual_number(text, fast, whole);
    if (size == 0) {
      continue;  // left to the careful one
    }
    ++quick;
    const char* p = text;
    double slow = 0;
    const auto found = dwd::parse_number(p, text + field.size(), slow);
    CAPTURE(field);
    REQUIRE(found != dwd::Found::kBad);
    REQUIRE(fast == slow);
    REQUIRE(p + 1 == text + size);
    REQUIRE(whole == (field.substr(0, size).find('.') == std::string::npos));
  }
  CHECK(quick > 20'000);
}

TEST_CASE("product: a value that is no number is null and noted", "[unit][dwd]") {
  for (const std::string bad : {"x", "1.2.3", "--1", "1 2", "nan", "inf", "1e300", "-", "."}) {
    CAPTURE(bad);
    const auto out = parse_product(kTu, kTuHeader + "3;202401010000;3;1;" + bad + ";2;1;1;eor\n");
    CHECK(out.table.pick({"air_temperature_2m", "air_temperature_5cm"}) == "- 2");
    CHECK(out.notes.size() == 1);
    CHECK(out.rejected.empty());
  }
  const auto half = parse_product(kTu, kTuHeader + "3;202401010000;2.5;1;1;2;1;1;eor\n");
  CHECK(half.table.pick({"quality_level"}) == "-");
  CHECK(half.notes.size() == 1);
  const auto huge = parse_product(kTu, kTuHeader + "3;202401010000;99999999999;1;1;2;1;1;eor\n");
  CHECK(huge.table.pick({"quality_level"}) == "-");
}

TEST_CASE("product: a row without a readable key is rejected with its line", "[unit][dwd]") {
  for (const std::string bad :
       {"x;202401010000;3;1;1;1;1;1;eor", "0;202401010000;3;1;1;1;1;1;eor",
        "123456;202401010000;3;1;1;1;1;1;eor", ";202401010000;3;1;1;1;1;1;eor",
        "3;202413010000;3;1;1;1;1;1;eor", "3;202402300000;3;1;1;1;1;1;eor",
        "3;20240101 000;3;1;1;1;1;1;eor", "3;202401012500;3;1;1;1;1;1;eor",
        "3;202401010060;3;1;1;1;1;1;eor", "3;2024;3;1;1;1;1;1;eor", "3;202401010000;3;1;1"}) {
    CAPTURE(bad);
    const auto out = parse_product(kTu, kTuHeader + bad + "\r\n" + tu_row("202401010010"));
    REQUIRE(out.rejected.size() == 1);
    CHECK(out.rejected[0].find(bad) != std::string::npos);
    CHECK(out.table.pick(kKey) == "3 2024-01-01T00:10");
  }
}

TEST_CASE("product: line ends of every system and the old end mark", "[unit][dwd]") {
  for (const std::string end : {"\n", "\r\n", "\r\r\n", " \r\n"}) {
    CAPTURE(end);
    const auto out =
        parse_product(kTu, "STATIONS_ID;MESS_DATUM;TT_10" + end + "3;202401010000;1.5" + end + end +
                               "3;202401010010;2.5" + end + "\x1A");
    CHECK(out.table.pick({"time", "air_temperature_2m"}) ==
          "2024-01-01T00:00 1.5|2024-01-01T00:10 2.5");
    CHECK(out.rejected.empty());
  }
}

TEST_CASE("product: the cut of the input does not matter", "[unit][dwd]") {
  std::string text = kTuHeader;
  for (int i = 10; i < 60; ++i) {
    text += tu_row("2024010100" + std::to_string(i), std::to_string(i) + ".5");
  }
  const auto whole = parse_product(kTu, text, {.chunk = 1'000'000, .most = 1000});
  CHECK(whole.table.rows.size() == 50);
  for (const std::size_t chunk : {1, 2, 3, 61, 100}) {
    for (const uint64_t most : {uint64_t{1}, uint64_t{10}, uint64_t{50}}) {
      const auto out = parse_product(kTu, text, {.chunk = chunk, .most = most});
      CHECK(out.table.rows == whole.table.rows);
    }
  }
}

TEST_CASE("product: minutes before 2000 are MEZ and the decades join without overlap",
          "[unit][dwd]") {
  const auto before =
      parse_product(kTu, kTuHeader + tu_row("199912312250") + tu_row("199912312350"),
                    {.product = {.utc = false}});
  CHECK(before.table.pick(kKey) == "3 1999-12-31T21:50|3 1999-12-31T22:50");
  const auto after = parse_product(kTu, kTuHeader + tu_row("199912312300") + tu_row("200001010000"),
                                   {.product = {.utc = true}});
  CHECK(after.table.pick(kKey) == "3 1999-12-31T23:00|3 2000-01-01T00:00");
}

TEST_CASE("product: a file across the turn changes to UTC on the way", "[unit][dwd]") {
  const auto jump = parse_product(kTu, kTuHeader + tu_row("199912312350") + tu_row("200001010000"),
                                  {.product = {.utc = false}});
  CHECK(jump.table.pick(kKey) == "3 1999-12-31T22:50|3 2000-01-01T00:00");
  const auto twice = parse_product(kTu,
                                   kTuHeader + tu_row("199912312350") + tu_row("199912312300") +
                                       tu_row("199912312350") + tu_row("200001010000"),
                                   {.product = {.utc = false}});
  CHECK(twice.table.pick(kKey) ==
        "3 1999-12-31T22:50|3 1999-12-31T23:00|3 1999-12-31T23:50|3 2000-01-01T00:00");
}

TEST_CASE("product: hourly data is UTC at all times", "[unit][dwd]") {
  const auto out = parse_product("hourly_air_temperature",
                                 "STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor\r\n"
                                 "         44;1979010100;    5;  10.7;  90.0;eor\r\n",
                                 {.product = {.utc = false}});
  CHECK(out.table.pick(kKey) == "44 1979-01-01T00:00");
}

TEST_CASE("product: rows outside of the wanted times are left out", "[unit][dwd]") {
  const std::string text =
      kTuHeader + tu_row("197001010000") + tu_row("197001010010") + tu_row("197001010020");
  const auto out =
      parse_product(kTu, text, {.product = {.from_us = 600'000'000, .to_us = 1'200'000'000}});
  CHECK(out.table.pick(kKey) == "3 1970-01-01T00:10");
}

TEST_CASE("product: rows given earlier are skipped", "[unit][dwd]") {
  const std::string text =
      kTuHeader + tu_row("202401010000") + tu_row("202401010010") + tu_row("202401010020");
  CHECK(parse_product(kTu, text, {.product = {.skip = 2}}).table.pick(kKey) ==
        "3 2024-01-01T00:20");
  CHECK(parse_product(kTu, text, {.product = {.skip = 9}}).table.rows.empty());
}

TEST_CASE("product: ranges of minutes become a row per minute", "[unit][dwd]") {
  const std::string text =
      "STATIONS_ID;MESS_DATUM_BEGINN;MESS_DATUM_ENDE;  QN;RS_01;RTH_01;RWH_01;RS_IND_01;eor\r\n"
      "          3;200401010000;200401012359;    3;   0.00;-999;   0.00;   0;eor\r\n"
      "          3;200401020000;200401020000;    3;   0.12;   0.12;-999;   1;eor\r\n";
  constexpr auto kStream = "one_minute_precipitation";
  const auto out = parse_product(kStream, text);
  REQUIRE(out.table.rows.size() == 1441);
  CHECK(out.table.rows[0][1] == "2004-01-01T00:00");
  CHECK(out.table.rows[1439][1] == "2004-01-01T23:59");
  CHECK(out.table.rows[1440] == Names{"3", "2004-01-02T00:00", "3", "0.12", "0.12", "-", "1", "3"});
  const auto resumed = parse_product(kStream, text, {.product = {.skip = 1439}});
  CHECK(resumed.table.pick(kKey) == "3 2004-01-01T23:59|3 2004-01-02T00:00");
  const auto kept = parse_product(kStream, text, {.product = {.expand_ranges = false}});
  CHECK(kept.table.pick({"time", "time_end", "precipitation"}) ==
        "2004-01-01T00:00 2004-01-01T23:59 0|2004-01-02T00:00 2004-01-02T00:00 0.12");
  const auto mez = parse_product(
      kStream,
      "STATIONS_ID;MESS_DATUM_BEGINN;MESS_DATUM_ENDE;QN;RS_01\n3;199401010000;199401010001;3;0\n",
      {.product = {.utc = false}});
  CHECK(mez.table.pick(kKey) == "3 1993-12-31T23:00|3 1993-12-31T23:01");
}

TEST_CASE("product: ranges that are none are rejected", "[unit][dwd]") {
  const std::string head = "STATIONS_ID;MESS_DATUM_BEGINN;MESS_DATUM_ENDE;QN;RS_01\n";
  for (const std::string bad : {"3;200401010001;200401010000;3;0",
                                "3;190001010000;209901010000;3;0", "3;200401010001;x;3;0"}) {
    const auto out = parse_product("one_minute_precipitation", head + bad + "\n");
    CHECK(out.rejected.size() == 1);
    CHECK(out.table.rows.empty());
  }
}

TEST_CASE("product: recent one-minute rows have one time and fewer columns", "[unit][dwd]") {
  const auto out = parse_product("one_minute_precipitation",
                                 "STATIONS_ID;MESS_DATUM;  QN;RS_01;RS_IND_01;eor\r\n"
                                 "         20;202401010001;    3;   0.01;   1;eor\r\n");
  REQUIRE(out.table.rows.size() == 1);
  CHECK(out.table.rows[0] == Names{"20", "2024-01-01T00:01", "3", "0.01", "-", "-", "1", "3"});
}

TEST_CASE("product: cloud cover tells a sky that was not visible from a missing value",
          "[unit][dwd]") {
  const auto out = parse_product("hourly_cloudiness",
                                 "STATIONS_ID;MESS_DATUM;QN_8;V_N_I; V_N;eor\r\n"
                                 "1766;2018120307;3;   P;   4;eor\r\n"
                                 "1766;2018120308;3;   I;  -1;eor\r\n"
                                 "1766;2018120309;3;-999;-999;eor\r\n");
  CHECK(out.table.pick({"observer", "cloud_cover", "sky_obscured"}) == "P 4 false|I - true|- - -");
}

TEST_CASE("product: solar hours keep their minutes and true solar time", "[unit][dwd]") {
  const auto out = parse_product(
      "hourly_solar",
      "STATIONS_ID;MESS_DATUM;QN_592;ATMO_LBERG;FD_LBERG;FG_LBERG;SD_LBERG;ZENIT;MESS_DATUM_WOZ;"
      "eor\r\n"
      "5906;1979010100:28;  5;  -999.0;   0.0;   0.0;   0;  138.84;1979010101:00;eor\r\n"
      "5906;1979010122:59;  5;  -999.0;   0.0;   0.0;   0;  138.84;1979010124:00;eor\r\n");
  CHECK(out.table.pick({"time", "longwave_radiation", "solar_zenith_angle", "solar_time"}) ==
        "1979-01-01T00:28 - 138.84 1979-01-01 01:00|1979-01-01T22:59 - 138.84 1979-01-02 00:00");
}

TEST_CASE("product: days and months carry dates", "[unit][dwd]") {
  const auto day = parse_product("daily_kl",
                                 "STATIONS_ID;MESS_DATUM;QN_3;  FX;QN_4; RSK; TMK;eor\r\n"
                                 "        434;19470101;-999;-999;    5;  -999;  -2.4;eor\r\n");
  CHECK(day.table.pick({"date", "quality_level_wind", "quality_level", "air_temperature_2m"}) ==
        "1947-01-01 - 5 -2.4");
  const auto month =
      parse_product("monthly_kl",
                    "STATIONS_ID;MESS_DATUM_BEGINN;MESS_DATUM_ENDE;QN_4;MO_TT;QN_6;MO_RR;eor\r\n"
                    "1691;18570201;18570228;5;0.20;7;15.0;eor\r\n");
  CHECK(month.table.pick({"date", "date_end", "quality_level", "quality_level_precipitation",
                          "precipitation"}) == "1857-02-01 1857-02-28 5 7 15");
}

TEST_CASE("product: German long names of old files are known", "[unit][dwd]") {
  const auto out =
      parse_product("daily_kl",
                    "STATIONS_ID;MESS_DATUM;QUALITAETS_NIVEAU;LUFTTEMPERATUR;REL_FEUCHTE\n"
                    "3987;20150101;10;2.5;81\n");
  CHECK(out.table.pick({"quality_level", "air_temperature_2m", "relative_humidity"}) ==
        "10 2.5 81");
}

TEST_CASE("product: a text that is no product is refused", "[unit][dwd]") {
  for (const std::string text :
       {"", "\n\n", "<html>", "a;b;c\n1;2;3\n", "STATIONS_ID;MESS_DATUM;FOO\n3;202401010000;1\n"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_product(kTu, text), sluice::Error);
  }
  std::string garbage = kTuHeader;
  for (int i = 0; i < 1100; ++i) {
    garbage += "garbage\n";
  }
  CHECK_THROWS_AS(parse_product(kTu, garbage), sluice::Error);
  CHECK_THROWS_AS(parse_product(kTu, kTuHeader + std::string(200'000, 'x')), sluice::Error);
}

TEST_CASE("product: arbitrary bytes never crash", "[unit][dwd]") {
  uint32_t seed = 7;
  const auto random = [&] { return (seed = seed * 1664525U + 1013904223U) >> 16U; };
  for (int round = 0; round < 300; ++round) {
    std::string text = kTuHeader + tu_row("202401010000") + tu_row("202401010010");
    for (int i = 0; i < 6; ++i) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    try {
      const auto out = parse_product(kTu, text, {.chunk = 1 + random() % 90});
      CHECK(out.table.rows.size() <= 3);
    } catch (const sluice::Error& error) {
      CHECK(error.code() == sluice::Code::kBadData);
    }
  }
}
