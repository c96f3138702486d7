// SPDX-License-Identifier: Apache-2.0
// The weather service's tree as a client sees it, over real HTTP.
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using nlohmann::json;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> zips(const Twin& twin, const std::string& folder) {
  std::vector<std::string> paths = walk(twin, folder);
  paths.erase(std::remove_if(paths.begin(), paths.end(),
                             [](const auto& path) { return !ends_with(path, ".zip"); }),
              paths.end());
  return paths;
}

// The first path that ends so; fails the test if there is none.
std::string find_path(const std::vector<std::string>& paths, const std::string& end) {
  const auto found = std::find_if(paths.begin(), paths.end(),
                                  [&](const auto& path) { return ends_with(path, end); });
  REQUIRE(found != paths.end());
  return *found;
}

std::vector<std::string> product_lines(const Twin& twin, const std::string& path) {
  return split(product_of(fetch(twin, kRoot + path).body).second, "\r\n");
}

TEST_CASE("listings name every file with its true size and time") {
  const Twin twin(small_options());
  const auto folder =
      GENERATE("10_minutes/air_temperature/historical/", "1_minute/precipitation/historical/1999/",
               "daily/kl/recent/", "hourly/solar/", "10_minutes/wind/meta_data/", "monthly/kl/");
  const std::string path = kRoot + std::string(folder);
  const auto files = parse_listing(fetch(twin, path).body);
  REQUIRE(!files.empty());
  for (const Listed& file : files) {
    if (file.href.back() == '/') {
      CHECK(file.size == "-");
      continue;
    }
    const Answer head = fetch(twin, path + file.href, {}, "HEAD");
    const Answer whole = fetch(twin, path + file.href);
    INFO(file.href);
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.headers.at("content-length") == file.size);
    CHECK(whole.body.size() == std::stoul(file.size));
    CHECK(whole.headers.at("etag") == head.headers.at("etag"));
    // "Sun, 10 Mar 2024 23:26:58 GMT" against "10-Mar-2024 23:26"
    const std::string& modified = head.headers.at("last-modified");
    CHECK(modified.substr(5, 2) + "-" + modified.substr(8, 3) + "-" + modified.substr(12, 10) ==
          file.date);
    if (file.href.size() > 50) {
      CHECK(file.shown == file.href.substr(0, 47) + "..&gt;");
    } else {
      CHECK(file.shown == file.href);
    }
  }
}

TEST_CASE("the tree has the resolutions, datasets and periods of the service") {
  const Twin twin(small_options());
  std::set<std::string> folders;
  for (const std::string& path : walk(twin, "")) {
    folders.insert(path.substr(0, path.rfind('/') + 1));
  }
  for (const char* dataset :
       {"10_minutes/air_temperature/", "10_minutes/extreme_temperature/", "10_minutes/wind/",
        "10_minutes/extreme_wind/", "10_minutes/precipitation/", "10_minutes/solar/"}) {
    for (const char* period : {"historical/", "recent/", "now/", "meta_data/"}) {
      INFO(dataset << period);
      CHECK(folders.count(std::string(dataset) + period) == 1);
    }
  }
  for (const char* folder :
       {"1_minute/precipitation/historical/1999/", "1_minute/precipitation/recent/",
        "hourly/air_temperature/historical/", "hourly/precipitation/recent/",
        "hourly/pressure/historical/", "hourly/sun/recent/", "hourly/wind/historical/",
        "hourly/cloudiness/recent/", "hourly/solar/", "daily/kl/historical/",
        "monthly/kl/recent/"}) {
    INFO(folder);
    CHECK(folders.count(folder) == 1);
  }
}

TEST_CASE("the number of ten-minute temperature archives is exact when asked for") {
  const auto wanted = GENERATE(1U, 17U, 1623U);
  Options options;
  options.dwd.files_10min_tu = wanted;
  options.dwd.rows_per_file = 8;
  const Twin twin(options);
  const auto archives = zips(twin, "10_minutes/air_temperature/historical/");
  CHECK(archives.size() == wanted);
  if (wanted == 1623U) {
    const auto recent = zips(twin, "10_minutes/air_temperature/recent/").size();
    const auto now = zips(twin, "10_minutes/air_temperature/now/").size();
    CHECK(recent > 300);
    CHECK(now > 300);
    CHECK(now < recent);
  }
}

