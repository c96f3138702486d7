// SPDX-License-Identifier: Apache-2.0
//
// Recorded files of DWD, read in place, against sums that Python's standard library worked out
// (expected.py), and listings of the server's real size.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sluice/testing/testing.hpp>
#include <sstream>

#include "names.hpp"
#include "plugins/dwd/tests/support.hpp"
#include "sluice/cpp/error.hpp"
#include "stations.hpp"
#include "text.hpp"

namespace fs = std::filesystem;
using dwd::test::fixtures;
using dwd::test::read_file;
using sluice::json;
using sluice::testing::Answer;
using sluice::testing::FakeHost;
using sluice::testing::SourceSession;

namespace {

const std::string kBase = "http://dwd.test/";

std::optional<fs::path> here() {
  const auto root = fixtures();
  if (!root) {
    WARN("The recorded files of DWD are not here; set SLUICE_FIXTURES to their folder.");
  }
  return root;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    out.push_back(part);
  }
  return out;
}

// What a line of expected.csv says of a column, from rows as the plugin gave them.
std::string summary(const std::vector<json>& rows, const std::string& column) {
  std::size_t count = 0;
  double sum = 0;
  bool text = false;
  for (const json& row : rows) {
    const json& value = row.at(column);
    text = text || value.is_string();
    count += value.is_null() ? 0 : 1;
    sum += value.is_number() ? value.get<double>() : 0;
  }
  char out[64];
  std::snprintf(out, sizeof(out), "%.3f", std::abs(sum) < 1e-6 ? 0 : sum);
  return std::to_string(count) + "/" + (text ? "text" : out);
}

// A name under which the server would serve a file of this data set.
std::string server_path(const dwd::Dataset& dataset) {
  return std::string(dataset.resolution) + "/" + std::string(dataset.name) + "/recent/" +
         std::string(dataset.file_word) + "_" + std::string(dataset.element) + "_00001_akt.zip";
}

std::string listing(const std::vector<std::string>& names) {
  std::string page =
      "<html><head></head><body><h1>Index of /</h1><hr><pre><a href=\"../\">../</a>\n";
  for (const auto& name : names) {
    page +=
        "<a href=\"" + name + "\">" + name.substr(0, 47) + "..&gt;</a> 12-Jan-2026 10:30  4711\n";
  }
  return page + "</pre><hr></body></html>\n";
}

// Names of a folder of the recorded index.
std::vector<std::string> index_names(const fs::path& file, const std::string& folder) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string path; std::getline(in, path);) {
    if (path.starts_with(folder) && path.find('/', folder.size()) == std::string::npos) {
      out.push_back(path.substr(folder.size()));
    }
  }
  return out;
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("dwd: recorded products hold what python finds in them", "[pipeline][dwd]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::ifstream expected("plugins/dwd/tests/cases/expected.csv");
  REQUIRE(expected);
  std::size_t files = 0;
  for (std::string line; std::getline(expected, line); ++files) {
    const auto fields = split(line, ';');
    CAPTURE(fields[0]);
    const dwd::Dataset& dataset = *dwd::find_stream(fields[1]);
    std::string body = read_file(*root / fields[0]);
    if (!fields[0].ends_with(".zip")) {
      body = dwd::test::product_zip(body, "produkt_" + fs::path(fields[0]).filename().string());
    }
    FakeHost host;
    const std::string path = server_path(dataset);
    host.http.on(kBase + path, Answer{.body = std::move(body)});
    const json config = {
        {"base_url", kBase},
        {"datasets", {std::string(dataset.resolution) + "/" + std::string(dataset.name)}}};
    const auto run = SourceSession(sluice::testing::Plugin::load(DWD_PLUGIN_FILE), host, config)
                         .read({.stream = fields[1], .slice = "s", .token = path});
    CHECK(run.end == SLUICE_END);
    CHECK(run.rejects.empty());
    CHECK(run.notes.empty());
    REQUIRE(run.rows.size() == std::stoul(fields[2]));
    const char* time = run.stream.find("time") >= 0 ? "time" : "date";
    CHECK(fields[3].starts_with(run.rows.front()[time].get<std::string>().substr(0, 16)));
    CHECK(fields[4].starts_with(run.rows.back()[time].get<std::string>().substr(0, 16)));
    for (std::size_t i = 5; i < fields.size(); ++i) {
      const auto pair = split(fields[i], '=');
      CAPTURE(pair[0]);
      for (const auto& column : run.stream.columns()) {
        if (column.options.source_name == pair[0] && column.type != sluice::Type::kBool) {
          CHECK(summary(run.rows, column.name) == pair[1]);
        }
      }
    }
  }
  CHECK(files == 35);
}

