// SPDX-License-Identifier: Apache-2.0
//
// Streams of metadata and rows enriched by them, through the built library and a fake host.
#include <catch2/catch.hpp>
#include <sluice/testing/testing.hpp>

#include "plugins/dwd/tests/support.hpp"

using dwd::test::make_zip;
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

const std::string kBase = "http://dwd.test/climate/";
const std::string kHourly = "hourly/air_temperature/";
const std::string kMinutes = "10_minutes/air_temperature/";
const std::string kArchive = kHourly + "recent/stundenwerte_TU_00044_akt.zip";
const std::string kMeta = kMinutes + "meta_data/Meta_Daten_zehn_min_tu_00044.zip";
constexpr auto kStream = "hourly_air_temperature";

sluice::testing::Plugin plugin() {
  return sluice::testing::Plugin::load(DWD_PLUGIN_FILE);
}

json config(const json& more) {
  json out = {{"base_url", kBase},
              {"datasets", {"hourly/air_temperature", "10_minutes/air_temperature"}},
              {"periods", {"historical", "recent"}}};
  out.update(more);
  return out;
}

Answer page(const std::vector<std::string>& names) {
  std::string text = "<html><body><h1>Index of /</h1><hr><pre><a href=\"../\">../</a>\n";
  for (const auto& name : names) {
    text += "<a href=\"" + name + "\">" + name + "</a> 12-Jan-2026 10:30   1000\n";
  }
  return {.body = text + "</pre><hr></body></html>\n"};
}

const std::string kList =
    "Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname Bundesland\n"
    "----------- --------- --------- ------------- --------- --------- ---- ----\n"
    "00044 20070208 20260324             44     52.9335    8.2370 Gro\xDF"
    "enkneten                             Niedersachsen\n"
    "00003 18910101 20110331            202     50.7827    6.0941 Aachen                           "
    "   "
    "     Nordrhein-Westfalen\n";

Members metadata() {
  return {{"Metadaten_Geographie_00044.txt",
           "Stations_id;Stationshoehe;Geogr.Breite;Geogr.Laenge;von_datum;bis_datum;Stationsname\n"
           "    44;   42.00; 52.9164;  8.2211;19930701;20070331;Gro\xDF"
           "enkneten\n"
           "    44;   43.50; 52.9336;  8.2370;20070401;        ;Gro\xDF"
           "enkneten\n"},
          {"Metadaten_Stationsname_Betreibername_00044.txt",
           "Stations_ID;Stationsname;Von_Datum;Bis_Datum\n"
           "    44;Gro\xDF"
           "enkneten-Ahlhorn;19930701;20070331\n    44;Gro\xDF"
           "enkneten;20070401;\n\n"
           "Stations_ID;Betreibername;Von_Datum;Bis_Datum\n    44;DWD;19930701;\n"},
          {"Metadaten_Stationsname_Betreibername_00044.html", "<html>"},
          {"Metadaten_Parameter_tu_stunde_00044.txt",
           "Stations_ID;Von_Datum;Bis_Datum;Stationsname;Parameter;Parameterbeschreibung;Einheit;"
           "Datenquelle (Strukturversion=SV);Zusatz-Info;Besonderheiten;Literaturhinweis;eor;\r\n"
           "44;20070401;20240206;Gro\xDF"
           "enkneten;TT_TU;Lufttemperatur;\xB0"
           "C;aus SYNOP;Stundenwerte in UTC;;;eor;\r\n"
           "44;19930701;20070331;Gro\xDF"
           "enkneten;TT_TU;Lufttemperatur;\xB0"
           "C;aus Klimaroutine;;selten;[1];eor;\r\n"
           "44;20070401;20240206;Gro\xDF"
           "enkneten;XX;unbekannt;;;;;;eor;\r\n"
           "Legende: FT  = Folgetag\r\ngeneriert: 07.02.2024 --  Deutscher Wetterdienst  --\r\n"},
          {"Metadaten_Geraete_Lufttemperatur_00044.txt",
           "Stations_ID;Stationsname;Geo. Laenge [Grad];Geo. Breite [Grad];Stationshoehe [m];"
           "Geberhoehe ueber Grund [m];Von_Datum;Bis_Datum;Geraetetyp Name;Messverfahren;eor;\n"
           "44;Gro\xDF"
           "enkneten;8.24;52.93;44;2;20070401;20240206;PT 100 (Luft);elektr.;eor;\n"}};
}

