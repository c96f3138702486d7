// SPDX-License-Identifier: Apache-2.0
//
// The built library through a fake host: listing, reading, resuming, failing.
#include <catch2/catch.hpp>
#include <sluice/testing/testing.hpp>

#include "plugins/dwd/tests/support.hpp"

using dwd::test::make_zip;
using dwd::test::product_zip;
using sluice::Code;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::ListedSlice;
using sluice::testing::ReadSpec;
using sluice::testing::SourceSession;

namespace {

const std::string kBase = "http://dwd.test/climate/";
const std::string kFolder = "10_minutes/air_temperature/historical/";
constexpr auto kStream = "ten_minutes_air_temperature";
const std::string kFile = "10minutenwerte_TU_00003_20000101_20091231_hist.zip";

sluice::testing::Plugin plugin() {
  return sluice::testing::Plugin::load(DWD_PLUGIN_FILE);
}

json config(json more = json::object()) {
  json out = {{"base_url", kBase}, {"periods", {"historical"}}};
  out.update(more);
  return out;
}

std::string line(const std::string& name, const std::string& when = "12-Jan-2026 10:30",
                 const std::string& size = "1000") {
  return "<a href=\"" + name + "\">" + name.substr(0, 40) + "..&gt;</a> " + when + "   " + size +
         "\n";
}

std::string page_text(const std::string& lines) {
  return "<html><head><title>Index of /</title></head><body><h1>Index of /</h1><hr><pre><a "
         "href=\"../\">../</a>\n" +
         lines + "</pre><hr></body></html>\n";
}

Answer page(const std::string& lines) {
  return {.body = page_text(lines)};
}

std::string product(int rows, const std::string& tt = "7.5") {
  std::string out = "STATIONS_ID;MESS_DATUM;  QN;PP_10;TT_10;TM5_10;RF_10;TD_10;eor\r\n";
  for (int i = 0; i < rows; ++i) {
    char stamp[32];
    std::snprintf(stamp, sizeof(stamp), "200001%02d%02d%d0", 1 + i / 144 % 28, i / 6 % 24, i % 6);
    out += "          3;" + std::string(stamp) + ";    3;   -999;  " + tt +
           ";   7.0;  90.0;   6.0;eor\r\n";
  }
  return out;
}

ReadSpec file_spec(const std::string& token = kFolder + kFile) {
  return {.stream = kStream, .slice = "key", .token = token};
}

std::vector<std::string> keys(const std::vector<ListedSlice>& slices) {
  std::vector<std::string> out;
  for (const auto& slice : slices) {
    out.push_back(slice.key);
  }
  return out;
}

int64_t day_us(int days) {
  return int64_t{days} * 86'400'000'000;
}

}  // namespace

TEST_CASE("dwd: an archive is listed and its rows come out", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder,
               page(line("zehn_min_tu_Beschreibung_Stationen.txt") + line(kFile) +
                    line("DESCRIPTION_obsgermany_climate_10min_air_temperature_en.pdf")));
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(300)), .validator = "v1"});
  SourceSession session(plugin(), host, config({{"contact", "me@example.org"}}));
  const auto slices = session.slices(kStream);
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].key == "10_minutes/air_temperature/historical/00003/20000101");
  CHECK(slices[0].title == kFile);
  CHECK(slices[0].validator == "2026-01-12T10:30Z 1000");
  CHECK(slices[0].token == kFolder + kFile);
  CHECK(slices[0].estimated_bytes == 1000);
  const auto run = session.read(file_spec(slices[0].token));
  CHECK(run.end == SLUICE_END);
  REQUIRE(run.rows.size() == 300);
  CHECK(run.rows[7] == json({{"station_id", 3},
                             {"time", "2000-01-01T01:10:00Z"},
                             {"quality_level", 3},
                             {"air_pressure", nullptr},
                             {"air_temperature_2m", 7.5},
                             {"air_temperature_5cm", 7.0},
                             {"relative_humidity", 90.0},
                             {"dew_point_temperature", 6.0},
                             {"period_rank", 3}}));
  CHECK(run.validator == "v1");
  CHECK(run.notes.empty());
  CHECK(run.rejects.empty());
  CHECK(host.open_bodies() == 0);
  for (const auto& request : host.http.requests()) {
    CHECK(request.headers.find("From: me@example.org") != std::string::npos);
  }
}