TEST_CASE("archives hold the rows asked for and one product each") {
  Options options = small_options();
  options.dwd.rows_per_file = 300;
  const Twin twin(options);
  for (const std::string& path : zips(twin, "10_minutes/air_temperature/historical/")) {
    const auto members = unzip(fetch(twin, kRoot + path).body);
    REQUIRE(members.size() == 1);
    CHECK(members[0].first.rfind("produkt_zehn_min_tu_", 0) == 0);
    CHECK(split(members[0].second, "\r\n").size() == 301);
  }
}

TEST_CASE("members come in varying order and are stored or deflated") {
  const Twin twin(small_options());
  std::set<std::size_t> places;
  std::set<int> methods;
  for (const std::string& path : zips(twin, "hourly/")) {
    const std::string bytes = fetch(twin, kRoot + path).body;
    methods.insert(bytes.at(8));
    const auto members = unzip(bytes);
    REQUIRE(members.size() == 8);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const bool product = members[i].first.rfind("produkt_", 0) == 0;
      const bool meta = members[i].first.rfind("Metadaten_", 0) == 0;
      CHECK((product || meta));
      if (product) {
        places.insert(i);
      }
    }
  }
  CHECK(places.size() >= 4);
  CHECK(methods == std::set<int>{0, 8});
}

TEST_CASE("ten-minute files of the nineties lack eor and overlap the next decade as raw text") {
  const Twin twin(small_options());
  const auto paths = zips(twin, "10_minutes/air_temperature/historical/");
  const std::string old_path = find_path(paths, "_19991231_hist.zip");
  const std::string station = old_path.substr(old_path.find("_TU_") + 4, 5);
  const auto old_lines = product_lines(twin, old_path);
  const auto new_lines =
      product_lines(twin, "10_minutes/air_temperature/historical/10minutenwerte_TU_" + station +
                              "_20000101_20091231_hist.zip");
  CHECK(old_lines.front() == "STATIONS_ID;MESS_DATUM;QN;PP_10;TT_10;TM5_10;RF_10;TD_10");
  CHECK(new_lines.front() == "STATIONS_ID;MESS_DATUM;  QN;PP_10;TT_10;TM5_10;RF_10;TD_10;eor");
  CHECK(split(old_lines[1], ";").size() == 8);
  CHECK(split(new_lines[1], ";").size() == 9);
  const auto stamps = [](const std::vector<std::string>& lines) {
    std::set<std::string> found;
    for (const std::string& line : lines) {
      const std::string stamp = split(line, ";").at(1);
      if (stamp.rfind("1999123123", 0) == 0) {
        found.insert(stamp);
      }
    }
    return found;
  };
  const auto old_stamps = stamps(old_lines);
  const auto new_stamps = stamps(new_lines);
  CHECK(!old_stamps.empty());
  CHECK(!new_stamps.empty());
  // The id is right-aligned without zeros.
  const std::string id = split(old_lines[1], ";").at(0);
  CHECK(id.size() == 11);
  CHECK(std::stoi(id) == std::stoi(station));
  CHECK(id.find('0') != id.find_first_not_of(' '));
}

TEST_CASE("station lists are fixed-width Latin-1 with a ninth column") {
  const Twin twin(small_options());
  const std::string text =
      fetch(twin,
            std::string(kRoot) + "daily/kl/historical/KL_Tageswerte_Beschreibung_Stationen.txt")
          .body;
  const auto lines = split(text, "\r\n");
  REQUIRE(lines.size() >= 3);
  CHECK(lines[0] ==
        "Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname Bundesland "
        "Abgabe");
  CHECK(lines[1].rfind("----------- ---------", 0) == 0);
  CHECK(text.find("\n", 0) == text.find("\r\n", 0) + 1);
  for (std::size_t i = 2; i < lines.size(); ++i) {
    CHECK(lines[i].size() == 1000);
    CHECK(lines[i].substr(143, 4) == "Frei");
    CHECK(std::stod(lines[i].substr(39, 12)) > 47.0);
    CHECK(std::stod(lines[i].substr(51, 10)) > 5.0);
  }
  CHECK(text.find('\xDF') != std::string::npos);  // ß in ISO-8859-1
  CHECK(text.find("\xC3") == std::string::npos);  // and not in UTF-8
}