std::string product() {
  return "STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor\r\n"
         "         44;1993063023;   10;   1.0;  50.0;eor\r\n"
         "         44;2007033123;   10;   2.0;  50.0;eor\r\n"
         "         44;2007040100;   10;   3.0;  50.0;eor\r\n";
}

// Metadata and product in one archive.
std::string archive(bool product_first) {
  Members members = metadata();
  const auto at = product_first ? members.begin() : members.end();
  members.insert(at, {"produkt_tu_stunde_20070331_20070401_00044.txt", product()});
  return make_zip(members);
}

void serve(FakeHost& host) {
  host.http.on(kBase + kHourly + "historical/",
               page({"TU_Stundenwerte_Beschreibung_Stationen.txt",
                     "stundenwerte_TU_00003_19500401_20110331_hist.zip",
                     "stundenwerte_TU_00044_20070401_20231231_hist.zip",
                     "stundenwerte_TU_00044_20070401_20241231_hist.zip"}));
  host.http.on(kBase + kHourly + "recent/",
               page({"TU_Stundenwerte_Beschreibung_Stationen.txt", "stundenwerte_TU_00044_akt.zip",
                     "stundenwerte_TU_00078_akt.zip"}));
  host.http.on(kBase + kMinutes + "historical/", page({"zehn_min_tu_Beschreibung_Stationen.txt"}));
  host.http.on(kBase + kMinutes + "recent/",
               page({"zehn_min_tu_Beschreibung_Stationen.txt", "10minutenwerte_TU_00044_akt.zip"}));
  host.http.on(kBase + kMinutes + "meta_data/",
               page({"Meta_Daten_zehn_min_tu_00044.zip", "Meta_Daten_zehn_min_tu_00003.zip"}));
  for (const auto& folder :
       {kHourly + "historical/TU_Stundenwerte", kHourly + "recent/TU_Stundenwerte",
        kMinutes + "historical/zehn_min_tu", kMinutes + "recent/zehn_min_tu"}) {
    host.http.on(kBase + folder + "_Beschreibung_Stationen.txt", Answer{.body = kList});
  }
}

std::size_t requests(const FakeHost& host, const std::string& path) {
  std::size_t count = 0;
  for (const auto& request : host.http.requests()) {
    count += request.url == kBase + path ? 1 : 0;
  }
  return count;
}

std::vector<std::string> tokens(SourceSession& session, const std::string& stream) {
  std::vector<std::string> out;
  for (const auto& slice : session.slices(stream)) {
    out.push_back(slice.key + " " + slice.token.substr(0, slice.token.find('\n')));
    CHECK(slice.token.substr(slice.token.find('\n') + 1) == slice.validator);
  }
  return out;
}

std::string places(const std::vector<json>& rows) {
  std::string out;
  for (const json& row : rows) {
    out += row["station_name"].dump() + " " + row["station_height"].dump() + " " +
           row["station_latitude"].dump() + " " + row["station_state"].dump() + "|";
  }
  return out;
}

}  // namespace

TEST_CASE("dwd: metadata are streams of their own where asked", "[unit][dwd]") {
  FakeHost host;
  const auto names = [&](const json& more) {
    std::string out;
    for (const auto& stream : SourceSession(plugin(), host, config(more)).streams()) {
      out += stream.name() + " ";
    }
    return out;
  };
  CHECK(names(json::object()) ==
        "stations parameters hourly_air_temperature ten_minutes_air_temperature ");
  CHECK(names({{"metadata", {"station_positions", "instruments", "instruments"}}}) ==
        "stations parameters instruments station_positions hourly_air_temperature "
        "ten_minutes_air_temperature ");
  CHECK(host.http.requests().empty());
}