TEST_CASE("dwd: streams are declared without a network", "[unit][dwd]") {
  FakeHost host;
  SourceSession session(plugin(), host,
                        {{"resolution", "hourly"},
                         {"datasets", {"wind", "solar", "daily/kl", "wind"}},
                         {"enrich", true}},
                        "", SLUICE_OPEN_OFFLINE);
  const auto streams = session.streams();
  REQUIRE(streams.size() == 5);
  CHECK(streams[0].name() == "stations");
  CHECK(streams[1].name() == "parameters");
  CHECK(streams[2].name() == "hourly_wind");
  CHECK(streams[4].name() == "daily_kl");
  CHECK(streams[2].kind() == sluice::Kind::kFiles);
  CHECK(streams[2].key_columns() == std::vector<std::string>{"station_id", "time"});
  CHECK(streams[2].seq() == "period_rank");
  CHECK(streams[4].time() == "date");
  const auto& wind = streams[2].columns()[static_cast<std::size_t>(streams[2].find("wind_speed"))];
  CHECK(wind.options.unit == "m/s");
  CHECK(wind.options.source_name == "F");
  CHECK(streams[2].find("station_state") > 0);
  CHECK(host.http.requests().empty());
}

TEST_CASE("dwd: a configuration that names nothing is refused", "[unit][dwd]") {
  FakeHost host;
  for (const json& wrong : std::vector<json>{{{"datasets", {"air_temperatur"}}},
                                             {{"datasets", {"weekly/wind"}}},
                                             {{"periods", {"future"}}},
                                             {{"states", {"Tirol"}}},
                                             {{"stations", {0}}},
                                             {{"bounding_box", {1.0, 2.0}}},
                                             {{"bounding_box", {9.0, 50.0, 8.0, 51.0}}}}) {
    CAPTURE(wrong);
    try {
      SourceSession session(plugin(), host, wrong);
      FAIL("it was accepted");
    } catch (const sluice::Error& error) {
      CHECK(error.code() == Code::kInvalidConfig);
    }
  }
}

TEST_CASE("dwd: a yearly rename keeps the key and changes the validator", "[unit][dwd]") {
  FakeHost host;
  const std::string old_name = "10minutenwerte_TU_00003_20200101_20241231_hist.zip";
  const std::string new_name = "10minutenwerte_TU_00003_20200101_20251231_hist.zip";
  host.http.on(kBase + kFolder, page(line(old_name, "12-Jan-2025 10:30")));
  host.http.on(kBase + kFolder, page(line(new_name, "12-Jan-2026 10:30")));
  host.http.on(kBase + kFolder,
               page(line(new_name, "12-Jan-2026 10:30") + line(old_name, "12-Jan-2025 10:30")));
  SourceSession session(plugin(), host, config());
  const auto before = session.slices(kStream);
  const auto after = session.slices(kStream);
  const auto both = session.slices(kStream);
  REQUIRE((before.size() == 1 && after.size() == 1 && both.size() == 1));
  CHECK(before[0].key == after[0].key);
  CHECK(before[0].validator != after[0].validator);
  CHECK(both[0].title == new_name);
  CHECK(both[0].validator == after[0].validator);
}

TEST_CASE("dwd: a file that vanished is not found", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder + kFile, Answer{.body = "gone", .status = 404});
  const auto run = SourceSession(plugin(), host, config()).read(file_spec());
  REQUIRE(run.error);
  CHECK(run.error->code() == Code::kNotFound);
}

TEST_CASE("dwd: a listing that is not whole fails and none is told", "[unit][dwd]") {
  const auto whole = page_text(line(kFile));
  for (const auto& bad : {whole.substr(0, whole.size() - 40), std::string("<html>503</html>")}) {
    FakeHost host;
    host.http.on(kBase + kFolder, Answer{.body = bad});
    SourceSession session(plugin(), host, config());
    try {
      session.slices(kStream);
      FAIL("it was accepted");
    } catch (const sluice::Error& error) {
      CHECK(error.code() == Code::kUnavailable);
      CHECK((error.flags() & SLUICE_ERROR_RETRYABLE) != 0);
    }
  }
}

