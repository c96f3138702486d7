// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <set>

#include "listing.hpp"
#include "names.hpp"
#include "parameters.hpp"
#include "plugins/dwd/tests/support.hpp"
#include "sluice/cpp/error.hpp"
#include "stations.hpp"
#include "text.hpp"

using dwd::Entry;
using dwd::Station;

namespace {

std::string page(const std::string& lines) {
  return "<html>\n<head><title>Index of /x/</title></head>\n<body>\n<h1>Index of "
         "/x/</h1><hr><pre><a "
         "href=\"../\">../</a>\n" +
         lines + "</pre><hr></body>\n</html>\n";
}

std::vector<std::string> list(const std::string& text) {
  std::vector<std::string> out;
  dwd::parse_listing(text, "http://h/x/", [&](const Entry& e) {
    out.push_back(std::string(e.name) + (e.folder ? "/" : "") + " " +
                  std::to_string(e.modified_us / 60'000'000) + " " + std::to_string(e.size));
  });
  return out;
}

std::string station_text(const std::string& row, const std::string& header_end = "Bundesland") {
  return "Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname " +
         header_end +
         "\r\n----------- --------- --------- ------------- --------- --------- ---- ----\r\n" +
         row;
}

std::vector<Station> stations(const std::string& text, std::vector<std::string>* bad = nullptr) {
  std::vector<Station> out;
  dwd::parse_station_list(
      text, "http://h/list.txt", [&](const Station& s) { out.push_back(s); },
      [&](std::string_view line) {
        if (bad != nullptr) {
          bad->emplace_back(line);
        }
      });
  return out;
}

}  // namespace

TEST_CASE("listing: names come from the link and times are UTC minutes", "[unit][dwd]") {
  CHECK(
      list(page("<a href=\"2024/\">2024/</a>      01-Jan-2024 00:00      -\r\n"
                "<a href=\"10minutenwerte_TU_00003_19930428_19991231_hist.zip\">10minutenwerte_TU_"
                "00003_19930428_1999..&gt;</a> 02-Jan-1970 00:01              3661729\n")) ==
      std::vector<std::string>{"2024/ 0 0",
                               "10minutenwerte_TU_00003_19930428_19991231_hist.zip 1441 3661729"});
}

TEST_CASE("listing: links that lead elsewhere are left out", "[unit][dwd]") {
  CHECK(list(page("<a href=\"/etc/passwd\">x</a> 01-Jan-2024 00:00 1\n"
                  "<a href=\"http://evil/x.zip\">x</a> 01-Jan-2024 00:00 1\n"
                  "<a href=\"..\">x</a> 01-Jan-2024 00:00 1\n"
                  "<a href=\"a%2Fb.zip\">x</a> 01-Jan-2024 00:00 1\n"
                  "<a href=\"\">x</a> 01-Jan-2024 00:00 1\n"
                  "<a href=\"ok.zip\">x</a> 01-Jan-2024 00:00 1\n"))
            .size() == 1);
}

