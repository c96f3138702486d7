// SPDX-License-Identifier: Apache-2.0
//
// A pipeline on the world source (world_source.cpp) into SQLite, run by the real binary.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

class WorldPipeline {
 public:
  WorldPipeline();

  void world(const std::string& json) const;  // what the service holds from now on
  // Options of the configuration: lines of [pipeline], whole tables after it.
  void configure(const std::string& pipeline_lines, const std::string& tables = "") const;
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments,
                                                 const std::string& binary = "") const;
  // A verb on the configuration. "run" also writes the report.
  [[nodiscard]] Finished sluice(const std::string& verb,
                                const std::vector<std::string>& more = {}) const;
  // Runs and gives the report of `stream` as JSON text's object.
  nlohmann::json run_report(const std::string& stream, int expected_exit = 0) const;
  // Lines of the journal since the last call, sorted.
  std::vector<std::string> asked();

  [[nodiscard]] int64_t rows(const std::string& table) const;
  [[nodiscard]] std::string database() const { return folder / "target.db"; }
  [[nodiscard]] std::string state() const { return folder / "state"; }
  [[nodiscard]] std::string config() const { return folder / "world.toml"; }

  TempDir folder;

 private:
  size_t seen_ = 0;
};

}  // namespace sluice::test