TEST_CASE("dwd: reading goes on where it stopped and starts anew when the file changed",
          "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(2000)), .validator = "v1"});
  SourceSession session(plugin(), host, config());
  auto spec = file_spec();
  spec.target_batch_bytes = 20'000;
  const auto whole = session.read(spec);
  REQUIRE(whole.rows.size() == 2000);
  REQUIRE(whole.states.size() > 5);
  for (std::size_t i = 0; i < whole.states.size(); ++i) {
    REQUIRE(whole.states[i]);
    auto rest = spec;
    rest.state = whole.states[i];
    std::size_t before = 0;
    for (std::size_t k = 0; k <= i; ++k) {
      before += whole.batch_rows[k];
    }
    const auto run = session.read(rest);
    CHECK(run.end == SLUICE_END);
    CHECK(std::equal(run.rows.begin(), run.rows.end(),
                     whole.rows.begin() + static_cast<std::ptrdiff_t>(before), whole.rows.end()));
  }
  host.http.clear();
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(2000, "8.5")), .validator = "v2"});
  spec.state = whole.states[1];
  const auto changed = session.read(spec);
  CHECK(changed.rows.size() == 2000);
  CHECK(changed.validator == "v2");
}

// What the host makes of an ETag and a time.
const std::string kOfLines = "etag \"5f-a\"\nmodified Mon, 30 Mar 2026 17:05:56 GMT\n";  // NOLINT

TEST_CASE("dwd: a file the server calls unchanged is not read", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(5)), .validator = kOfLines});
  SourceSession session(plugin(), host, config());
  auto spec = file_spec();
  spec.validator = kOfLines;
  CHECK(session.read(spec).end == SLUICE_UNCHANGED);
  spec.validator = "v0";
  CHECK(session.read(spec).rows.size() == 5);
  CHECK(host.open_bodies() == 0);
}

TEST_CASE("dwd: wanting other times of a file means reading it again", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder, page(line(kFile)));
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(300)), .validator = kOfLines});
  SourceSession session(plugin(), host, config());
  const int64_t second = day_us(10'958);  // 2000-01-02
  const auto all = session.slices(kStream);
  const auto cut = session.slices(kStream, second);
  REQUIRE((all.size() == 1 && cut.size() == 1));
  CHECK(all[0].key == cut[0].key);
  CHECK(all[0].validator != cut[0].validator);
  auto spec = file_spec(cut[0].token);
  const auto run = session.read(spec);
  CHECK(run.rows.size() == 300 - 144);
  CHECK(run.rows.front()["time"] == "2000-01-02T00:00:00Z");
  spec.validator = run.validator;
  CHECK(session.read(spec).end == SLUICE_UNCHANGED);
  auto more = file_spec(all[0].token);
  more.validator = run.validator;
  CHECK(session.read(more).rows.size() == 300);
}