TEST_CASE("special forms: one-minute ranges, solar stamps, missing groups, metadata") {
  Options options = small_options();
  options.dwd.stations = 20;
  const Twin twin(options);
  SECTION("one-minute rows are ranges in historical and single minutes in recent") {
    const auto rows =
        product_lines(twin, zips(twin, "1_minute/precipitation/historical/1999/").front());
    CHECK(rows[0].rfind("STATIONS_ID;MESS_DATUM_BEGINN;MESS_DATUM_ENDE;  QN;RS_01;", 0) == 0);
    const bool range = std::any_of(rows.begin() + 1, rows.end(), [](const std::string& row) {
      const auto fields = split(row, ";");
      return fields[1] < fields[2] && fields[1].size() == 12;
    });
    CHECK(range);
    const auto recent = product_lines(twin, zips(twin, "1_minute/precipitation/recent/").front());
    CHECK(recent[0] == "STATIONS_ID;MESS_DATUM;  QN;RS_01;RS_IND_01;eor");
  }
  SECTION("hourly solar has a colon in its stamps and a second clock") {
    const auto rows = product_lines(twin, find_path(zips(twin, "hourly/solar/"), "_row.zip"));
    CHECK(ends_with(rows[0], ";MESS_DATUM_WOZ;eor"));
    const auto fields = split(rows[1], ";");
    CHECK(fields[1].size() == 13);
    CHECK(fields[1][10] == ':');
    CHECK(fields[fields.size() - 2][10] == ':');
  }
  SECTION("a missing group has a missing quality") {
    bool group = false;
    bool gap = false;
    for (const std::string& path : zips(twin, "daily/kl/historical/")) {
      for (const std::string& row : product_lines(twin, path)) {
        const auto fields = split(row, ";");
        group = group || (trim(fields[2]) == "-999" && trim(fields[3]) == "-999" &&
                          trim(fields[4]) == "-999");
        gap = gap || trim(fields[5]) == "10";
      }
    }
    CHECK(group);
    CHECK(gap);
  }
  SECTION("meta_data archives hold tables of place, names and parameters with both clocks") {
    const auto paths = zips(twin, "10_minutes/air_temperature/meta_data/");
    bool both = false;
    for (const std::string& path : paths) {
      std::set<std::string> stems;
      for (const auto& [name, text] : unzip(fetch(twin, kRoot + path).body)) {
        stems.insert(name.substr(0, name.rfind('_')));
        both = both || (text.find("HHMM MEZ") != std::string::npos &&
                        text.find("HHMM UTC") != std::string::npos);
      }
      CHECK(stems.count("Metadaten_Geographie") == 1);
      CHECK(stems.count("Metadaten_Stationsname_Betreibername") == 1);
      CHECK(stems.count("Metadaten_Parameter") == 1);
    }
    CHECK(both);
  }
}

TEST_CASE("recent and now repeat historical rows with other values and lower quality") {
  Options options = small_options();
  options.dwd.stations = 12;
  options.dwd.rows_per_file = 400;
  const Twin twin(options);
  const auto history = zips(twin, "10_minutes/air_temperature/historical/");
  int shared = 0;
  int changed = 0;
  for (const std::string& path : zips(twin, "10_minutes/air_temperature/recent/")) {
    const std::string station = path.substr(path.find("_TU_") + 4, 5);
    std::map<std::string, std::string> rows;
    const auto newest = std::find_if(history.begin(), history.end(), [&](const std::string& name) {
      return name.find("_TU_" + station) != std::string::npos &&
             ends_with(name, "_20241231_hist.zip");
    });
    REQUIRE(newest != history.end());
    for (const std::string& line : product_lines(twin, *newest)) {
      rows[split(line, ";")[1]] = line;
    }
    for (const std::string& line : product_lines(twin, path)) {
      const auto fields = split(line, ";");
      const auto found = rows.find(fields[1]);
      if (found == rows.end() || fields[1] == "MESS_DATUM" || trim(fields[2]) == "-999") {
        continue;
      }
      const auto old_fields = split(found->second, ";");
      ++shared;
      CHECK(trim(fields[2]) < trim(old_fields[2]));
      changed += std::vector(fields.begin() + 3, fields.end()) !=
                 std::vector(old_fields.begin() + 3, old_fields.end());
    }
  }
  CHECK(shared > 100);
  CHECK(changed > shared / 20);
  CHECK(changed < shared / 3);
}

