// SPDX-License-Identifier: Apache-2.0
// Compares /_twin/expect, which the twin computes from its model, with a recount from the archives
// that it serves.
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/twin/twin_test_support.hpp"

namespace sluice::twin::test {
namespace {

using Values = std::map<std::string, std::string>;
// (station, minute) -> columns; the minutes of one range share theirs.
using Held = std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const Values>>;

std::int64_t minute_of(const std::string& stamp) {
  std::string digits;
  for (const char c : stamp) {
    if (c != ':') {
      digits += c;
    }
  }
  digits.resize(12, '0');
  std::tm time{};
  time.tm_year = std::stoi(digits.substr(0, 4)) - 1900;
  time.tm_mon = std::stoi(digits.substr(4, 2)) - 1;
  time.tm_mday = std::stoi(digits.substr(6, 2));
  time.tm_hour = std::stoi(digits.substr(8, 2));
  time.tm_min = std::stoi(digits.substr(10, 2));
  return timegm(&time) / 60;
}

// True if the archive's stamps are MEZ: 1- and 10-minute files whose name ends before 2000.
bool is_mez(const std::string& path) {
  const bool minutes = path.rfind("10_minutes", 0) == 0 || path.rfind("1_minute", 0) == 0;
  const std::size_t hist = path.find("_hist.zip");
  return minutes && hist != std::string::npos && path.substr(hist - 8, 8) < "20000101";
}

// Reads one product into `held`; what is there already, from a better period, stays.
void read_product(const std::string& path, const std::string& text, bool expand, Held& held) {
  Held of_file;
  int twice = 0;
  const auto lines = split(text, "\r\n");
  std::vector<std::string> names;
  for (const std::string& name : split(lines.at(0), ";")) {
    names.push_back(trim(name));
  }
  const std::int64_t shift = is_mez(path) ? 60 : 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = split(lines[i], ";");
    REQUIRE(fields.size() == names.size());
    Values values;
    for (std::size_t k = 0; k < names.size(); ++k) {
      values[names[k]] = trim(fields[k]);
    }
    const bool pair = values.count("MESS_DATUM_BEGINN") != 0;
    const std::int64_t begin =
        minute_of(pair ? values["MESS_DATUM_BEGINN"] : values["MESS_DATUM"]) - shift;
    const bool range = pair && path.rfind("1_minute", 0) == 0 && expand;
    const std::int64_t end = range ? minute_of(values["MESS_DATUM_ENDE"]) - shift : begin;
    const auto row = std::make_shared<const Values>(values);
    for (std::int64_t minute = begin; minute <= end; ++minute) {
      twice += of_file.emplace(std::make_pair(row->at("STATIONS_ID"), minute), row).second ? 0 : 1;
    }
  }
  CHECK(twice == 0);  // no instant twice within one file
  held.merge(of_file);
}

Held recount(const Twin& twin, const std::string& dataset, const std::vector<std::string>& periods,
             bool expand, std::int64_t& archives) {
  Held held;
  for (const std::string& period : periods) {
    for (const std::string& path : walk(twin, dataset + "/" + period)) {
      const bool archive = path.size() > 4 && path.substr(path.size() - 4) == ".zip" &&
                           path.find("Meta_Daten") == std::string::npos;
      if (archive) {
        ++archives;
        read_product(path, product_of(fetch(twin, kRoot + path).body).second, expand, held);
      }
    }
  }
  return held;
}

std::int64_t scale(const std::string& text, int decimals) {
  std::string digits;
  int places = -1;
  for (const char c : text) {
    if (c == '.') {
      places = 0;
      continue;
    }
    digits += c;
    places += places >= 0 ? 1 : 0;
  }
  if ((places < 0 ? 0 : places) != decimals) {
    FAIL("'" << text << "' does not have " << decimals << " decimals");
  }
  return std::strtoll(digits.c_str(), nullptr, 10);
}

void compare(const Twin& twin, const std::string& answer, const Held& held, std::int64_t archives) {
  (void)twin;
  const auto expected = nlohmann::json::parse(answer);
  INFO(answer);
  CHECK(expected["archives"] == archives);
  CHECK(expected["pairs"] == static_cast<std::int64_t>(held.size()));
  REQUIRE(!held.empty());
  for (const auto& column : expected["columns"]) {
    const std::string name = column["name"];
    std::int64_t values = 0;
    std::int64_t missing = 0;
    std::int64_t sum = 0;
    for (const auto& [key, row] : held) {
      const auto found = row->find(name);
      if (found == row->end()) {
        continue;
      }
      const bool absent = found->second == "-999";
      missing += absent ? 1 : 0;
      values += absent ? 0 : 1;
      sum += absent || !column.contains("decimals") ? 0 : scale(found->second, column["decimals"]);
    }
    INFO(name);
    CHECK(column["values"] == values);
    CHECK(column["missing"] == missing);
    if (column.contains("sum_scaled")) {
      CHECK(column["sum_scaled"] == sum);
    }
  }
}

std::string ask(Twin& twin, const std::string& query) {
  return twin.control("GET", "/_twin/expect?" + query);
}

TEST_CASE("expect agrees with a recount of what is served") {
  Options options = small_options();
  options.dwd.minute_years = {1999, 2000, 2024};
  options.dwd.rows_per_file = 24;
  Twin twin(options);
  const std::string dataset =
      GENERATE("10_minutes/air_temperature", "10_minutes/solar", "1_minute/precipitation",
               "hourly/air_temperature", "hourly/cloudiness", "daily/kl", "monthly/kl");
  std::vector<std::string> periods{"historical/", "recent/"};
  if (dataset.find("minute") != std::string::npos) {
    periods.emplace_back("now/");
  }
  std::int64_t archives = 0;
  const Held held = recount(twin, dataset, periods, true, archives);
  compare(twin, ask(twin, "dataset=" + dataset), held, archives);
}

TEST_CASE("expect knows hourly solar, which has no period folders") {
  Options options = small_options();
  options.dwd.stations = 20;
  Twin twin(options);
  std::int64_t archives = 0;
  const Held held = recount(twin, "hourly/solar", {""}, true, archives);
  compare(twin, ask(twin, "dataset=hourly/solar"), held, archives);
}

TEST_CASE("expect counts ranges of minutes as rows when asked to keep them") {
  Twin twin(small_options());
  std::int64_t archives = 0;
  const Held held =
      recount(twin, "1_minute/precipitation", {"historical/", "recent/", "now/"}, false, archives);
  compare(twin, ask(twin, "dataset=1_minute/precipitation&ranges=keep"), held, archives);
}

TEST_CASE("expect follows the periods asked for, republished files and removed ones") {
  Twin twin(small_options());
  const std::string query = "dataset=10_minutes/air_temperature&periods=recent,historical";
  twin.control("POST", "/_twin/republish",
               R"({"dataset": "10_minutes/air_temperature", "count": 9})");
  const auto paths = walk(twin, "10_minutes/air_temperature/recent/");
  twin.control("POST", "/_twin/remove", nlohmann::json{{"path", paths.front()}}.dump());
  twin.control("POST", "/_twin/rename-year", "{}");
  std::int64_t archives = 0;
  const Held held =
      recount(twin, "10_minutes/air_temperature", {"historical/", "recent/"}, true, archives);
  compare(twin, ask(twin, query), held, archives);
  twin.control("POST", "/_twin/advance", R"({"days": 3})");
  archives = 0;
  const Held later =
      recount(twin, "10_minutes/air_temperature", {"historical/", "recent/"}, true, archives);
  compare(twin, ask(twin, query), later, archives);
}

TEST_CASE("expect refuses what it does not know") {
  Twin twin(small_options());
  CHECK_THROWS_WITH(ask(twin, "dataset=10_minutes/sun"),
                    Catch::Contains("no dataset '10_minutes/sun'"));
  CHECK_THROWS_WITH(ask(twin, "dataset=daily/kl&periods=recent,later"),
                    Catch::Contains("'periods' is a list"));
  CHECK_THROWS_WITH(ask(twin, "dataset=daily/kl&ranges=both"), Catch::Contains("'ranges' must be"));
}

}  // namespace
}  // namespace sluice::twin::test