TEST_CASE("dwd: files that cannot hold wanted times are left out", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder, page(line("10minutenwerte_TU_00003_19930428_19991231_hist.zip") +
                                     line("10minutenwerte_TU_00003_20000101_20091231_hist.zip") +
                                     line("10minutenwerte_TU_00003_20100101_20110331_hist.zip")));
  SourceSession session(plugin(), host, config());
  const auto from_of = [&](int64_t from, int64_t to) {
    return session.slices(kStream, from, to).size();
  };
  CHECK(from_of(SLUICE_TIME_MIN, SLUICE_TIME_MAX) == 3);
  CHECK(from_of(day_us(10'957), SLUICE_TIME_MAX) == 2);              // from 2000
  CHECK(from_of(day_us(10'957) - day_us(1), SLUICE_TIME_MAX) == 3);  // the day before
  CHECK(from_of(SLUICE_TIME_MIN, day_us(10'957)) == 2);  // the second begins an hour early
  CHECK(from_of(day_us(15'200), SLUICE_TIME_MAX) == 0);
  CHECK(from_of(day_us(15'065), SLUICE_TIME_MAX) == 1);  // a day after the end in its name
}

TEST_CASE("dwd: stations are chosen by number state and position", "[unit][dwd]") {
  FakeHost host;
  const std::string list =
      "Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname "
      "Bundesland\r\n"
      "----------- --------- --------- ---\r\n"
      "00003 19930428 20120403            202     50.7827    6.0941 Aachen             "
      "Nordrhein-Westfalen\r\n"
      "00044 20070208 20180324             44     52.9335    8.2370 Gro\xDF"
      "enkneten       Niedersachsen\r\n";
  host.http.on(kBase + kFolder,
               page(line("zehn_min_tu_Beschreibung_Stationen.txt") +
                    line("10minutenwerte_TU_00044_20100101_20191231_hist.zip") + line(kFile)));
  host.http.on(kBase + kFolder + "zehn_min_tu_Beschreibung_Stationen.txt",
               Answer{.body = list, .validator = "list1"});
  const auto chosen = [&](const json& more) {
    return keys(SourceSession(plugin(), host, config(more)).slices(kStream));
  };
  const std::string aachen = "10_minutes/air_temperature/historical/00003/20000101";
  const std::string knet = "10_minutes/air_temperature/historical/00044/20100101";
  CHECK(chosen({{"stations", {44}}}) == std::vector{knet});
  CHECK(chosen({{"states", {"Lower Saxony"}}}) == std::vector{knet});
  CHECK(chosen({{"states", {"nw", "DE-NI"}}}) == std::vector{aachen, knet});
  CHECK(chosen({{"bounding_box", {6.0, 50.0, 7.0, 51.0}}}) == std::vector{aachen});
  SourceSession session(plugin(), host, config({{"enrich", true}}));
  host.http.on(kBase + kFolder + kFile, Answer{.body = product_zip(product(2)), .validator = "v1"});
  const auto run = session.read(file_spec());
  REQUIRE(run.rows.size() == 2);
  CHECK(run.rows[1]["station_name"] == "Aachen");
  CHECK(run.rows[1]["station_height"] == 202.0);
  CHECK(run.rows[1]["station_latitude"] == 50.7827);
  CHECK(run.rows[1]["station_state"] == "Nordrhein-Westfalen");

  const auto lists = session.slices("stations");
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].key == "10_minutes/air_temperature/historical");
  const auto stations = session.read({.stream = "stations", .token = lists[0].token});
  REQUIRE(stations.rows.size() == 2);
  CHECK(stations.rows[1] == json({{"dataset", "10_minutes/air_temperature"},
                                  {"period", "historical"},
                                  {"station_id", 44},
                                  {"name", "Großenkneten"},
                                  {"state", "Niedersachsen"},
                                  {"height", 44.0},
                                  {"latitude", 52.9335},
                                  {"longitude", 8.237},
                                  {"from_date", "2007-02-08"},
                                  {"to_date", "2018-03-24"},
                                  {"access", nullptr}}));
  CHECK(session.read({.stream = "stations", .token = lists[0].token, .validator = "list1"}).end ==
        SLUICE_UNCHANGED);
}

TEST_CASE("dwd: parameters say what the columns mean", "[unit][dwd]") {
  FakeHost host;
  const auto run = SourceSession(plugin(), host, config()).read({.stream = "parameters"});
  REQUIRE(run.rows.size() == 6);
  CHECK(run.rows[2] == json({{"stream", kStream},
                             {"column_name", "air_temperature_2m"},
                             {"dataset", "10_minutes/air_temperature"},
                             {"code", "TT_10"},
                             {"unit", "°C"},
                             {"description", "Air temperature 2 m above ground"}}));
  CHECK(host.http.requests().empty());
}

TEST_CASE("dwd: folders of years are crawled as far as they are wanted", "[unit][dwd]") {
  FakeHost host;
  const std::string root = kBase + "1_minute/precipitation/historical/";
  const auto name = [](const std::string& month) {
    return "1minutenwerte_nieder_00020_" + month + "01_" + month + "28_hist.zip";
  };
  host.http.on(root, page("<a href=\"2023/\">2023/</a> 01-Jan-2024 00:00 -\n"
                          "<a href=\"2024/\">2024/</a> 01-Jan-2025 00:00 -\n"
                          "<a href=\"old/\">old/</a> 01-Jan-2025 00:00 -\n"));
  host.http.on(root + "2023/", page(line(name("202301"))));
  host.http.on(root + "2024/", page(line(name("202401")) + line(name("202402"))));
  SourceSession session(plugin(), host,
                        config({{"resolution", "1_minute"}, {"datasets", {"precipitation"}}}));
  CHECK(session.slices("one_minute_precipitation").size() == 3);
  CHECK(session.slices("one_minute_precipitation", day_us(19'770)).size() == 1);  // 2024-02-17
  for (const auto& request : host.http.requests()) {
    CHECK(request.url.find("old") == std::string::npos);
  }
}

TEST_CASE("dwd: whole series without periods are read", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + "hourly/solar/", page(line("stundenwerte_ST_05906_row.zip") +
                                             line("ST_Stundenwerte_Beschreibung_Stationen.txt")));
  SourceSession session(plugin(), host,
                        config({{"resolution", "hourly"}, {"datasets", {"solar"}}}));
  CHECK(keys(session.slices("hourly_solar")) == std::vector<std::string>{"hourly/solar/row/05906"});
  const auto lists = session.slices("stations");
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].key == "hourly/solar/row");
}

TEST_CASE("dwd: all three periods are listed with the rank of their rows", "[unit][dwd]") {
  FakeHost host;
  const std::string root = "10_minutes/air_temperature/";
  host.http.on(kBase + root + "historical/", page(line(kFile)));
  host.http.on(kBase + root + "recent/", page(line("10minutenwerte_TU_00003_akt.zip")));
  host.http.on(kBase + root + "now/", page(line("10minutenwerte_TU_00003_now.zip")));
  SourceSession session(plugin(), host, json{{"base_url", kBase}});
  const auto slices = session.slices(kStream);
  CHECK(keys(slices) ==
        std::vector<std::string>{"10_minutes/air_temperature/historical/00003/20000101",
                                 "10_minutes/air_temperature/recent/00003",
                                 "10_minutes/air_temperature/now/00003"});
  int rank = 3;
  for (const auto& slice : slices) {
    host.http.on(kBase + slice.token, Answer{.body = product_zip(product(1))});
    const auto run = session.read(file_spec(slice.token));
    REQUIRE(run.rows.size() == 1);
    CHECK(run.rows[0]["period_rank"] == rank--);
  }
}

TEST_CASE("dwd: a transfer that breaks may be tried again", "[unit][dwd]") {
  const auto zip = product_zip(product(2000));
  for (const std::size_t after : {std::size_t{0}, std::size_t{3}, zip.size() / 2, zip.size() - 1}) {
    FakeHost host;
    host.http.on(kBase + kFolder + kFile, Answer{.body = zip, .breaks_after = after});
    const auto run = SourceSession(plugin(), host, config()).read(file_spec());
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kUnavailable);
    CHECK(host.open_bodies() == 0);
  }
  FakeHost host;
  host.http.on(kBase + kFolder + kFile, Answer{.body = zip.substr(0, zip.size() / 2)});
  const auto cut = SourceSession(plugin(), host, config()).read(file_spec());
  REQUIRE(cut.error);
  CHECK(cut.error->code() == Code::kUnavailable);
  CHECK((cut.error->flags() & SLUICE_ERROR_RETRYABLE) != 0);
}

TEST_CASE("dwd: what is no archive says so", "[unit][dwd]") {
  const auto code = [](const std::string& body) {
    FakeHost host;
    host.http.on(kBase + kFolder + kFile, Answer{.body = body});
    const auto run = SourceSession(plugin(), host, config()).read(file_spec());
    REQUIRE(run.error);
    CHECK(host.open_bodies() == 0);
    return run.error->code();
  };
  CHECK(code("<html>busy</html>") == Code::kUnavailable);
  CHECK(code("garbage of some length") == Code::kBadData);
  CHECK(code(make_zip({{"readme.txt", "no product"}})) == Code::kBadData);
  CHECK(code(make_zip({{"produkt_x.txt", product(3)}}, {.encrypted_flag = true})) ==
        Code::kBadData);
  auto damaged = product_zip(product(3000));
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
  CHECK(code(damaged) == Code::kBadData);
  CHECK(code(product_zip("a;b;c\n")) == Code::kBadData);
}

TEST_CASE("dwd: bad rows are rejected and the others land", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder + kFile,
               Answer{.body = product_zip(product(2) + "3;notatime;3;1;1;1;1;1;eor\r\n" +
                                          "3;200002010000;3;1;x;1;1;1;eor\r\n")});
  const auto run = SourceSession(plugin(), host, config()).read(file_spec());
  CHECK(run.rows.size() == 3);
  REQUIRE(run.rejects.size() == 1);
  CHECK(run.rejects[0].rule == "time");
  CHECK(run.rejects[0].record == "3;notatime;3;1;1;1;1;1;eor");
  REQUIRE(run.notes.size() == 1);
  CHECK(run.notes[0].code == "bad_value");
}

TEST_CASE("dwd: a foreign token or state is refused", "[unit][dwd]") {
  FakeHost host;
  SourceSession session(plugin(), host, config());
  for (const std::string token : {"", "x", "10_minutes/air_temperature/historical/readme.txt",
                                  "a/10minutenwerte_TU_00003_akt.zip\nx\ny"}) {
    const auto run = session.read(file_spec(token));
    REQUIRE(run.error);
    CHECK(run.error->code() == Code::kBadState);
  }
}

TEST_CASE("dwd: an archive without rows ends without rows", "[unit][dwd]") {
  FakeHost host;
  host.http.on(kBase + kFolder + kFile, Answer{.body = product_zip(product(0)), .validator = "v"});
  const auto run = SourceSession(plugin(), host, config()).read(file_spec());
  CHECK(run.end == SLUICE_END);
  CHECK(run.rows.empty());
  CHECK(run.validator == "v");
}