TEST_CASE("dwd: one archive a station tells its metadata", "[unit][dwd]") {
  FakeHost host;
  serve(host);
  const json all = {{"metadata", {"station_positions"}}};
  const std::string hist = kHourly + "historical/stundenwerte_TU_";
  SourceSession session(plugin(), host, config(all));
  CHECK(tokens(session, "station_positions") ==
        std::vector<std::string>{
            kHourly + "00003 " + hist + "00003_19500401_20110331_hist.zip",
            kHourly + "00044 " + hist + "00044_20070401_20241231_hist.zip",
            kHourly + "00078 " + kHourly + "recent/stundenwerte_TU_00078_akt.zip",
            kMinutes + "00003 " + kMinutes + "meta_data/Meta_Daten_zehn_min_tu_00003.zip",
            kMinutes + "00044 " + kMeta});

  json chosen = all;
  chosen.update({{"states", {"Niedersachsen"}}, {"datasets", {"10_minutes/air_temperature"}}});
  SourceSession some(plugin(), host, config(chosen));
  CHECK(tokens(some, "station_positions") == std::vector<std::string>{kMinutes + "00044 " + kMeta});
  chosen = all;
  chosen.update({{"stations", {44}}, {"periods", {"recent"}}});
  SourceSession recent(plugin(), host, config(chosen));
  CHECK(tokens(recent, "station_positions") ==
        std::vector<std::string>{kHourly + "00044 " + kArchive, kMinutes + "00044 " + kMeta});
}

TEST_CASE("dwd: every table becomes rows and one archive is fetched once", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kArchive, Answer{.body = archive(false), .validator = "v1"});
  SourceSession session(
      plugin(), host,
      config({{"metadata",
               {"station_positions", "station_names", "parameter_history", "instruments"}}}));
  const auto read = [&](const std::string& stream) {
    auto run = session.read({.stream = stream, .token = kArchive + "\n2026 1000"});
    CHECK(run.end == SLUICE_END);
    CHECK(run.validator == "v1");
    CHECK(run.rejects.empty());
    return run.rows;
  };
  const auto positions = read("station_positions");
  REQUIRE(positions.size() == 2);
  CHECK(positions[0] == json({{"dataset", "hourly/air_temperature"},
                              {"station_id", 44},
                              {"span", 1},
                              {"from_date", "1993-07-01"},
                              {"to_date", "2007-03-31"},
                              {"height", 42.0},
                              {"latitude", 52.9164},
                              {"longitude", 8.2211},
                              {"name", "Großenkneten"}}));
  CHECK(positions[1]["to_date"] == nullptr);
  CHECK(positions[1]["span"] == 2);

  const auto names = read("station_names");
  REQUIRE(names.size() == 3);
  CHECK(names[0]["name"] == "Großenkneten-Ahlhorn");
  CHECK(names[0]["kind"] == "station");
  CHECK(names[2] == json({{"dataset", "hourly/air_temperature"},
                          {"station_id", 44},
                          {"kind", "operator"},
                          {"span", 1},
                          {"from_date", "1993-07-01"},
                          {"to_date", nullptr},
                          {"name", "DWD"}}));

  const auto parameters = read("parameter_history");
  REQUIRE(parameters.size() == 3);
  CHECK(parameters[1] == json({{"dataset", "hourly/air_temperature"},
                               {"station_id", 44},
                               {"code", "TT_TU"},
                               {"span", 2},
                               {"from_date", "1993-07-01"},
                               {"to_date", "2007-03-31"},
                               {"column_name", "air_temperature_2m"},
                               {"station_name", "Großenkneten"},
                               {"description", "Lufttemperatur"},
                               {"unit", "°C"},
                               {"data_source", "aus Klimaroutine"},
                               {"remarks", nullptr},
                               {"particulars", "selten"},
                               {"literature", "[1]"}}));
  CHECK(parameters[2]["column_name"] == nullptr);

  const auto instruments = read("instruments");
  REQUIRE(instruments.size() == 1);
  CHECK(instruments[0] == json({{"dataset", "hourly/air_temperature"},
                                {"station_id", 44},
                                {"component", "Lufttemperatur"},
                                {"span", 1},
                                {"from_date", "2007-04-01"},
                                {"to_date", "2024-02-06"},
                                {"station_name", "Großenkneten"},
                                {"latitude", 52.93},
                                {"longitude", 8.24},
                                {"station_height", 44.0},
                                {"sensor_height", 2.0},
                                {"barometer_height", nullptr},
                                {"device", "PT 100 (Luft)"},
                                {"method", "elektr."}}));
  CHECK(requests(host, kArchive) == 1);

  // All have had it, so a further reader asks the server, which knows that nothing changed.
  const auto again =
      session.read({.stream = "instruments", .token = kArchive + "\n2026 1000", .validator = "v1"});
  CHECK(again.end == SLUICE_UNCHANGED);
  CHECK(requests(host, kArchive) == 2);
  CHECK(host.open_bodies() == 0);
}

