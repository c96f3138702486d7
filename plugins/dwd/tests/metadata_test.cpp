// SPDX-License-Identifier: Apache-2.0
//
// The tables of metadata: texts made here, hostile ones among them, and recorded archives against
// sums that Python's standard library worked out (expected_metadata.py).
#include "metadata.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <sluice/testing/testing.hpp>
#include <sstream>

#include "history.hpp"
#include "plugins/dwd/tests/support.hpp"
#include "sluice/cpp/error.hpp"

namespace fs = std::filesystem;
using dwd::Member;
using dwd::MemberKind;
using dwd::parse_any_day;
using dwd::test::make_zip;
using sluice::Code;
using sluice::json;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

const std::string kPositions =
    "Stations_id;Stationshoehe;Geogr.Breite;Geogr.Laenge;von_datum;bis_datum;Stationsname\n";

// The rows as text, and the lines that are none behind them.
std::string positions(const std::string& text) {
  std::string out;
  const auto day = [](const std::optional<int32_t>& d) { return d ? std::to_string(*d) : "-"; };
  dwd::parse_positions(
      {MemberKind::kPositions, "Metadaten_Geographie_00003.txt", "", text}, 3,
      [&](const dwd::PositionRow& row) {
        out += day(row.span.from_day) + ".." + day(row.span.to_day) + " " +
               (row.height ? std::to_string(static_cast<int>(*row.height)) : "-") + " " + row.name +
               "|";
      },
      [&](std::string_view, std::string_view line) { out += "!" + std::string(line) + "|"; });
  return out;
}

Code code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const sluice::Error& error) {
    return error.code();
  }
  return Code::kInternal;
}

dwd::MemberSet members_of(const Members& members) {
  const std::string zip = make_zip(members);
  std::size_t at = 0;
  dwd::Archive archive([&](char* buffer, std::size_t capacity) {
    const std::size_t size = zip.copy(buffer, capacity, at);
    at += size;
    return size;
  });
  dwd::MemberSet out;
  while (const auto name = archive.next()) {
    out.take(*name, archive);
  }
  return out;
}

dwd::PositionRow position(std::optional<int32_t> from, std::optional<int32_t> to, double height) {
  return {{from, to}, height, 50, 8, "today"};
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    out.push_back(part);
  }
  return out;
}

int days_of(const std::string& iso) {
  const std::chrono::year_month_day date{
      std::chrono::year{std::stoi(iso)},
      std::chrono::month{static_cast<unsigned>(std::stoi(iso.substr(5)))},
      std::chrono::day{static_cast<unsigned>(std::stoi(iso.substr(8)))}};
  return static_cast<int>(std::chrono::sys_days{date}.time_since_epoch().count());
}

// What a line of metadata.csv says of a column.
std::string summary(const std::vector<json>& rows, const std::string& column) {
  std::size_t count = 0;
  double sum = 0;
  for (const json& row : rows) {
    const json& value = row.at(column);
    count += value.is_null() ? 0 : 1;
    if (value.is_number()) {
      sum += value.get<double>();
    } else if (value.is_string() && column.ends_with("_date")) {
      sum += days_of(value);
    } else if (value.is_string()) {
      for (const char c : value.get<std::string>()) {
        sum += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1;
      }
    }
  }
  char out[64];
  std::snprintf(out, sizeof(out), "%.4f", sum);
  return std::to_string(count) + "/" + out;
}

// An archive, or a folder that was one, as an archive.
std::string archive_bytes(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return dwd::test::read_file(path);
  }
  Members members;
  for (const auto& entry : fs::directory_iterator(path)) {
    members.emplace_back(entry.path().filename().string(), dwd::test::read_file(entry.path()));
  }
  return make_zip(members);
}

}  // namespace

