// SPDX-License-Identifier: Apache-2.0
//
// Exactly once, shown by killing: a child process writes slices and is killed at any instant; the
// next one goes on with what the commit log does not have.
#include <catch2/catch.hpp>

#include <functional>
#include <random>
#include <set>

#include "sqlite_rig.hpp"
#include "support/kill.hpp"
#include "support/temp_dir.hpp"

using rig::sqlite_config;
using sluice::testing::OpenPlugin;

namespace kit = sluice::testing;

namespace {

constexpr int kSlices = 40;
constexpr int64_t kRows = 300;

// Writes the slices that have not landed, telling of each step.
void work(const std::string& path, const std::function<void()>& tell) {
  kit::FakeHost host;
  const OpenPlugin sink(rig::tested(), host, SLUICE_KIND_SINK, "sqlite", sqlite_config(path));
  std::set<std::string> landed;
  for (const auto& record : kit::list(sink)) {
    landed.insert(record.slice);
  }
  kit::SinkWriter writer(sink);
  sluice::Stream stream("s", sluice::Kind::kFiles);  // without a key: a second landing would show
  stream.col("slice", sluice::Type::kInt64).col("row", sluice::Type::kInt64);
  const uint32_t number = writer.bind(stream);
  sluice::Batch batch(stream);
  for (int slice = 0; slice < kSlices; ++slice) {
    if (landed.contains(std::to_string(slice))) {
      continue;
    }
    tell();
    writer.begin();
    kit::LoggedCommit record;
    record.stream = "s";
    record.commit_id = writer.reserve();
    record.slice = std::to_string(slice);
    record.rows = kRows;
    for (int64_t row = 0; row < kRows; ++row) {
      batch.row(int64_t{slice}, row);
    }
    tell();
    writer.write(number, record.commit_id, batch);
    tell();
    writer.record(record);
    tell();
    writer.commit();
  }
}

}  // namespace

TEST_CASE("sqlite crash: no row is lost or doubled by kills at any instant", "[sqlite][crash]") {
  const auto seed = GENERATE(range(1U, 5U));
  sluice::test::TempDir folder;
  const std::string path = folder / "target.db";
  std::mt19937 random(seed);
  int kills = 0;
  while (!sluice::test::run_and_kill([&](const auto& tell) { work(path, tell); },
                                     static_cast<int>(random() % 30),
                                     static_cast<unsigned>(random() % 3000))) {
    REQUIRE(++kills < 1000);
    const std::string orphans =
        "SELECT (SELECT count(*) FROM s) - (SELECT coalesce(sum(rows), 0) FROM _sluice_commits)";
    if (!rig::sql(path, "SELECT 1 FROM sqlite_schema WHERE name = 's'").empty()) {
      CHECK(rig::one(path, orphans) == "0");
    }
  }
  CHECK(kills > 0);
  CHECK(rig::one(path, "SELECT count(*), count(DISTINCT slice * 1000 + \"row\") FROM s") ==
        std::to_string(kSlices * kRows) + "|" + std::to_string(kSlices * kRows));
  CHECK(rig::one(path, "SELECT count(*) FROM _sluice_commits") == std::to_string(kSlices));
  CHECK(rig::one(path, "PRAGMA integrity_check") == "ok");
}