TEST_CASE("dwd: metadata of another version are not shared", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kArchive, Answer{.body = archive(false), .validator = "v1"});
  host.http.on(kBase + kArchive, Answer{.body = make_zip({{"x", ""}}), .validator = "v2"});
  SourceSession session(plugin(), host,
                        config({{"metadata", {"station_positions", "station_names"}}}));
  CHECK(session.read({.stream = "station_positions", .token = kArchive + "\nmonday"}).rows.size() ==
        2);
  const auto run = session.read({.stream = "station_names", .token = kArchive + "\ntuesday"});
  CHECK(run.rows.empty());
  CHECK(run.end == SLUICE_END);
  CHECK(run.validator == "v2");
}

TEST_CASE("dwd: bad metadata are told apart from other slices", "[unit][dwd]") {
  const auto run = [&](const std::string& body, const std::string& token) {
    FakeHost host;
    host.http.on(kBase + kMeta, Answer{.body = body});
    SourceSession session(plugin(), host, config({{"metadata", {"station_positions"}}}));
    auto out = session.read({.stream = "station_positions", .token = token});
    CHECK(host.open_bodies() == 0);
    return out;
  };
  const std::string token = kMeta + "\nv";
  const auto code = [&](const std::string& body, const std::string& wanted) {
    const auto out = run(body, wanted);
    REQUIRE(out.error);
    return out.error->code();
  };
  const std::string whole = make_zip(metadata());
  CHECK(code("<html>busy</html>", token) == Code::kUnavailable);
  CHECK(code(whole.substr(0, whole.size() / 2), token) == Code::kUnavailable);
  CHECK(code("garbage of some length", token) == Code::kBadData);
  CHECK(code(make_zip({{"Metadaten_Geographie_00044.txt", std::string(5'000'000, 'x')}}), token) ==
        Code::kBadData);
  CHECK(code(make_zip({{"Metadaten_Geographie_00044.txt", "Stations_id;x\n"}}), token) ==
        Code::kBadData);
  for (const std::string& foreign :
       std::vector<std::string>{"", "x", "\nv", "x/y/z.zip\nv", kMinutes + "meta_data/x.zip\nv"}) {
    CHECK(code(whole, foreign) == Code::kBadState);
  }
  const auto rejected = run(make_zip({{"Metadaten_Geographie_00044.txt",
                                       metadata()[0].second + "45;1;50;8;19930701;;other\n"}}),
                            token);
  CHECK(rejected.rows.size() == 2);
  REQUIRE(rejected.rejects.size() == 1);
  CHECK(rejected.rejects[0].rule == "metadata");
  CHECK(rejected.rejects[0].record == "45;1;50;8;19930701;;other");
}

