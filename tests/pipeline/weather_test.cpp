// SPDX-License-Identifier: Apache-2.0
//
// config/weather.toml against the twin: the rows and values that the twin computed from its model,
// and nothing fetched that need not be.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using nlohmann::json;
using sluice::test::Finished;
using sluice::test::sql;
using sluice::test::sql_number;

namespace {

constexpr const char* kTable = "ten_minutes_air_temperature";

struct Weather {
  sluice::twin::Twin twin;
  sluice::test::TempDir folder;
  std::vector<std::string> set;

  explicit Weather(uint32_t files) : twin(options(files)) {}

  static sluice::twin::Options options(uint32_t files) {
    sluice::twin::Options options;
    options.dwd.files_10min_tu = files;
    options.dwd.rows_per_file = 400;
    return options;
  }
  [[nodiscard]] std::string database() const { return folder / "weather.db"; }

  Finished run(const std::vector<std::string>& verb) {
    std::vector<std::string> command = {SLUICE_BINARY,  "--state-dir",  folder / "state",
                                        "--plugin-dir", SLUICE_PLUGINS, "--trust-plugins"};
    command.insert(command.end(), verb.begin(), verb.end());
    for (const std::string& one : set) {
      command.insert(command.end(), {"--set", one});
    }
    return sluice::test::run(command,
                             {{"DWD_BASE_URL", twin.dwd_url()}, {"WEATHER_DB", database()}});
  }
  // Runs the pipeline; gives the archives that were asked for.
  int64_t fetch() {
    twin.control("POST", "/_twin/reset-stats");
    const Finished finished = run({"run", SLUICE_WEATHER, "--report", folder / "report.json"});
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
    return json::parse(twin.control("GET", "/_twin/stats")).at("by_kind").value("archive", 0);
  }
  json expect(const std::string& periods) {
    return json::parse(
        twin.control("GET", "/_twin/expect?dataset=10_minutes/air_temperature&periods=" + periods));
  }
  // The database against the twin's ground truth, value by value of each column.
  void check_rows(const std::string& periods) {
    const json truth = expect(periods);
    CHECK(sql_number(database(), std::string("SELECT count(*) FROM ") + kTable) ==
          truth.at("pairs").get<int64_t>());
    const std::map<std::string, std::string> columns = {{"PP_10", "air_pressure"},
                                                        {"TT_10", "air_temperature_2m"},
                                                        {"TM5_10", "air_temperature_5cm"},
                                                        {"RF_10", "relative_humidity"},
                                                        {"TD_10", "dew_point_temperature"}};
    for (const auto& [code, column] : columns) {
      CAPTURE(code);
      const json& all = truth.at("columns");
      const auto want = *std::find_if(all.begin(), all.end(), [&wanted = code](const json& one) {
        return one.at("name") == wanted;
      });
      CHECK(sql_number(database(), "SELECT count(" + column + ") FROM " + kTable) ==
            want.at("values").get<int64_t>());
      CHECK(sql_number(database(), "SELECT CAST(round(sum(round(" + column +
                                       " * 10))) AS INTEGER) FROM " + kTable) ==
            want.at("sum_scaled").get<int64_t>());
    }
  }
};

}  // namespace

TEST_CASE("weather: lands what the service holds and then fetches nothing", "[pipeline][weather]") {
  Weather weather(60);
  CHECK(weather.fetch() >= 60);
  weather.check_rows("historical");
  CHECK(weather.fetch() == 0);

  SECTION("three archives published anew are three requests") {
    weather.twin.control("POST", "/_twin/republish",
                         R"({"glob": "10_minutes/air_temperature/historical/*.zip", "count": 3})");
    CHECK(weather.fetch() == 3);
    weather.check_rows("historical");
    CHECK(weather.fetch() == 0);
  }
  SECTION("the yearly rename is fetched once and its old names are superseded") {
    const json renamed = json::parse(weather.twin.control(
        "POST", "/_twin/rename-year", R"({"dataset": "10_minutes/air_temperature"})"));
    const auto count = static_cast<int64_t>(renamed.at("renamed").size());
    REQUIRE(count > 0);
    CHECK(weather.fetch() == count);
    weather.check_rows("historical");
    CHECK(weather.fetch() == 0);
    CHECK(sql_number(weather.database(),
                     "SELECT count(DISTINCT slice) FROM _sluice_commits WHERE stream = '" +
                         std::string(kTable) + "'") == 60);
  }
  SECTION("touched archives are confirmed without their body") {
    weather.twin.control("POST", "/_twin/remove",
                         R"({"glob": "10_minutes/air_temperature/historical/*.zip", "count": 1})");
    CHECK(weather.fetch() == 0);
  }
}

TEST_CASE("weather: historical rows win over recent and now whatever comes first",
          "[pipeline][weather]") {
  Weather weather(40);
  weather.set = {R"(source.0.periods=["now", "recent", "historical"])", "pipeline.workers=3"};
  weather.fetch();
  weather.check_rows("historical,recent,now");
  weather.twin.control("POST", "/_twin/advance", R"({"days": 1})");
  weather.fetch();
  CHECK(sql_number(weather.database(), std::string("SELECT count(*) FROM ") + kTable) >=
        weather.expect("historical,recent,now").at("pairs").get<int64_t>());
}

TEST_CASE("weather: a failing service costs retries and no rows", "[pipeline][weather]") {
  Weather weather(60);
  weather.set = {"pipeline.retry_base=\"1ms\"", "pipeline.retry_cap=\"20ms\"",
                 "pipeline.attempts=30"};
  weather.twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/*.zip", "probability": 0.1, "action": "reset", "after_bytes": 500},
      {"path": "**/*.zip", "probability": 0.1, "action": "truncate", "after_bytes": 100},
      {"path": "**/*.zip", "probability": 0.05, "action": "html"},
      {"path": "**/*.zip", "probability": 0.05, "action": "wrong_length", "delta": 7}]})");
  weather.fetch();
  weather.check_rows("historical");
  const auto report = json::parse(sluice::test::read_file(weather.folder / "report.json"));
  CHECK(report.at("streams").back().at("slice_retries").get<int>() > 0);
}