TEST_CASE("listing: anything but a complete listing fails", "[unit][dwd]") {
  const auto whole = page("<a href=\"a.zip\">a.zip</a>   01-Jan-2024 00:00   17\n");
  CHECK(list(whole).size() == 1);
  for (std::size_t size = 0; size < whole.find("</pre>") + 6; ++size) {
    CAPTURE(size);
    try {
      list(whole.substr(0, size));
      FAIL("a cut listing was accepted");
    } catch (const sluice::Error& error) {
      CHECK(error.code() == sluice::Code::kUnavailable);
      CHECK((error.flags() & SLUICE_ERROR_RETRYABLE) != 0);
    }
  }
  for (const std::string bad :
       {"<html><body>503</body></html>", "{}", "",
        "<pre><a href=\"a.zip\">a.zip</a> yesterday 17\n</pre>",
        "<pre><a href=\"a.zip\">a.zip</a> 31-Feb-2024 00:00 17\n</pre>",
        "<pre><a href=\"a.zip\">a.zip</a> 01-Jan-2024 00:00 1.2K\n</pre>", "</pre><pre>"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(list(bad), sluice::Error);
  }
}

TEST_CASE("names: every pattern of the server is understood", "[unit][dwd]") {
  const auto& tu = *dwd::find_dataset("10_minutes", "air_temperature");
  const auto hist =
      dwd::parse_archive_name(tu, "10minutenwerte_TU_00003_19930428_19991231_hist.zip");
  REQUIRE(hist);
  CHECK(hist->station == 3);
  CHECK(hist->period == dwd::Period::kHistorical);
  CHECK(hist->from_day == dwd::parse_day("19930428"));
  CHECK(hist->to_text == "19991231");
  CHECK(dwd::parse_archive_name(tu, "10minutenwerte_TU_20098_akt.zip")->period ==
        dwd::Period::kRecent);
  CHECK(dwd::parse_archive_name(tu, "10minutenwerte_TU_00044_now.zip")->period ==
        dwd::Period::kNow);
  const auto accepts = [](const char* resolution, const char* name, const char* file) {
    return dwd::parse_archive_name(*dwd::find_dataset(resolution, name), file).has_value();
  };
  CHECK(accepts("10_minutes", "extreme_wind",
                "10minutenwerte_extrema_wind_01766_20100101_20191231_hist.zip"));
  CHECK(accepts("10_minutes", "solar", "10minutenwerte_SOLAR_01766_akt.zip"));
  CHECK(accepts("1_minute", "precipitation",
                "1minutenwerte_nieder_00003_19930701_19930731_hist.zip"));
  CHECK(accepts("hourly", "solar", "stundenwerte_ST_05906_row.zip"));
  CHECK(accepts("daily", "kl", "tageswerte_KL_00001_19370101_19860630_hist.zip"));
  CHECK(accepts("monthly", "kl", "monatswerte_KL_01691_18570101_20171231_hist.zip"));
  CHECK(accepts("monthly", "kl", "monatswerte_03987_18930101_20151231_hist.zip"));
}

TEST_CASE("names: other files are none", "[unit][dwd]") {
  const auto& tu = *dwd::find_dataset("10_minutes", "air_temperature");
  for (const auto* name :
       {"", ".zip", "_hist.zip", "10minutenwerte_TU_00003_hist.zip",
        "stundenwerte_TU_00003_akt.zip", "10minutenwerte_SOLAR_00003_akt.zip",
        "10minutenwerte_TU_00003_akt.zip.part", "10minutenwerte_TU_000003_akt.zip",
        "10minutenwerte_TU_0x003_akt.zip", "10minutenwerte_TU_00003_19930428_19930231_hist.zip",
        "10minutenwerte_TU_00003_19991231_19930428_hist.zip", "Meta_Daten_zehn_min_tu_00044.zip",
        "zehn_min_tu_Beschreibung_Stationen.txt"}) {
    CAPTURE(name);
    CHECK_FALSE(dwd::parse_archive_name(tu, name));
  }
  CHECK(dwd::parse_metadata_name("Meta_Daten_zehn_min_tu_00044.zip") == 44);
  CHECK_FALSE(dwd::parse_metadata_name("10minutenwerte_TU_00044_akt.zip"));
  CHECK(dwd::is_station_list("zehn_min_tu_Beschreibung_Stationen.txt"));
  CHECK_FALSE(dwd::is_station_list("BESCHREIBUNG_obsgermany_climate_10min_air_temperature_de.pdf"));
}

TEST_CASE("stations: rows of both widths and with the ninth column", "[unit][dwd]") {
  const std::string head = "00044 20070209 20250514             44     52.9336    8.2370 ";
  const std::string name =
      "Gro\xDF"
      "enkneten";
  for (const std::size_t width : {40U, 80U}) {
    const std::string padded = name + std::string(width - name.size(), ' ') + " ";
    const std::string state = "Niedersachsen" + std::string(27, ' ');
    for (const bool ninth : {false, true}) {
      CAPTURE(width, ninth);
      const auto out = stations(station_text(head + padded + state + (ninth ? " Frei        " : ""),
                                             ninth ? "Bundesland Abgabe" : "Bundesland"));
      REQUIRE(out.size() == 1);
      CHECK(out[0].id == 44);
      CHECK(out[0].name == "Großenkneten");
      CHECK(out[0].state == "Niedersachsen");
      CHECK(out[0].access == (ninth ? "Frei" : ""));
      CHECK(out[0].height == 44);
      CHECK(out[0].latitude == 52.9336);
      CHECK(out[0].longitude == 8.2370);
      CHECK(out[0].to_day == dwd::parse_day("20250514"));
    }
  }
}

TEST_CASE("stations: names may hold blanks commas and states", "[unit][dwd]") {
  const auto one = [](const std::string& tail) {
    const auto out =
        stations(station_text("    3 19930428 20120403  -2   50.78  6.09 " + tail + "\r\r\n\x1A"));
    REQUIRE(out.size() == 1);
    return out[0].name + "/" + out[0].state;
  };
  CHECK(one("Seebach (Nationalpark Schwarzwald)       Bayern   ") ==
        "Seebach (Nationalpark Schwarzwald)/Bayern");
  CHECK(one("Berlin-Dahlem, Berlin          Berlin") == "Berlin-Dahlem, Berlin/Berlin");
  CHECK(one("Ein Name der sein ganzes Feld fuellt 1234 Sachsen-Anhalt") ==
        "Ein Name der sein ganzes Feld fuellt 1234/Sachsen-Anhalt");
  CHECK(one("Somewhere     Tirol") == "Somewhere/Tirol");
  CHECK(one("Nirgendwo") == "Nirgendwo/");
  CHECK(one("Gerstungen/Th\xFCringen        Th\xFCringen") == "Gerstungen/Thüringen/Thüringen");
}

TEST_CASE("stations: lines that are none are told and pages refused", "[unit][dwd]") {
  std::vector<std::string> bad;
  CHECK(stations(station_text("x 1\n00003 20070209 20250514 44 152.9 8.2 A  Bayern\n"
                              "00003 20070229 20250514 44 52.9 8.2 A  Bayern\n"
                              "00003 20070209 20250514 nan 52.9 8.2 A  Bayern\n"
                              "00003 20070209 20250514 44 52.9 8.2\n"),
                 &bad)
            .empty());
  CHECK(bad.size() == 5);
  CHECK_THROWS_AS(stations("<html></html>"), sluice::Error);
  CHECK_THROWS_AS(stations("00003 20070209"), sluice::Error);
}

TEST_CASE("stations: a list of the standard format says so", "[unit][dwd]") {
  try {
    stations(
        "ST_KE ST_ID von      bis       ST_Hoehe geo_Breite geo_Laenge Stationsname\r\n"
        "----- ----- -------- --------- -------- ---------- ---------- ------------\r\n"
        "10501 00003 18910101 20110331       202    50.7827     6.0941 Aachen\r\n");
    FAIL("it was read");
  } catch (const sluice::Error& error) {
    CHECK(error.code() == sluice::Code::kUnsupported);
  }
}

TEST_CASE("parameters: the table holds together", "[unit][dwd]") {
  std::set<std::string_view> streams;
  for (const auto& dataset : dwd::datasets()) {
    CAPTURE(dataset.stream);
    CHECK(streams.insert(dataset.stream).second);
    CHECK(dataset.parameters.size() <= dwd::kMostCells);
    std::set<std::string_view> names;
    for (const auto& p : dataset.parameters) {
      CHECK(names.insert(p.name).second);
      CHECK_FALSE(p.doc.empty());
      if (p.cell == dwd::Cell::kCloudCover) {
        CHECK((&p)[1].cell == dwd::Cell::kSkyObscured);
      }
    }
    CHECK_NOTHROW(
        dwd::observation_stream(dataset, {.expand_ranges = false, .enrich = true}).check());
  }
  CHECK(dwd::states().size() == 16);
  CHECK(dwd::find_state("bavaria") == dwd::find_state("de-by"));
  CHECK(dwd::find_state("BY")->name == "Bayern");
  CHECK(dwd::find_state("Tirol") == nullptr);
}

TEST_CASE("text: latin-1 becomes UTF-8 and UTF-8 stays", "[unit][dwd]") {
  CHECK(dwd::to_utf8("M\xFCnster/Osnabr\xFC"
                     "ck") == "Münster/Osnabrück");
  CHECK(dwd::to_utf8("Münster") == "Münster");
  CHECK(dwd::trim(" \t a b \r\x1A") == "a b");
}