TEST_CASE("dwd: recorded station lists are read to the last line", "[pipeline][dwd]") {
  const auto root = here();
  if (!root) {
    return;
  }
  std::size_t lists = 0;
  for (const auto& entry : fs::recursive_directory_iterator(*root / "stations")) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.find("Beschreibung_Stationen") == std::string::npos) {
      continue;
    }
    CAPTURE(entry.path().string());
    const std::string text = read_file(entry.path());
    if (name.find("Standardformate") != std::string::npos) {
      CHECK_THROWS_AS(dwd::parse_station_list(
                          text, name, [](const dwd::Station&) {}, [](std::string_view) {}),
                      sluice::Error);
      continue;
    }
    std::size_t good = 0;
    std::size_t bad = 0;
    std::size_t stateless = 0;
    std::size_t access = 0;
    dwd::parse_station_list(
        text, name,
        [&](const dwd::Station& s) {
          ++good;
          stateless += dwd::find_state(s.state) == nullptr ? 1 : 0;
          access += s.access == "Frei" ? 1 : 0;
          CHECK(sluice::is_utf8(s.name));
          CHECK(s.name.find("  ") == std::string::npos);
          CHECK((s.latitude > 47 && s.latitude < 55.2 && s.longitude > 5.5 && s.longitude < 15.2));
          if (s.id == 44) {
            CHECK(s.name == "Großenkneten");
            CHECK(s.state == "Niedersachsen");
          }
        },
        [&](std::string_view) { ++bad; });
    std::size_t lines = 0;
    std::string_view rest = text;
    while (!rest.empty()) {
      lines += dwd::trim(dwd::take_line(rest)).empty() ? 0 : 1;
    }
    CHECK(good == lines - 2);
    CHECK(bad == 0);
    CHECK(stateless == 0);
    // python3: 1 303 of the 1 377 rows of 2025 end in "Frei", the others in their state.
    CHECK(access == (name.find("2025") != std::string::npos ? 1303 : 0));
    ++lists;
  }
  CHECK(lists >= 15);
}

TEST_CASE("dwd: recorded listings are read", "[pipeline][dwd]") {
  const auto root = here();
  if (!root) {
    return;
  }
  FakeHost host;
  const std::string folder = "10_minutes/extreme_wind/historical/";
  host.http.on(
      kBase + folder,
      Answer{.body = read_file(*root / "index/brightsky_dwd_opendata_index_2023-04-12.html")});
  const json config = {
      {"base_url", kBase}, {"datasets", {"extreme_wind"}}, {"periods", {"historical"}}};
  const auto slices = SourceSession(sluice::testing::Plugin::load(DWD_PLUGIN_FILE), host, config)
                          .slices("ten_minutes_extreme_wind");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].key == "10_minutes/extreme_wind/historical/01766/20100101");
  CHECK(slices[0].validator == "2020-04-09T09:16Z 3661729");
}

TEST_CASE("dwd: the recorded index of ten-minute temperature becomes slices", "[pipeline][dwd]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto index = *root / "index/derived_paths_10_minutes_air_temperature_2026-07-01.txt";
  FakeHost host;
  std::size_t archives = 0;
  for (const std::string period : {"historical", "recent", "now"}) {
    const std::string folder = "10_minutes/air_temperature/" + period + "/";
    const auto names = index_names(index, folder);
    host.http.on(kBase + folder, Answer{.body = listing(names)});
    archives += names.size() - 1;  // the station list
  }
  SourceSession session(sluice::testing::Plugin::load(DWD_PLUGIN_FILE), host,
                        json{{"base_url", kBase}});
  const auto slices = session.slices("ten_minutes_air_temperature");
  std::set<std::string> keys;
  for (const auto& slice : slices) {
    CHECK(slice.key.size() < 400);
    keys.insert(slice.key);
  }
  CHECK(keys.size() == slices.size());
  // python3: of 2 574 archives, 10 share station and first day with one that ends later.
  CHECK(archives == 2574);
  CHECK(slices.size() == 2564);
  CHECK(session.slices("stations").size() == 3);
}

TEST_CASE("dwd: half a million files are listed in flat memory", "[pipeline][dwd]") {
  const auto root = here();
  if (!root) {
    return;
  }
  const auto names =
      index_names(*root / "index/derived_paths_1_minute_precipitation_hist_2024_2026-07-01.txt",
                  "1_minute/precipitation/historical/2024/");
  REQUIRE(names.size() == 16'396);
  FakeHost host;
  const std::string folder = kBase + "1_minute/precipitation/historical/";
  std::string years;
  for (int year = 1993; year < 2024; ++year) {
    years += "<a href=\"" + std::to_string(year) + "/\">" + std::to_string(year) +
             "/</a>  01-Jan-2026 00:00  -\n";
  }
  host.http.on(folder, Answer{.body = "<pre><a href=\"../\">../</a>\n" + years + "</pre>"});
  host.http.on_prefix(folder, Answer{.body = listing(names)});
  const json config = {{"base_url", kBase},
                       {"resolution", "1_minute"},
                       {"datasets", {"precipitation"}},
                       {"periods", {"historical"}}};
  SourceSession session(sluice::testing::Plugin::load(DWD_PLUGIN_FILE), host, config);
  struct Count {
    std::size_t slices = 0;
    long kib_after_first_years = 0;
  } count;
  const sluice_lister_t lister = {
      &count,
      [](void*, const sluice_partition_t*) noexcept -> sluice_status_t { return SLUICE_OK; },
      [](void* ctx, const sluice_slice_t*) noexcept -> sluice_status_t {
        auto& c = *static_cast<Count*>(ctx);
        if (++c.slices == 50'000) {
          c.kib_after_first_years = peak_kib();
        }
        return SLUICE_OK;
      }};
  sluice_list_request_t request{};
  request.struct_size = sizeof(request);
  request.stream = sluice::to_c("one_minute_precipitation");
  request.from_us = SLUICE_TIME_MIN;
  request.to_us = SLUICE_TIME_MAX;
  sluice_error_t error = sluice::make_error();
  const auto& table = session.instance().table<sluice_slices_t>(SLUICE_SLICES_ID);
  REQUIRE(table.list_slices(session.instance().self(), &request, &lister, &error) == SLUICE_OK);
  CHECK(count.slices == std::size_t{31} * 16'394);
#if !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)  // whose own memory grows with what is touched
  CHECK(peak_kib() - count.kib_after_first_years < 16 * 1024);
#endif
}