TEST_CASE("conditional requests and ranges") {
  const Twin twin(small_options());
  const std::string path = kRoot + zips(twin, "daily/kl/recent/").front();
  const Answer whole = fetch(twin, path);
  const std::string tag = whole.headers.at("etag");
  const std::string modified = whole.headers.at("last-modified");
  const Answer same = fetch(twin, path, {{"If-None-Match", tag}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.headers.at("etag") == tag);
  CHECK(fetch(twin, path, {{"If-None-Match", "\"other\", W/" + tag}}).status == 304);
  CHECK(
      fetch(twin, path, {{"If-None-Match", "\"other\""}, {"If-Modified-Since", modified}}).status ==
      200);
  CHECK(fetch(twin, path, {{"If-Modified-Since", modified}}).status == 304);
  CHECK(fetch(twin, path, {{"If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}}).status == 200);
  const Answer part = fetch(twin, path, {{"Range", "bytes=10-19"}});
  CHECK(part.status == 206);
  CHECK(part.body == whole.body.substr(10, 10));
  CHECK(part.headers.at("content-range") == "bytes 10-19/" + std::to_string(whole.body.size()));
  CHECK(fetch(twin, path, {{"Range", "bytes=-7"}}).body ==
        whole.body.substr(whole.body.size() - 7));
  CHECK(fetch(twin, path, {{"Range", "bytes=99999999-"}}).status == 416);
  CHECK(fetch(twin, path, {{"Range", "bytes=0-4"}, {"If-Range", "\"old\""}}).body == whole.body);
  CHECK(fetch(twin, kRoot + std::string("daily/kl/recent/none.zip")).status == 404);
  CHECK(fetch(twin, kRoot + std::string("daily/kl/lately/")).status == 404);
  CHECK(fetch(twin, "/elsewhere").status == 404);
  const Answer moved = fetch(twin, kRoot + std::string("daily/kl"));
  CHECK(moved.status == 301);
  CHECK(moved.headers.at("location") == kRoot + std::string("daily/kl/"));
  CHECK(fetch(twin, path, {}, "POST").status == 405);
}

TEST_CASE("the same seed gives the same bytes, another seed others") {
  const Twin first(small_options(3));
  const Twin second(small_options(3));
  const Twin other(small_options(4));
  const auto paths = walk(first, "");
  CHECK(paths == walk(second, ""));
  CHECK(paths != walk(other, ""));
  for (std::size_t i = 0; i < paths.size(); i += 7) {
    const Answer a = fetch(first, kRoot + paths[i]);
    const Answer b = fetch(second, kRoot + paths[i]);
    INFO(paths[i]);
    CHECK((a.body == b.body && a.headers.at("etag") == b.headers.at("etag")));
  }
}

struct State {
  std::string etag;
  std::string body;
};

std::map<std::string, State> state_of(const Twin& twin, const std::string& folder) {
  std::map<std::string, State> states;
  for (const std::string& path : zips(twin, folder)) {
    Answer answer = fetch(twin, kRoot + path);
    states[path] = {answer.headers.at("etag"), std::move(answer.body)};
  }
  return states;
}

TEST_CASE("republish changes exactly the paths asked for") {
  Twin twin(small_options());
  const std::string folder = "10_minutes/air_temperature/historical/";
  const auto before = state_of(twin, folder);
  const std::string chosen = before.begin()->first;
  const std::string mode = GENERATE("values", "touch");
  const auto answer = json::parse(
      twin.control("POST", "/_twin/republish", json{{"paths", {chosen}}, {"mode", mode}}.dump()));
  CHECK(answer["changed"] == json::array({chosen}));
  for (const auto& [path, state] : state_of(twin, folder)) {
    const State& old = before.at(path);
    INFO(path);
    CHECK((state.etag != old.etag) == (path == chosen));
    if (path != chosen) {
      CHECK(state.body == old.body);
      continue;
    }
    const auto old_lines = split(product_of(old.body).second, "\r\n");
    const auto new_lines = split(product_of(state.body).second, "\r\n");
    REQUIRE(old_lines.size() == new_lines.size());
    std::size_t changed = 0;
    for (std::size_t i = 0; i < old_lines.size(); ++i) {
      CHECK(split(old_lines[i], ";")[1] == split(new_lines[i], ";")[1]);
      changed += old_lines[i] != new_lines[i] ? 1 : 0;
    }
    if (mode == "values") {
      CHECK(changed > 0);
      CHECK(changed < old_lines.size() / 2);
      CHECK(state.body.size() != old.body.size());
    } else {
      CHECK(changed == 0);
    }
    CHECK(fetch(twin, kRoot + path, {{"If-None-Match", old.etag}}).status == 200);
  }
}

TEST_CASE("republish by count draws that many of the files that match") {
  Twin twin(small_options());
  const auto before = state_of(twin, "daily/kl/");
  const auto answer = json::parse(
      twin.control("POST", "/_twin/republish", R"({"dataset": "daily/kl", "count": 3})"));
  std::set<std::string> changed;
  for (const auto& [path, state] : state_of(twin, "daily/kl/")) {
    if (state.etag != before.at(path).etag) {
      changed.insert(path);
    }
  }
  CHECK(changed.size() == 3);
  CHECK(answer["changed"].get<std::set<std::string>>() == changed);
  CHECK_THROWS_WITH(
      twin.control("POST", "/_twin/republish", R"({"dataset": "daily/kl", "count": 999})"),
      Catch::Contains("999 were asked for"));
  CHECK_THROWS_WITH(twin.control("POST", "/_twin/republish", R"({"paths": ["daily/kl/none.zip"]})"),
                    Catch::Contains("there is no file 'daily/kl/none.zip'"));
}

TEST_CASE("the yearly rename moves growing archives and adds a year of rows") {
  Twin twin(small_options());
  const std::string folder = "10_minutes/air_temperature/historical/";
  const auto before = state_of(twin, folder);
  const auto answer = json::parse(
      twin.control("POST", "/_twin/rename-year", R"({"dataset": "10_minutes/air_temperature"})"));
  REQUIRE(!answer["renamed"].empty());
  const auto after = state_of(twin, folder);
  CHECK(after.size() == before.size());
  std::set<std::string> renamed;
  for (const auto& pair : answer["renamed"]) {
    const std::string from = pair["from"];
    const std::string to = pair["to"];
    renamed.insert(from);
    CHECK(ends_with(from, "_20241231_hist.zip"));
    CHECK(ends_with(to, "_20251231_hist.zip"));
    CHECK(fetch(twin, kRoot + from).status == 404);
    std::set<std::string> old_stamps;
    std::set<std::string> new_stamps;
    for (const std::string& line : split(product_of(before.at(from).body).second, "\r\n")) {
      old_stamps.insert(split(line, ";")[1]);
    }
    for (const std::string& line : split(product_of(after.at(to).body).second, "\r\n")) {
      new_stamps.insert(split(line, ";")[1]);
    }
    CHECK(
        std::includes(new_stamps.begin(), new_stamps.end(), old_stamps.begin(), old_stamps.end()));
    CHECK(new_stamps.lower_bound("202501010000") != new_stamps.end());
    CHECK(new_stamps.size() > old_stamps.size());
  }
  for (const auto& [path, state] : before) {
    if (renamed.count(path) == 0) {
      CHECK(after.at(path).etag == state.etag);
    }
  }
  CHECK_THROWS_WITH(twin.control("POST", "/_twin/rename-year", "{}"),
                    Catch::Contains("is not over"));
}

TEST_CASE("the yearly rename gives one-minute data a folder of the new year") {
  Twin twin(small_options());
  CHECK(fetch(twin, std::string(kRoot) + "1_minute/precipitation/historical/2025/").status == 404);
  twin.control("POST", "/_twin/rename-year");
  CHECK(!zips(twin, "1_minute/precipitation/historical/2025/").empty());
}

TEST_CASE("a removed file is gone from tree and listing") {
  Twin twin(small_options());
  const auto paths = zips(twin, "daily/kl/recent/");
  twin.control("POST", "/_twin/remove", json{{"path", paths.front()}}.dump());
  CHECK(fetch(twin, kRoot + paths.front()).status == 404);
  CHECK(zips(twin, "daily/kl/recent/") == std::vector(paths.begin() + 1, paths.end()));
}

TEST_CASE("days pass: recent windows move, historical archives stay") {
  Twin twin(small_options());
  const auto recent = state_of(twin, "daily/kl/recent/");
  const auto history = state_of(twin, "daily/kl/historical/");
  CHECK(json::parse(twin.control("POST", "/_twin/advance", R"({"days": 2})"))["today"] ==
        "2026-04-01");
  for (const auto& [path, state] : state_of(twin, "daily/kl/recent/")) {
    CHECK(state.etag != recent.at(path).etag);
    CHECK(split(product_of(state.body).second, "\r\n").back().find(";2026033") !=
          std::string::npos);
  }
  for (const auto& [path, state] : state_of(twin, "daily/kl/historical/")) {
    CHECK(state.etag == history.at(path).etag);
  }
}

TEST_CASE("the request log counts by kind, status and condition") {
  Twin twin(small_options());
  const std::string path = kRoot + zips(twin, "daily/kl/recent/").front();
  const Answer whole = fetch(twin, path);
  twin.control("POST", "/_twin/reset-stats");
  fetch(twin, path);
  fetch(twin, path, {{"If-None-Match", whole.headers.at("etag")}});
  fetch(twin, kRoot + std::string("daily/kl/"));
  fetch(twin, "/nowhere?a=b");
  // Over HTTP, because the endpoint answers there, too.
  const auto stats = json::parse(fetch(twin, "/_twin/stats").body);
  CHECK(stats["requests"] == 4);
  CHECK(stats["by_kind"]["archive"] == 2);
  CHECK(stats["by_kind"]["listing"] == 1);
  CHECK(stats["by_kind"]["missing"] == 1);
  CHECK(stats["by_status"] == json({{"200", 2}, {"304", 1}, {"404", 1}}));
  CHECK(stats["max_in_flight"] == 1);
  CHECK(stats["in_flight"] == 0);
  CHECK(stats["conditional"] == 1);
  CHECK(stats["conditional_hits"] == 1);
  CHECK(stats["bytes"].get<std::size_t>() > whole.body.size());
  const auto tail = json::parse(fetch(twin, "/_twin/log?tail=1").body);
  REQUIRE(tail.size() == 1);
  CHECK(tail[0]["target"] == "/nowhere?a=b");
  CHECK(tail[0]["status"] == 404);
  CHECK(fetch(twin, "/_twin/log?tail=x").status == 400);
  CHECK(fetch(twin, "/_twin/nothing").status == 404);
}

TEST_CASE("64 clients keep their connections and get whole archives") {
  Options options = small_options();
  options.warm = "10_minutes/**";
  Twin twin(options);
  const auto paths = zips(twin, "10_minutes/");
  twin.control("POST", "/_twin/reset-stats");
  constexpr int kClients = 64;
  constexpr int kRequests = 25;
  std::atomic<int> arrived = 0;
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      httplib::Client client("127.0.0.1", twin.port());
      client.set_keep_alive(true);
      (void)client.Get(std::string(kRoot) + "daily/");
      ++arrived;
      while (arrived < kClients) {  // all are connected before any goes on
        std::this_thread::yield();
      }
      for (int i = 0; i < kRequests; ++i) {
        const auto& path = paths[static_cast<std::size_t>(c * 31 + i) % paths.size()];
        const auto result = client.Get(kRoot + path);
        const bool ok =
            result && result->status == 200 &&
            std::to_string(result->body.size()) == result->get_header_value("Content-Length");
        good += ok ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  CHECK(good == kClients * kRequests);
  const auto stats = json::parse(twin.control("GET", "/_twin/stats"));
  CHECK(stats["connections"] == kClients);
  CHECK(stats["max_open_connections"] >= kClients);
}

TEST_CASE("options that make no sense are refused with a sentence") {
  Options options = small_options();
  options.dwd.files_10min_tu = 100;
  CHECK_THROWS_WITH(Twin(options), Catch::Contains("6 stations cannot have 100"));
  options = small_options();
  options.dwd.today = "2026-02-30";
  CHECK_THROWS_WITH(Twin(options), Catch::Contains("'2026-02-30' is no date"));
  options.dwd.today = "2024-06-01";
  CHECK_THROWS_WITH(Twin(options), Catch::Contains("today must lie"));
  options = small_options();
  options.dwd.rows_per_file = 0;
  CHECK_THROWS_WITH(Twin(options), Catch::Contains("rows per file"));
  options = small_options();
  options.faults = "{";
  CHECK_THROWS_WITH(Twin(options), Catch::Contains("not valid JSON"));
}

}  // namespace
}  // namespace sluice::twin::test
