// SPDX-License-Identifier: Apache-2.0
//
// kill -9 at random instants on the weather pipeline against the twin, with a service that fails as
// well. The number of kills is SLUICE_KILLS (default 200); SLUICE_SEED repeats a history.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "support/database.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "twin/twin.hpp"

using sluice::test::digest;
using sluice::test::Finished;
using sluice::test::Process;
using sluice::test::TempDir;

namespace {

constexpr const char* kTable = "ten_minutes_air_temperature";

unsigned long number_from(const char* variable, unsigned long otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

struct Weather {
  sluice::twin::Twin& twin;
  TempDir folder;

  [[nodiscard]] std::vector<std::string> command() const {
    return {SLUICE_BINARY,
            "--state-dir",
            folder / "state",
            "--plugin-dir",
            SLUICE_PLUGINS,
            "--trust-plugins",
            "run",
            SLUICE_WEATHER,
            "--set",
            "pipeline.retry_base=\"1ms\"",
            "--set",
            "pipeline.retry_cap=\"20ms\"",
            "--set",
            "commit.rows=2000",
            "--set",
            "pipeline.attempts=50",
            "--set",
            "http.retries=1"};
  }
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    return {{"DWD_BASE_URL", twin.dwd_url()}, {"WEATHER_DB", folder / "weather.db"}};
  }
  [[nodiscard]] std::string rows() const {
    return digest(folder / "weather.db", kTable, "station_id, time");
  }
};

// Kills until `kills` runs were really killed, beginning anew when everything has landed.
void kill_often(Weather& weather, unsigned long kills, std::mt19937_64& random,
                const std::string& expected) {
  std::uniform_int_distribution<int> microseconds(5'000, 250'000);
  for (unsigned long killed = 0; killed < kills;) {
    Process process(weather.command(), weather.environment());
    // Not to synchronise: the instant of death is the input of this test.
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds(random)));
    process.signal(SIGKILL);
    const Finished finished = process.wait();
    if (finished.exit_code == 137) {
      ++killed;
      continue;
    }
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
    REQUIRE(weather.rows() == expected);
    std::filesystem::remove_all(weather.folder / "state");
    std::filesystem::remove(weather.folder / "weather.db");
    std::filesystem::remove(weather.folder / "weather.db-wal");
    std::filesystem::remove(weather.folder / "weather.db-shm");
  }
  const Finished last = sluice::test::run(weather.command(), weather.environment());
  INFO(last.out << last.err);
  REQUIRE(last.exit_code == 0);
  REQUIRE(weather.rows() == expected);
}

std::string undisturbed(sluice::twin::Twin& twin) {
  const Weather weather{twin, {}};
  const Finished finished = sluice::test::run(weather.command(), weather.environment());
  INFO(finished.out << finished.err);
  REQUIRE(finished.exit_code == 0);
  return weather.rows();
}

sluice::twin::Options small_tree() {
  sluice::twin::Options options;
  options.dwd.files_10min_tu = 150;
  options.dwd.rows_per_file = 300;
  return options;
}

}  // namespace

TEST_CASE("crash: kill -9 at random instants leaves the rows of an undisturbed run",
          "[crash][kill]") {
  const auto seed = number_from("SLUICE_SEED", std::random_device{}());
  std::mt19937_64 random(seed);
  CAPTURE(seed);
  sluice::twin::Twin twin(small_tree());
  const std::string expected = undisturbed(twin);
  Weather weather{twin, {}};
  kill_often(weather, number_from("SLUICE_KILLS", 200), random, expected);
}

TEST_CASE("crash: kill -9 while the service fails leaves the rows of an undisturbed run",
          "[crash][kill]") {
  const auto seed = number_from("SLUICE_SEED", std::random_device{}());
  std::mt19937_64 random(seed);
  CAPTURE(seed);
  sluice::twin::Twin twin(small_tree());
  const std::string expected = undisturbed(twin);
  twin.control("POST", "/_twin/faults", R"({"rules": [
      {"path": "**/*.zip", "probability": 0.05, "action": "reset", "after_bytes": 300},
      {"path": "**/*.zip", "probability": 0.05, "action": "truncate", "after_bytes": 200},
      {"path": "**", "probability": 0.05, "action": "status", "status": 500}]})");
  Weather weather{twin, {}};
  kill_often(weather, number_from("SLUICE_KILLS", 200) / 4, random, expected);
}