TEST_CASE("weather: metadata land and rows carry the place of their day", "[pipeline][weather]") {
  Weather weather(20);
  weather.set = {
      R"(source.0.datasets=["air_temperature", "hourly/air_temperature"])",
      R"(source.0.metadata=["station_positions", "station_names", "parameter_history", "instruments"])",
      "source.0.enrich=true", R"(source.0.enrich_with="history")",
      R"(source.0.periods=["historical", "recent"])"};
  weather.fetch();
  weather.check_rows("historical,recent");
  const std::string database = weather.database();
  const auto report = json::parse(sluice::test::read_file(weather.folder / "report.json"));
  for (const json& stream : report.at("streams")) {
    CHECK(stream.at("rejected_rows") == 0);
  }
  const auto kinds = json::parse(weather.twin.control("GET", "/_twin/stats")).at("by_kind");
  const auto stations = sql_number(
      database,
      "SELECT count(DISTINCT station_id) FROM station_positions WHERE dataset LIKE '10_minutes%'");
  CHECK(kinds.value("meta", 0) == 2 * stations);  // once for all four streams, once for the rows

  for (const std::string dataset : {"10_minutes/air_temperature", "hourly/air_temperature"}) {
    CAPTURE(dataset);
    const json truth =
        json::parse(weather.twin.control("GET", "/_twin/expect-positions?dataset=" + dataset))
            .at("positions");
    REQUIRE_FALSE(truth.empty());
    CHECK(sql_number(database, "SELECT count(*) FROM station_positions WHERE dataset = '" +
                                   dataset + "'") == static_cast<int64_t>(truth.size()));
    for (const json& row : truth) {
      const std::string to = row.at("to").is_null()
                                 ? "to_date IS NULL"
                                 : "to_date = '" + row.at("to").get<std::string>() + "'";
      CHECK(sql_number(database, "SELECT count(*) FROM station_positions WHERE dataset = '" +
                                     dataset + "' AND station_id = " + row.at("station_id").dump() +
                                     " AND from_date = '" + row.at("from").get<std::string>() +
                                     "' AND " + to + " AND height = " + row.at("height").dump() +
                                     " AND abs(latitude - " + row.at("latitude").dump() +
                                     ") < 0.0001 AND abs(longitude - " +
                                     row.at("longitude").dump() + ") < 0.0001") == 1);
    }
    for (const char* table : {"station_names", "parameter_history", "instruments"}) {
      CHECK(
          sql_number(database, std::string("SELECT count(DISTINCT station_id) FROM ") + table +
                                   " WHERE dataset = '" + dataset + "'") ==
          sql_number(database,
                     "SELECT count(DISTINCT station_id) FROM station_positions WHERE dataset = '" +
                         dataset + "'"));
    }
    CHECK(sql_number(database, "SELECT count(*) FROM parameter_history WHERE dataset = '" +
                                   dataset + "' AND column_name IS NULL") == 0);
    // Every reading has the position of exactly one span, and its height.
    const std::string table =
        dataset.starts_with("hourly") ? "hourly_air_temperature" : "ten_minutes_air_temperature";
    const auto rows = sql_number(database, "SELECT count(*) FROM " + table);
    REQUIRE(rows > 0);
    CHECK(sql_number(database,
                     "SELECT count(*) FROM " + table +
                         " o JOIN station_positions p USING (station_id) WHERE p.dataset = '" +
                         dataset +
                         "' AND date(o.time) BETWEEN p.from_date AND "
                         "coalesce(p.to_date, '9999-12-31') AND o.station_height = p.height AND "
                         "o.station_latitude = p.latitude AND o.station_name = p.name") == rows);
    CHECK(sql_number(database,
                     "SELECT count(DISTINCT station_height || ' ' || station_id) FROM " + table) >
          sql_number(database, "SELECT count(DISTINCT station_id) FROM " + table));
  }
  CHECK(weather.fetch() == 0);
  CHECK(json::parse(weather.twin.control("GET", "/_twin/stats")).at("by_kind").value("meta", 0) ==
        0);
}