TEST_CASE("dwd: rows carry what held at the time of the reading", "[unit][dwd]") {
  const std::string want =
      "\"Großenkneten\" 44.0 52.9335 \"Niedersachsen\"|"  // before all positions: of the list
      "\"Großenkneten-Ahlhorn\" 42.0 52.9164 \"Niedersachsen\"|"
      "\"Großenkneten\" 43.5 52.9336 \"Niedersachsen\"|";
  const json history = {{"enrich", true}, {"enrich_with", "history"}};
  const auto run = [&](FakeHost& host, const std::string& stream, const std::string& token) {
    serve(host);
    const auto out =
        SourceSession(plugin(), host, config(history)).read({.stream = stream, .token = token});
    CHECK(host.open_bodies() == 0);
    return out;
  };
  SECTION("from members before the readings") {
    FakeHost host;
    host.http.on(kBase + kArchive, Answer{.body = archive(false), .validator = "v1"});
    const auto out = run(host, kStream, kArchive);
    CHECK(places(out.rows) == want);
    CHECK(out.notes.empty());
    CHECK(requests(host, kArchive) == 1);
  }
  SECTION("from members behind the readings") {
    FakeHost host;
    host.http.on(kBase + kArchive, Answer{.body = archive(true), .validator = "v1"});
    const auto out = run(host, kStream, kArchive);
    CHECK(places(out.rows) == want);
    CHECK(out.validator == "v1");
    CHECK(requests(host, kArchive) == 2);
  }
  SECTION("from the folder of metadata for minutes") {
    FakeHost host;
    host.http.on(kBase + kMeta, Answer{.body = make_zip(metadata())});
    const std::string token = kMinutes + "recent/10minutenwerte_TU_00044_akt.zip";
    host.http.on(kBase + token,
                 Answer{.body = make_zip(
                            {{"produkt_zehn_min_tu_x_00044.txt",
                              "STATIONS_ID;MESS_DATUM;  QN;PP_10;TT_10;TM5_10;RF_10;TD_10;eor\r\n"
                              "44;199306302350;1;1;1;1;1;1;eor\r\n"
                              "44;200703312350;1;1;1;1;1;1;eor\r\n"
                              "44;200704010000;1;1;1;1;1;1;eor\r\n"}})});
    const auto out = run(host, "ten_minutes_air_temperature", token);
    CHECK(places(out.rows) == want);
    CHECK(requests(host, kMeta) == 1);
  }
  SECTION("from the list where nothing else is known") {
    FakeHost host;
    host.http.on(kBase + kArchive,
                 Answer{.body = make_zip({{"produkt_tu_stunde_x_00044.txt", product()}})});
    const auto out = run(host, kStream, kArchive);
    REQUIRE(out.rows.size() == 3);
    CHECK(out.rows[2]["station_height"] == 44.0);
    REQUIRE(out.notes.size() == 1);
    CHECK(out.notes[0].code == "position_of_list");
  }
  SECTION("and the list alone is what it was") {
    FakeHost host;
    serve(host);
    host.http.on(kBase + kArchive, Answer{.body = archive(false)});
    const auto out = SourceSession(plugin(), host, config({{"enrich", true}}))
                         .read({.stream = kStream, .token = kArchive});
    REQUIRE(out.rows.size() == 3);
    CHECK(out.rows[1]["station_name"] == "Großenkneten");
    CHECK(out.rows[1]["station_height"] == 44.0);
  }
}

TEST_CASE("dwd: a resumed reading carries the same places", "[unit][dwd]") {
  FakeHost host;
  serve(host);
  host.http.on(kBase + kArchive, Answer{.body = archive(true), .validator = "v1"});
  SourceSession session(plugin(), host, config({{"enrich", true}, {"enrich_with", "history"}}));
  const auto first = session.read(
      {.stream = kStream, .token = kArchive, .state = R"({"rows": 1, "validator": "v1"})"});
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0]["station_height"] == 42.0);
  CHECK(first.rows[1]["station_height"] == 43.5);
}

TEST_CASE("dwd: options of metadata that make no sense are refused", "[unit][dwd]") {
  FakeHost host;
  const auto code = [&](const json& more) {
    try {
      SourceSession session(plugin(), host, config(more));
      session.slices(kStream);
    } catch (const sluice::Error& error) {
      CHECK(host.http.requests().empty());
      return error.code();
    }
    return Code::kInternal;
  };
  CHECK(code({{"metadata", {"positions"}}}) == Code::kInvalidConfig);
  CHECK(code({{"enrich_with", "history"}}) == Code::kInvalidConfig);
  CHECK(code({{"enrich", true}, {"enrich_with", "today"}}) == Code::kInvalidConfig);
  CHECK(code({{"datasets", {"subdaily/standard_format"}}}) == Code::kInvalidConfig);
  CHECK(code({{"datasets", {"5_minutes/precipitation"}}}) == Code::kInvalidConfig);
}