TEST_CASE("metadata: days are read in both ways of writing them", "[unit][dwd]") {
  CHECK(parse_any_day("20000102") == 10'958);
  CHECK(parse_any_day("02.01.2000") == 10'958);
  CHECK(parse_any_day("02.01.2000-20:00") == 10'958);
  for (const std::string bad : {"", "2000-01-02", "2.1.2000", "30.02.2000", "02.01.20000",
                                "00000000", "02.01.2000 20:00", "0x.01.2000"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_any_day(bad));
  }
}

TEST_CASE("metadata: members are known by name whatever the year", "[unit][dwd]") {
  const auto kind = [](const std::string& name) {
    const auto member = dwd::parse_member_name(name);
    return member ? static_cast<int>(member->kind) : -1;
  };
  CHECK(kind("Metadaten_Geographie_00044.txt") == 0);
  CHECK(kind("Metadaten_Geographie.txt") == 0);
  CHECK(kind("Stationsmetadaten_klima_stationen_03987_20150709_20170202.txt") == 0);
  CHECK(kind("Metadaten_Stationsname_Betreibername_00044.txt") == 1);
  CHECK(kind("Metadaten_Stationsname_01691.txt") == 1);
  CHECK(kind("x/y/Metadaten_Parameter_klima_tag_00044.txt") == 2);
  CHECK(kind("Metadaten_Parameter_01766.txt") == 2);
  CHECK(kind("Metadaten_Geraete_Rel_Feuchte_00044.txt") == 3);
  CHECK(dwd::parse_member_name("Metadaten_Geraete_Rel_Feuchte_00044.txt")->component ==
        "Rel_Feuchte");
  for (const std::string other :
       {"Metadaten_Geographie_00044.html", "produkt_tu_stunde_1_2_00044.txt",
        "Metadaten_Geraete.txt", "Metadaten_Fehldaten_00044_20220806_20240206.txt",
        "Protokoll_Fehldaten_x.txt", "", "Metadaten_Geographieren.txt",
        "Metadaten_Geraete_00044.txt"}) {
    CAPTURE(other);
    CHECK(kind(other) == -1);
  }
}

TEST_CASE("metadata: line ends and trailers and open spans are all read", "[unit][dwd]") {
  const std::string latin1 = "Gro\xDF";
  CHECK(positions(kPositions + "     3;  202.00; 50.7827;  6.0941;19700102;        ;" + latin1 +
                  "\r\n\r\ngeneriert: 07.02.2024 --  Deutscher Wetterdienst  --\r\n") ==
        "1..- 202 Groß|");
  CHECK(positions("\xEF\xBB\xBF" + kPositions + "00003;;50;6;;02.01.1970;Groß") == "-..1 - Groß|");
  CHECK(positions(kPositions + "3;1;50;6;19700102;99991231;a\nLegende: x;y\n\x1A") == "1..- 1 a|");
  CHECK(positions(kPositions + "3;1;50;6;19700103;19700105;a\n3;2;50;6;19700102;19700104;b\n") ==
        "2..4 1 a|1..3 2 b|");  // they may overlap, in any order
  CHECK(positions("").empty());
  CHECK(positions(kPositions).empty());
}

TEST_CASE("metadata: lines that cannot be rows are told", "[unit][dwd]") {
  for (const std::string line :
       {"4;1;50;6;19700102;19700105;other station", "3;1;50;6;19700102;19700101;ends before",
        "3;1;50;6;1970010x;;day", "3;1;50;6;19700102;19700105", "3;1;50;6;19700102;;a;b",
        "3;1;;6;19700102;;no latitude", "3;1;91;6;19700102;;latitude", "3;1;50;181;19700102;;a",
        "3;nan;50;6;19700102;;a", "3;1e300;50;6;19700102;;a", "3;1;50x;6;19700102;;a",
        "x;1;50;6;19700102;;a", ";;;;;;", "<html>"}) {
    CHECK(positions(kPositions + line + "\n3;1;50;6;19700102;;a\n") == "!" + line + "|1..- 1 a|");
  }
  CHECK(positions("3;1;50;6;19700102;;a\n" + kPositions) == "!3;1;50;6;19700102;;a|");
}

TEST_CASE("metadata: texts that are no tables are refused", "[unit][dwd]") {
  CHECK(code_of([] { positions("Stations_id;von_datum;bis_datum;Stationsname\n3;;;a\n"); }) ==
        Code::kBadData);
  std::string flood;
  for (int i = 0; i < 1001; ++i) {
    flood += "<br>\n";
  }
  CHECK(code_of([&] { positions(flood); }) == Code::kBadData);
  const std::string large(std::size_t{2} << 20U, ';');
  CHECK(code_of([&] {
          members_of({{"Metadaten_Geographie_00003.txt", large}});
        }) == Code::kBadData);
  Members many;
  for (int i = 0; i < 201; ++i) {
    many.emplace_back("Metadaten_Geraete_X" + std::to_string(i) + "_00003.txt", "");
  }
  CHECK(code_of([&] { members_of(many); }) == Code::kBadData);
  CHECK(positions(kPositions + large).starts_with("!;;;"));  // bounded by its member
}

TEST_CASE("metadata: of members with one name the first counts", "[unit][dwd]") {
  const auto set = members_of({{"a/Metadaten_Geographie_00003.txt", "first"},
                               {"Metadaten_Geographie_00003.html", "<html>"},
                               {"Metadaten_Geographie_00003.txt", "second"},
                               {"produkt_x.txt", "rows"}});
  REQUIRE(set.members().size() == 1);
  CHECK(set.members()[0].text == "first");
  CHECK(set.has(MemberKind::kPositions));
  CHECK_FALSE(set.has(MemberKind::kNames));
}

TEST_CASE("metadata: both tables of names and operators are read", "[unit][dwd]") {
  std::string out;
  dwd::parse_names(
      {MemberKind::kNames, "n", "",
       "Stations_ID;Stationsname;Von_Datum;Bis_Datum\n    44;Ahlhorn;19450801;19481231\n\n"
       "Stations_ID;Betreibername;Von_Datum;Bis_Datum\n    44;DWD;19930701;\n    44;;1993;\n"
       "generiert: 07.02.2024 --  Deutscher Wetterdienst  --\n"},
      44,
      [&](const dwd::NameRow& row) {
        out += (row.is_operator ? "operator " : "") + row.name + "|";
      },
      [&](std::string_view, std::string_view line) { out += "!" + std::string(line); });
  CHECK(out == "Ahlhorn|operator DWD|!44;;1993;");
}

TEST_CASE("metadata: sensors and barometers keep their own heights", "[unit][dwd]") {
  std::vector<dwd::InstrumentRow> rows;
  const auto read = [&](const std::string& height, const std::string& line) {
    dwd::parse_instruments(
        {MemberKind::kInstruments, "n", "Luftdruck",
         "Stations_ID;Stationsname;Geo. Laenge [Grad];Geo. Breite [Grad];Stationshoehe [m];" +
             height + ";Von_Datum;Bis_Datum;Geraetetyp Name;Messverfahren;eor;\n" + line},
        44, [&](const dwd::InstrumentRow& row) { rows.push_back(row); },
        [](std::string_view, std::string_view) { FAIL("rejected"); });
  };
  read("Barometerhoehe ueber NN [m]",
       "44;Ahlhorn;8.23;52.88;46;56.4;19710301;19930630;Stationsbarometer;konv.;eor;\n");
  read("Geberhoehe ueber Grund [m]", "44;;;;;.05;;19460331;unbekannt;konv.;eor;\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].barometer_height == 56.4);
  CHECK_FALSE(rows[0].sensor_height);
  CHECK(rows[0].longitude == 8.23);
  CHECK(rows[0].component == "Luftdruck");
  CHECK(rows[1].sensor_height == 0.05);
  CHECK_FALSE(rows[1].latitude);
  CHECK_FALSE(rows[1].span.from_day);
}

TEST_CASE("history: a place holds between its days and the list fills gaps", "[unit][dwd]") {
  constexpr int64_t kDayUs = 86'400'000'000;
  const dwd::Place listed{"Listed", "Hessen", 9.0, 51, 9};
  dwd::StationHistory history;
  history.positions = {position(10, 19, 1), position(15, 24, 2), position(30, std::nullopt, 3)};
  history.names = {{{std::nullopt, 16}, false, "old"}, {{17, std::nullopt}, false, "new"}};
  const dwd::PlaceTimeline timeline(history, &listed);
  const auto at = [&](int64_t us) {
    const auto& segment = timeline.at(us);
    CHECK(segment.from_us <= us);
    CHECK(us < segment.to_us);
    return segment.place.name + " " + std::to_string(static_cast<int>(*segment.place.height)) +
           segment.place.state;
  };
  CHECK(at(INT64_MIN) == "Listed 9Hessen");
  CHECK(at(10 * kDayUs - 1) == "Listed 9Hessen");
  CHECK(at(10 * kDayUs) == "old 1Hessen");
  CHECK(at(15 * kDayUs) == "old 2Hessen");  // of two that overlap the later
  CHECK(at(17 * kDayUs) == "new 2Hessen");
  CHECK(at(25 * kDayUs - 1) == "new 2Hessen");
  CHECK(at(25 * kDayUs) == "Listed 9Hessen");
  CHECK(at(30 * kDayUs) == "new 3Hessen");
  CHECK(at(INT64_MAX - 1) == "new 3Hessen");

  CHECK_FALSE(dwd::PlaceTimeline({}, nullptr).at(0).known);
  CHECK(dwd::PlaceTimeline({}, &listed).at(0).place.name == "Listed");
  const dwd::PlaceTimeline alone(history, nullptr);
  CHECK_FALSE(alone.at(0).known);
  CHECK(alone.at(30 * kDayUs).place.name == "new");
  CHECK(alone.at(30 * kDayUs).place.state.empty());
}

TEST_CASE("history: more positions than a station can have are refused", "[unit][dwd]") {
  std::string text = kPositions;
  for (int i = 0; i < 1001; ++i) {
    text += "3;1;50;6;19700102;;a\n";
  }
  const auto set = members_of({{"Metadaten_Geographie_00003.txt", text}});
  CHECK(code_of([&] { dwd::read_history(set, 3, [](std::string_view, std::string_view) {}); }) ==
        Code::kBadData);
}

TEST_CASE("metadata: recorded archives hold what python finds in them", "[pipeline][dwd]") {
  const auto root = dwd::test::fixtures();
  if (!root) {
    WARN("The recorded files of DWD are not here; set SLUICE_FIXTURES to their folder.");
    return;
  }
  std::ifstream expected("plugins/dwd/tests/cases/metadata.csv");
  REQUIRE(expected);
  std::size_t lines = 0;
  for (std::string line; std::getline(expected, line); ++lines) {
    const auto fields = split(line, ';');
    CAPTURE(fields[0], fields[1]);
    const std::string path =
        fields[0].find("Meta_Daten") == std::string::npos
            ? "hourly/air_temperature/recent/stundenwerte_TU_" + fields[2] + "_akt.zip"
            : "10_minutes/solar/meta_data/Meta_Daten_zehn_min_sd_" + fields[2] + ".zip";
    sluice::testing::FakeHost host;
    host.http.on("http://dwd.test/" + path,
                 sluice::testing::Answer{.body = archive_bytes(*root / fields[0])});
    const json config = {{"base_url", "http://dwd.test/"},
                         {"datasets", {"hourly/air_temperature", "10_minutes/solar"}},
                         {"metadata", {fields[1]}}};
    const auto run =
        sluice::testing::SourceSession(sluice::testing::Plugin::load(DWD_PLUGIN_FILE), host, config)
            .read({.stream = fields[1], .token = path + "\nversion"});
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    REQUIRE(run.rows.size() == std::stoul(fields[3]));
    for (std::size_t i = 4; i < fields.size(); ++i) {
      const auto pair = split(fields[i], '=');
      CAPTURE(pair[0]);
      CHECK(summary(run.rows, pair[0]) == pair[1]);
    }
  }
  CHECK(lines == 47);
}
